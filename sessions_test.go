package state

import (
	"errors"
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

const alice = session.Owner("alice")

func makeSession(t testing.TB, st *State) *session.Session {
	t.Helper()
	s, err := st.Sessions().Create(t.Context(), alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func setValue(t testing.TB, st *State, handle session.Handle, name string, value any) {
	t.Helper()
	_, err := st.Sessions().Update(t.Context(), alice, handle, func(d *session.Draft) error { return d.Set(name, value) })
	if err != nil {
		t.Fatal(err)
	}
}

func valueOf(s *session.Session, name string) any {
	value, _ := s.Value(name)
	return value
}

func TestAStateHasSessions(t *testing.T) {
	st := open(t, Config{SessionTTL: time.Hour, MaximumSessions: 2})
	s := makeSession(t, st)
	if !s.Volatile() {
		t.Error("kept in memory only, and doesn't say so")
	}
	setValue(t, st, s.Handle(), "step", int64(2))
	got, err := st.Sessions().Get(t.Context(), alice, s.Handle())
	if err != nil || valueOf(got, "step") != int64(2) {
		t.Errorf("%v, %v", got, err)
	}
	if life := s.Expires().Sub(s.Created()); life != sessionLifetime {
		t.Errorf("a lifetime of %v", life)
	}
	makeSession(t, st)
	if _, err := st.Sessions().Create(t.Context(), alice, nil); !errors.Is(err, session.ErrLimit) {
		t.Errorf("error %v, want that there are two already", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Sessions().Create(t.Context(), alice, nil); !errors.Is(err, session.ErrClosed) {
		t.Errorf("error %v of a closed State", err)
	}
}

func TestALongIdleTimeIsALifetime(t *testing.T) {
	st := open(t, Config{SessionTTL: longestSessionTTL})
	if s := makeSession(t, st); s.Expires().Sub(s.Created()) != longestSessionTTL {
		t.Errorf("%v to %v", s.Created(), s.Expires())
	}
	if _, err := Open(t.Context(), Config{SessionTTL: longestSessionTTL + 1}); !errors.Is(err, ErrConfig) {
		t.Errorf("error %v", err)
	}
}

func TestAnOwnerHasSoManySessions(t *testing.T) {
	st := open(t, Config{SessionsPerOwner: 1})
	makeSession(t, st)
	if _, err := st.Sessions().Create(t.Context(), alice, nil); !errors.Is(err, session.ErrLimit) {
		t.Errorf("error %v: want ErrLimit", err)
	}
	if _, err := Open(t.Context(), Config{SessionsPerOwner: -1}); !errors.Is(err, ErrConfig) {
		t.Errorf("error %v: want ErrConfig", err)
	}
}
