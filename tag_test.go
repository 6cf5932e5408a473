package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slotsApart makes sure that a test's tags do not share a slot by bad luck: then
// the table takes another secret.
func slotsApart(t *testing.T, st *State, tags ...Tag) {
	t.Helper()
	for range 100 {
		seen := map[uint32]bool{}
		for _, tag := range tags {
			seen[st.tags.slot(tag)] = true
		}
		if len(seen) == len(tags) {
			return
		}
		st.tags.seed = newTagTable().seed
		st.queries.flights.slot = st.tags.slot(KindTag(queryKind)) // which was worked out when it was opened
	}
	t.Fatal("the tags share a slot whatever the secret")
}

func accountKey(t *testing.T, account int) Key {
	t.Helper()
	key, err := NewKey(Scope{Account: account}, "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestInvalidateReachesWhatHasTheTagAndNothingElse(t *testing.T) {
	transactions, logs := EventTypeTag(1, "Transaction"), EventTypeTag(1, "Log")
	others := EventTypeTag(2, "Transaction")
	dashboard := NamedTag(1, "Transaction")
	everything := []Tag{transactions, logs, others, dashboard, AccountTag(1), AccountTag(2), KindTag("test"), KindTag("other")}
	for name, c := range map[string]struct {
		tag  Tag
		ends []string
	}{
		"event type":       {transactions, []string{"transactions", "both"}},
		"other event type": {logs, []string{"logs", "both"}},
		"other account's":  {others, []string{"account 2"}},
		"named":            {dashboard, []string{"dashboard"}},
		"account":          {AccountTag(1), []string{"transactions", "logs", "both", "dashboard", "plain"}},
		"other account":    {AccountTag(2), []string{"account 2"}},
		"kind":             {KindTag("test"), []string{"transactions", "logs", "both", "dashboard", "plain", "account 2"}},
		"other kind":       {KindTag("other"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			st := open(t, Config{})
			slotsApart(t, st, everything...)
			cache, err := NewCache[string](st, Kind{Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			results := map[string]struct {
				key  Key
				tags []Tag
			}{
				"transactions": {keyOf(t, 1), []Tag{transactions}},
				"logs":         {keyOf(t, 2), []Tag{logs}},
				"both":         {keyOf(t, 3), []Tag{logs, transactions}},
				"dashboard":    {keyOf(t, 4), []Tag{dashboard}},
				"plain":        {keyOf(t, 5), nil},
				"account 2":    {accountKey(t, 2), []Tag{others}},
			}
			for what, r := range results {
				cache.SetWithTerms(r.key, what, Terms{Tags: r.tags})
			}
			st.Invalidate(c.tag)
			ended := map[string]bool{}
			for _, what := range c.ends {
				ended[what] = true
			}
			for what, r := range results {
				if _, ok := cache.Get(r.key); ok == ended[what] {
					t.Errorf("%s: there is %v", what, ok)
				}
			}
			s := cache.Stats()
			if int(s.Invalidated) != len(c.ends) || int(s.Hits) != len(results)-len(c.ends) || s.Entries != len(results)-len(c.ends) {
				t.Errorf("stats %+v", s)
			}
			for what, r := range results { // what ended can be had again
				if !ended[what] {
					continue
				}
				wantFull(t, fetchNow(cache, r.key, constant("new")), "new", Origin)
				wantFull(t, fetchNow(cache, r.key, forbidden(t)), "new", Memory)
			}
		})
	}
}

func TestInvalidateReachesErrorsAndSeveralTagsAtOnce(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	load := func(context.Context) (string, Terms, error) {
		return "", Terms{Tags: []Tag{NamedTag(1, "b")}}, ErrPermanent
	}
	if _, err := c.FetchWithTerms(t.Context(), key, load); !errors.Is(err, ErrPermanent) {
		t.Fatal(err)
	}
	st.Invalidate()
	if got := fetchNow(c, key, forbidden(t)); !errors.Is(got.err, ErrPermanent) {
		t.Errorf("got %+v: want the remembered error", got)
	}
	st.Invalidate(NamedTag(1, "a"), NamedTag(1, "b"))
	wantFull(t, fetchNow(c, key, constant("a")), "a", Origin)
}

// A result that was looked at since the last invalidation is served at first
// sight again.
func TestInvalidationCostsTheOthersOneLook(t *testing.T) {
	st := open(t, Config{})
	slotsApart(t, st, AccountTag(1), AccountTag(2), KindTag("test"))
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	c.Set(key, "a")
	st.Invalidate(AccountTag(2))
	if _, fresh := c.look(key); fresh {
		t.Error("served at first sight right after an invalidation")
	}
	wantFull(t, fetchNow(c, key, forbidden(t)), "a", Memory)
	if _, fresh := c.look(key); !fresh {
		t.Error("not served at first sight after it was looked at")
	}
}

// What is invalidated while it is loaded: those who waited get it, later ones
// do not, and it is not kept; whether its tags were known before or not.
func TestLoadOvertakenByItsTag(t *testing.T) {
	own := NamedTag(1, "x") // which is not known before the load has ended
	for name, tag := range map[string]Tag{"account": AccountTag(1), "kind": KindTag("test"), "its own": own} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := open(t, Config{})
				slotsApart(t, st, AccountTag(1), KindTag("test"), NamedTag(1, "x"))
				c, err := NewCache[string](st, Kind{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				key, old, next := keyOf(t, 1), newGate(), newGate()
				with := func(g *gate) func(context.Context) (string, Terms, error) {
					return func(ctx context.Context) (string, Terms, error) {
						value, err := g.load(ctx)
						return value, Terms{Tags: []Tag{NamedTag(1, "x")}}, err
					}
				}
				fetch := func(g *gate) <-chan answer[string] {
					ch := make(chan answer[string], 1)
					go func() { ch <- answerOf(c.FetchWithTerms(t.Context(), key, with(g))) }()
					synctest.Wait()
					return ch
				}
				one, two := fetch(old), fetch(old)
				st.Invalidate(tag)
				after := fetch(next)
				if started := next.began() == 1; started != (tag != own) {
					t.Errorf("a new load began at once: %v", started)
				}
				old.open("old")
				synctest.Wait()
				wantFull(t, <-one, "old", Origin)
				wantFull(t, <-two, "old", Flight)
				if res, ok := c.Get(key); ok {
					t.Errorf("%q was kept", res.Value)
				}
				next.open("new")
				wantFull(t, <-after, "new", Origin)
				wantFull(t, fetchNow(c, key, forbidden(t)), "new", Memory)
				if s := c.Stats(); s.Fenced != 1 || s.Loads != 2 {
					t.Errorf("stats %+v", s)
				}
			})
		})
	}
}

