package fuzz

import (
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/shard"
)

// payload is a value that can be followed: its serial is unique in a script.
type payload struct {
	serial int
	cost   int64
}

// entry is what the model knows of a value that is in the cache.
type entry struct {
	value         payload
	deadlineNanos int64 // math.MaxInt64: none
}

// model is what a cache does, said as a map that hears of every removal. One
// goroutine uses the cache, in virtual time, so nearly everything is exact: a
// value is there from the write that was accepted until OnRemoval names it, and
// each removal must have a reason. Two things are left to the cache: what it
// evicts when it is full, and whether a value is still served within one tick
// after its deadline.
type model[K shard.Key] struct {
	t       *testing.T
	cache   engine[K]
	options shard.Options[K, payload]
	keys    keyspace[K]
	// roomy: every key there is fits, so nothing may be evicted.
	roomy bool

	// reports is held while a removal is booked. The script looks at the books
	// without it: it waits until the manager is done before it does, and takes
	// it once before it goes on.
	reports sync.Mutex

	start   time.Time
	present map[K]entry
	cost    int64
	serial  int
	closed  bool
	want    shard.Stats

	// replaced tells of the write under way whether it replaced a value, and
	// outbid whether what it wrote has been evicted since.
	replaced, outbid bool
}

func newModel[K shard.Key](t *testing.T, o shard.Options[K, payload], keys keyspace[K], inPlace bool) *model[K] {
	m := &model[K]{t: t, options: o, keys: keys, start: time.Now(), present: make(map[K]entry)}
	m.roomy = !keys.crowded && (o.Unbounded || o.MaximumCost == 0 && o.MaximumSize >= len(keys.keys))
	m.options.OnRemoval = m.removed
	cache, err := newEngine(m.options, inPlace)
	if err != nil {
		t.Fatalf("New(%+v): %v", o, err)
	}
	m.cache = cache
	return m
}

// nowNanos is the time on the cache's clock, which starts at 1.
func (m *model[K]) nowNanos() int64 { return int64(time.Since(m.start)) + 1 }

func (m *model[K]) deadlineAfter(ttl time.Duration) int64 {
	if ttl == 0 {
		ttl = m.options.DefaultTTL
	}
	if now := m.nowNanos(); ttl != 0 && int64(ttl) <= math.MaxInt64-now {
		return now + int64(ttl)
	}
	return math.MaxInt64
}

func (m *model[K]) tickNanos() int64 {
	switch {
	case m.options.ExactExpiry:
		return 0
	case m.options.Tick == 0:
		return int64(time.Millisecond)
	}
	return int64(m.options.Tick)
}

// expired: the deadline has passed, so the value may be gone.
func (m *model[K]) expired(e entry) bool { return e.deadlineNanos <= m.nowNanos() }

// overdue: it has passed by a tick, so the value must not be served.
func (m *model[K]) overdue(e entry) bool {
	now := m.nowNanos()
	return e.deadlineNanos <= now && now-e.deadlineNanos >= m.tickNanos()
}

// removed is the cache's OnRemoval. It runs on the script's goroutine or on the
// manager's.
func (m *model[K]) removed(key K, value payload, cause shard.Cause) {
	m.reports.Lock()
	defer m.reports.Unlock()
	e, ok := m.present[key]
	if !ok && value.serial == m.serial && cause == shard.CauseEvicted && m.mayOutbid(value) {
		m.outbid = true
		m.want.Evictions++
		return
	}
	if !ok || e.value != value {
		m.t.Errorf("%v of key %v is reported as %v; the model has %+v (%v)", value, key, cause, e, ok)
		return
	}
	if got, ok := m.cache.GetQuietly(key); ok && got == value {
		m.t.Errorf("key %v still has %v, which is reported as %v", key, value, cause)
	}
	m.judge(key, e, cause)
	delete(m.present, key)
	m.cost -= value.cost
	switch cause {
	case shard.CauseReplaced:
		m.replaced = true
	case shard.CauseEvicted:
		m.want.Evictions++
	case shard.CauseExpired:
		m.want.Expirations++
	case shard.CauseDeleted, shard.CauseCleared:
		m.want.Removals++
	default:
		m.t.Errorf("key %v left with the cause %v", key, cause)
	}
}

// mayOutbid says whether the value that is being written may be evicted before
// its write has returned: where the manager does it, as anybody may afterwards.
func (m *model[K]) mayOutbid(value payload) bool {
	byManager := strings.Contains(string(debug.Stack()), "ttl.(*Manager).wake")
	return m.over(value.cost) && byManager
}

// judge says whether a removal has a reason.
func (m *model[K]) judge(key K, e entry, cause shard.Cause) {
	switch {
	case cause == shard.CauseExpired && !m.expired(e):
		m.t.Errorf("key %v is reported as expired %v before its deadline", key, time.Duration(e.deadlineNanos-m.nowNanos()))
	case cause == shard.CauseEvicted && (m.roomy || !m.keys.crowded && !m.over(e.value.cost)):
		m.t.Errorf("key %v was evicted although the cache was within its maximum", key)
	case cause != shard.CauseExpired && cause != shard.CauseEvicted && m.overdue(e):
		m.t.Errorf("key %v is reported as %v, a tick after its deadline", key, cause)
	}
}

