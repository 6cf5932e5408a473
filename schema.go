package state

import (
	"crypto/sha256"
	"sync"

	"github.com/uds-platform/state/nrql"
)

// maxSchemas bounds the memory that a flood of made-up event types can take.
const maxSchemas = 10_000

// schemas knows the latest fingerprint of each event type's schema.
//
// At the bound it forgets one that it knows, and from then on it can't tell one
// that it never saw from one that it forgot: so it takes every schema that it
// does not know for a changed one. That costs loads, where the alternative would
// serve what depends on an old schema.
type schemas struct {
	maximum int // INVARIANT: positive, never changed.
	// noted, where it is set, is called with each fingerprint that is new, and must not
	// wait. INVARIANT: set before there is a caller.
	noted func(tag Tag, sum [sha256.Size]byte, changed bool)

	mu sync.Mutex
	// INVARIANT: guarded by mu; at most maximum. Of a fingerprint the SHA-256 is
	// kept, whatever its length.
	known map[Tag][sha256.Size]byte
	// INVARIANT: guarded by mu, and true for ever once true.
	forgot bool
}

func newSchemas() *schemas {
	return &schemas{maximum: maxSchemas, known: make(map[Tag][sha256.Size]byte)}
}

// observe calls changed, before anybody else can see the new fingerprint,
// where it differs from the one before.
func (s *schemas) observe(tag Tag, fingerprint string, changed func()) bool {
	sum := sha256.Sum256([]byte(fingerprint))
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.known[tag]
	if known && old == sum {
		return false
	}
	if !known && len(s.known) >= s.maximum {
		s.forgetOne()
	}
	differs := known || s.forgot
	if differs {
		changed()
	}
	s.known[tag] = sum
	if s.noted != nil {
		s.noted(tag, sum, differs)
	}
	return differs
}

// adopt takes over what another instance has observed, and ended what depends on it.
func (s *schemas) adopt(tag Tag, sum [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[tag]; !known && len(s.known) >= s.maximum {
		s.forgetOne()
	}
	s.known[tag] = sum
}

func (s *schemas) forgetOne() {
	s.forgot = true
	for tag := range s.known {
		delete(s.known, tag)
		return
	}
}

// ObserveSchema says what the schema of an event type looks like now: any text
// that is the same as long as the schema is, such as a hash of its attributes'
// names and types. Where it differs from what was last observed, every result
// with the type's EventTypeTag ends, as by Invalidate, and ObserveSchema returns
// true. The account's lists of event types are Stale from then on: where one
// schema changed, there may be new ones. Answers to queries that Query did not
// understand end.
//
// The first sight of an event type is no change. At 10,000 event types the State
// begins to forget, and takes the next sight of each for a change. A load that
// observes a change is overtaken by it like the others: its own result is not
// kept.
func (st *State) ObserveSchema(account int, eventType, fingerprint string) (changed bool) {
	tag := EventTypeTag(account, eventType)
	return st.schemas.observe(tag, fingerprint, func() { st.schemaChanged(tag) })
}

// schemaChanged ends what depends on an event type whose schema has changed, here and
// elsewhere.
func (st *State) schemaChanged(tag Tag) {
	dropped, aged := []Tag{tag, unread(tag.account)}, []Tag{queryKindTag(tag.account, nrql.EventTypeList)}
	st.shared.drop(dropped)
	st.shared.age(aged)
	st.tags.drop(dropped...)
	st.tags.age(aged...)
}

// ObserveData says that there are newer events of an event type. Every result
// with the type's EventTypeTag that is not Settled is Stale from now on: it is
// served as such until its hard deadline, and refreshed behind the first who
// fetches it. One that has no time to be stale (Kind.StaleFor, Terms.StaleFor)
// ends.
//
// It takes the same time however many results there are.
func (st *State) ObserveData(account int, eventType string) {
	tags := []Tag{EventTypeTag(account, eventType), unread(account)}
	st.shared.age(tags)
	st.tags.age(tags...)
}
