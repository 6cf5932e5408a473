//go:build unix

package remote

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

func writeOf(key string, size int) *write { return &write{key: key, frame: make([]byte, size)} }

func TestWritesOfOneKeyAreOne(t *testing.T) {
	d := newDirty(10, 1<<20)
	d.put(writeOf("a", 1))
	d.put(writeOf("b", 1))
	d.put(writeOf("a", 2))
	got := d.take(10, 1<<20)
	if len(got) != 2 || got[0].key != "a" || len(got[0].frame) != 2 || got[1].key != "b" {
		t.Fatalf("taken: %v, want the newer a, then b", got)
	}
	d.put(writeOf("a", 3))
	d.giveBack(got[0])
	d.giveBack(got[1])
	if again := d.take(10, 1<<20); len(again) != 2 || again[0].key != "b" || len(again[1].frame) != 3 {
		t.Fatalf("taken again: %v, want b and the newest a", again)
	}
	if entries, _, size, _ := d.load(); entries != 0 || size != 0 {
		t.Errorf("%d entries of %d bytes are left, want nothing", entries, size)
	}
}

func TestTheOldestWriteGivesWay(t *testing.T) {
	one := writeOf("a", 100).sizeBytes()
	for name, d := range map[string]*dirty{"entries": newDirty(3, 1<<20), "bytes": newDirty(100, 3*one)} {
		for _, key := range []string{"a", "b", "c", "d"} {
			d.put(writeOf(key, 100))
		}
		if _, _, size, dropped := d.load(); dropped != 1 || size != 3*one {
			t.Errorf("%s: %d dropped, %d bytes, want 1 and %d", name, dropped, size, 3*one)
		}
		d.giveBack(writeOf("a", 100)) // has to go again: it is the oldest
		if got := d.take(10, 1<<20); len(got) != 3 || got[0].key != "b" {
			t.Errorf("%s: %d are left, from %s, want b, c and d", name, len(got), got[0].key)
		}
	}
}

func TestValuesWaitForRedisAndAreBounded(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a := live(t, "redis://"+proxy.Addr(), func(o *Options) { o.DirtyEntries = 3 })
	proxy.Set(redistest.Refuse)
	redistest.Await(t, "the tier has lost Redis", func() bool { return !a.Live() })
	for n := range 5 {
		a.load(fmt.Sprint("k", n), "1")
	}
	if got := a.Health().Stats; got.DirtyEntries != 3 || got.WritesDropped != 2 {
		t.Errorf("%d wait and %d were dropped, want 3 and 2", got.DirtyEntries, got.WritesDropped)
	}
	proxy.Set(redistest.Pass)
	a.awaitLive()
	a.awaitFlushed()
	a.awaitValue("k4", "1")
	a.wantNone("k1")
}

func TestAValueThatCannotBeWrittenIsGivenUp(t *testing.T) {
	s := redistest.Start(t, redistest.Options{Directives: []string{"maxmemory 1mb", "maxmemory-policy noeviction"}})
	s.MustDo("CONFIG", "SET", "maxmemory", "0")
	a := live(t, s.URL(), func(o *Options) { o.MaxRetries = 2 })
	s.MustDo("CONFIG", "SET", "maxmemory", "1")
	a.load("k", "1")
	redistest.Await(t, "it is given up", func() bool { return a.Health().Stats.WritesDropped == 1 })
	if got := a.Health().Stats; got.Retries != 3 || got.DirtyEntries != 0 {
		t.Errorf("%d failures and %d that wait, want 3 and none", got.Retries, got.DirtyEntries)
	}
	s.MustDo("CONFIG", "SET", "maxmemory", "0")
	a.load("k", "2")
	a.awaitValue("k", "2")
}

// Others must not go on serving what can't be written down.
func TestAFullRedisIsNotBelieved(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1", "tag")
	b.awaitValue("k", "1")
	s.MustDo("CONFIG", "SET", "maxmemory", "1")
	a.Invalidate(nil, []string{"tag"})
	redistest.Await(t, "the other does not believe Redis", func() bool { _, ok := b.has("k"); return !ok && !b.Live() })
	s.MustDo("CONFIG", "SET", "maxmemory", "0")
	a.awaitLive()
	b.awaitLive()
	a.awaitFlushed()
	b.wantNone("k")
}

