//go:build explore

package ttl

// This file is what an explorer of interleavings needs to make expiry one of its
// threads. Normal builds are without it.

// Fire does what the runtime timer does when it fires, on the caller's goroutine.
func (m *Manager) Fire() { m.wake() }

// Continue takes over another manager's clock, so that a new manager has a past.
// It must be called before any deadline is watched.
func (m *Manager) Continue(other *Manager) { m.clock = other.clock }

// Planned is the time for which the runtime timer is set, or later than any.
func (m *Manager) Planned() int64 { return m.planned.Load() }
