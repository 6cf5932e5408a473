package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	_, err := New(Options{IdleTimeout: -1, Lifetime: time.Second, TouchInterval: time.Hour, MaxSessions: -1, MaxPerOwner: -1, ReplicaTimeout: 1, SweepInterval: 1})
	if !errors.Is(err, ErrOptions) {
		t.Fatalf("error %v", err)
	}
	for _, field := range []string{"IdleTimeout", "TouchInterval", "MaxSessions", "MaxPerOwner", "ReplicaTimeout", "SweepInterval"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%q does not name %s", err, field)
		}
	}
	if _, err := New(Options{IdleTimeout: time.Hour, Lifetime: time.Minute}); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "Lifetime") {
		t.Errorf("a lifetime below the idle timeout: %v", err)
	}
}

func TestHandlesAreLongAndNeverTheSame(t *testing.T) {
	seen := map[Handle]bool{}
	for range 1000 {
		h := newHandle()
		if len(h) != 24 || !h.wellFormed() || seen[h] {
			t.Fatalf("handle %q", h)
		}
		seen[h] = true
	}
	for _, bad := range []Handle{"", "short", "abcdefghijklmnopqrstuvw=", "abcdefghijklmnopqrstuvwxy"} {
		if bad.wellFormed() {
			t.Errorf("%q passes for a handle", bad)
		}
	}
}

func TestOnlyTheOwnerFindsASession(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	ctx := context.Background()
	if got := get(t, st, alice, s.Handle()); got != s {
		t.Errorf("Get returns another record than Create")
	}
	refused(t, st, bob, s.Handle(), ErrNotFound)
	refused(t, st, "", s.Handle(), ErrNotFound)
	if _, err := st.Update(ctx, bob, s.Handle(), func(*Draft) error { t.Error("bob got a draft"); return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("Update: %v", err)
	}
	if err := st.Touch(ctx, bob, s.Handle()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Touch: %v", err)
	}
	if err := st.Alias(ctx, bob, s.Handle(), "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Alias: %v", err)
	}
	if _, err := st.Renew(ctx, bob, s.Handle()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Renew: %v", err)
	}
	if err := st.Delete(ctx, bob, s.Handle()); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if page, err := st.List(ctx, bob, "", 10); err != nil || len(page.Sessions) != 0 {
		t.Errorf("List: %v, %v", page, err)
	}
	get(t, st, alice, s.Handle())
}

func TestADeletedSessionIsGone(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	ctx := context.Background()
	for range 2 {
		if err := st.Delete(ctx, alice, s.Handle()); err != nil {
			t.Fatal(err)
		}
		refused(t, st, alice, s.Handle(), ErrNotFound)
	}
	if _, err := st.Update(ctx, alice, s.Handle(), func(*Draft) error { return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("Update: %v", err)
	}
	if st.Len() != 0 {
		t.Errorf("%d sessions", st.Len())
	}
}

// TestAChangeDoesNotBringADeletedSessionBack deletes a session while a change of
// it is being made.
func TestAChangeDoesNotBringADeletedSessionBack(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	_, err := st.Update(context.Background(), alice, s.Handle(), func(d *Draft) error {
		if err := st.Delete(context.Background(), alice, s.Handle()); err != nil {
			t.Error(err)
		}
		return d.SetPreference("a", "b")
	})
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("Update: %v", err)
	}
	refused(t, st, alice, s.Handle(), ErrNotFound)
}

func TestIdleSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Options{IdleTimeout: time.Minute, TouchInterval: time.Second})
		idle := create(t, st, alice, nil)
		touched := create(t, st, alice, nil)
		for range 3 {
			time.Sleep(50 * time.Second)
			if err := st.Touch(context.Background(), alice, touched.Handle()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		refused(t, st, alice, idle.Handle(), ErrExpired)
		refused(t, st, bob, idle.Handle(), ErrNotFound)
		get(t, st, alice, touched.Handle())
		if st.Len() != 1 {
			t.Errorf("%d sessions, want 1", st.Len())
		}
		time.Sleep(time.Minute + 2*time.Second)
		refused(t, st, alice, touched.Handle(), ErrExpired)
	})
}

func TestASessionLivesAtLeastTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Options{IdleTimeout: time.Minute, TouchInterval: 30 * time.Second})
		s := create(t, st, alice, nil)
		time.Sleep(29 * time.Second) // this touch is left out
		if err := st.Touch(context.Background(), alice, s.Handle()); err != nil {
			t.Fatal(err)
		}
		if get(t, st, alice, s.Handle()).Revision() != s.Revision() {
			t.Error("the touch was not left out")
		}
		time.Sleep(time.Minute)
		get(t, st, alice, s.Handle())
	})
}

func TestNoUseOutlivesTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Options{IdleTimeout: time.Minute, TouchInterval: time.Second, Lifetime: 5 * time.Minute})
		s := create(t, st, alice, nil)
		if want := s.Created().Add(5 * time.Minute); !s.Expires().Equal(want) {
			t.Fatalf("expires at %v, want %v", s.Expires(), want)
		}
		for range 29 {
			time.Sleep(10 * time.Second)
			update(t, st, s, func(d *Draft) error { return d.SetPreference("a", time.Now().String()) })
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		get(t, st, alice, s.Handle())
		time.Sleep(time.Nanosecond)
		refused(t, st, alice, s.Handle(), ErrExpired) // to the nanosecond
		if _, err := st.Update(context.Background(), alice, s.Handle(), func(*Draft) error { return nil }); !errors.Is(err, ErrExpired) {
			t.Errorf("Update: %v", err)
		}
		time.Sleep(time.Second)
		if st.live.Len() != 0 {
			t.Error("it is still in memory")
		}
	})
}

func TestTheLimitsHoldExactly(t *testing.T) {
	st := open(t, Options{MaxSessions: 50, MaxPerOwner: 30})
	ctx := context.Background()
	var group sync.WaitGroup
	made := make(chan *Session, 400)
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				s, err := st.Create(ctx, Owner(fmt.Sprint("owner", i%2)), nil)
				if err == nil {
					made <- s
				} else if !errors.Is(err, ErrLimit) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if len(made) != 50 || st.Len() != 50 {
		t.Fatalf("%d made, %d there, want 50", len(made), st.Len())
	}
	per := map[Owner]int{}
	s := <-made
	per[s.Owner()]++
	for range 49 {
		per[(<-made).Owner()]++
	}
	for owner, n := range per {
		if n > 30 {
			t.Errorf("%s has %d", owner, n)
		}
	}
	if err := st.Delete(ctx, s.Owner(), s.Handle()); err != nil {
		t.Fatal(err)
	}
	create(t, st, s.Owner(), nil)
}

func TestTombstonesAreBounded(t *testing.T) {
	st := open(t, Options{MaxSessions: 2})
	ctx := context.Background()
	for i := range 2 * gravesPerSession {
		s := create(t, st, alice, nil)
		if err := st.Delete(ctx, alice, s.Handle()); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := st.Create(ctx, alice, nil); !errors.Is(err, ErrLimit) {
		t.Fatalf("Create: %v, want ErrLimit", err)
	}
}

func TestTombstonesGoWhenNothingCanComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Options{IdleTimeout: time.Minute, Lifetime: time.Hour})
		s := create(t, st, alice, nil)
		if err := st.Delete(context.Background(), alice, s.Handle()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if st.live.Len() != 1 {
			t.Error("the tombstone has gone too early")
		}
		time.Sleep(2 * time.Minute)
		if st.live.Len() != 0 {
			t.Error("the tombstone is still there")
		}
	})
}

