package session

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// joinedWith returns the content merged with other fields, and whether it differs.
// What differs from those that the replica has is marked as changed at a stamp, so
// that it is sent there. brought says when what differs was written.
//
// It writes the content as fields, has merge.Merge join them, which is the one
// place that knows how, and reads back what has changed. So it takes time in
// proportion to the whole session; that is paid for changes from elsewhere only.
func (c *content) joinedWith(incoming, replica merge.Fields, stamp merge.Stamp, brought *news) (content, bool) {
	mine := c.fieldsSince(merge.Stamp{})
	merged := merge.Merge(mine, incoming)
	j := joiner{content: *c}
	differs := false
	*brought = news{}
	for name := range mine {
		if _, kept := merged[name]; !kept {
			j.drop(name)
			differs = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		value := merged[name]
		if mine[name] == value {
			continue
		}
		differs = true
		var changed merge.Stamp
		if replica[name] != value {
			changed = stamp
			j.latest = stamp
		}
		brought.add(name, mine[name], value)
		j.put(name, value, changed)
	}
	return j.finish(), differs
}

// joiner takes fields over into a content, in the order of their names.
type joiner struct {
	content
	// What has been read and is not in the content yet. INVARIANT: in the order of
	// their names.
	aliases     shelf[struct{}]
	explored    shelf[Schema]
	preferences shelf[string]
	values      shelf[any]
	results     shelf[Result]
	tallies     shelf[tally]
	calls       []*entry[Call]
	// unread replaces content.others, where it is not nil.
	unread merge.Fields
}

func (j *joiner) finish() content {
	c := j.content
	if c.grave != nil {
		return content{handle: c.handle, revision: c.revision, latest: c.latest, grave: c.grave}
	}
	c.aliases = c.aliases.withAll(j.aliases)
	c.explored = c.explored.withAll(j.explored)
	c.preferences = c.preferences.withAll(j.preferences)
	c.results = c.results.withAll(j.results)
	c.tallies = c.tallies.withAll(j.tallies)
	c.timeline = c.timeline.withAll(j.calls)
	if len(j.values) > 0 {
		c.values = c.values.withAll(j.values)
		c.valuesBytes = 0
		for _, e := range c.values {
			c.valuesBytes += c.valueBytes(e.name)
		}
	}
	if j.unread != nil {
		c.others = j.unread
	}
	return c
}

// put takes one field over. A field that this version can't read is kept as it is.
func (j *joiner) put(name, value string, changed merge.Stamp) {
	v, err := merge.Read(name, value)
	if err != nil {
		return
	}
	if j.read(name, v, changed) != nil {
		j.forUnread()[name] = value
	} else {
		j.dropUnread(name)
	}
}

func (j *joiner) read(name string, v merge.Value, changed merge.Stamp) error {
	switch name {
	case merge.Deleted:
		j.grave = &grave{stamp: v.Stamp, deadline: v.Deadline()}
		return nil
	case identityField:
		return readSingle(&j.identity, "", v, changed, identity.check)
	case touchedField:
		return readSingle(&j.touched, "", v, changed, func(t time.Time) error { return checkTime("touched", t) })
	case goalField:
		return readSingle(&j.goal, "", v, changed, Goal.check)
	case currentField:
		return readSingle(&j.current, "", v, changed, accept[string])
	}
	if len(name) < len(aliasPrefix) {
		return merge.ErrField
	}
	switch prefix, rest := name[:len(aliasPrefix)], name[len(aliasPrefix):]; prefix {
	case aliasPrefix:
		return readNext(&j.aliases, rest, v, changed, accept[struct{}])
	case exploredPrefix:
		return readNext(&j.explored, rest, v, changed, Schema.check)
	case preferencePrefix:
		return readNext(&j.preferences, rest, v, changed, func(p string) error { return checkText("preference", p, 0, maxPreference) })
	case valuePrefix:
		return readNext(&j.values, rest, v, changed, func(v any) error { _, err := checkValue(v); return err })
	case resultPrefix:
		return readNext(&j.results, rest, v, changed, Result.check)
	case tallyPrefix:
		return readNext(&j.tallies, rest, v, changed, accept[tally])
	case timelinePrefix:
		if rest != v.Stamp.String() {
			return merge.ErrField
		}
		return readNext((*shelf[Call])(&j.calls), "", v, changed, Call.check)
	}
	return merge.ErrField
}

func accept[T any](T) error { return nil }

func (i identity) check() error {
	if err := Owner(i.Owner).check(); err != nil {
		return err
	}
	if err := errors.Join(checkTime("Expires", i.Expires), checkTime("Created", i.Created)); err != nil {
		return err
	}
	if life := i.Expires.Sub(i.Created); life < 0 || life > maxLifetime {
		return fmt.Errorf("%w: a lifetime of %v; want 0 to %v", ErrValue, life, maxLifetime)
	}
	return nil
}

// readSingle reads an entry. What it reads must be written again in the same way,
// or instances would not agree on its bytes.
func readSingle[T any](to **entry[T], name string, v merge.Value, changed merge.Stamp, check func(T) error) error {
	e := &entry[T]{name: name, stamp: v.Stamp, removed: v.Removed, changed: changed}
	if v.Payload == "" {
		e.absent = true
		*to = e
		return nil
	}
	if !v.Present() {
		return merge.ErrField
	}
	if err := decoding.Unmarshal([]byte(v.Payload), &e.value); err != nil {
		return err
	}
	if err := check(e.value); err != nil {
		return err
	}
	if payload(e.value) != v.Payload {
		return merge.ErrField
	}
	*to = e
	return nil
}

// readNext reads an entry of a shelf. It copies the name, which may be a part of
// something large.
func readNext[T any](to *shelf[T], name string, v merge.Value, changed merge.Stamp, check func(T) error) error {
	var e *entry[T]
	if err := readSingle(&e, strings.Clone(name), v, changed, check); err != nil {
		return err
	}
	*to = append(*to, e)
	return nil
}

// forUnread returns the fields that can't be read, to be written to.
func (j *joiner) forUnread() merge.Fields {
	if j.unread == nil {
		j.unread = make(merge.Fields, len(j.others)+1)
		maps.Copy(j.unread, j.others)
	}
	return j.unread
}

func (j *joiner) dropUnread(name string) {
	if _, was := j.others[name]; was {
		delete(j.forUnread(), name)
	}
}

// drop takes a field out that a merge left out of a window. The timeline does so by
// itself.
func (j *joiner) drop(name string) {
	switch {
	case strings.HasPrefix(name, resultPrefix):
		j.content.results = j.content.results.without(name[len(resultPrefix):])
	case strings.HasPrefix(name, tallyPrefix):
		j.content.tallies = j.content.tallies.without(name[len(tallyPrefix):])
	}
	j.dropUnread(name)
}
