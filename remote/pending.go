package remote

import (
	"strings"
	"sync"
	"sync/atomic"
)

// pending are the invalidations of this instance that Redis does not know of yet.
//
// While Redis is away they wait, as names and not as epochs, since only the
// ledger gives those; and whatever this instance reads in Redis meanwhile is
// checked against them as well. They are bounded: one name too many, and what
// waits is everything, for which a new incarnation of the ledger is drawn.
// Nothing is ever forgotten.
type pending struct {
	limit int // INVARIANT: positive, never changed.
	some  atomic.Bool

	mu   sync.Mutex
	keys map[string]strike // INVARIANT: guarded by mu, and so is what follows.
	tags map[string]uint64 // by name, the number of the call
	// all is the number of the call that went beyond the limit, 0 where none did.
	all   uint64
	calls uint64
}

// callCount numbers the latest call of add.
func (p *pending) callCount() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// strike is what is to become of a key that is invalidated.
type strike struct {
	call uint64
	// with is the value that takes the old one's place, nil for none.
	with *write
}

func newPending(limit int) *pending {
	return &pending{limit: limit, keys: make(map[string]strike), tags: make(map[string]uint64)}
}

func (p *pending) add(keys []string, tags []string, with *write) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	p.some.Store(true)
	for _, key := range keys {
		p.keys[strings.Clone(key)] = strike{p.calls, with}
	}
	for _, tag := range tags {
		p.tags[strings.Clone(tag)] = p.calls
	}
	if len(p.keys)+len(p.tags) > p.limit {
		p.all = p.calls
		clear(p.keys)
		clear(p.tags)
	}
}

// covers says whether a value is to be refused for what is pending.
func (p *pending) covers(key string, tags []string) bool {
	if !p.some.Load() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all != 0 {
		return true
	}
	if _, ok := p.keys[key]; ok {
		return true
	}
	for _, tag := range tags {
		if _, ok := p.tags[tag]; ok {
			return true
		}
	}
	return false
}

// batch is some of what is pending.
type batch struct {
	keys map[string]strike
	tags map[string]uint64
	all  uint64
	last uint64 // the latest call that one of the names is of
}

func (b batch) empty() bool { return b.all == 0 && len(b.keys) == 0 && len(b.tags) == 0 }

// next returns up to so many names, which stay pending until done.
func (p *pending) next(names int) batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := batch{keys: make(map[string]strike), tags: make(map[string]uint64), all: p.all}
	for tag, call := range p.tags {
		if len(b.tags) == names {
			return b
		}
		b.tags[tag] = call
		b.last = max(b.last, call)
	}
	for key, s := range p.keys {
		if len(b.tags)+len(b.keys) == names {
			return b
		}
		b.keys[key] = s
		b.last = max(b.last, s.call)
	}
	return b
}

// done forgets what Redis knows of now, but not what was added again meanwhile.
func (p *pending) done(b batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for tag, call := range b.tags {
		if p.tags[tag] == call {
			delete(p.tags, tag)
		}
	}
	for key, s := range b.keys {
		if p.keys[key].call == s.call {
			delete(p.keys, key)
		}
	}
	if p.all == b.all {
		p.all = 0
	}
	p.some.Store(p.all != 0 || len(p.keys)+len(p.tags) > 0)
}

func (p *pending) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all != 0 {
		return 1 + len(p.keys) + len(p.tags)
	}
	return len(p.keys) + len(p.tags)
}