func TestListPagesThroughAnOwnersSessions(t *testing.T) {
	st := open(t, Options{})
	ctx := context.Background()
	var want []Handle
	for range 25 {
		want = append(want, create(t, st, alice, nil).Handle())
		create(t, st, bob, nil)
	}
	slices.Sort(want)
	var got []Handle
	var after Handle
	for pages := 1; ; pages++ {
		page, err := st.List(ctx, alice, after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Sessions {
			got = append(got, s.Handle())
		}
		if after = page.Next; after == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v\nwant   %v", got, want)
	}
	for _, limit := range []int{0, maxPageSize + 1} {
		if _, err := st.List(ctx, alice, "", limit); !errors.Is(err, ErrValue) {
			t.Errorf("a page of %d: %v", limit, err)
		}
	}
}

// TestAnAliasIsWhoseClaimIsLatest has claims come and end in every order.
func TestAnAliasIsWhoseClaimIsLatest(t *testing.T) {
	claim := func(at time.Duration) *Session { // on an instance of its own
		from := open(t, Options{Now: func() time.Time { return time.Now().Add(at) }})
		s := create(t, from, alice, nil)
		if err := from.Alias(t.Context(), alice, s.Handle(), "alias"); err != nil {
			t.Fatal(err)
		}
		return get(t, from, alice, s.Handle())
	}
	first, second := claim(0), claim(time.Second)
	restore := func(st *Store, s *Session) {
		t.Helper()
		if _, err := st.Restore(s.record()); err != nil {
			t.Fatal(err)
		}
	}
	want := func(st *Store, handle Handle) {
		t.Helper()
		if s, err := st.Lookup(t.Context(), alice, "alias"); err != nil || s.Handle() != handle {
			t.Errorf("Lookup: %v; want %s", err, handle)
		}
	}
	for _, order := range [][]*Session{{first, second}, {second, first}, {second, first, second}} {
		st := open(t, Options{})
		for _, s := range order {
			restore(st, s)
		}
		want(st, second.Handle())
		update(t, st, first, func(d *Draft) error { return d.SetPreference("a", "b") })
		restore(st, first)
		want(st, second.Handle())
		if err := st.Delete(t.Context(), alice, second.Handle()); err != nil {
			t.Fatal(err)
		}
		want(st, first.Handle())
		if err := st.Delete(t.Context(), alice, first.Handle()); err != nil {
			t.Fatal(err)
		}
		if s, err := st.Lookup(t.Context(), alice, "alias"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Lookup of nobody's alias: %v, %v", s, err)
		}
	}
}

// TestAnAliasGoesWithTheNewHandle hears of the new handle before the end of the old one,
// and of a change of the old one in between.
func TestAnAliasGoesWithTheNewHandle(t *testing.T) {
	from := open(t, Options{})
	was := create(t, from, alice, nil)
	if err := from.Alias(t.Context(), alice, was.Handle(), "alias"); err != nil {
		t.Fatal(err)
	}
	was = get(t, from, alice, was.Handle())
	now, err := from.Renew(t.Context(), alice, was.Handle())
	if err != nil {
		t.Fatal(err)
	}
	grave, _ := from.live.GetQuietly(string(was.Handle()))
	st := open(t, Options{})
	for _, s := range []*Session{now, was, grave} {
		if _, err := st.Restore(s.record()); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := st.Lookup(t.Context(), alice, "alias"); err != nil || s.Handle() != now.Handle() {
		t.Errorf("Lookup: %v", err)
	}
}

func TestAnAliasIsTheOwnersOwn(t *testing.T) {
	st := open(t, Options{})
	ctx := context.Background()
	first, second, other := create(t, st, alice, nil), create(t, st, alice, nil), create(t, st, bob, nil)
	name := func(owner Owner, s *Session) {
		t.Helper()
		if err := st.Alias(ctx, owner, s.Handle(), "transport"); err != nil {
			t.Fatal(err)
		}
	}
	finds := func(owner Owner, want Handle) {
		t.Helper()
		s, err := st.Lookup(ctx, owner, "transport")
		if want == "" && errors.Is(err, ErrNotFound) {
			return
		}
		if err != nil || s.Handle() != want {
			t.Errorf("Lookup: %v, %v", s, err)
		}
	}
	finds(alice, "")
	name(alice, first)
	name(bob, other)
	finds(alice, first.Handle())
	finds(bob, other.Handle())
	name(alice, second)
	finds(alice, second.Handle())
	update(t, st, first, func(d *Draft) error { return d.SetPreference("a", "b") })
	finds(alice, second.Handle())
	if err := st.Delete(ctx, alice, second.Handle()); err != nil {
		t.Fatal(err)
	}
	finds(alice, "")
	finds(bob, other.Handle())
	for i := range maxAliases - 1 {
		if err := st.Alias(ctx, bob, other.Handle(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Alias(ctx, bob, other.Handle(), "one too many"); !errors.Is(err, ErrLimit) {
		t.Errorf("one alias too many: %v", err)
	}
	if err := st.Alias(ctx, bob, other.Handle(), ""); !errors.Is(err, ErrValue) {
		t.Errorf("no alias: %v", err)
	}
}

func TestRenewChangesNothingButTheHandle(t *testing.T) {
	st := open(t, Options{})
	ctx := context.Background()
	old := create(t, st, alice, func(d *Draft) error { return d.SetPreference("a", "b") })
	if err := st.Alias(ctx, alice, old.Handle(), "alias"); err != nil {
		t.Fatal(err)
	}
	s, err := st.Renew(ctx, alice, old.Handle())
	if err != nil {
		t.Fatal(err)
	}
	if s.Handle() == old.Handle() || !s.Expires().Equal(old.Expires()) {
		t.Errorf("handle %v, expires %v", s.Handle(), s.Expires())
	}
	if v, _ := get(t, st, alice, s.Handle()).Preference("a"); v != "b" {
		t.Errorf("the preference is %q", v)
	}
	if found, err := st.Lookup(ctx, alice, "alias"); err != nil || found.Handle() != s.Handle() {
		t.Errorf("Lookup: %v, %v", found, err)
	}
	refused(t, st, alice, old.Handle(), ErrNotFound)
	if st.Len() != 1 {
		t.Errorf("%d sessions", st.Len())
	}
}

func TestNoUpdateIsLost(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, func(d *Draft) error { return d.Set("n", int64(0)) })
	const workers, each = 64, 50
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for j := range each {
				update(t, st, s, func(d *Draft) error {
					n, _ := d.Value("n")
					if err := d.Set("n", n.(int64)+1); err != nil {
						return err
					}
					return d.Explore(Schema{Account: int64(i), EventType: fmt.Sprint("E", j%10)})
				})
			}
		})
	}
	group.Wait()
	s = get(t, st, alice, s.Handle())
	if n, _ := s.Value("n"); n != int64(workers*each) {
		t.Errorf("counted to %v, want %d", n, workers*each)
	}
	if n := len(s.Explored()); n != workers*10 {
		t.Errorf("%d explored, want %d", n, workers*10)
	}
}

// TestATimelineLosesNoCall adds calls from many goroutines, where drafts that lose
// their race leave frames behind.
func TestATimelineLosesNoCall(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	const workers, each = 16, 16 // 256 in all
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for j := range each {
				update(t, st, s, func(d *Draft) error {
					return d.Record(Call{Tool: fmt.Sprint(i, "/", j), EventType: "E", Source: Hit})
				})
			}
		})
	}
	group.Wait()
	calls := get(t, st, alice, s.Handle()).Timeline()
	seen := map[string]bool{}
	for _, c := range calls {
		seen[c.Tool] = true
	}
	if len(calls) != workers*each || len(seen) != workers*each {
		t.Errorf("%d calls, %d different; want %d", len(calls), len(seen), workers*each)
	}
}

