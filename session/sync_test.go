package session

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// settled lets everything happen that is going to within two seconds, which is
// how long convergence may take.
func settled(t *testing.T, c *cluster) {
	t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	if difference := c.agree(); difference != "" {
		t.Fatal(difference)
	}
}

func TestOthersHearOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, Options{SweepInterval: time.Hour})
		synctest.Wait()
		s := create(t, c.stores[0], alice, func(d *Draft) error { return d.Explore(Schema{EventType: "A"}) })
		settled(t, c)
		update(t, c.stores[1], get(t, c.stores[1], alice, s.Handle()), func(d *Draft) error { return d.Explore(Schema{EventType: "B"}) })
		settled(t, c)
		if n := len(get(t, c.stores[2], alice, s.Handle()).Explored()); n != 2 {
			t.Errorf("%d explored, want 2", n)
		}
		if err := c.stores[2].Delete(t.Context(), alice, s.Handle()); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		for _, st := range c.stores {
			refused(t, st, alice, s.Handle(), ErrNotFound)
		}
		before := c.hub.published()
		time.Sleep(time.Minute)
		if c.hub.published() != before {
			t.Error("they go on telling each other what they know")
		}
	})
}

func TestGetFetchesWhatItHasNotHeardOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		c.lines[1].silence(true)
		s := create(t, c.stores[0], alice, nil)
		synctest.Wait()
		refused(t, c.stores[1], bob, s.Handle(), ErrNotFound)
		get(t, c.stores[1], alice, s.Handle())
		other := create(t, c.stores[0], alice, nil)
		synctest.Wait()
		update(t, c.stores[1], other, func(d *Draft) error { return d.SetPreference("a", "b") })
		deleted := create(t, c.stores[0], alice, nil)
		synctest.Wait()
		if err := c.stores[1].Delete(t.Context(), alice, deleted.Handle()); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		refused(t, c.stores[0], alice, deleted.Handle(), ErrNotFound)
		refused(t, c.stores[1], alice, newHandle(), ErrNotFound)
	})
}

func TestASweepFindsWhatWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: 10 * time.Second})
		synctest.Wait()
		c.lines[1].silence(true)
		s := create(t, c.stores[0], alice, nil)
		time.Sleep(13 * time.Second)
		update(t, c.stores[0], s, func(d *Draft) error { return d.SetPreference("a", "b") })
		time.Sleep(13 * time.Second)
		settled(t, c)
	})
}

func TestAReplicaThatForgotIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: 10 * time.Second})
		synctest.Wait()
		one := create(t, c.stores[0], alice, func(d *Draft) error { return d.SetPreference("a", "b") })
		two := create(t, c.stores[1], alice, nil)
		settled(t, c)
		c.hub.lose()
		update(t, c.stores[0], one, func(d *Draft) error { return d.SetPreference("c", "d") }) // only a part of it is sent at first
		settled2 := func(handle Handle) bool { _, ok := c.hub.states()[handle]; return ok }
		time.Sleep(2 * time.Second)
		if got := c.hub.states()[one.Handle()]; got != states(c.stores[0])[one.Handle()] {
			t.Errorf("a change did not bring the rest along: %q", got)
		}
		time.Sleep(13 * time.Second)
		if !settled2(two.Handle()) {
			t.Error("a sweep did not bring back what nobody changed")
		}
		settled(t, c)
	})
}

// TestWhatAFailoverLostIsSentAgain takes the replica back to what it was, long after it
// had acknowledged more.
func TestWhatAFailoverLostIsSentAgain(t *testing.T) {
	prefer := func(name, value string) func(*Draft) error {
		return func(d *Draft) error { return d.SetPreference(name, value) }
	}
	for name, after := range map[string]func(*testing.T, *cluster, *Session){
		"nothing else happens": func(*testing.T, *cluster, *Session) {},
		"who wrote it is gone": func(_ *testing.T, c *cluster, _ *Session) {
			c.stores[0].Close()
			c.stores = c.stores[1:]
		},
		"as many changes come in its place": func(t *testing.T, c *cluster, s *Session) {
			newcomer := open(t, Options{Replica: c.hub.connect(), SweepInterval: time.Hour})
			synctest.Wait()
			update(t, newcomer, s, prefer("b", "1"))
			synctest.Wait()
			update(t, newcomer, s, prefer("b", "2"))
			synctest.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 2, Options{SweepInterval: time.Hour})
				synctest.Wait()
				s := create(t, c.stores[0], alice, nil)
				settled(t, c)
				before := c.hub.copies()
				update(t, c.stores[0], s, prefer("a", "1"))
				settled(t, c)
				update(t, c.stores[0], s, prefer("a", "2"))
				settled(t, c)
				time.Sleep(5 * time.Minute)
				for _, l := range c.lines {
					l.silence(true)
				}
				c.hub.restore(before)
				after(t, c, s)
				for _, l := range c.lines {
					l.silence(false)
					l.tell(merge.Event{Kind: merge.Gap})
				}
				settled(t, c)
				if v, _ := get(t, c.stores[len(c.stores)-1], alice, s.Handle()).Preference("a"); v != "2" {
					t.Errorf("the change is lost: %q", v)
				}
			})
		})
	}
}

