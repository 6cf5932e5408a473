package session

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alice Owner = "alice"
	bob   Owner = "bob"
)

// open makes a store that is closed with the test.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	st, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

func create(t testing.TB, st *Store, owner Owner, init func(*Draft) error) *Session {
	t.Helper()
	s, err := st.Create(context.Background(), owner, init)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t testing.TB, st *Store, owner Owner, handle Handle) *Session {
	t.Helper()
	s, err := st.Get(context.Background(), owner, handle)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func update(t testing.TB, st *Store, s *Session, change func(*Draft) error) *Session {
	t.Helper()
	s, err := st.Update(context.Background(), s.Owner(), s.Handle(), change)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refused checks that an owner's Get fails with an error.
func refused(t testing.TB, st *Store, owner Owner, handle Handle, want error) {
	t.Helper()
	if _, err := st.Get(context.Background(), owner, handle); !errors.Is(err, want) {
		t.Errorf("Get: %v, want %v", err, want)
	}
}