// An invalidation of something else does not keep callers from sharing a load.
func TestLoadIsJoinedAfterAnotherTagsInvalidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		slotsApart(t, st, AccountTag(1), AccountTag(2), KindTag("test"))
		c, err := NewCache[string](st, Kind{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		key, g := keyOf(t, 1), newGate()
		one := fetching(t.Context(), c, key, g.load)
		synctest.Wait()
		st.Invalidate(AccountTag(2))
		two := fetching(t.Context(), c, key, forbidden(t))
		synctest.Wait()
		g.open("a")
		wantFull(t, <-one, "a", Origin)
		wantFull(t, <-two, "a", Flight)
		wantFull(t, fetchNow(c, key, forbidden(t)), "a", Memory)
	})
}

func TestRefreshOvertakenByItsTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{})
		c, key := staleCache(t, st)
		g := newGate()
		wantStale(t, fetchNow(c, key, g.load), "old")
		synctest.Wait()
		st.Invalidate(AccountTag(1))
		if _, ok := c.Get(key); ok {
			t.Error("the stale result is still served")
		}
		g.open("refreshed")
		synctest.Wait()
		if _, ok := c.Get(key); ok {
			t.Error("the refreshed result was kept")
		}
		wantFull(t, fetchNow(c, key, constant("new")), "new", Origin)
	})
}

// A refresh that waits for a worker is not run for a result that is dead by
// then.
func TestQueuedRefreshOfTheDeadIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{RefreshConcurrency: 1})
		c, key := staleCache(t, st)
		other, g := accountKey(t, 2), newGate()
		c.SetWithTerms(other, "old", Terms{FreshFor: time.Second})
		time.Sleep(2 * time.Second)
		wantStale(t, fetchNow(c, other, g.load), "old")
		wantStale(t, fetchNow(c, key, forbidden(t)), "old")
		st.Invalidate(AccountTag(1))
		g.open("new")
		synctest.Wait()
		if s := c.Stats(); s.Refreshes != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// Reclaiming a dead entry must not take what has been written in its place.
