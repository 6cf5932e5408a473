package session

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// What a session holds is bounded; what is unset or removed counts until the
// session ends, since others have to be told of it.
const (
	maxExplored    = 2048
	maxNames       = 512 // of preferences, and of values
	maxValuesBytes = 512 << 10
	maxPreference  = 4 << 10
	maxAliases     = 16
)

// Draft is a session that is being changed, by a function given to Update. It reads
// like a Session, changes included. When that function has returned the draft is
// over: changes fail with ErrDraft.
//
// A draft belongs to one goroutine. To make one costs a copy of a few hundred
// bytes; what it does not touch it shares with the session.
//
// Its content is that of the session that it becomes: a copy when it is done would
// double the cost. So one that another goroutine changes while its function returns
// is a data race, and the session has either.
type Draft struct {
	*content
	clock   *merge.Clock
	now     time.Time
	changed bool
	over    bool
}

// stamp dates one change. Every change has a stamp of its own, so that a removal
// is later than the addition before it.
func (d *Draft) stamp() merge.Stamp {
	d.changed = true
	d.latest = d.clock.Next(d.now)
	return d.latest
}

func write[T any](d *Draft, name string, value T) *entry[T] {
	s := d.stamp()
	return &entry[T]{name: name, stamp: s, changed: s, value: value}
}

func unset[T any](d *Draft, name string) *entry[T] {
	s := d.stamp()
	return &entry[T]{name: name, stamp: s, changed: s, absent: true}
}

// remove takes an element out of a set by the stamp that was seen: whoever adds it
// again meanwhile wins.
func remove[T any](d *Draft, seen *entry[T]) *entry[T] {
	return &entry[T]{name: seen.name, stamp: seen.stamp, removed: seen.stamp, changed: d.stamp(), absent: true}
}

func (d *Draft) check(err error) error {
	if d.over {
		return ErrDraft
	}
	return err
}

// room refuses a name that would be one too many.
func room[T any](s shelf[T], name, what string, most int) error {
	if len(s) >= most && s.find(name) == nil {
		return fmt.Errorf("%w: a session has at most %d %s, removed ones included", ErrLimit, most, what)
	}
	return nil
}

// SetGoal says what the session is after.
func (d *Draft) SetGoal(g Goal) error {
	if err := d.check(g.check()); err != nil {
		return err
	}
	d.goal = write(d, "", g.clone())
	return nil
}

// Explore adds an event type to the explored ones, or brings it up to date. The
// zero ExploredAt means now. At most 2,048 event types.
func (d *Draft) Explore(s Schema) error {
	if s.ExploredAt.IsZero() {
		s.ExploredAt = d.now
	}
	if err := d.check(s.check()); err != nil {
		return err
	}
	name := schemaName(s.Account, s.EventType)
	if err := room(d.explored, name, "explored event types", maxExplored); err != nil {
		return err
	}
	e := write(d, name, s.clone())
	if old := d.explored.find(name); old != nil {
		e.removed = old.removed
	}
	d.explored = d.explored.with(e)
	return nil
}

// Forget takes an event type out of the explored ones. Where another instance
// explores it again at the same time, it stays.
func (d *Draft) Forget(account int64, eventType string) error {
	if err := d.check(nil); err != nil {
		return err
	}
	if seen := d.explored.find(schemaName(account, eventType)); seen != nil && !seen.absent {
		d.explored = d.explored.with(remove(d, seen))
	}
	return nil
}

// SetCurrentSchema says which event type is being looked at; it must be explored.
func (d *Draft) SetCurrentSchema(account int64, eventType string) error {
	if err := d.check(nil); err != nil {
		return err
	}
	name := schemaName(account, eventType)
	if _, ok := d.explored.get(name); !ok {
		return fmt.Errorf("%w: event type %.40q of account %d is not explored; Explore it first", ErrValue, eventType, account)
	}
	d.current = write(d, "", name)
	return nil
}

