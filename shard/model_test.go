package shard

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// model is what a cache should do, said in the simplest way. Values are unique
// numbers, so that each can be followed until it leaves.
type model struct {
	t     *rapid.T
	cache *Cache[uint8, int]
	roomy bool // nothing is ever evicted
	keys  int  // so many there are

	start   time.Time
	entries map[uint8]modelEntry
	written int // the last value
	base    int // values are numbered from here

	// The manager reports from a goroutine of its own.
	mu    sync.Mutex
	left  map[int]Cause
	twice []int
}

type modelEntry struct {
	value    int
	deadline time.Time // zero: none
}

func (e modelEntry) expired() bool {
	return !e.deadline.IsZero() && !time.Now().Before(e.deadline)
}

const modelTick = time.Millisecond

// Any sequence of operations, over any sensible options: with room for every key
// the cache does exactly what the model does; under eviction a read may miss,
// but never returns what is not the latest; each value leaves exactly once.
func TestModel(t *testing.T) {
	const rounds = 20 // of as many sequences as rapid's flag says
	for range rounds {
		inBubble(t, func(t *testing.T) {
			rapid.Check(undated{t}, checkAgainstModel)
		})
	}
}

// undated hides the test's deadline from rapid, which is in real time and no
// use in a bubble.
type undated struct{ rapid.TB }

func checkAgainstModel(t *rapid.T) {
	m := &model{t: t, keys: rapid.SampledFrom([]int{2, 16, 256}).Draw(t, "keys"), start: time.Now(), entries: make(map[uint8]modelEntry), left: make(map[int]Cause)}
	o := drawOptions(t)
	o.OnRemoval = m.removed
	m.roomy = o.Unbounded || o.MaximumSize > 256
	cache, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if hash := rapid.SampledFrom([]string{"xxhash", "constant", "one bit", "low bits"}).Draw(t, "hash"); hash != "xxhash" {
		cache.hasher = hasher[uint8]{shape: shapeCustom, custom: hostileHashes[hash]}
		m.roomy = m.roomy && hash == "low bits"
	}
	m.cache = cache
	if rapid.Bool().Draw(t, "by cells") {
		cache.shape = noWord
	}
	// Values that look as if their cell had ended are values all the same.
	if rapid.IntRange(0, 3).Draw(t, "marks") == 0 {
		m.base = firstMark - rapid.IntRange(0, 20).Draw(t, "before the marks")
	}
	m.written = m.base
	t.Repeat(map[string]func(*rapid.T){
		"Set": func(t *rapid.T) {
			key := m.drawKey(t)
			m.written++
			cache.Set(key, m.written)
			m.wrote(key, o.DefaultTTL)
		},
		"SetWithTTL": func(t *rapid.T) {
			key, ttl := m.drawKey(t), drawTTL(t)
			m.written++
			cache.SetWithTTL(key, m.written, ttl)
			m.wrote(key, ttl)
		},
		"SetIfAbsent": func(t *rapid.T) {
			key := m.drawKey(t)
			m.written++
			before, had := m.current(key)
			actual, set := cache.SetIfAbsent(key, m.written)
			switch {
			case set:
				m.compare(key, 0, false)
				m.wrote(key, o.DefaultTTL)
			case actual == m.written && m.cache.costed:
				delete(m.entries, key) // refused; and so the old value, if any, had expired
				m.neverIn()
			case !had || actual != before:
				t.Fatalf("SetIfAbsent(%d) found %d; the model has %d, %v", key, actual, before, had)
			default:
				m.neverIn() // never got in
			}
		},
		"Compute": func(t *rapid.T) {
			key := m.drawKey(t)
			op := rapid.SampledFrom([]Op{Keep, Write, Remove}).Draw(t, "op")
			m.written++
			cache.Compute(key, func(old int, found bool) (int, Op) {
				m.compare(key, old, found)
				return m.written, op
			})
			switch op {
			case Write:
				m.wrote(key, o.DefaultTTL)
			case Remove:
				delete(m.entries, key)
				fallthrough
			case Keep:
				m.neverIn() // never got in
			}
		},
		"SetTTL": func(t *rapid.T) {
			key, ttl := m.drawKey(t), drawTTL(t)
			if cache.SetTTL(key, ttl) {
				e, ok := m.entries[key]
				if !ok {
					t.Fatalf("SetTTL(%d) found something", key)
				}
				e.deadline = m.deadline(ttl)
				m.entries[key] = e
			}
		},
		"Delete": func(t *rapid.T) {
			key := m.drawKey(t)
			old, ok := cache.Delete(key)
			m.compare(key, old, ok)
			delete(m.entries, key)
		},
		"Get": func(t *rapid.T) {
			key := m.drawKey(t)
			value, ok := cache.Get(key)
			m.compare(key, value, ok)
		},
		"GetQuietly": func(t *rapid.T) {
			key := m.drawKey(t)
			value, ok := cache.GetQuietly(key)
			m.compare(key, value, ok)
		},
		"sleep": func(t *rapid.T) {
			time.Sleep(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "sleep")) >> rapid.IntRange(0, 30).Draw(t, "shift"))
			synctest.Wait()
		},
		"All": func(t *rapid.T) {
			found := 0
			for key, value := range cache.All() {
				found++
				m.compare(key, value, true)
			}
			if live := m.live(); found > live || m.roomy && found < live-m.doubtful() {
				t.Fatalf("All visited %d entries, the model has %d", found, live)
			}
		},
		"Clear": func(t *rapid.T) {
			cache.Clear()
			clear(m.entries)
		},
		"Resize": func(t *rapid.T) {
			if o.MaximumSize > 0 && !m.roomy {
				if err := cache.Resize(rapid.IntRange(1, 300).Draw(t, "size")); err != nil {
					t.Fatal(err)
				}
			}
		},
		"": func(t *rapid.T) {
			synctest.Wait()
			if size := cache.maxSize.Load(); size > 0 && int64(cache.Len()) > size {
				t.Fatalf("%d entries, over the maximum of %d", cache.Len(), size)
			}
		},
	})
	m.finish()
}

