package goal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

const (
	maxRows      = 512 // pairs of an intent and a tool
	maxNext      = 16  // tools after each
	fullRow      = 256 // sightings in a row, at which all of its counts are halved
	maxToolBytes = 128
)

// Learner counts which tool was taken after which, for each intent, so that
// Suggest puts first what people do rather than what they might.
//
// A row is what followed one tool under one intent. Old habits fade: when a row
// has 256 sightings all its counts are halved (as Einziger, Friedman and Manes
// age theirs in "TinyLFU", ACM TOS 2017). Probabilities are Laplace's: each tool
// is taken to have been seen once more than it was, so nothing is ever ruled out.
//
// Memory is bounded by 512 rows of 16 tools; the row, or the tool, that was seen
// least makes room for a new one. There is no clock and no chance in it: the
// same sightings in the same order give the same counts. It is safe for
// concurrent use. The zero Learner is ready.
//
// What is learned holds no text of goals and no names of event types, so one
// Learner may serve all accounts.
type Learner struct {
	mu   sync.Mutex
	rows map[habit][]follower // INVARIANT: guarded by mu; at most maxRows of at most maxNext.
}

// habit is where a session is.
type habit struct {
	intent Intent
	tool   string // "" at the start
}

type follower struct {
	tool  string
	count uint32 // INVARIANT: above 0.
}

// Taken is a line of what a Learner knows.
type Taken struct {
	Intent   Intent `cbor:"1,keyasint" json:"intent"`
	Previous string `cbor:"2,keyasint,omitempty" json:"previous,omitempty"` // "" for a session's first tool
	Next     string `cbor:"3,keyasint" json:"next"`
	Count    uint32 `cbor:"4,keyasint" json:"count"`
}

// Take notes that a tool was called after another in a session with that goal. A
// name that is empty or longer than 128 bytes is not learned.
func (l *Learner) Take(g Goal, previous, next string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(g.Intents) == 0 {
		l.add(Taken{"", previous, next, 1})
	}
	for _, i := range g.Intents {
		l.add(Taken{i.Intent, previous, next, 1})
	}
}

func (l *Learner) add(t Taken) {
	if t.fault() != "" {
		return
	}
	key := habit{t.Intent, t.Previous}
	row, ok := l.rows[key]
	if !ok {
		l.makeRoom()
	}
	row = bump(row, t.Next, min(t.Count, fullRow-1))
	if total(row) >= fullRow {
		row = halved(row)
	}
	l.rows[key] = row
}

// fault says why a line can't be counted, and is empty where it can.
func (t *Taken) fault() string {
	switch {
	case t.Next == "":
		return "it names no next tool"
	case len(t.Next) > maxToolBytes || len(t.Previous) > maxToolBytes:
		return fmt.Sprintf("a tool's name has %d bytes; want at most %d", max(len(t.Next), len(t.Previous)), maxToolBytes)
	case len(t.Intent) > maxPhraseBytes:
		return fmt.Sprintf("the intent has %d bytes; want at most %d", len(t.Intent), maxPhraseBytes)
	case t.Count == 0:
		return "it was taken 0 times; want at least 1"
	}
	return ""
}

// makeRoom drops the row that was seen least where there are too many.
func (l *Learner) makeRoom() {
	if l.rows == nil {
		l.rows = make(map[habit][]follower)
	}
	if len(l.rows) < maxRows {
		return
	}
	var least habit
	seen := uint32(math.MaxUint32)
	for key, row := range l.rows {
		if n := total(row); n < seen || n == seen && key.compare(least) < 0 {
			least, seen = key, n
		}
	}
	delete(l.rows, least)
}

func (h habit) compare(other habit) int {
	return cmp.Or(cmp.Compare(h.intent, other.intent), cmp.Compare(h.tool, other.tool))
}

func bump(row []follower, tool string, count uint32) []follower {
	for i := range row {
		if row[i].tool == tool {
			row[i].count += count
			return row
		}
	}
	if len(row) < maxNext {
		return append(row, follower{tool, count})
	}
	least := 0
	for i := range row {
		if row[i].count < row[least].count {
			least = i
		}
	}
	row[least] = follower{tool, count}
	return row
}

func total(row []follower) (n uint32) {
	for _, f := range row {
		n += f.count
	}
	return n
}

func halved(row []follower) []follower {
	for i := range row {
		row[i].count /= 2
	}
	return slices.DeleteFunc(row, func(f follower) bool { return f.count == 0 })
}

// probability is how likely a tool is the next, of so many; the mean over the
// goal's intents, weighted by how sure they are.
func (l *Learner) probability(g Goal, previous, next string, tools int) float64 {
	uniform := 1 / float64(tools)
	if l == nil {
		return uniform
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(g.Intents) == 0 {
		return l.laplace("", previous, next, tools)
	}
	sum, weight := 0.0, 0.0
	for _, i := range g.Intents {
		sum += i.Confidence * l.laplace(i.Intent, previous, next, tools)
		weight += i.Confidence
	}
	if !(weight > 0) {
		return uniform
	}
	return sum / weight
}

func (l *Learner) laplace(intent Intent, previous, next string, tools int) float64 {
	row := l.rows[habit{intent, previous}]
	seen := uint32(0)
	for _, f := range row {
		if f.tool == next {
			seen = f.count
		}
	}
	return float64(seen+1) / float64(total(row)+uint32(tools))
}

// Learned returns what was counted, in a fixed order, for a snapshot.
func (l *Learner) Learned() []Taken {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Taken
	for key, row := range l.rows {
		for _, f := range row {
			all = append(all, Taken{key.intent, key.tool, f.tool, f.count})
		}
	}
	slices.SortFunc(all, func(a, b Taken) int {
		return cmp.Or(habit{a.Intent, a.Previous}.compare(habit{b.Intent, b.Previous}), cmp.Compare(a.Next, b.Next))
	})
	return all
}

// Restore adds what Learned returned. Lines that can't be Learned's are left out,
// and the Learner's bounds hold whatever it is given.
func (l *Learner) Restore(all []Taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range all {
		l.add(t)
	}
}
