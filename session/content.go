package session

import (
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// content is what a session knows. It is embedded in Session, where it never
// changes, and in Draft, where it does; so both are read in the same way.
type content struct {
	handle Handle
	owner  Owner
	// servable: it has an owner, and was not deleted. Get looks at no more than
	// these three.
	servable bool
	// closing: its absolute lifetime ends before its idle time would, so that Get
	// must look at the clock. See Store.settle.
	closing bool
	// volatile: so far nothing but this process's memory has it.
	volatile bool
	// uncounted calls, at the end of timeline, are not in tallies yet.
	uncounted uint8
	latest    merge.Stamp // the latest of changed in all entries
	revision  uint64

	identity *entry[identity]  // nil where only a part has arrived as yet
	touched  *entry[time.Time] // nil for never
	goal     *entry[Goal]
	current  *entry[string] // the current schema's name
	grave    *grave

	aliases     shelf[struct{}]
	explored    shelf[Schema]
	preferences shelf[string]
	values      shelf[any]
	valuesBytes int // of what is present in values
	results     shelf[Result]
	tallies     shelf[tally]
	timeline    reel
	// others has fields that this version can't read. They are kept for those that
	// can. INVARIANT: never written to.
	others merge.Fields
}

// identity is what a session is born with.
type identity struct {
	Owner   string    `cbor:"1,keyasint"`
	Created time.Time `cbor:"2,keyasint"`
	Expires time.Time `cbor:"3,keyasint"`
}

// grave is what is left of a deleted session.
type grave struct {
	stamp    merge.Stamp
	deadline time.Time
}

// Handle names the session.
func (c *content) Handle() Handle { return c.handle }

// Owner is who the session belongs to.
func (c *content) Owner() Owner { return c.owner }

// Revision grows with every change that this process learns of. Two sessions of
// one handle and one revision are the same; other processes count otherwise.
func (c *content) Revision() uint64 { return c.revision }

// Volatile is true while nothing but this process's memory has the session: no
// other instance could be told of it and no snapshot is being kept. It works like
// any other, and ends with the process.
func (c *content) Volatile() bool { return c.volatile }

// Created is when the session was made.
func (c *content) Created() time.Time {
	if c.identity == nil {
		return time.Time{}
	}
	return c.identity.value.Created
}

// Expires is when the session ends, however much it is used.
func (c *content) Expires() time.Time {
	if c.identity == nil {
		return time.Time{}
	}
	return c.identity.value.Expires
}

// LastUsed is when the session was last used, to within Options.TouchInterval.
func (c *content) LastUsed() time.Time {
	if c.touched == nil {
		return c.Created()
	}
	return c.touched.value
}

// Goal returns what the session is after; false where that was never said.
func (c *content) Goal() (Goal, bool) {
	if c.goal == nil || c.goal.absent {
		return Goal{}, false
	}
	return c.goal.value.clone(), true
}

// CurrentSchema returns the schema that is being looked at, if it is explored.
func (c *content) CurrentSchema() (Schema, bool) {
	if c.current == nil || c.current.absent {
		return Schema{}, false
	}
	s, ok := c.explored.get(c.current.value)
	return s.clone(), ok
}

// Explored returns the schemas that the session has explored, by account and name.
func (c *content) Explored() []Schema {
	out := make([]Schema, 0, len(c.explored))
	for _, e := range c.explored {
		if !e.absent {
			out = append(out, e.value.clone())
		}
	}
	return out
}

// Schema returns what the session knows of an event type.
func (c *content) Schema(account int64, eventType string) (Schema, bool) {
	s, ok := c.explored.get(schemaName(account, eventType))
	return s.clone(), ok
}

// Preference returns a preference, if it is set.
func (c *content) Preference(name string) (string, bool) { return c.preferences.get(name) }

// Preferences returns all preferences.
func (c *content) Preferences() map[string]string {
	out := make(map[string]string, len(c.preferences))
	for _, e := range c.preferences {
		if !e.absent {
			out[e.name] = e.value
		}
	}
	return out
}

// Value returns a copy of a value of the free context, if it is set.
func (c *content) Value(name string) (any, bool) {
	v, ok := c.values.get(name)
	return cloneValue(v), ok
}

// Values returns copies of all values of the free context.
func (c *content) Values() map[string]any {
	out := make(map[string]any, len(c.values))
	for _, e := range c.values {
		if !e.absent {
			out[e.name] = cloneValue(e.value)
		}
	}
	return out
}

// Result returns a line of the index of results.
func (c *content) Result(key string) (Result, bool) { return c.results.get(key) }

// Results returns the index of results, by key: the latest 256.
func (c *content) Results() []Result {
	out := make([]Result, 0, len(c.results))
	for _, e := range c.results {
		out = append(out, e.value)
	}
	return out
}

// Timeline returns the latest calls, oldest first: at most 256.
func (c *content) Timeline() []Call {
	out := make([]Call, 0, c.timeline.length)
	for f := range c.timeline.all() {
		out = append(out, f.call)
	}
	return out
}

// Patterns returns which event types and tools have gone together in the session,
// most often first.
func (c *content) Patterns() []Pattern {
	counts := patterns{}
	counts.add(c)
	return counts.sorted()
}

// Aliases returns the session's other names.
func (c *content) Aliases() []string {
	var out []string
	for _, e := range c.aliases {
		if !e.absent {
			out = append(out, e.name)
		}
	}
	return out
}
