package session

import (
	"cmp"
	"slices"
	"strings"

	"github.com/uds-platform/state/internal/merge"
)

// tally is one process's part of a Pattern's count. Each process counts for
// itself, so that counts can be merged.
type tally struct {
	Tool      string `cbor:"1,keyasint"`
	EventType string `cbor:"2,keyasint"`
	Count     uint64 `cbor:"3,keyasint"`
}

// maxUncounted is how many calls at the end of the timeline are not in the tallies
// yet.
//
// To count each call at once takes longer than all the rest of recording it: a copy
// of the shelf, a name, an entry. Counted together, they share one copy. Whoever
// reads tallies counts the rest for itself, which is why there are few.
const maxUncounted = 32

// gain is what calls that have not been counted yet add to one tally.
type gain struct {
	tool, eventType string
	calls           uint64
	stamp           merge.Stamp // of the latest
}

// gains adds up what has not been counted yet, in the order of stamps.
func (c *content) gains() []gain {
	if c.uncounted == 0 {
		return nil
	}
	gains := make([]gain, 0, c.uncounted)
	for f := range c.timeline.last(int(c.uncounted)) {
		if f.call.EventType == "" {
			continue
		}
		g := gain{tool: f.call.Tool, eventType: f.call.EventType, calls: 1, stamp: f.stamp}
		i := slices.IndexFunc(gains, func(o gain) bool { return o.eventType == g.eventType && o.tool == g.tool })
		if i >= 0 {
			g.calls += gains[i].calls
			gains = slices.Delete(gains, i, i+1)
		}
		gains = append(gains, g)
	}
	return gains
}

// counted returns a content in which every call is counted. A tally has the stamp of
// the call that was counted last, so that it does not matter when that is done.
func (c *content) counted() content {
	out := *c
	gains := c.gains()
	out.uncounted = 0
	if len(gains) == 0 {
		return out
	}
	next := make(shelf[tally], 0, len(gains))
	for _, g := range gains {
		name := g.name()
		before, _ := c.tallies.get(name)
		next = append(next, &entry[tally]{
			name: name, stamp: g.stamp, changed: g.stamp,
			value: tally{Tool: g.tool, EventType: g.eventType, Count: before.Count + g.calls},
		})
	}
	slices.SortFunc(next, func(a, b *entry[tally]) int { return strings.Compare(a.name, b.name) })
	out.tallies = c.tallies.withAll(next).latest()
	return out
}

// name names a tally after what it counts and the process that does, which is in
// the stamps of what that writes.
func (g gain) name() string {
	return g.tool + "\x00" + g.eventType + "@" + g.stamp.Node()
}

// patterns adds tallies up.
type patterns map[Pattern]uint64

func (p patterns) add(c *content) {
	for _, e := range c.counted().tallies {
		p[Pattern{EventType: e.value.EventType, Tool: e.value.Tool}] += e.value.Count
	}
}

func (p patterns) sorted() []Pattern {
	out := make([]Pattern, 0, len(p))
	for pattern, count := range p {
		pattern.Count = count
		out = append(out, pattern)
	}
	slices.SortFunc(out, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.EventType, b.EventType), cmp.Compare(a.Tool, b.Tool))
	})
	return out
}
