package state

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/shard"
)

const (
	// questionsKept and questionsKeptBytes bound what is remembered of texts.
	questionsKept      = 4096
	questionsKeptBytes = 16 << 20
	// placesAQuestion is how many accounts may ask one question in turn without
	// a key being made each time.
	placesAQuestion = 4
	// questionBytes is about what a question takes besides its texts.
	questionBytes = 1 << 10
)

// question is the text of a query, and what was read off it.
type question struct {
	text  string
	query nrql.Query
	// places are where answers belong now, by account.
	places [placesAQuestion]atomic.Pointer[place]
}

// place is where the answer to a question belongs that an account asks now.
type place struct {
	account int
	slot    nrql.Slot
	load    loader[Rows] // made once, so that a hit need not
	key     Key
	// checkedNanos is the reading of the State's clock at which the slot was last
	// found to be the present one.
	checkedNanos atomic.Int64
}

// questions reads texts and remembers what it read.
//
// The problem: a key takes the query's canonical form and the time, and to work
// out both costs many times as much as to look up the answer. So the text leads
// to its question, which is read once, and the question to its place, which is
// made once a slot; and whether a slot is still the present one is asked once for
// each step of the coarse clock. A hit on a busy query is two lookups and no
// allocation.
//
// Contract: a place is right, or has been right until at most one reading of the
// coarse clock ago, 10 ms. Whatever is forgotten is worked out again.
//
// Bounded by number and by bytes, since texts may come from a client; a text that
// is too long for its share of the bytes is read each time it is asked.
//
// Rejected: a memory by account and text, which would need a key made of both
// for each hit; and to ask the slot until when it holds, which needs the calendar
// of the query's time zone.
type questions struct {
	policy nrql.Policy // INVARIANT: valid, never changed.
	clock  *coarseClock
	memory *shard.Cache[string, *question]
	// loadOf makes the load of what belongs in a place.
	loadOf func(*question, *place) loader[Rows]
	// unread counts calls with a text that was not understood.
	unread atomic.Uint64
}

func newQuestions(
	policy nrql.Policy, clock *coarseClock, loadOf func(*question, *place) loader[Rows],
) (*questions, error) {
	memory, err := shard.New(shard.Options[string, *question]{
		MaximumSize: questionsKept,
		MaximumCost: questionsKeptBytes,
		Cost:        func(text string, q *question) int64 { return q.bytes() },
	})
	if err != nil {
		return nil, err
	}
	return &questions{policy: policy, clock: clock, memory: memory, loadOf: loadOf}, nil
}

// bytes is at most what a question takes, its places included.
func (q *question) bytes() int64 {
	return questionBytes + int64(len(q.text)) + (1+placesAQuestion)*int64(len(q.query.Canonical))
}

// read returns the question that a text asks.
func (qs *questions) read(text string) *question {
	q, ok := qs.memory.Get(text)
	if !ok {
		text = strings.Clone(text) // it may be a small part of something large
		q = &question{text: text, query: nrql.Read(text)}
		qs.memory.Set(text, q)
	}
	if !q.query.Understood {
		qs.unread.Add(1)
	}
	return q
}

// place returns where the answer belongs if account asks q now.
func (qs *questions) place(q *question, account int) (*place, error) {
	spot := &q.places[uint(account)%placesAQuestion]
	p, reading := spot.Load(), qs.clock.now()
	known := p != nil && p.account == account
	if known && p.checkedNanos.Load() == reading {
		return p, nil
	}
	now := time.Now()
	slot := q.query.Slot(now)
	if !known || p.slot != slot {
		key, err := slotKey(account, slot)
		if err != nil {
			return nil, err
		}
		p = &place{account: account, slot: slot, key: key}
		p.load = qs.loadOf(q, p)
		spot.Store(p)
	}
	p.checkedNanos.Store(reading)
	return p, nil
}

// slotKey is the key of an account's answer in a slot. An unread text is its own
// canonical form, and never another's: that would have been read.
func slotKey(account int, s nrql.Slot) (Key, error) {
	return NewKey(Scope{Account: account}, queryKind, s.Text, s.From, s.To, s.Open, s.Inner)
}

// freshness says how long the answer holds that is fetched now.
func (qs *questions) freshness(q *question, now time.Time) nrql.Freshness {
	return q.query.Freshness(now, qs.policy)
}

// terms say how long the answer holds whose query was started at a time, for
// what belongs in a place.
func (qs *questions) terms(q *question, p *place, started time.Time) Terms {
	f := qs.freshness(q, started)
	t := Terms{FreshFor: f.FreshFor, StaleFor: f.StaleFor, Settled: f.Class == nrql.Immutable, Tags: q.tags(p.account)}
	if t.StaleFor == 0 {
		t.StaleFor = Never
	}
	if q.query.Slot(started) != p.slot { // SINCE today, asked before midnight and run after it
		t.FreshFor = Never
	}
	return t
}

// tags are what the answer depends on. Of a text that was not understood nothing
// is known, so it depends on everything.
func (q *question) tags(account int) []Tag {
	if !q.query.Understood {
		return []Tag{unread(account), queryKindTag(account, q.query.Kind)}
	}
	tags := make([]Tag, 0, 1+len(q.query.EventTypes)+len(q.query.Lookups))
	tags = append(tags, queryKindTag(account, q.query.Kind))
	for _, name := range q.query.EventTypes {
		tags = append(tags, EventTypeTag(account, name))
	}
	for _, name := range q.query.Lookups {
		tags = append(tags, NamedTag(account, lookupPrefix+name))
	}
	return tags
}

const (
	queryKindPrefix = "kind:"
	lookupPrefix    = "lookup:"
)

func queryKindTag(account int, k nrql.Kind) Tag { return NamedTag(account, queryKindPrefix+k.String()) }

// A State whose opening has failed may have none.
func (qs *questions) close() {
	if qs == nil {
		return
	}
	qs.memory.Clear()
	qs.memory.Close()
}