// TestADeletionThatAFailoverLostIsSentAgain has the session come back at the replica.
func TestADeletionThatAFailoverLostIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		s := create(t, c.stores[0], alice, nil)
		settled(t, c)
		before := c.hub.copies()
		if err := c.stores[0].Delete(t.Context(), alice, s.Handle()); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		time.Sleep(5 * time.Minute)
		c.hub.restore(before)
		c.lines[1].tell(merge.Event{Kind: merge.Gap})
		settled(t, c)
		refused(t, open(t, Options{Replica: c.hub.connect()}), alice, s.Handle(), ErrNotFound)
	})
}

func TestWhatTheReplicaHasIsCompared(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, func(d *Draft) error { return d.SetPreference("a", "mine") })
	all := s.fieldsSince(merge.Stamp{})
	const changed = preferencePrefix + "a"
	but := func(value string) merge.Fields {
		f := maps.Clone(all)
		if f[changed] = value; value == "" {
			delete(f, changed)
		}
		return f
	}
	register := func(at time.Duration) string {
		return merge.NewRegister(merge.StampAt(time.Now().Add(at), 1), payload("theirs"))
	}
	for name, c := range map[string]struct {
		delta merge.Fields
		reply merge.Reply
		more  bool
	}{
		"the same":            {nil, merge.Reply{Whole: true, Lacks: all}, false},
		"all is sent":         {all, merge.Reply{Whole: true}, false},
		"one is sent":         {merge.Fields{changed: all[changed]}, merge.Reply{Whole: true, Lacks: but("")}, false},
		"one is lost":         {nil, merge.Reply{Whole: true, Lacks: but("")}, true},
		"one is older there":  {nil, merge.Reply{Whole: true, Lacks: but(register(-time.Hour))}, true},
		"one is later there":  {nil, merge.Reply{Whole: true, Lacks: but(register(time.Hour))}, false},
		"sent, and overtaken": {all, merge.Reply{Whole: true, Lacks: merge.Fields{changed: register(time.Hour)}}, false},
		"deleted there":       {nil, merge.Reply{Whole: true, Lacks: merge.Fields{merge.Deleted: merge.NewTombstone(merge.StampAt(time.Now(), 1), time.Now())}}, false},
		"all is lost":         {nil, merge.Reply{Whole: true}, true},
		"known before":        {nil, merge.Reply{}, false},
	} {
		if more := s.hasMoreThan(c.delta, c.reply); more != c.more {
			t.Errorf("%s: more is %v", name, more)
		}
	}
}

// TestNobodySendsAgainWhatIsThere counts the exchanges: each change is sent once, and
// taken over once by the other.
func TestNobodySendsAgainWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		call := func(d *Draft, i int) error {
			if err := d.Record(Call{Tool: "t", EventType: fmt.Sprint("E", i), Source: Miss}); err != nil {
				return err
			}
			return d.Note(Result{Key: fmt.Sprint(i)})
		}
		s := create(t, c.stores[0], alice, func(d *Draft) error {
			for i := range merge.Window { // from now on they overflow
				if err := call(d, -i); err != nil {
					return err
				}
			}
			return nil
		})
		settled(t, c)
		before := c.stores[0].Stats().Exchanges + c.stores[1].Stats().Exchanges
		const changes = 40
		for i := range changes {
			update(t, c.stores[i%2], s, func(d *Draft) error { return call(d, i) })
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		settled(t, c)
		if n := c.stores[0].Stats().Exchanges + c.stores[1].Stats().Exchanges - before; n != 2*changes {
			t.Errorf("%d exchanges for %d changes; want two for each", n, changes)
		}
	})
}

