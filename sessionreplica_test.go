//go:build unix

package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/remote"
	"github.com/uds-platform/state/session"
)

// openSharing opens a State that shares its sessions.
func openSharing(t testing.TB, address string) *State {
	t.Helper()
	return open(t, Config{Store: StoreRedis, RedisURL: RedisURL("redis://" + address), RedisWait: 2 * time.Second})
}

func awaitShared(t testing.TB, states ...*State) {
	t.Helper()
	for _, st := range states {
		redistest.Await(t, "sessions are shared", func() bool { return !st.Sessions().Volatile() })
	}
}

// canonical is all that a State knows of sessions, as bytes.
func canonical(st *State) []byte {
	var records [][]byte
	for record := range st.Sessions().Records() {
		records = append(records, bytes.Clone(record))
	}
	slices.SortFunc(records, bytes.Compare)
	return bytes.Join(records, []byte("\n"))
}

func awaitAgreement(t testing.TB, a, b *State) {
	t.Helper()
	redistest.Await(t, "both know the same", func() bool {
		return a.Sessions().Len() > 0 && bytes.Equal(canonical(a), canonical(b))
	})
}

func awaitValue(t testing.TB, st *State, handle session.Handle, name string, want any) {
	t.Helper()
	redistest.Await(t, fmt.Sprintf("%s is %v", name, want), func() bool {
		s, err := st.Sessions().Get(t.Context(), alice, handle)
		return err == nil && valueOf(s, name) == want
	})
}