// SetPreference sets a preference: a name of 1 to 256 bytes, a value of at most 4
// KiB. At most 512 names.
func (d *Draft) SetPreference(name, value string) error {
	err := checkName("a preference's name", name)
	if err == nil {
		err = checkText("a preference", value, 0, maxPreference)
	}
	if err == nil {
		err = room(d.preferences, name, "preferences", maxNames)
	}
	if err := d.check(err); err != nil {
		return err
	}
	d.preferences = d.preferences.with(write(d, name, value))
	return nil
}

// UnsetPreference removes a preference.
func (d *Draft) UnsetPreference(name string) error {
	if err := d.check(nil); err != nil {
		return err
	}
	if _, ok := d.preferences.get(name); ok {
		d.preferences = d.preferences.with(unset[string](d, name))
	}
	return nil
}

// Set puts a copy of a value into the free context. It takes what comes back from
// a snapshot or another instance just as it was: bool, int64, float64 except NaN,
// string, []byte, time.Time (of which it keeps the instant), and []any and
// map[string]any of those, to 8 levels. Anything else is refused with ErrValue. A
// value has at most 64 KiB, a session 512 KiB of them and 512 names.
func (d *Draft) Set(name string, value any) error {
	sizeBytes, err := checkValue(value)
	if err == nil {
		err = checkName("a value's name", name)
	}
	if err == nil {
		err = room(d.values, name, "values", maxNames)
	}
	if err := d.check(err); err != nil {
		return err
	}
	total := d.valuesBytes + sizeBytes - d.valueBytes(name)
	if total > maxValuesBytes {
		return fmt.Errorf("%w: a session's values have at most %d bytes together", ErrLimit, maxValuesBytes)
	}
	d.valuesBytes = total
	d.values = d.values.with(write(d, name, cloneValue(value)))
	return nil
}

// Unset removes a value from the free context.
func (d *Draft) Unset(name string) error {
	if err := d.check(nil); err != nil {
		return err
	}
	if _, ok := d.values.get(name); ok {
		d.valuesBytes -= d.valueBytes(name)
		d.values = d.values.with(unset[any](d, name))
	}
	return nil
}

// valueBytes is what a value that is set takes.
func (c *content) valueBytes(name string) int {
	v, ok := c.values.get(name)
	if !ok {
		return 0
	}
	sizeBytes, _ := checkValue(v)
	return sizeBytes
}

// Note puts a line into the index of results, which keeps the latest 256 keys. The
// zero FetchedAt means now.
func (d *Draft) Note(r Result) error {
	if r.FetchedAt.IsZero() {
		r.FetchedAt = d.now
	}
	if err := d.check(r.check()); err != nil {
		return err
	}
	r.FetchedAt = plainTime(r.FetchedAt)
	d.results = d.results.withLatest(write(d, r.Key, r))
	return nil
}

// Record puts a call on the timeline, which keeps the latest 256, and counts which
// event type and tool go together. The zero At means now.
func (d *Draft) Record(c Call) error {
	if c.At.IsZero() {
		c.At = d.now
	}
	if err := d.check(c.check()); err != nil {
		return err
	}
	c.At = plainTime(c.At)
	s := d.stamp()
	d.timeline = d.timeline.with(frame{stamp: s, changed: s, call: c})
	if d.uncounted++; d.uncounted == maxUncounted {
		*d.content = d.counted()
	}
	return nil
}

// alias gives the session another name.
func (d *Draft) alias(name string) error {
	if err := room(d.aliases, name, "aliases", maxAliases); err != nil {
		return err
	}
	e := write(d, name, struct{}{})
	if old := d.aliases.find(name); old != nil {
		e.removed = old.removed
	}
	d.aliases = d.aliases.with(e)
	return nil
}

// touch notes that the session is being used, unless that was noted a moment ago.
func (d *Draft) touch(interval time.Duration) (noted bool) {
	if d.touched != nil && d.now.Sub(d.touched.value) < interval {
		return false
	}
	d.touched = write(d, "", plainTime(d.now))
	return true
}