var hostileHashes = map[string]func(uint8) uint64{
	"constant": func(uint8) uint64 { return 42 },
	"one bit":  func(key uint8) uint64 { return uint64(key&1)<<63 | uint64(key&1) },
	"low bits": func(key uint8) uint64 { return uint64(key) },
}

func drawOptions(t *rapid.T) Options[uint8, int] {
	o := Options[uint8, int]{
		DefaultTTL:   rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "default TTL"),
		Tick:         modelTick,
		ExactExpiry:  rapid.Bool().Draw(t, "exact"),
		DisableStats: rapid.Bool().Draw(t, "no stats"),
	}
	switch rapid.SampledFrom([]string{"roomy", "tight", "costed", "both", "unbounded"}).Draw(t, "bound") {
	case "roomy":
		o.MaximumSize = 1000
	case "tight":
		o.MaximumSize = rapid.IntRange(1, 100).Draw(t, "maximum")
	case "both":
		o.MaximumSize = rapid.IntRange(1, 100).Draw(t, "maximum")
		fallthrough
	case "costed":
		o.MaximumCost = rapid.Int64Range(1, 1000).Draw(t, "maximum cost")
		o.Cost = func(key uint8, value int) int64 { return int64(value*31+int(key)) % 20 }
	case "unbounded":
		o.Unbounded = true
		o.InitialSize = rapid.SampledFrom([]int{0, 1, 300}).Draw(t, "initial size")
	}
	if o.MaximumSize == 0 || o.MaximumSize > 64 {
		o.Segments = rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "segments")
	}
	if o.MaximumCost > 0 && int64(o.Segments) > o.MaximumCost {
		o.Segments = 1
	}
	return o
}

// drawKey draws from few keys as often as from many: where there are two, almost each
// operation meets what another one left.
func (m *model) drawKey(t *rapid.T) uint8 {
	return uint8(rapid.IntRange(0, m.keys-1).Draw(t, "key"))
}

func drawTTL(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, 1, time.Microsecond, 50 * time.Millisecond, time.Minute, 48 * time.Hour, Forever - 1, Forever}).Draw(t, "ttl")
}

func (m *model) deadline(ttl time.Duration) time.Time {
	if ttl == 0 {
		ttl = m.cache.defaultTTL
	}
	if ttl == 0 || ttl >= Forever-1 {
		return time.Time{}
	}
	return time.Now().Add(ttl)
}

func (m *model) wrote(key uint8, ttl time.Duration) {
	if m.cause(m.written) != 0 || m.cache.costed && !m.kept(key) {
		delete(m.entries, key)
		m.neverIn() // refused, or gone again already
		return
	}
	m.entries[key] = modelEntry{value: m.written, deadline: m.deadline(ttl)}
}

// kept reports whether a cache with a cost bound, which may refuse a value, took
// the last one.
func (m *model) kept(key uint8) bool {
	value, ok := m.cache.GetQuietly(key)
	return ok && value == m.written
}

func (m *model) removed(_ uint8, value int, cause Cause) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left[value] != 0 {
		m.twice = append(m.twice, value)
	}
	m.left[value] = cause
}

func (m *model) cause(value int) Cause {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left[value]
}

// neverIn books the last value as gone.
func (m *model) neverIn() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left[m.written] = CauseReplaced
}

func (m *model) current(key uint8) (int, bool) {
	e, ok := m.entries[key]
	return e.value, ok
}

// compare holds an answer against the model. For one tick after a deadline
// either answer is right, and not later.
func (m *model) compare(key uint8, value int, ok bool) {
	e, has := m.entries[key]
	expired := e.expired()
	switch {
	case ok && (!has || e.value != value):
		m.t.Fatalf("key %d has value %d; the model has %+v (%v)", key, value, e, has)
	case ok && expired && (m.cache.exact || time.Since(e.deadline) > modelTick):
		m.t.Fatalf("key %d has value %d, %v after its deadline", key, value, time.Since(e.deadline))
	case !ok && has && !expired && m.roomy:
		m.t.Fatalf("key %d has vanished; the model has %+v", key, e)
	}
}

func (m *model) live() int { return len(m.entries) }

// doubtful counts the entries that may be gone because of their deadline.
func (m *model) doubtful() int {
	n := 0
	for _, e := range m.entries {
		if e.expired() {
			n++
		}
	}
	return n
}

// finish checks that every value has left exactly once when all is over.
func (m *model) finish() {
	m.cache.deepCheck(m.t)
	m.cache.Close()
	m.cache.deepCheck(m.t)
	if len(m.twice) > 0 {
		m.t.Fatalf("values %v were reported twice", m.twice)
	}
	for value := m.base + 1; value <= m.written; value++ {
		if m.cause(value) == 0 {
			m.t.Fatalf("value %d is gone and was never reported", value)
		}
	}
}