func TestBurialSparesTheSuccessor(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, 1)
	c.Set(key, "old")
	old, _ := c.engine.Get(key.encoded)
	st.Invalidate(AccountTag(1))
	c.Set(key, "new")
	c.flights.bury(key.encoded, old)
	wantFull(t, fetchNow(c, key, forbidden(t)), "new", Memory)
}

// The epoch is published after the slots. Whoever has seen the new epoch and
// found nothing must have been able to find it.
func TestEpochIsPublishedAfterItsSlots(t *testing.T) {
	table := newTagTable()
	tags := make([]Tag, 1000) // so that publishing takes a while
	for i := range tags {
		tags[i] = AccountTag(i + 1)
	}
	last := table.slot(tags[len(tags)-1])
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for range 2_000 {
			table.drop(tags...)
		}
	})
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				epoch := table.epoch.Load()
				if epoch > 0 && !table.droppedAfter(epoch-1, last) {
					t.Errorf("epoch %d came before its slot", epoch)
					return
				}
			}
		}
	})
	wg.Wait()
}

// Tags may be as many as they like: those that share a slot are invalidated
// together, and none is missed.
func TestTagsBeyondTheTableAreNotMissed(t *testing.T) {
	st := open(t, Config{MaximumSize: 100_000})
	c, err := NewCache[string](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	const tags = 2 * tagSlots
	tag := func(i int) Tag { return EventTypeTag(1, fmt.Sprint("Type", i)) }
	for i := range tags {
		c.SetWithTerms(keyOf(t, i), "a", Terms{Tags: []Tag{tag(i)}})
	}
	const ended = 100
	for i := range ended {
		st.Invalidate(tag(i))
	}
	left := 0
	for i := range tags {
		_, ok := c.Get(keyOf(t, i))
		if i < ended && ok {
			t.Fatalf("%d is still served", i)
		}
		if ok {
			left++
		}
	}
	// Each invalidation takes about two others with it. The account and the kind
	// are spared unless they share a slot with one of the hundred.
	if slots := []uint32{st.tags.slot(AccountTag(1)), st.tags.slot(KindTag("test"))}; left < tags-20*ended &&
		!st.tags.droppedAfter(0, slots[0]) && !st.tags.droppedAfter(0, slots[1]) {
		t.Errorf("%d of %d are left", left, tags)
	}
}

// While callers fetch, and tags of which loads learn only at the end are
// invalidated, no value is served that was out of date when its Fetch began.
func TestNoFetchReturnsWhatATagInvalidatedBeforeIt(t *testing.T) {
	st := open(t, Config{})
	c, err := NewCache[int64](st, Kind{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	const keys, workers, rounds = 3, 8, 3000
	var origin, invalidated [keys]atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(worker), 2))
			for range rounds {
				i := dice.IntN(keys)
				key, tag := keyOf(t, i), NamedTag(1, fmt.Sprint(i))
				if dice.IntN(4) == 0 {
					n := origin[i].Add(1)
					switch dice.IntN(8) {
					case 0:
						st.Invalidate(AccountTag(1))
					case 1:
						st.Invalidate(KindTag("test"))
					default:
						st.Invalidate(tag)
					}
					raise(&invalidated[i], n)
					continue
				}
				floor := invalidated[i].Load()
				res, err := c.FetchWithTerms(t.Context(), key, func(context.Context) (int64, Terms, error) {
					return origin[i].Load(), Terms{Tags: []Tag{tag}}, nil
				})
				if err != nil || res.Value < floor {
					t.Errorf("key %d: got %d from %v, %v after %d was invalidated", i, res.Value, res.Source, err, floor)
				}
			}
		})
	}
	wg.Wait()
	wantIdle(t, c)
}

func TestKeyKnowsItsAccount(t *testing.T) {
	for _, account := range []int{1, 127, 128, 1_234_567, 1<<31 - 1} {
		if got := accountKey(t, account).account(); got != account {
			t.Errorf("got %d: want %d", got, account)
		}
	}
}