// TestACallThatComesBetweenStays records a call while a draft of the same session
// has yet to record its own.
func TestACallThatComesBetweenStays(t *testing.T) {
	st := open(t, Options{})
	call := func(tool string) func(*Draft) error {
		return func(d *Draft) error { return d.Record(Call{Tool: tool, Source: Hit}) }
	}
	s := create(t, st, alice, call("first"))
	attempts := 0
	s = update(t, st, s, func(d *Draft) error {
		if attempts++; attempts == 1 {
			update(t, st, s, call("between"))
		}
		return call("own")(d)
	})
	if calls := s.Timeline(); len(calls) != 3 || calls[1].Tool != "between" || calls[2].Tool != "own" {
		t.Errorf("the timeline is %+v", calls)
	}
}

func TestAFailedChangeChangesNothing(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	sorry := errors.New("sorry")
	if _, err := st.Update(context.Background(), alice, s.Handle(), func(d *Draft) error {
		if err := d.Record(Call{Tool: "t", Source: Miss}); err != nil {
			t.Error(err)
		}
		return errors.Join(d.SetPreference("a", "b"), sorry)
	}); !errors.Is(err, sorry) {
		t.Errorf("Update: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		update(t, st, s, func(d *Draft) error {
			if err := d.SetPreference("a", "b"); err != nil {
				t.Error(err)
			}
			panic("oh")
		})
	}()
	if got := get(t, st, alice, s.Handle()); got != s {
		t.Error("the session has changed")
	}
	if _, err := st.Create(context.Background(), alice, func(*Draft) error { return sorry }); !errors.Is(err, sorry) || st.Len() != 1 {
		t.Errorf("Create: %v, %d sessions", err, st.Len())
	}
}

