package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// lagOf is what the second store of a cluster counts while something happens.
func lagOf(c *cluster, happens func()) (count uint64, last time.Duration) {
	before := c.stores[1].Stats()
	happens()
	after := c.stores[1].Stats()
	return after.SyncLagCount - before.SyncLagCount, after.SyncLagLast
}

// TestHowLateAChangeComesIsCounted cuts one of two stores off, so that virtual time
// says to the millisecond how late each change is.
func TestHowLateAChangeComesIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		time.Sleep(time.Second)
		var s *Session
		heal := func() {
			c.lines[1].silence(false)
			c.lines[1].tell(merge.Event{Kind: merge.Changed, Notice: merge.Notice{ID: string(s.Handle()), Mark: merge.Mark{Incarnation: "another", Version: 1}}})
			synctest.Wait()
		}
		late := func(want time.Duration, change func()) {
			t.Helper()
			count, last := lagOf(c, func() {
				c.lines[1].silence(true)
				change()
				synctest.Wait()
				heal()
			})
			if count != 1 || last < want || last > want+2*time.Millisecond {
				t.Errorf("%d lags, the last of %v; want one of %v", count, last, want)
			}
		}
		late(3*time.Second, func() {
			s = create(t, c.stores[0], alice, nil)
			time.Sleep(3 * time.Second)
		})
		late(70*time.Second, func() { // of two changes the older one
			update(t, c.stores[0], s, func(d *Draft) error { return d.Explore(Schema{EventType: "E"}) })
			time.Sleep(time.Minute)
			update(t, c.stores[0], s, func(d *Draft) error { return d.SetPreference("a", "b") })
			time.Sleep(10 * time.Second)
		})
		old := s
		late(2*time.Second, func() { // what is new here is as old as its last change
			time.Sleep(time.Minute)
			renewed, err := c.stores[0].Renew(t.Context(), alice, s.Handle())
			if err != nil {
				t.Fatal(err)
			}
			s = renewed
			time.Sleep(2 * time.Second)
		})
		late(5*time.Second, func() { // a tombstone has its own stamp
			s = old
			time.Sleep(3 * time.Second)
		})
		got := c.stores[1].Stats()
		if got.SyncLagCount != 4 || got.SyncLagMax < 70*time.Second || got.SyncLagMax > 71*time.Second {
			t.Errorf("in all %d lags of at most %v", got.SyncLagCount, got.SyncLagMax)
		}
		if mean := got.SyncLagMean(); mean < 20*time.Second || mean > 21*time.Second {
			t.Errorf("the mean is %v", mean)
		}
		counted := uint64(0)
		for i, n := range got.SyncLagRanges {
			counted += n
			if n > 0 && i < len(SyncLagBounds()) && SyncLagBounds()[i] < 2*time.Second {
				t.Errorf("%d lags of at most %v", n, SyncLagBounds()[i])
			}
		}
		if counted != got.SyncLagCount {
			t.Errorf("the ranges have %d lags", counted)
		}
	})
}

func TestWhatDoesNotSayWhenItWasWrittenIsNoLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour, TouchInterval: time.Minute})
		time.Sleep(time.Second)
		s := create(t, c.stores[0], alice, func(d *Draft) error { return d.Explore(Schema{EventType: "E"}) })
		synctest.Wait()
		time.Sleep(30 * time.Second)
		count, _ := lagOf(c, func() {
			update(t, c.stores[0], s, func(d *Draft) error { return d.Forget(0, "E") })
			settled(t, c)
		})
		if count != 0 {
			t.Error("a removal counts as a change of when its element was added")
		}
		late := c.hub.connect() // another instance begins
		other := open(t, Options{Replica: late})
		time.Sleep(2 * time.Second)
		get(t, other, alice, s.Handle())
		if n := other.Stats().SyncLagCount; n != 0 {
			t.Errorf("%d lags of what was there before it", n)
		}
	})
}

// What is found removed and was never here says when it was added, and not when it went.
func TestARemovalIsNoNews(t *testing.T) {
	stamp := merge.StampAt(time.Unix(1, 0), 1)
	var n news
	n.add("s:x", "", merge.NewElement(stamp, stamp, ""))
	if !n.last.IsZero() {
		t.Errorf("it is news of %v", n.last.Time())
	}
	n.add("s:y", "", merge.NewElement(stamp, merge.Stamp{}, "y"))
	if n.last != stamp {
		t.Error("an addition is none")
	}
}

func TestAWriterAheadHasNoLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		ahead := open(t, Options{Replica: h.connect(), Now: func() time.Time { return time.Now().Add(30 * time.Second) }})
		behind := open(t, Options{Replica: h.connect()})
		synctest.Wait()
		create(t, ahead, alice, nil)
		time.Sleep(time.Second)
		if got := behind.Stats(); got.SyncLagCount != 1 || got.SyncLagSum != 0 || got.SyncLagMean() != 0 || got.SyncLagRanges[0] != 1 {
			t.Errorf("%+v", got)
		}
		if mean := (Stats{}).SyncLagMean(); mean != 0 {
			t.Errorf("the mean of nothing is %v", mean)
		}
	})
}

func TestEachSessionEndsOnceOverAllInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{IdleTimeout: time.Minute, TouchInterval: time.Second, SweepInterval: time.Hour})
		synctest.Wait()
		deleted, renewed, left := create(t, c.stores[0], alice, nil), create(t, c.stores[0], alice, nil), create(t, c.stores[0], alice, nil)
		time.Sleep(10 * time.Second)
		if _, err := c.stores[0].Renew(t.Context(), alice, renewed.Handle()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds nothing
			if err := c.stores[1].Delete(t.Context(), alice, deleted.Handle()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		if err := c.stores[1].Touch(t.Context(), alice, left.Handle()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		type count struct {
			deleted, expired uint64
			lasted           time.Duration
		}
		for i, want := range []count{{0, 1, 10 * time.Second}, {1, 1, 30 * time.Second}} {
			got := c.stores[i].Stats()
			if (count{got.EndedDeleted, got.EndedExpired, got.EndedDuration}) != want {
				t.Errorf("store %d counts %d deleted, %d expired, lasting %v; want %+v", i, got.EndedDeleted, got.EndedExpired, got.EndedDuration, want)
			}
		}
	})
}