func TestASessionMadeWhileCutOffIsVolatileUntilHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait() // it listens
		c.lines[0].set(true)
		time.Sleep(time.Second)
		s := create(t, c.stores[0], alice, nil)
		s = update(t, c.stores[0], s, func(d *Draft) error { return d.SetPreference("a", "b") })
		if !s.Volatile() || !c.stores[0].Volatile() {
			t.Error("cut off, but not volatile")
		}
		time.Sleep(time.Minute)
		refused(t, c.stores[1], alice, s.Handle(), ErrNotFound)
		c.lines[0].set(false)
		settled(t, c)
		if get(t, c.stores[0], alice, s.Handle()).Volatile() {
			t.Error("healed, but volatile")
		}
		if v, _ := get(t, c.stores[1], alice, s.Handle()).Preference("a"); v != "b" {
			t.Error("it did not appear")
		}
	})
}

// TestNobodyWaitsForTheReplica does everything that a caller may do while an exchange has
// no answer for an hour; virtual time says whether anybody waited.
func TestNobodyWaitsForTheReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, Options{SweepInterval: time.Hour, ReplicaTimeout: time.Minute})
		synctest.Wait()
		hold := make(chan struct{})
		c.lines[0].mu.Lock()
		c.lines[0].hold = hold
		c.lines[0].mu.Unlock()
		st, begun := c.stores[0], time.Now()
		s := create(t, st, alice, nil)
		synctest.Wait() // the exchange is under way
		for range 100 {
			s = update(t, st, s, func(d *Draft) error { return d.SetPreference("a", "b") })
		}
		if err := st.Alias(t.Context(), alice, s.Handle(), "alias"); err != nil {
			t.Error(err)
		}
		if err := st.Touch(t.Context(), alice, s.Handle()); err != nil {
			t.Error(err)
		}
		renewed, err := st.Renew(t.Context(), alice, s.Handle())
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Delete(t.Context(), alice, renewed.Handle()); err != nil {
			t.Error(err)
		}
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("it took %v", waited)
		}
		close(hold)
		settled(t, c)
	})
}

func TestStampsFromAheadAreRefusedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		ahead := func() time.Time { return time.Now().Add(2 * time.Minute) }
		fast := open(t, Options{Replica: h.connect(), Now: ahead, SweepInterval: 10 * time.Second})
		slow := open(t, Options{Replica: h.connect(), SweepInterval: 10 * time.Second})
		synctest.Wait()
		s := create(t, fast, alice, nil)
		time.Sleep(time.Second)
		if fast.Stats().Rejected == 0 {
			t.Error("the replica took it")
		}
		refused(t, slow, alice, s.Handle(), ErrNotFound)
		// A replica whose own clock is ahead passes it on; the store looks itself.
		h.mu.Lock()
		h.now = ahead
		h.mu.Unlock()
		time.Sleep(15 * time.Second)
		refused(t, slow, alice, s.Handle(), ErrNotFound)
		if slow.Stats().Refused == 0 {
			t.Error("the store took it")
		}
		time.Sleep(2 * time.Minute) // by now it is not ahead any more
		get(t, slow, alice, s.Handle())
	})
}

func TestAUseElsewhereKeepsASessionAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{IdleTimeout: time.Minute, TouchInterval: time.Second, SweepInterval: time.Hour})
		synctest.Wait()
		s := create(t, c.stores[0], alice, nil)
		for range 5 {
			time.Sleep(30 * time.Second)
			if err := c.stores[0].Touch(t.Context(), alice, s.Handle()); err != nil {
				t.Fatal(err)
			}
		}
		settled(t, c)
		get(t, c.stores[1], alice, s.Handle())
		time.Sleep(time.Minute)
		for _, st := range c.stores {
			refused(t, st, alice, s.Handle(), ErrExpired)
		}
	})
}

func TestCloseSendsWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		one, two := open(t, Options{Replica: h.connect()}), open(t, Options{Replica: h.connect()})
		synctest.Wait()
		s := create(t, one, alice, nil)
		one.Close()
		synctest.Wait()
		get(t, two, alice, s.Handle())
	})
}

// histories is how many random histories of partitions are tried: a few in make
// test, thousands for the long proof.
var histories = flag.Uint64("session.histories", 20, "how many histories of partitions to try")

