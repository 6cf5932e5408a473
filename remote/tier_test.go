//go:build unix

package remote

import (
	"testing"

	"github.com/uds-platform/state/internal/redistest"
)

func TestAValueIsReadByAnotherInstance(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1", "tag")
	b.awaitValue("k", "1")
	if _, ok := a.has("k"); !ok {
		t.Error("whoever wrote it has lost it by its own echo")
	}
}

func TestANewerValueEndsTheOlderElsewhere(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	if err := a.Replace("k", frameOf("2")); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "the older value is gone", func() bool { _, ok := b.has("k"); return !ok })
	b.awaitValue("k", "2")
}

func TestAnInvalidatedKeyIsGoneEverywhere(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	a.Invalidate([]string{"k"}, nil)
	a.wantNone("k")
	redistest.Await(t, "the other hears", func() bool { _, ok := b.has("k"); return !ok })
	a.awaitFlushed()
	b.wantNone("k")
}

func TestAKeyThatWasNeverWrittenCanBeInvalidated(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	fill := b.BeginFill("k") // loads from the origin
	defer fill.End()
	a.Invalidate([]string{"k"}, nil)
	<-fill.Changed()
	if b.keep(fill, "old") || b.put(fill, "old") {
		t.Fatal("a value was kept that was loaded before its key was invalidated")
	}
}

func TestATagEndsWhatHasIt(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1", "t1", "t2")
	a.load("other", "1", "t3")
	b.awaitValue("k", "1")
	b.awaitValue("other", "1")
	a.Invalidate(nil, []string{"t2"})
	a.wantNone("k")
	redistest.Await(t, "the other hears of the tag", func() bool { return b.endedTag("t2") })
	b.wantNone("k")
	b.awaitValue("other", "1")
	c := live(t, s.URL()) // has never heard of it
	c.wantNone("k")
	c.awaitValue("other", "1")
	a.load("k", "2", "t2")
	c.awaitValue("k", "2")
}

func TestALoadIsOvertakenByATagThatItDoesNotKnowYet(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	fill := b.BeginFill("k")
	defer fill.End()
	a.Invalidate(nil, []string{"tag"})
	redistest.Await(t, "the other hears of the tag", func() bool { return b.endedTag("tag") })
	b.put(fill, "old", "tag")
	b.awaitFlushed()
	a.wantNone("k")
	b.wantNone("k")
}

// The load runs on an instance that hears nothing while the key is invalidated,
// and writes when it is back.
func TestALoadInAGapDoesNotBringTheOldValue(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := live(t, s.URL()), live(t, "redis://"+proxy.Addr())
	fill := b.BeginFill("k")
	defer fill.End()
	proxy.Set(redistest.Refuse)
	redistest.Await(t, "the tier has lost Redis", func() bool { return !b.Live() })
	a.Invalidate([]string{"k"}, []string{"tag"})
	a.awaitFlushed()
	b.put(fill, "old")
	tagged := b.BeginFill("tagged") // as of before the gap
	defer tagged.End()
	b.put(tagged, "old", "tag")
	proxy.Set(redistest.Pass)
	b.awaitLive()
	b.awaitFlushed()
	for _, i := range []*instance{a, b} {
		i.wantNone("k")
		i.wantNone("tagged")
	}
	if got := b.Health().Stats.WritesRefused; got != 1 {
		t.Errorf("Redis refused %d writes, want the one that was overtaken", got)
	}
}

// A Set and a load that began before it have the same epoch of the ledger.
func TestALoadInAGapDoesNotReplaceWhatWasSetMeanwhile(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := live(t, s.URL()), live(t, "redis://"+proxy.Addr())
	fill := b.BeginFill("k")
	defer fill.End()
	proxy.Set(redistest.Refuse)
	redistest.Await(t, "the tier has lost Redis", func() bool { return !b.Live() })
	if err := a.Replace("k", frameOf("new")); err != nil {
		t.Fatal(err)
	}
	a.awaitFlushed()
	b.put(fill, "old")
	proxy.Set(redistest.Pass)
	b.awaitLive()
	b.awaitFlushed()
	for _, i := range []*instance{a, b} {
		i.awaitValue("k", "new")
	}
	if got := b.Health().Stats.WritesRefused; got != 1 {
		t.Errorf("Redis refused %d writes, want the one that was overtaken", got)
	}
}

func TestInvalidationsWaitForRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{Persistent: true})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := live(t, "redis://"+proxy.Addr()), live(t, s.URL())
	a.load("k", "1")
	a.load("tagged", "1", "tag")
	b.awaitValue("k", "1")
	b.awaitValue("tagged", "1")
	proxy.Set(redistest.Refuse)
	redistest.Await(t, "the tier has lost Redis", func() bool { return !a.Live() })
	a.Invalidate([]string{"k"}, []string{"tag"})
	b.awaitValue("k", "1")
	proxy.Set(redistest.Pass)
	a.awaitLive()
	a.wantNone("k")
	a.wantNone("tagged")
	redistest.Await(t, "the other hears of the tag", func() bool { return b.endedTag("tag") })
	a.awaitFlushed()
	b.wantNone("k")
	b.wantNone("tagged")
}

func TestTooManyInvalidationsAreOneOfEverything(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := live(t, "redis://"+proxy.Addr()), live(t, s.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	proxy.Set(redistest.Refuse)
	redistest.Await(t, "the tier has lost Redis", func() bool { return !a.Live() })
	for n := range maxPending + 1 {
		a.Invalidate([]string{string(rune('a'+n%26)) + number(uint64(n))}, nil)
	}
	proxy.Set(redistest.Pass)
	a.awaitFlushed()
	a.awaitLive()
	a.wantNone("k")
	redistest.Await(t, "the other is told", func() bool { return b.gapCount() > 1 })
	b.awaitLive()
	b.wantNone("k")
	a.load("k", "2")
	b.awaitValue("k", "2")
}

func TestALostLedgerEndsEverything(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	aGaps, bGaps := a.gapCount(), b.gapCount()
	s.MustDo("DEL", "t:ledger")
	redistest.Await(t, "the gap is noticed", func() bool { return a.gapCount() > aGaps && b.gapCount() > bGaps })
	b.awaitLive()
	a.awaitLive()
	b.wantNone("k")
	a.load("k", "2")
	b.awaitValue("k", "2")
}

// A failover may lose the end of the ledger; numbers must not be given twice.
func TestALedgerThatWentBackIsAnother(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	a.Invalidate(nil, []string{"t1"})
	a.Invalidate(nil, []string{"t2"})
	a.awaitFlushed()
	a.load("k", "1")
	a.awaitValue("k", "1")
	redistest.Await(t, "it has heard itself", func() bool { return a.ledger.Load().epoch.Load() >= 1 })
	old := a.ledger.Load().incarnation
	s.MustDo("ZADD", "t:ledger", "0", "e")
	s.MustDo("CLIENT", "KILL", "TYPE", "pubsub")
	redistest.Await(t, "the ledger is another one", func() bool { return a.ledger.Load().incarnation > old })
	a.awaitLive()
	a.wantNone("k")
}

func TestAFlushedServerIsAGap(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	a.load("k", "1")
	a.awaitFlushed()
	gaps := a.gapCount()
	s.MustDo("FLUSHALL")
	redistest.Await(t, "the gap is noticed", func() bool { return a.gapCount() > gaps })
	a.awaitLive()
	a.wantNone("k")
	a.load("k", "2")
	a.awaitValue("k", "2")
}

func TestAKilledTrackerIsAGap(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	gaps := b.gapCount()
	s.MustDo("CLIENT", "KILL", "TYPE", "pubsub")
	redistest.Await(t, "the gap is noticed", func() bool { return b.gapCount() > gaps })
	a.awaitLive()
	b.awaitLive()
	b.awaitValue("k", "1")
	a.Invalidate([]string{"k"}, nil)
	redistest.Await(t, "invalidations are heard again", func() bool { _, ok := b.has("k"); return !ok })
}

func TestRedisComesGoesAndComesBack(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	s.Shutdown()
	a := open(t, s.URL())
	if h := a.Health(); h.Status != StatusConnecting {
		t.Errorf("status %s, want connecting", h.Status)
	}
	_, _, err := a.Get(t.Context(), a.BeginFill("k"))
	wantError(t, err, ErrAway)
	s.Restart()
	a.awaitLive()
	if h := a.Health(); h.Status != StatusLive || !h.Tracking || h.Nodes != 1 {
		t.Errorf("health %+v, want live with tracking", h)
	}
	a.load("k", "1")
	a.awaitValue("k", "1")
	s.Shutdown()
	redistest.Await(t, "it is degraded", func() bool { return a.Health().Status == StatusDegraded })
	if h := a.Health(); h.Reason == "" {
		t.Error("no reason is given")
	}
	a.load("k", "2")
	s.Restart()
	a.awaitLive()
	b := live(t, s.URL())
	b.wantNone("k") // of the ledger that is gone
	a.load("k", "3")
	b.awaitValue("k", "3")
}
