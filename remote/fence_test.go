//go:build unix

package remote

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/uds-platform/state/internal/redistest"
)

// The fence by itself, against what it must do in any order.
func TestAFillStandsUntilItsKeyChanges(t *testing.T) {
	f := newFence()
	f.restore(0)
	one, two, other := f.begin("k", stamp{}, 0), f.begin("k", stamp{}, 0), f.begin("other", stamp{}, 0)
	if !one.Valid() || !two.Valid() || !other.Valid() {
		t.Fatal("a fill is not valid that nothing has overtaken")
	}
	f.overtake("k")
	if one.Valid() || two.Valid() || !one.Overtaken() || !two.Overtaken() {
		t.Error("a fill is valid whose key has changed")
	}
	<-one.Changed()
	if !other.Valid() {
		t.Error("a fill is ended by another key's change")
	}
	if again := f.begin("k", stamp{}, 0); !again.Valid() {
		t.Error("a fill is ended by a change before it began")
	}
}

func TestAGapEndsAllFills(t *testing.T) {
	f := newFence()
	if f.begin("k", stamp{}, 0).Valid() {
		t.Error("a fill is valid although nothing is heard yet")
	}
	f.restore(0)
	fill := f.begin("k", stamp{}, 0)
	f.lose()
	if fill.Valid() || fill.Overtaken() {
		t.Error("after a gap a fill is uncertain, and not more than that")
	}
	if during := f.begin("k", stamp{}, 0); during.Valid() {
		t.Error("a fill that begins in a gap is valid")
	}
	if f.restore(0) {
		t.Error("a gap is closed by somebody who does not know of it")
	}
	if !f.restore(f.gaps.Load()) || !f.begin("k", stamp{}, 0).Valid() {
		t.Error("after the gap a fill is not valid")
	}
	if fill.Valid() {
		t.Error("a fill has survived a gap")
	}
	f.overtake("k")
	if !fill.Overtaken() {
		t.Error("an uncertain fill can't be overtaken")
	}
}

func TestTheFenceForgetsFillsThatEnd(t *testing.T) {
	f := newFence()
	f.restore(0)
	for range 200 {
		var fills []*Fill
		for range 1 + rand.IntN(5) {
			fills = append(fills, f.begin("k", stamp{}, 0))
		}
		if rand.IntN(3) == 0 {
			f.overtake("k")
		}
		rand.Shuffle(len(fills), func(a, b int) { fills[a], fills[b] = fills[b], fills[a] })
		for n, fill := range fills {
			fill.End()
			fill.End()
			if n+1 < len(fills) && !fills[n+1].Overtaken() && !fills[n+1].Valid() {
				t.Fatal("the end of one fill has ended another")
			}
		}
		if n := f.underWay(); n != 0 {
			t.Fatalf("%d keys are kept of fills that have ended", n)
		}
	}
}

// The order that only the fence sees: the value is read, it changes, that is heard,
// and only then is it stored. Nothing more would ever be heard of it.
func TestAValueThatChangedAfterItWasReadIsNotKept(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "old")
	b.awaitValue("k", "old")
	fill := b.BeginFill("k")
	defer fill.End()
	f, found, err := b.Get(t.Context(), fill)
	if err != nil || !found || string(f.Payload) != "old" {
		t.Fatalf("read %q, %v, %v", f.Payload, found, err)
	}
	if err := a.Replace("k", frameOf("new")); err != nil {
		t.Fatal(err)
	}
	<-fill.Changed()
	if b.keep(fill, string(f.Payload)) {
		t.Fatal("a value is kept that has changed since it was read")
	}
	if n := b.Health().Stats.FillsRefused; n == 0 {
		t.Error("nobody has counted the fill that was refused")
	}
}

func TestAValueThatWasReadBeforeAGapIsNotKept(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	fill := a.BeginFill("k")
	defer fill.End()
	gaps := a.gapCount()
	s.MustDo("CLIENT", "KILL", "TYPE", "pubsub")
	redistest.Await(t, "the gap is noticed", func() bool { return a.gapCount() > gaps })
	a.awaitLive()
	if a.keep(fill, "old") {
		t.Fatal("a value is kept that may have changed in the gap")
	}
}