// TestPartitionsHeal lets three stores work on the same sessions while lines go
// down and up, notices are lost and the replica forgets, and then heals them.
func TestPartitionsHeal(t *testing.T) {
	for seed := range *histories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { partitions(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func partitions(t *testing.T, r *rand.Rand) {
	c := newCluster(t, 3, Options{SweepInterval: time.Second})
	synctest.Wait()
	ctx := context.Background()
	var handles []Handle
	deleted := map[Handle]bool{}
	explored := map[Handle]map[string]bool{}
	scalar := map[Handle]string{}
	for step := range 400 {
		at := r.IntN(3)
		st := c.stores[at]
		switch what := r.IntN(20); {
		case what == 0 || len(handles) == 0:
			s := create(t, st, alice, nil)
			handles = append(handles, s.Handle())
			explored[s.Handle()] = map[string]bool{}
		case what == 1 && r.IntN(4) == 0:
			handle := handles[r.IntN(len(handles))]
			if err := st.Delete(ctx, alice, handle); err != nil && !errors.Is(err, ErrUnreached) {
				t.Fatal(err)
			}
			if s, ok := st.live.GetQuietly(string(handle)); ok && s.grave != nil {
				deleted[handle] = true // it was here, or could be fetched
			}
		case what < 4:
			c.lines[at].set(r.IntN(2) == 0)
		case what == 4:
			c.lines[at].silence(r.IntN(2) == 0)
		case what == 5 && r.IntN(10) == 0:
			c.hub.lose()
		case what == 6:
			time.Sleep(time.Duration(r.IntN(int(2 * time.Second))))
		default:
			handle := handles[r.IntN(len(handles))]
			event := fmt.Sprint("E", step)
			_, err := st.Update(ctx, alice, handle, func(d *Draft) error {
				if err := d.Record(Call{Tool: "t", EventType: event, Source: Miss}); err != nil {
					return err
				}
				if err := d.SetPreference("last", event); err != nil {
					return err
				}
				return d.Explore(Schema{EventType: event})
			})
			if err == nil {
				explored[handle][event] = true
				scalar[handle] = event
			}
			time.Sleep(time.Duration(r.IntN(int(20*time.Millisecond))) + time.Millisecond) // later writes have later stamps
		}
	}
	for _, l := range c.lines {
		l.set(false)
		l.silence(false)
		l.tell(merge.Event{Kind: merge.Gap})
	}
	settled(t, c)
	for _, st := range c.stores {
		for _, handle := range handles {
			s := st.find(alice, handle)
			if deleted[handle] {
				if s != nil {
					t.Errorf("%s was deleted, and is back", handle)
				}
				continue
			}
			if s == nil {
				t.Errorf("%s is lost", handle)
				continue
			}
			for event := range explored[handle] {
				if _, ok := s.Schema(0, event); !ok {
					t.Errorf("%s has lost %s", handle, event)
				}
			}
			if v, _ := s.Preference("last"); v != scalar[handle] {
				t.Errorf("the preference of %s is %q, but was set last to %q", handle, v, scalar[handle])
			}
		}
	}
}

// TestAChangeIsLaterThanWhatItChanges hears from an instance whose clock is ahead,
// by less than would be refused, and writes the same preference after it.
func TestAChangeIsLaterThanWhatItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		fast := open(t, Options{Replica: h.connect(), Now: func() time.Time { return time.Now().Add(30 * time.Second) }})
		slow := open(t, Options{Replica: h.connect()})
		synctest.Wait()
		s := create(t, fast, alice, func(d *Draft) error { return d.SetPreference("a", "first") })
		time.Sleep(time.Second)
		update(t, slow, s, func(d *Draft) error { return d.SetPreference("a", "second") })
		time.Sleep(time.Second)
		for _, st := range []*Store{fast, slow} {
			if v, _ := get(t, st, alice, s.Handle()).Preference("a"); v != "second" {
				t.Errorf("the preference is %q", v)
			}
		}
	})
}

func TestWhoeverExploresMeanwhileWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		explore := func(d *Draft) error { return d.Explore(Schema{EventType: "E"}) }
		forget := func(d *Draft) error { return d.Forget(0, "E") }
		there := func(want bool) {
			t.Helper()
			settled(t, c)
			for s := range c.stores[1].live.Values() {
				if _, got := s.Schema(0, "E"); got != want {
					t.Errorf("explored: %v, want %v", got, want)
				}
			}
		}
		s := create(t, c.stores[0], alice, explore)
		settled(t, c)
		update(t, c.stores[1], s, forget)
		there(false)
		update(t, c.stores[0], s, explore)
		there(true)
		c.lines[0].set(true)
		update(t, c.stores[0], s, explore)
		time.Sleep(time.Second)
		update(t, c.stores[1], s, forget) // later, but of what it saw
		c.lines[0].set(false)
		there(true)
	})
}

func TestAChangeDuringAnExchangeIsSentAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour, ReplicaTimeout: time.Minute})
		synctest.Wait()
		hold := make(chan struct{})
		c.lines[0].mu.Lock()
		c.lines[0].hold = hold
		c.lines[0].mu.Unlock()
		s := create(t, c.stores[0], alice, nil)
		synctest.Wait() // the exchange has been made, and has no answer
		update(t, c.stores[0], s, func(d *Draft) error { return d.SetPreference("a", "b") })
		synctest.Wait()
		close(hold)
		settled(t, c)
	})
}

func TestAGapIsFollowedByASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		time.Sleep(time.Second) // the first gap is over
		c.lines[1].silence(true)
		create(t, c.stores[0], alice, nil)
		time.Sleep(time.Second)
		c.lines[1].silence(false)
		c.lines[1].tell(merge.Event{Kind: merge.Gap})
		settled(t, c)
	})
}

// Whoever has been left alone for longer and longer is asked at once when it is back,
// and as if nothing had been.
func TestNobodyWaitsForAReplicaThatIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, Options{SweepInterval: time.Hour})
		st := c.stores[0]
		c.lines[0].set(true)
		for range 20 {
			create(t, st, alice, nil)
		}
		time.Sleep(time.Minute)
		c.lines[0].set(false)
		st.sync.hear(merge.Event{Kind: merge.Gap})
		synctest.Wait() // no time passes
		if n := st.sync.due.Len(); n > 0 {
			t.Errorf("%d sessions wait, and the replica is back", n)
		}
	})
}

// TestWhoIsDeafLooks has exchanges work again long before notices do.
func TestWhoIsDeafLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		time.Sleep(time.Second)
		c.lines[1].mu.Lock()
		c.lines[1].deaf = true
		c.lines[1].mu.Unlock()
		c.lines[1].set(true)
		synctest.Wait()
		c.lines[1].set(false)
		for range 2 {
			create(t, c.stores[0], alice, nil)
			settled(t, c)
		}
		time.Sleep(time.Hour)
		if n := c.stores[1].Stats().Sweeps; n > 20 {
			t.Errorf("%d sweeps in an hour of silence", n)
		}
	})
}

func TestHearingAgainEndsTheLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, Options{SweepInterval: time.Hour})
		time.Sleep(time.Second)
		c.lines[0].set(true)
		time.Sleep(time.Second)
		c.lines[0].set(false)
		time.Sleep(5 * time.Second)
		before := c.stores[0].Stats().Sweeps
		time.Sleep(30 * time.Minute)
		if n := c.stores[0].Stats().Sweeps - before; n > 0 {
			t.Errorf("%d sweeps in half an hour, and one is due in an hour", n)
		}
	})
}

func TestASweepThatFailedIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		time.Sleep(time.Second)
		c.lines[1].silence(true)
		create(t, c.stores[0], alice, nil)
		time.Sleep(time.Second)
		c.lines[1].mu.Lock()
		c.lines[1].fails = 3
		c.lines[1].mu.Unlock()
		c.lines[1].silence(false)
		c.lines[1].tell(merge.Event{Kind: merge.Gap})
		settled(t, c)
	})
}

func TestOwnNoticesCauseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, Options{SweepInterval: time.Hour, ReplicaTimeout: time.Minute})
		time.Sleep(time.Second)
		hold := make(chan struct{})
		c.lines[0].mu.Lock()
		c.lines[0].hold = hold
		c.lines[0].mu.Unlock()
		create(t, c.stores[0], alice, func(d *Draft) error { return d.SetPreference("a", "b") })
		synctest.Wait() // the notice has come, and the answer not
		close(hold)
		c.stores[0].SetKept(true)
		settled(t, c)
		if n := c.stores[0].Stats().Exchanges; n != 1 {
			t.Errorf("%d exchanges for one change", n)
		}
	})
}

// TestWhatWasAheadIsAskedForAgain refuses one field of a session that is here.
func TestWhatWasAheadIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		ahead := func() time.Time { return time.Now().Add(2 * time.Minute) }
		h.now = ahead
		slow := open(t, Options{Replica: h.connect(), SweepInterval: 10 * time.Second})
		fast := open(t, Options{Replica: h.connect(), SweepInterval: 10 * time.Second, Now: ahead})
		synctest.Wait()
		s := create(t, slow, alice, nil)
		time.Sleep(time.Second)
		update(t, fast, s, func(d *Draft) error { return d.SetPreference("a", "b") })
		time.Sleep(time.Second)
		if _, ok := get(t, slow, alice, s.Handle()).Preference("a"); ok {
			t.Error("it was taken")
		}
		time.Sleep(2 * time.Minute)
		if _, ok := get(t, slow, alice, s.Handle()).Preference("a"); !ok {
			t.Error("it was not asked for again")
		}
	})
}