func TestAnUpdateThatIsAlwaysOvertakenGivesUp(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	n := int64(0)
	overtaken := func(d *Draft) error {
		n++
		update(t, st, s, func(d *Draft) error { return d.Set("other", n) })
		return d.Set("mine", n)
	}
	if _, err := st.Update(context.Background(), alice, s.Handle(), overtaken); !errors.Is(err, ErrConflict) {
		t.Errorf("Update: %v", err)
	}
	if st.Stats().Conflicts != 1 || n != maxAttempts {
		t.Errorf("%d conflicts, %d attempts", st.Stats().Conflicts, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := st.Update(ctx, alice, s.Handle(), func(d *Draft) error {
		cancel()
		return overtaken(d)
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("Update in an ended context: %v", err)
	}
}

func TestAStoreIsVolatileUnlessSomethingKeepsIt(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	if !s.Volatile() || !st.Volatile() {
		t.Error("not volatile, with nothing but memory")
	}
	st.SetKept(true)
	if st.Volatile() || create(t, st, alice, nil).Volatile() {
		t.Error("volatile, although it is kept")
	}
	if s = update(t, st, s, func(d *Draft) error { return d.SetPreference("a", "b") }); s.Volatile() {
		t.Error("still volatile after a change")
	}
	st.SetKept(false)
	if !create(t, st, alice, nil).Volatile() {
		t.Error("not volatile, although nothing keeps it any more")
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	st.Close()
	st.Close()
	ctx := context.Background()
	_, err := st.Create(ctx, alice, nil)
	_, err2 := st.Get(ctx, alice, s.Handle())
	_, err3 := st.Update(ctx, alice, s.Handle(), func(*Draft) error { return nil })
	for _, err := range []error{err, err2, err3, st.Delete(ctx, alice, s.Handle()), st.Touch(ctx, alice, s.Handle())} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
}

func TestBadOwnersAreRefused(t *testing.T) {
	st := open(t, Options{})
	for _, owner := range []Owner{"\xff", Owner(strings.Repeat("x", 257))} {
		if _, err := st.Create(context.Background(), owner, nil); !errors.Is(err, ErrValue) {
			t.Errorf("owner of %d bytes: %v", len(owner), err)
		}
	}
}