// over reports whether the cache was over a maximum before the entry left that
// is being reported.
func (m *model[K]) over(cost int64) bool {
	o := &m.options
	return o.MaximumSize > 0 && m.cache.Len()+1 > o.MaximumSize ||
		o.MaximumCost > 0 && m.cache.Cost()+cost > o.MaximumCost
}

// goOn shows the books to the manager.
func (m *model[K]) goOn() {
	m.reports.Lock()
	defer m.reports.Unlock()
}

// fresh begins a write: it returns a value that has never been in the cache.
func (m *model[K]) fresh(cost int64) payload {
	m.serial++
	m.replaced, m.outbid = false, false
	m.goOn()
	if m.options.Cost == nil {
		cost = 0
	}
	return payload{serial: m.serial, cost: cost}
}

// tooCostly says whether Options refuse a value.
func (m *model[K]) tooCostly(value payload) bool {
	return m.options.Cost != nil && (value.cost < 0 || value.cost > m.options.MaximumCost/int64(m.options.Segments))
}

// wrote books a write that the cache answered with ok, and checks the answer: a
// value that is accepted is there.
func (m *model[K]) wrote(key K, value payload, ttl time.Duration, ok bool) {
	synctest.Wait()
	if want := !m.closed && ttl >= 0 && !m.tooCostly(value); ok != want {
		m.t.Fatalf("writing %v to key %v, TTL %v: %v, want %v", value, key, ttl, ok, want)
	}
	if !ok {
		m.want.Refusals++
		if e, there := m.present[key]; there && ttl >= 0 {
			m.t.Fatalf("a refused write left %+v at key %v", e, key)
		}
		return
	}
	if m.replaced {
		m.want.Updates++
	} else {
		m.want.Inserts++
	}
	if e, there := m.present[key]; there {
		m.t.Fatalf("writing %v to key %v did not report %+v", value, key, e)
	}
	if m.outbid {
		return
	}
	m.present[key] = entry{value: value, deadlineNanos: m.deadlineAfter(ttl)}
	m.cost += value.cost
	if got, ok := m.cache.GetQuietly(key); !ok || got != value {
		m.t.Fatalf("key %v has %v (%v) right after %v was written", key, got, ok, value)
	}
}

// read checks what a read found.
func (m *model[K]) read(key K, got payload, ok bool) {
	e, there := m.present[key]
	switch {
	case ok && (!there || got != e.value):
		m.t.Fatalf("key %v has %v; the model has %+v (%v)", key, got, e, there)
	case ok && m.overdue(e):
		m.t.Fatalf("key %v has %v, %v after its deadline", key, got, time.Duration(m.nowNanos()-e.deadlineNanos))
	case !ok && there && !m.expired(e):
		m.t.Fatalf("key %v has nothing; the model has %+v", key, e)
	}
}

// counted is read for a Get that counts.
func (m *model[K]) counted(key K, got payload, ok bool) {
	m.read(key, got, ok)
	if ok {
		m.want.Hits++
	} else {
		m.want.Misses++
	}
}

// visited checks what an iterator went through: everything that is there, once.
func (m *model[K]) visited(found map[K]payload) {
	for key, value := range found {
		m.read(key, value, true)
	}
	for key, e := range m.present {
		if _, ok := found[key]; !ok && !m.expired(e) {
			m.t.Fatalf("an iterator passed by key %v, which has %+v", key, e)
		}
	}
}

// check holds the accounts against the model.
func (m *model[K]) check() {
	synctest.Wait()
	if got := m.cache.Len(); got != len(m.present) {
		m.t.Fatalf("Len is %d; the model has %d", got, len(m.present))
	}
	if got := m.cache.Cost(); got != m.cost {
		m.t.Fatalf("Cost is %d; the model has %d", got, m.cost)
	}
	if most := m.options.MaximumSize; most > 0 && len(m.present) > most {
		m.t.Fatalf("%d entries, over the maximum of %d", len(m.present), most)
	}
	if most := m.options.MaximumCost; most > 0 && m.cost > most {
		m.t.Fatalf("a cost of %d, over the maximum of %d", m.cost, most)
	}
	want := m.want
	if m.options.DisableStats {
		want = shard.Stats{}
	}
	if got := m.cache.Stats(); got != want {
		m.t.Fatalf("Stats are %+v\nwant      %+v", got, want)
	}
}

// close ends the cache, and checks that everything has left.
func (m *model[K]) close() {
	m.cache.Close()
	m.closed = true
	m.check()
	if len(m.present) > 0 {
		m.t.Fatalf("%d values are gone and were never reported", len(m.present))
	}
}
