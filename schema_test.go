package state

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestChangedSchemaEndsWhatDependsOnIt(t *testing.T) {
	st := open(t, Config{})
	slotsApart(t, st, EventTypeTag(1, "Log"), EventTypeTag(1, "Transaction"), EventTypeTag(2, "Log"), AccountTag(1), KindTag("test"))
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	logs, transactions := keyOf(t, "logs"), keyOf(t, "transactions")
	store := func() {
		c.SetWithTerms(logs, "a", Terms{Tags: []Tag{EventTypeTag(1, "Log")}, Settled: true})
		c.SetWithTerms(transactions, "a", Terms{Tags: []Tag{EventTypeTag(1, "Transaction")}})
	}
	store()
	for i, step := range []struct {
		account           int
		eventType, print  string
		changed, logsEnds bool
	}{
		{1, "Log", "v1", false, false}, // the first sight is no change
		{1, "Log", "v1", false, false},
		{2, "Log", "v9", false, false}, // another account's
		{1, "Log", "v2", true, true},
		{1, "Log", "v2", false, false},
		{1, "Log", "v1", true, true}, // and back
		{1, "Log", "", true, true},
	} {
		if changed := st.ObserveSchema(step.account, step.eventType, step.print); changed != step.changed {
			t.Errorf("step %d: changed %v", i, changed)
		}
		if _, ok := c.Get(logs); ok == step.logsEnds {
			t.Errorf("step %d: what depends on the logs is there: %v", i, ok)
		}
		if _, ok := c.Get(transactions); !ok {
			t.Errorf("step %d: what does not depend on the logs is gone", i)
		}
		store()
	}
}

// Forgetting can't lead to serving what depends on an old schema.
func TestForgottenSchemaCountsAsChanged(t *testing.T) {
	s := newSchemas()
	s.maximum = 3
	changes := 0
	observe := func(i int, fingerprint string) bool {
		return s.observe(EventTypeTag(1, fmt.Sprint(i)), fingerprint, func() { changes++ })
	}
	for i := range 3 {
		if observe(i, "v1") {
			t.Errorf("type %d: the first sight is a change", i)
		}
	}
	// 3 is new, but might as well have been forgotten.
	if !observe(3, "v1") || len(s.known) != 3 {
		t.Errorf("%d types are known: want 3, and a change", len(s.known))
	}
	changed := 0
	for i := range 4 {
		if observe(i, "v2") {
			changed++
		}
	}
	if changed != 4 || changes != 5 || len(s.known) != 3 {
		t.Errorf("%d of 4 changes were seen, %d were told, %d types are known", changed, changes, len(s.known))
	}
}

// Who is told that nothing has changed can rely on the invalidation by who was
// told that something has.
func TestSchemaIsInvalidatedBeforeItIsKnown(t *testing.T) {
	s := newSchemas()
	tag := EventTypeTag(1, "Log")
	s.observe(tag, "v1", nil)
	s.observe(tag, "v2", func() {
		if s.mu.TryLock() {
			t.Error("another observer could see the new fingerprint before the invalidation")
			s.mu.Unlock()
		}
	})
}

func TestNewDataMakesOpenWindowsStale(t *testing.T) {
	for name, c := range map[string]struct {
		terms   Terms
		quality Quality // 0: gone
	}{
		"open":             {Terms{StaleFor: time.Hour}, Stale},
		"settled":          {Terms{StaleFor: time.Hour, Settled: true}, Full},
		"never stale":      {Terms{}, 0},
		"settled for ever": {Terms{Settled: true}, Full},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := open(t, Config{})
				slotsApart(t, st, EventTypeTag(1, "Log"), EventTypeTag(1, "Transaction"))
				cache, err := NewCache[string](st, Kind{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				key := keyOf(t, 1)
				c.terms.Tags = []Tag{EventTypeTag(1, "Log")}
				cache.SetWithTerms(key, "old", c.terms)
				st.ObserveData(1, "Transaction")
				wantFull(t, fetchNow(cache, key, forbidden(t)), "old", Memory)
				st.ObserveData(1, "Log")
				load := func(context.Context) (string, Terms, error) { return "new", c.terms, nil }
				switch c.quality {
				case Full:
					wantFull(t, fetchNow(cache, key, forbidden(t)), "old", Memory)
				case Stale:
					wantStale(t, answerOf(cache.FetchWithTerms(t.Context(), key, load)), "old")
					synctest.Wait()
					wantFull(t, fetchNow(cache, key, forbidden(t)), "new", Memory)
				default:
					wantFull(t, answerOf(cache.FetchWithTerms(t.Context(), key, load)), "new", Origin)
				}
			})
		})
	}
}

func TestNewDataEndsARememberedError(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test", StaleFor: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	load := func(context.Context) (string, Terms, error) {
		return "", Terms{Tags: []Tag{EventTypeTag(1, "Log")}}, ErrPermanent
	}
	if _, err := c.FetchWithTerms(t.Context(), key, load); !errors.Is(err, ErrPermanent) {
		t.Fatal(err)
	}
	st.ObserveData(1, "Log")
	wantFull(t, fetchNow(c, key, constant("a")), "a", Origin)
}

// Data that comes during a load makes its result stale for those who came after
// it, and what is kept.
func TestNewDataDuringALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		slotsApart(t, st, EventTypeTag(1, "Log"), AccountTag(1), KindTag("test"))
		c, err := NewCache[string](st, Kind{Name: "test", StaleFor: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		key, g := keyOf(t, 1), newGate()
		fetch := func() <-chan answer[string] {
			ch := make(chan answer[string], 1)
			go func() {
				ch <- answerOf(c.FetchWithTerms(t.Context(), key, func(ctx context.Context) (string, Terms, error) {
					value, err := g.load(ctx)
					return value, Terms{Tags: []Tag{EventTypeTag(1, "Log")}}, err
				}))
			}()
			synctest.Wait()
			return ch
		}
		before := fetch()
		st.ObserveData(1, "Log")
		after := fetch()
		g.open("a")
		wantFull(t, <-before, "a", Origin)
		got := <-after
		wantValue(t, got, "a", Flight)
		if got.Quality != Stale {
			t.Errorf("who came after the data got %v: want stale", got.Quality)
		}
		wantStale(t, fetchNow(c, key, constant("b")), "a")
		synctest.Wait()
		wantFull(t, fetchNow(c, key, forbidden(t)), "b", Memory)
	})
}
