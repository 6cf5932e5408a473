//go:build unix

package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
)

const alice session.Owner = "alice"

func (m *member) create(what string) session.Handle {
	m.t.Helper()
	s, err := m.st.Sessions().Create(m.t.Context(), alice, func(d *session.Draft) error { return d.SetPreference("what", what) })
	if err != nil {
		m.t.Fatal(err)
	}
	return s.Handle()
}

func (m *member) set(h session.Handle, name, value string) {
	m.t.Helper()
	_, err := m.st.Sessions().Update(m.t.Context(), alice, h, func(d *session.Draft) error { return d.SetPreference(name, value) })
	if err != nil {
		m.t.Error(err)
	}
}

// preference is what a session says of a name; empty where there is no such session.
func (m *member) preference(h session.Handle, name string) string {
	s, err := m.st.Sessions().Get(m.t.Context(), alice, h)
	if err != nil {
		return ""
	}
	value, _ := s.Preference(name)
	return value
}

func (m *member) awaitPreference(h session.Handle, name, want string) {
	m.t.Helper()
	redistest.Await(m.t, "the session has "+name+" = "+want, func() bool { return m.preference(h, name) == want })
}

func TestInstancesShareSessions(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a, b := joined(t, s.URL()), joined(t, s.URL())
	h := a.create("one")
	b.awaitPreference(h, "what", "one")
	b.set(h, "more", "two")
	a.awaitPreference(h, "more", "two")
	if health := a.st.Health().Sessions; health.Sessions != 1 || health.Volatile {
		t.Errorf("%+v", health)
	}
	if err := b.st.Sessions().Delete(t.Context(), alice, h); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "it is deleted everywhere", func() bool {
		_, err := a.st.Sessions().Get(t.Context(), alice, h)
		return errors.Is(err, session.ErrNotFound)
	})
}

// A session that was created while its instance was cut off is there for all when it
// is back; so is what the others have changed meanwhile.
func TestSessionsMeetAfterAPartition(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	proxy := redistest.NewProxy(t, s.Addr())
	a, b := joined(t, s.URL()), joined(t, "redis://"+proxy.Addr())
	both := a.create("both")
	b.awaitPreference(both, "what", "both")
	proxy.Set(redistest.Refuse)
	b.awaitAway()
	alone := b.create("alone")
	b.set(both, "b", "1")
	a.set(both, "a", "2")
	proxy.Set(redistest.Pass)
	b.awaitLive()
	a.awaitPreference(alone, "what", "alone")
	a.awaitPreference(both, "b", "1")
	b.awaitPreference(both, "a", "2")
}

// What Redis has lost is pushed again by those who have it.
func TestSessionsSurviveAnEmptiedRedis(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := joined(t, s.URL())
	h := a.create("one")
	there := func() bool {
		for _, name := range keysIn(t, s) {
			if strings.HasPrefix(name, "state:s:{") {
				return true
			}
		}
		return false
	}
	redistest.Await(t, "it is in Redis", there)
	s.MustDo("FLUSHALL")
	redistest.Await(t, "it is in Redis again", there)
	joined(t, s.URL()).awaitPreference(h, "what", "one")
}

// A cluster keeps sessions on all of its nodes, and they are found there.
func TestSessionsInACluster(t *testing.T) {
	c := redistest.StartCluster(t, 3)
	a := joined(t, c.URL())
	var handles []session.Handle
	for range 12 {
		handles = append(handles, a.create("one"))
	}
	b := joined(t, c.URL())
	redistest.Await(t, "all are found", func() bool { return b.st.Sessions().Len() == len(handles) })
	for _, h := range handles {
		b.awaitPreference(h, "what", "one")
	}
}

// Without Redis and snapshots sessions are there, and say that they are volatile.
func TestSessionsWithoutRedis(t *testing.T) {
	m := join(t, "redis://127.0.0.1:1")
	h := m.create("one")
	if m.preference(h, "what") != "one" || !m.st.Health().Sessions.Volatile {
		t.Errorf("health %+v", m.st.Health().Sessions)
	}
}

func snapshotted(t testing.TB, folder string, q Querier) *State {
	return open(t, Config{SnapshotFolder: folder, Querier: q})
}

// What a State has learned is there again after a restart.
func TestSnapshotsRestoreSessionsAndTheHottest(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "snapshots")
	st := snapshotted(t, folder, querierFunc(echo))
	s, err := st.Sessions().Create(t.Context(), alice, func(d *session.Draft) error { return d.SetPreference("a", "b") })
	if err != nil {
		t.Fatal(err)
	}
	const query = "SELECT count(*) FROM Span SINCE 1 hour ago"
	for range 50 * savingsSample { // of which one in so many is counted
		if _, err := st.Query(t.Context(), 1, query); err != nil {
			t.Fatal(err)
		}
	}
	if len(st.Hottest(1)) != 1 {
		t.Fatal("nothing is hot")
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 100)
	again := snapshotted(t, folder, querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
		asked <- nrql
		return nil, nil
	}))
	got, err := again.Sessions().Get(t.Context(), alice, s.Handle())
	if err != nil {
		t.Fatalf("the session is not there when Open has returned: %v", err)
	}
	if value, _ := got.Preference("a"); value != "b" {
		t.Errorf("it has %q", value)
	}
	select {
	case nrql := <-asked:
		if nrql != query {
			t.Errorf("loads %q", nrql)
		}
	case <-time.After(10 * time.Second):
		t.Error("the hottest query is not loaded")
	}
	h := again.Health()
	if h.Snapshots.Restored != (RestoredStats{Sessions: 1, Queries: 1}) || h.Sessions.Volatile || h.Status != StatusLive {
		t.Errorf("health %+v", h.Snapshots)
	}
}

// Where snapshots can't be written, the State serves and says so.
func TestFailingSnapshotsDegrade(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(folder, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := Open(t.Context(), Config{SnapshotFolder: folder, SnapshotInterval: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s, err := st.Sessions().Create(t.Context(), alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "it says so", func() bool {
		h := st.Health()
		return h.Status == StatusDegraded && len(h.Reasons) == 1 && h.Snapshots.Failing != "" && h.Sessions.Volatile
	})
	if _, err := st.Sessions().Get(t.Context(), alice, s.Handle()); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err == nil {
		t.Error("Close says nothing of the snapshot that is lost")
	}
}

// A damaged snapshot costs what is damaged.
func TestADamagedSnapshotIsNoObstacle(t *testing.T) {
	folder := t.TempDir()
	st := snapshotted(t, folder, nil)
	for range 3 {
		if _, err := st.Sessions().Create(t.Context(), alice, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := snapshotted(t, folder, nil).Health().Snapshots.Restored
	if r.Sessions != 2 || r.Skipped != 1 {
		t.Errorf("%+v, want two sessions and one that was skipped", r)
	}
}
