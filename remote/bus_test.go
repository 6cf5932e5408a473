//go:build unix

package remote

import (
	"context"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

func TestATopicIsHeardByThoseWhoSubscribe(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	heard, gaps, resyncs := make(chan string, 10), make(chan struct{}, 10), make(chan struct{}, 10)
	cancel, err := b.Subscribe("sessions", Subscriber{
		Message: func(m string) { heard <- m },
		Gap:     func() { gaps <- struct{}{} },
		Resync:  func() { resyncs <- struct{}{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	say := func(topic, message string) {
		t.Helper()
		err := a.Run(t.Context(), func(ctx context.Context, c *Conn) error { return c.Publish(ctx, topic, message) })
		if err != nil {
			t.Fatal(err)
		}
	}
	say("other", "no")
	say("sessions", "one two")
	if got := <-heard; got != "one two" {
		t.Errorf("heard %q, want %q", got, "one two")
	}
	s.MustDo("CLIENT", "KILL", "TYPE", "pubsub")
	<-gaps
	<-resyncs
	a.awaitLive()
	b.awaitLive()
	say("sessions", "three")
	if got := <-heard; got != "three" {
		t.Errorf("heard %q after a gap, want three", got)
	}
	cancel()
	say("sessions", "four")
	b.Invalidate(nil, []string{"t"}) // b hears in order: after this, nothing older comes
	a.Invalidate([]string{"end"}, nil)
	redistest.Await(t, "the end is heard", func() bool { return b.endedKey("end") })
	if len(heard) > 0 {
		t.Errorf("heard %q after it was cancelled", <-heard)
	}
	for _, topic := range []string{"", "two words"} {
		if _, err := a.Subscribe(topic, Subscriber{}); err == nil {
			t.Errorf("%q is taken for a topic", topic)
		}
	}
}

func TestALeaseIsForOne(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	release, acquired, err := a.Lease(t.Context(), "k", time.Minute)
	if !acquired || err != nil {
		t.Fatalf("%v, %v, want the lease", acquired, err)
	}
	none, acquired, err := b.Lease(t.Context(), "k", time.Minute)
	if acquired || err != nil {
		t.Fatalf("%v, %v, want to be told that another has it", acquired, err)
	}
	none()
	if n := b.Health().Stats.LeasesRefused; n != 1 {
		t.Errorf("%d leases refused, want 1", n)
	}
	fill := b.BeginFill("k") // the loser waits for the value
	defer fill.End()
	a.load("k", "1")
	<-fill.Changed()
	b.awaitValue("k", "1")
	release()
	redistest.Await(t, "the lease is free", func() bool {
		release, acquired, _ := b.Lease(t.Context(), "k", time.Minute)
		defer release()
		return acquired
	})
}

func TestALeaseIsGivenBackByItsOwner(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	release, _, err := a.Lease(t.Context(), "k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s.MustDo("SET", "t:lease:k", "another's") // the first has expired
	release()
	redistest.Await(t, "the release was made", func() bool {
		n := s.MustDo("INFO", "commandstats").(string)
		return len(a.inFlight) == 0 && containsCommand(n, "evalsha", "eval")
	})
	if got := s.MustDo("GET", "t:lease:k"); got != "another's" {
		t.Errorf("the lease is %v: another's was released", got)
	}
}

func TestWithoutRedisEveryoneLoadsAtOnce(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown()
	a := open(t, s.URL())
	release, acquired, err := a.Lease(t.Context(), "k", time.Minute)
	release()
	if !acquired {
		t.Error("without Redis nobody may load")
	}
	wantError(t, err, ErrAway)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, acquired, err := a.Lease(ctx, "k", time.Minute); acquired || err != context.Canceled {
		t.Errorf("%v, %v of a caller who has left", acquired, err)
	}
}

// A lease outlives its time while its owner lives.
func TestALeaseIsRenewed(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	const ttl = 300 * time.Millisecond
	release, acquired, err := a.Lease(t.Context(), "k", ttl)
	if err != nil || !acquired {
		t.Fatal(acquired, err)
	}
	for end := time.Now().Add(3 * ttl); time.Now().Before(end); {
		if none, acquired, err := b.Lease(t.Context(), "k", ttl); acquired || err != nil {
			none()
			t.Fatalf("another has it: %v", err)
		}
	}
	release()
	redistest.Await(t, "it ends when it is released", func() bool {
		again, acquired, _ := b.Lease(t.Context(), "k", ttl)
		again()
		return acquired
	})
}
