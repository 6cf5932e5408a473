//go:build unix

package state

import (
	"errors"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

// everything is a Config of which every part opens something.
func everything(t *testing.T, s *redistest.Server) Config {
	return Config{
		Store: StoreRedis, RedisURL: RedisURL(s.URL()), SnapshotFolder: t.TempDir(), Querier: querierFunc(echo),
		Warming: Warming{Preload: []warm.Item{{Account: 1, Query: "SHOW EVENT TYPES"}}},
	}
}

// Whichever part fails, what was opened before it is closed.
func TestAnOpenThatFailsLeavesNothingOpen(t *testing.T) {
	server := redistest.Start(t, redistest.Options{})
	cfg := everything(t, server)
	fault := errors.New("this part fails")
	parts := len((&State{}).parts())
	if parts < 5 {
		t.Fatalf("%d parts: want all that Open opens", parts)
	}
	for opened := range parts + 1 {
		before := goleak.IgnoreCurrent()
		st, err := newState(cfg)
		if err != nil {
			t.Fatal(err)
		}
		fails := append(st.parts()[:opened:opened], func() error {
			if opened > 1 && st.shared == nil {
				t.Error("there is no tier: nothing is looked at")
			}
			return fault
		})
		if err := st.openBy(fails); !errors.Is(err, fault) {
			t.Errorf("%d parts: error %v: want the fault", opened, err)
		}
		if _, closed := st.adopted(); !closed {
			t.Errorf("%d parts: the State is not closed", opened)
		}
		if err := goleak.Find(before, goleak.IgnoreAnyFunction(clientsNap), goleak.IgnoreAnyFunction(clientsLastSleep)); err != nil {
			t.Errorf("%d parts: %v", opened, err)
		}
	}
}

// A snapshot of a State that never was would push out one that has more.
func TestAnOpenThatFailsTakesNoSnapshot(t *testing.T) {
	cfg := Config{SnapshotFolder: t.TempDir(), SnapshotInterval: time.Hour}
	st := open(t, cfg)
	made := makeSession(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir(cfg.SnapshotFolder)
	if err != nil || len(before) == 0 {
		t.Fatal(before, err)
	}
	failing, err := newState(cfg)
	if err != nil {
		t.Fatal(err)
	}
	fault := errors.New("this part fails")
	if err := failing.openBy(append(failing.parts(), func() error { return fault })); !errors.Is(err, fault) {
		t.Fatal(err)
	}
	after, err := os.ReadDir(cfg.SnapshotFolder)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d files, then %d, %v: want the same", len(before), len(after), err)
	}
	again := open(t, cfg)
	if _, err := again.Sessions().Get(t.Context(), alice, made.Handle()); err != nil {
		t.Errorf("the session is gone: %v", err)
	}
	if _, err := failing.Sessions().Create(t.Context(), alice, nil); !errors.Is(err, session.ErrClosed) {
		t.Errorf("error %v: want that its sessions are closed", err)
	}
}