// Echoes that never come would fill the room that there is for them, and then whoever
// writes a value loses it by its own echo.
func TestAWriteThatFailedIsNotExpectedBack(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL(), func(o *Options) { o.MaxRetries = -1 })
	s.MustDo("CONFIG", "SET", "maxmemory", "1")
	for n := range 10 {
		a.load(fmt.Sprint("k", n), "1")
	}
	redistest.Await(t, "all were given up", func() bool { return a.Health().Stats.WritesDropped == 10 })
	if n := a.echoes.len(); n != 0 {
		t.Errorf("%d echoes are awaited of writes that were never made", n)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	b.load("old", "1")
	a.awaitValue("old", "1")
	done := make(chan struct{})
	for n := range 300 {
		a.load(fmt.Sprint("k", n), "1")
	}
	a.Invalidate([]string{"old"}, nil)
	if err := a.Deliver("job", func(context.Context, *Conn) error { close(done); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	<-done
	b.wantNone("old")
	for n := range 300 {
		b.awaitValue(fmt.Sprint("k", n), "1")
	}
	if err := a.Deliver("job", nil); err == nil {
		t.Error("a closed tier takes jobs")
	}
	if h := a.Health(); h.Status != StatusClosed {
		t.Errorf("status %s, want closed", h.Status)
	}
	_, _, err := a.Get(t.Context(), a.BeginFill("k1"))
	wantError(t, err, ErrAway)
	if err := a.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestCloseDoesNotWaitForRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	s.Shutdown()
	redistest.Await(t, "the tier has lost Redis", func() bool { return !a.Live() })
	a.load("k", "1")
	err := a.Close()
	wantError(t, err, ErrAway)
	if !strings.Contains(err.Error(), "1 values") {
		t.Errorf("the error %q does not say what was lost", err)
	}
}

func TestALoadThatTookTooLongIsNotWritten(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	fill := a.BeginFill("k")
	defer fill.End()
	fill.began = fill.began.Add(-oldestLoad)
	a.put(fill, "1")
	redistest.Await(t, "it is let go", func() bool { return a.Health().Stats.WritesLate == 1 })
	a.wantNone("k")
}

func TestATombstoneOutlivesAShortValue(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	a.Invalidate([]string{"k"}, nil)
	a.awaitFlushed()
	redistest.Await(t, "it has heard itself", func() bool { return a.ledger.Load().epoch.Load() == 1 })
	fill := a.BeginFill("k")
	defer fill.End()
	f := frameOf("1")
	f.SoftDeadline, f.HardDeadline = f.WrittenAt.Add(time.Minute), f.WrittenAt.Add(time.Minute)
	if _, err := a.Put(fill, f); err != nil {
		t.Fatal(err)
	}
	a.awaitValue("k", "1")
	if ttl := s.MustDo("PTTL", "t:v:k").(int64); time.Duration(ttl)*time.Millisecond <= oldestLoad {
		t.Errorf("the invalidation is forgotten in %d ms, with the value", ttl)
	}
}

func TestAnOlderLoadDoesNotReplaceANewer(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	old := b.BeginFill("k")
	defer old.End()
	a.Invalidate(nil, []string{"something"})
	a.awaitFlushed()
	redistest.Await(t, "it has heard itself", func() bool { return a.ledger.Load().epoch.Load() == 1 })
	a.load("k", "new")
	a.awaitFlushed()
	w, err := b.newWrite("k", old.stamp, old.began, frameOf("old"))
	if err != nil {
		t.Fatal(err)
	}
	b.dirty.put(w)
	b.flusher.wake()
	redistest.Await(t, "it is refused", func() bool { return b.Health().Stats.WritesRefused == 1 })
	a.awaitValue("k", "new")
}

func TestJobsAreDoneUntilTheySucceed(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown()
	a := open(t, s.URL())
	script := NewScript(`return redis.call('HSET', KEYS[1], 'f', ARGV[1])`)
	var attempts atomic.Int32
	done := make(chan struct{})
	job := func(ctx context.Context, c *Conn) error {
		switch attempts.Add(1) {
		case 1:
			panic("out of luck")
		case 2:
			return context.DeadlineExceeded
		}
		if _, err := c.Eval(ctx, script, []string{c.Key("s:{1}")}, []string{"v"}); err != nil {
			return err
		}
		close(done)
		return nil
	}
	first := func(context.Context, *Conn) error {
		t.Error("a job was done that another had come for")
		return nil
	}
	if err := a.Deliver("1", first); err != nil {
		t.Fatal(err)
	}
	if err := a.Deliver("1", job); err != nil {
		t.Fatal(err)
	}
	if n := a.Health().Stats.Jobs; n != 1 {
		t.Errorf("%d jobs wait, want one under its name", n)
	}
	s.Restart()
	<-done
	err := a.Run(t.Context(), func(ctx context.Context, c *Conn) error {
		fields, err := c.ReadHash(ctx, c.Key("s:{1}"))
		if fields["f"] != "v" {
			t.Errorf("the hash has %v", fields)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestJobsAreRefusedRatherThanDropped(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown()
	a := open(t, s.URL())
	a.couriers.limit = 2
	job := func(context.Context, *Conn) error { return nil }
	for _, name := range []string{"1", "2", "2"} {
		if err := a.Deliver(name, job); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, a.Deliver("3", job), ErrFull)
	if n := a.Health().Stats.Jobs; n != 2 {
		t.Errorf("%d jobs wait, want 2", n)
	}
}
