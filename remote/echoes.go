package remote

import (
	"context"
	"sync"

	"github.com/redis/rueidis"
)

// maxEchoes bounds the writes whose echo is awaited.
const maxEchoes = 4096

// echoes tells the news of this instance's own writes from that of others'.
//
// Redis reports every write of a value to everyone, also to whoever made it, and
// does not say whose it was; what was just loaded and written would be dropped
// from memory again. Nor may one report be taken for one write: several of the
// same key become one. So where a report may be an echo, the key is looked at: if
// what stands there is what was written here, nothing has changed. The report
// came after the write that it is about, so the look sees that one or a later
// one, and a later one has a report of its own.
type echoes struct {
	mu       sync.Mutex
	expected map[string]echo // INVARIANT: guarded by mu; at most maxEchoes.
}

// echo is a report that may be about a write made here.
type echo struct {
	key       string
	id        uint64 // of the write
	tombstone bool
	fills     []*Fill // that wait to know
}

func newEchoes() *echoes { return &echoes{expected: make(map[string]echo)} }

// expect is called before something is written. Without room the report will be
// taken for another's, which costs a read.
func (e *echoes) expect(key string, id uint64, tombstone bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.expected) < maxEchoes {
		e.expected[key] = echo{key: key, id: id, tombstone: tombstone}
	}
}

// cancel is for a write that was not made.
func (e *echoes) cancel(key string, id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.expected[key].id == id {
		delete(e.expected, key)
	}
}

// take says whether a report of the key may be an echo.
func (e *echoes) take(key string) (echo, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	found, ok := e.expected[key]
	delete(e.expected, key)
	return found, ok
}

// forget is called in a gap: what is reported afterwards may be of anybody.
func (e *echoes) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.expected)
}

// examine looks, aside, whether a report is an echo. If not, the key has changed.
func (t *Tier) examine(e echo) {
	started := t.spawn(func() {
		if t.wrote(e.key, e.id) {
			for _, fill := range e.fills {
				fill.suspicions.Add(-1)
			}
			return
		}
		t.fence.overtake(e.key)
		t.leave(1, func(n *news) { n.changed = append(n.changed, e.key) })
	})
	if !started {
		t.fence.overtake(e.key)
	}
}

// wrote says whether it was this write that stands in Redis.
func (t *Tier) wrote(key string, id uint64) bool {
	name := t.names.value(key)
	text, err := ask(t.stop, t, func(ctx context.Context, client rueidis.Client) (string, error) {
		return client.Do(ctx, client.B().Getrange().Key(name).Start(0).End(int64(stampBytes-1)).Build()).ToString()
	}, nil)
	if err != nil {
		return false
	}
	h, _, ok := parseValue(text)
	return ok && h.write == id
}