// Readers fill while a writer changes: when all is quiet, nobody has kept what is
// no longer so.
func TestNothingStaleIsLeftBehind(t *testing.T) {
	const keys, rounds = 8, 300
	s := redistest.Start(t, redistest.Options{})
	writer, reader := live(t, s.URL()), live(t, s.URL())
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				key := strconv.Itoa(n % keys)
				if _, ok := reader.has(key); !ok {
					reader.read(key)
				}
			}
		})
	}
	for n := range rounds {
		if err := writer.Replace(strconv.Itoa(rand.IntN(keys)), frameOf(strconv.Itoa(n))); err != nil {
			t.Error(err)
		}
		if n%3 == 0 {
			writer.awaitFlushed()
		}
	}
	writer.awaitFlushed()
	for key := range keys { // whoever hears of these has heard of what was before
		writer.Invalidate([]string{fmt.Sprint("end", key)}, nil)
	}
	redistest.Await(t, "the end is heard", func() bool {
		for key := range keys {
			if !reader.endedKey(fmt.Sprint("end", key)) {
				return false
			}
		}
		return true
	})
	close(stop)
	readers.Wait()
	for n := range keys {
		key := strconv.Itoa(n)
		kept, ok := reader.has(key)
		current, there := writer.read(key)
		if ok && (!there || kept != current) {
			t.Errorf("%s is kept as %q, and is %q", key, kept, current)
		}
	}
	if n := reader.Health().Stats.FillsRefused; n == 0 {
		t.Log("no fill was refused: the race did not happen this time")
	}
}

// Redis makes one report of two writes where they are close together: that one of
// them was made here says nothing of what stands there.
func TestAReportIsLookedAt(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	a.load("k", "1")
	a.awaitFlushed()
	b.load("k", "2") // by the time that it is reported, a expects an echo
	a.echoes.expect("k", 1, false)
	redistest.Await(t, "the other's write is heard", func() bool { _, ok := a.has("k"); return !ok })
	a.awaitValue("k", "2")
}

func TestAnothersWriteEndsAFill(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	fill := b.BeginFill("k")
	defer fill.End()
	a.load("k", "1")
	redistest.Await(t, "the fill is ended", fill.Overtaken)
}

func TestAnInstanceKeepsWhatItHasWritten(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	a.load("k", "1")
	a.awaitFlushed()
	a.Invalidate(nil, []string{"end"})
	redistest.Await(t, "its own report was examined", func() bool {
		a.echoes.mu.Lock()
		defer a.echoes.mu.Unlock()
		return len(a.echoes.expected) == 0 && len(a.inFlight) == 0 && a.ledger.Load().epoch.Load() == 1
	})
	if _, ok := a.has("k"); !ok {
		t.Error("whoever wrote it has lost it by its own echo")
	}
}

// Whoever invalidates and loads again must not have to load a third time.
func TestWhatIsLoadedAfterAnInvalidationIsKept(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := live(t, s.URL()), live(t, s.URL())
	s.Stop() // so that the load begins before Redis has heard
	a.Invalidate([]string{"k"}, []string{"tag"})
	fill := a.BeginFill("k")
	defer fill.End()
	s.Continue()
	a.awaitLive()
	a.awaitFlushed()
	redistest.Await(t, "the fill stands after the tombstone was reported", func() bool {
		a.echoes.mu.Lock()
		defer a.echoes.mu.Unlock()
		return len(a.echoes.expected) == 0 && fill.suspicions.Load() == 0
	})
	if !a.keep(fill, "new") {
		t.Error("what was loaded after an invalidation is not kept")
	}
	a.put(fill, "new", "tag")
	b.awaitValue("k", "new")
}

func TestAStampIsLiftedByWhatWasKnownOnly(t *testing.T) {
	var f flusher
	f.own.add(stamp{1, 5}, 10)
	f.own.add(stamp{1, 6}, 11)
	f.own.add(stamp{1, 8}, 12)
	for _, c := range []struct {
		s     stamp
		calls uint64
		want  uint64
	}{
		{stamp{1, 4}, 10, 5}, {stamp{1, 4}, 9, 4}, {stamp{1, 4}, 12, 6}, {stamp{1, 3}, 12, 3}, {stamp{1, 7}, 12, 8}, {stamp{2, 4}, 12, 4},
	} {
		if got := f.lift(c.s, c.calls); got != (stamp{c.s.incarnation, c.want}) {
			t.Errorf("%v is lifted to %v by %d calls, want epoch %d", c.s, got, c.calls, c.want)
		}
	}
}
