//go:build unix

package state

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

// churnSessions is how many sessions there are at most.
const churnSessions = 64

// sessionChurn is what instances were told of their changes to sessions that they have:
// every change that was confirmed has to be everywhere in the end.
type sessionChurn struct {
	mu sync.Mutex
	// INVARIANT: guarded by mu, as is what follows. By handle, the names that were set,
	// each by one instance only, and to what.
	values   map[session.Handle]map[string]int64
	explored map[session.Handle][]string
	deleted  map[session.Handle]bool
	changes  int64
	unknown  int // changes of sessions that the instance had not heard of, or not any more
}

func newSessionChurn() *sessionChurn {
	return &sessionChurn{
		values:   make(map[session.Handle]map[string]int64),
		explored: make(map[session.Handle][]string),
		deleted:  make(map[session.Handle]bool),
	}
}

// change changes a session on an instance. One goroutine calls it for each instance.
func (c *sessionChurn) change(t testing.TB, at int, st *State) {
	handle, any := c.pick()
	n := c.number()
	name, eventType := fmt.Sprint("by ", at), fmt.Sprintf("E%d_%d", at, n)
	edit := func(d *session.Draft) error {
		if err := d.Set(name, n); err != nil {
			return err
		}
		return d.Explore(session.Schema{Account: 1, EventType: eventType})
	}
	switch {
	case !any || c.len() < churnSessions && rand.IntN(10) == 0:
		s, err := st.Sessions().Create(t.Context(), alice, edit)
		if err != nil {
			t.Errorf("Create: %v", err)
			return
		}
		c.confirm(s.Handle(), name, n, eventType)
	case rand.IntN(1500) == 0:
		if _, err := st.Sessions().Get(t.Context(), alice, handle); err != nil {
			return // Delete says nothing of a session that is not here and can't be asked for
		}
		c.remove(handle) // before it is: what others change from now on may be lost
		if err := st.Sessions().Delete(t.Context(), alice, handle); err != nil {
			t.Errorf("Delete: %v", err)
		}
	default:
		_, err := st.Sessions().Update(t.Context(), alice, handle, edit)
		switch {
		case err == nil:
			c.confirm(handle, name, n, eventType)
		case errors.Is(err, session.ErrNotFound):
			c.mu.Lock()
			c.unknown++
			c.mu.Unlock()
		default:
			t.Errorf("Update: %v", err)
		}
	}
}

func (c *sessionChurn) number() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	return c.changes
}

func (c *sessionChurn) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// pick draws a session that was not deleted.
func (c *sessionChurn) pick() (session.Handle, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for handle := range c.values {
		if !c.deleted[handle] {
			return handle, true
		}
	}
	return "", false
}

func (c *sessionChurn) confirm(handle session.Handle, name string, n int64, eventType string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values[handle] == nil {
		c.values[handle] = make(map[string]int64)
	}
	c.values[handle][name] = n
	c.explored[handle] = append(c.explored[handle], eventType)
}

func (c *sessionChurn) remove(handle session.Handle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deleted[handle] = true
}

// wantNothingLost waits until every instance has every change.
func (c *sessionChurn) wantNothingLost(t testing.TB, members []*member) {
	t.Helper()
	for at, m := range members {
		for handle := range c.values {
			deadline := time.Now().Add(30 * time.Second)
			missing := c.missing(t, m.st, handle)
			for missing != "" && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
				missing = c.missing(t, m.st, handle)
			}
			if missing != "" {
				t.Errorf("instance %d, session %.8s: %s", at, handle, missing)
			}
		}
	}
	t.Logf("%d changes of %d sessions, %d of them deleted, %d changes of unknown ones",
		c.changes, len(c.values), len(c.deleted), c.unknown)
}

// missing says what an instance does not know of a session.
func (c *sessionChurn) missing(t testing.TB, st *State, handle session.Handle) string {
	s, err := st.Sessions().Get(t.Context(), alice, handle)
	switch {
	case c.deleted[handle] && errors.Is(err, session.ErrNotFound):
		return ""
	case c.deleted[handle]:
		return fmt.Sprintf("that it was deleted: error %v", err)
	case err != nil:
		return err.Error()
	}
	for _, name := range slices.Sorted(maps.Keys(c.values[handle])) {
		if got := valueOf(s, name); got != c.values[handle][name] {
			return fmt.Sprintf("%s is %v, want %d", name, got, c.values[handle][name])
		}
	}
	for _, eventType := range c.explored[handle] {
		if _, ok := s.Schema(1, eventType); !ok {
			return eventType
		}
	}
	return ""
}