func TestStatesShareSessions(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	a, b := openSharing(t, server.Addr()), openSharing(t, server.Addr())
	awaitShared(t, a, b)
	s := makeSession(t, a)
	if s.Volatile() {
		t.Error("volatile, and there is Redis")
	}
	setValue(t, a, s.Handle(), "made", "by a")
	awaitValue(t, b, s.Handle(), "made", "by a")
	if _, err := b.Sessions().Get(t.Context(), "mallory", s.Handle()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("somebody else gets %v", err)
	}
	var both sync.WaitGroup
	for name, st := range map[string]*State{"a": a, "b": b} {
		both.Go(func() {
			for i := range 50 {
				_, err := st.Sessions().Update(t.Context(), alice, s.Handle(), func(d *session.Draft) error {
					if err := d.Set(name, int64(i)); err != nil {
						return err
					}
					return d.Explore(session.Schema{Account: 1, EventType: fmt.Sprint(name, i)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	awaitAgreement(t, a, b)
	got, err := b.Sessions().Get(t.Context(), alice, s.Handle())
	if err != nil || valueOf(got, "a") != int64(49) || valueOf(got, "b") != int64(49) || len(got.Explored()) != 100 {
		t.Errorf("after concurrent changes: %v, %v", got, err)
	}
	if err := b.Sessions().Delete(t.Context(), alice, s.Handle()); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "what is deleted is gone elsewhere", func() bool {
		_, err := a.Sessions().Get(t.Context(), alice, s.Handle())
		return errors.Is(err, session.ErrNotFound)
	})
	if _, err := openSharing(t, server.Addr()).Sessions().Get(t.Context(), alice, s.Handle()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a new instance gets %v of what was deleted", err)
	}
}

// What was made and changed on both sides of a cut is everywhere after it.
func TestSessionsOfAStateThatWasCutOff(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	line := redistest.NewProxy(t, server.Addr())
	a, b := openSharing(t, server.Addr()), openSharing(t, line.Addr())
	awaitShared(t, a, b)
	common, doomed := makeSession(t, a), makeSession(t, a)
	awaitAgreement(t, a, b)

	line.Set(redistest.Refuse)
	redistest.Await(t, "the cut is noticed", b.Sessions().Volatile)
	made := makeSession(t, b)
	if !made.Volatile() {
		t.Error("made while cut off, and not volatile")
	}
	setValue(t, b, common.Handle(), "there", "changed")
	setValue(t, a, common.Handle(), "here", "changed")
	setValue(t, b, doomed.Handle(), "there", "too late")
	if err := a.Sessions().Delete(t.Context(), alice, doomed.Handle()); err != nil {
		t.Fatal(err)
	}

	line.Set(redistest.Pass)
	awaitShared(t, b)
	awaitValue(t, a, made.Handle(), "", nil)
	awaitValue(t, a, common.Handle(), "there", "changed")
	awaitValue(t, b, common.Handle(), "here", "changed")
	awaitAgreement(t, a, b)
	for _, st := range []*State{a, b} {
		if _, err := st.Sessions().Get(t.Context(), alice, doomed.Handle()); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("what was deleted is back: %v", err)
		}
	}
	redistest.Await(t, "it is no longer volatile", func() bool {
		s, err := b.Sessions().Get(t.Context(), alice, made.Handle())
		return err == nil && !s.Volatile()
	})
}

// Whoever listens is told when nobody speaks any more: until then it takes what it has
// for the state of things.
func TestListeningEndsWhenRedisIsAway(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	line := redistest.NewProxy(t, server.Addr())
	st := openSharing(t, line.Addr())
	awaitShared(t, st)
	r := newSessionReplica(st.shared.tier, nil)
	heard, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() { ended <- r.Listen(t.Context(), func(merge.Event) { nudge(heard) }) }()
	<-heard
	line.Set(redistest.Refuse)
	if err := <-ended; !errors.Is(err, remote.ErrAway) {
		t.Errorf("it ended with %v, want ErrAway", err)
	}
}

func TestARedisThatForgotSessionsIsToldAgain(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	a := openSharing(t, server.Addr())
	awaitShared(t, a)
	s := makeSession(t, a)
	key := "state:" + sessionKeys + string(s.Handle())
	there := func() bool { return server.MustDo("EXISTS", key) == int64(1) }
	redistest.Await(t, "it is in Redis", there)
	server.MustDo("FLUSHALL")
	redistest.Await(t, "it is in Redis again", there)
	b := openSharing(t, server.Addr())
	awaitShared(t, b)
	if _, err := b.Sessions().Get(t.Context(), alice, s.Handle()); err != nil {
		t.Error(err)
	}
}

func TestSessionsWorkWithoutRedis(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	server.Shutdown()
	a := openSharing(t, server.Addr())
	s := makeSession(t, a)
	if !s.Volatile() {
		t.Error("volatile, and doesn't say so")
	}
	setValue(t, a, s.Handle(), "step", int64(1))
	server.Restart()
	awaitShared(t, a)
	b := openSharing(t, server.Addr())
	awaitValue(t, b, s.Handle(), "step", int64(1))
}

// A sweep takes several steps, and leaves alone what is not a session.
func TestEverySessionInRedisIsVisited(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	for i := range 3000 {
		server.MustDo("SET", fmt.Sprint("state:v:", i), "a value")
	}
	server.MustDo("SET", "state:"+sessionKeys+"no hash", "at all")
	server.MustDo("HSET", "state:"+sessionKeys+"no session", "a", "hash")
	a := openSharing(t, server.Addr())
	awaitShared(t, a)
	for range 100 {
		makeSession(t, a)
	}
	b := openSharing(t, server.Addr())
	awaitAgreement(t, a, b)
	if n := b.Sessions().Len(); n != 100 {
		t.Errorf("%d sessions", n)
	}
}

// Redis says that it is there once; who begins to listen after that has to look.
func TestAStoreThatListensLateIsToldOfRedis(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	st := openSharing(t, server.Addr())
	awaitShared(t, st)
	r := newSessionReplica(st.shared.tier, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var heard []merge.EventKind
	for range 2 {
		if err := r.Listen(ctx, func(e merge.Event) {
			heard = append(heard, e.Kind)
			cancel()
		}); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
	if want := []merge.EventKind{merge.Gap, merge.Gap}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v: it may have missed something in between", heard, want)
	}
}
