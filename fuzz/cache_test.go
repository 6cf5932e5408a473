package fuzz

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/shard"
)

// maxOperations bounds one script.
const maxOperations = 300

// FuzzCache runs any operations over any sensible options against the model.
func FuzzCache(f *testing.F) {
	for _, seed := range cacheSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		synctest.Test(t, func(t *testing.T) {
			switch s.below(4) {
			case 0:
				play(s, modelFor(t, s, words()))
			case 1:
				play(s, modelFor(t, s, numbers()))
			case 2:
				play(s, modelFor(t, s, fewInOneChain()))
			default:
				play(s, modelFor(t, s, manyInOneChain()))
			}
		})
	})
}

// cacheSeeds are scripts for each kind of bound: four bytes of options and what
// they ask for, then operations.
var cacheSeeds = []string{
	"",
	"\x00\x00\x00\x10\x00\x00\x00\x07\x00\x01\x07\x05\x01\x0b\x07",
	"\x00\x01\x09\x00\x00\x00\x10\x00\x40\x10\x20\x60\x07\x03\x0c\x0d\x0e\x00\x05",
	"\x01\x02\x40\x00\x02\x00\x00\x00\x10\x00\x40\x00\x05\x07\x05\x0f\x10\x20",
	"\x01\x02\xc0\x00\x02\x00\x00\x00\x10\x00\x40\x00\x05\x07\x05\x0f\x10\x20",
	"\x02\x04\x80\x00\x00\x10\x00\x80\x10\x04\x00\xff\x0b\x08\x0c\x04\x03\x02",
	"\x02\x04\x00\x00\x00\x10\x00\x80\x10\x00\xff\x0b\x08\x0c",
	"\x03\x04\x00\x05\x03\x10\x00\xff\x10\x80\xff\x09\x09\x01\x09\x0c\x0a\x11",
}

// modelFor reads a script's options.
func modelFor[K shard.Key](t *testing.T, s *script, keys keyspace[K]) *model[K] {
	o, inPlace := cacheOptions[K](s)
	return newModel(t, o, keys, inPlace)
}

// cacheOptions reads options that New accepts, and whether values are to be changed in place.
func cacheOptions[K shard.Key](s *script) (o shard.Options[K, payload], inPlace bool) {
	bound, flags := s.below(5), s.byte()
	o = shard.Options[K, payload]{
		DefaultTTL:   choose(s, 0, 50*time.Millisecond, time.Second, shard.Forever),
		Tick:         choose(s, 0, time.Microsecond, 7*time.Millisecond, time.Minute),
		ExactExpiry:  flags&1 != 0,
		DisableStats: flags&2 != 0,
		Segments:     1 << (flags >> 2 & 3),
	}
	switch bound {
	case 0:
		o.MaximumSize = 256
	case 1:
		o.MaximumSize = o.Segments + s.below(64)
	case 3:
		o.MaximumSize = o.Segments + s.below(64)
		fallthrough
	case 2:
		o.MaximumCost = int64(o.Segments + s.size())
		o.Cost = func(_ K, value payload) int64 { return value.cost }
	default:
		o.Unbounded = true
		o.InitialSize = s.size()
	}
	if flags&0x40 != 0 && o.Cost == nil {
		o.Segments = 0
	}
	return o, flags&0x80 != 0 && o.Cost == nil
}

// play runs the script's operations, and checks the accounts after each.
func play[K shard.Key](s *script, m *model[K]) {
	for range maxOperations {
		if !s.more() || m.t.Failed() {
			break
		}
		m.goOn()
		m.step(s)
		m.check()
	}
	m.close()
}

func (m *model[K]) step(s *script) {
	switch op := s.below(20); op {
	case 0, 1:
		m.set(s)
	case 2:
		m.setIfAbsent(s)
	case 3:
		m.compute(s)
	case 4:
		m.setTTL(s)
	case 5:
		m.delete(s)
	case 6, 7:
		m.get(s)
	case 8:
		m.ttl(s)
	case 9:
		m.iterate(s)
	case 10:
		m.removeWhileIterating()
	case 11, 12:
		m.sleep(s)
	case 13:
		m.clear(s)
	case 14:
		m.resize(s)
	case 15:
		m.resizeCost(s)
	case 16, 17:
		m.burst(s)
	default:
		m.setPlainly(s)
	}
}

func drawTTL(s *script) time.Duration {
	switch shape, scale := s.below(8), s.byte(); shape {
	case 0:
		return time.Duration(scale)
	case 1:
		return time.Duration(scale) * time.Microsecond
	case 2, 3:
		return time.Duration(scale) * time.Millisecond
	case 4:
		return time.Duration(scale) * time.Hour
	case 5:
		return shard.Forever - time.Duration(scale)
	case 6:
		return -time.Duration(scale)
	default:
		return 0
	}
}

// drawCost is sometimes too much, and sometimes less than nothing.
func drawCost(s *script) int64 {
	if shape := s.byte(); shape < 240 {
		return int64(shape % 32)
	}
	return s.integer()
}

func (m *model[K]) setPlainly(s *script) {
	key, value := m.keys.draw(s), m.fresh(1)
	m.wrote(key, value, 0, m.cache.Set(key, value))
}

func (m *model[K]) set(s *script) {
	key, value, ttl := m.keys.draw(s), m.fresh(drawCost(s)), drawTTL(s)
	m.wrote(key, value, ttl, m.cache.SetWithTTL(key, value, ttl))
}

func (m *model[K]) setIfAbsent(s *script) {
	key, value := m.keys.draw(s), m.fresh(drawCost(s))
	actual, set := m.cache.SetIfAbsent(key, value)
	if !set && actual != value {
		m.read(key, actual, true)
		return
	}
	synctest.Wait()
	if e, there := m.present[key]; there {
		m.t.Fatalf("SetIfAbsent(%v) passed by %+v", key, e)
	}
	m.wrote(key, value, 0, set)
}

func (m *model[K]) compute(s *script) {
	key, value := m.keys.draw(s), m.fresh(drawCost(s))
	op := choose(s, shard.Keep, shard.Write, shard.Remove)
	var before payload
	var had bool
	actual, ok := m.cache.Compute(key, func(old payload, found bool) (payload, shard.Op) {
		m.read(key, old, found)
		before, had = old, found
		return value, op
	})
	switch op {
	case shard.Keep:
		if ok != had || ok && actual != before {
			m.t.Fatalf("Compute that keeps gave %v (%v) where f saw %v (%v)", actual, ok, before, had)
		}
	case shard.Remove:
		synctest.Wait()
		if _, there := m.present[key]; ok || there {
			m.t.Fatalf("Compute that removes left a value at key %v (%v)", key, ok)
		}
	default:
		if ok && actual != value {
			m.t.Fatalf("Compute that writes %v gave %v", value, actual)
		}
		m.wrote(key, value, 0, ok)
	}
}

func (m *model[K]) setTTL(s *script) {
	key, ttl := m.keys.draw(s), drawTTL(s)
	ok := m.cache.SetTTL(key, ttl)
	synctest.Wait()
	if ttl < 0 || m.closed {
		m.want.Refusals++
		if ok {
			m.t.Fatalf("SetTTL(%v) was accepted", ttl)
		}
		return
	}
	e := m.present[key]
	m.read(key, e.value, ok)
	if ok {
		e.deadlineNanos = m.deadlineAfter(ttl)
		m.present[key] = e
	}
}

func (m *model[K]) delete(s *script) {
	key := m.keys.draw(s)
	e, there := m.present[key]
	old, ok := m.cache.Delete(key)
	synctest.Wait()
	if ok && (!there || old != e.value || m.overdue(e)) || !ok && there && !m.expired(e) {
		m.t.Fatalf("Delete(%v) = %v (%v); the model had %+v (%v)", key, old, ok, e, there)
	}
	if e, there := m.present[key]; there {
		m.t.Fatalf("Delete(%v) did not report %+v", key, e)
	}
}

func (m *model[K]) get(s *script) {
	key := m.keys.draw(s)
	got, ok := m.cache.Get(key)
	m.counted(key, got, ok)
}

func (m *model[K]) ttl(s *script) {
	key := m.keys.draw(s)
	e := m.present[key]
	got, ok := m.cache.TTL(key)
	m.read(key, e.value, ok)
	want := max(time.Duration(e.deadlineNanos-m.nowNanos()), 0)
	if e.deadlineNanos == shard.Forever.Nanoseconds() {
		want = shard.Forever
	}
	if ok && got != want {
		m.t.Fatalf("TTL(%v) is %v, want %v", key, got, want)
	}
}

func (m *model[K]) iterate(s *script) {
	iterator := choose(s, m.cache.All, m.cache.Hottest, m.cache.Coldest)
	found := make(map[K]payload)
	for key, value := range iterator() {
		if _, again := found[key]; again {
			m.t.Fatalf("an iterator visited key %v twice", key)
		}
		found[key] = value
	}
	m.visited(found)
	most := s.below(4)
	seen := 0
	for range m.cache.Keys() {
		if seen++; seen > most {
			break
		}
	}
	for range m.cache.Values() {
		seen--
	}
	if seen > len(m.present) || seen > most+1 {
		m.t.Fatalf("Keys and Values visited %d entries more and less", seen)
	}
}

func (m *model[K]) removeWhileIterating() {
	for key := range m.cache.Keys() {
		m.cache.Delete(key)
	}
	synctest.Wait()
	for key, e := range m.present {
		if !m.expired(e) {
			m.t.Fatalf("key %v was not visited, or not deleted", key)
		}
	}
}

func (m *model[K]) sleep(s *script) {
	time.Sleep(time.Duration(s.byte()) << (s.byte() % 40))
	synctest.Wait()
}

// clear is Clear, and once in a while Close.
func (m *model[K]) clear(s *script) {
	if s.byte() < 16 {
		m.close()
		return
	}
	m.cache.Clear()
	synctest.Wait()
	if len(m.present) > 0 {
		m.t.Fatalf("Clear left %d values", len(m.present))
	}
}

func (m *model[K]) resize(s *script) {
	size := s.below(128)
	accepted := size > 0 && m.options.MaximumSize > 0
	if accepted {
		m.options.MaximumSize = size
		m.roomy = false
	}
	if err := m.cache.Resize(size); (err == nil) != accepted {
		m.t.Fatalf("Resize(%d): %v", size, err)
	}
}

func (m *model[K]) resizeCost(s *script) {
	cost := int64(s.size())
	accepted := cost > 0 && m.options.MaximumCost > 0
	if accepted {
		m.options.MaximumCost = cost
	}
	if err := m.cache.ResizeCost(cost); (err == nil) != accepted {
		m.t.Fatalf("ResizeCost(%d): %v", cost, err)
	}
}

// burst writes or reads keys in a row: it fills a cache, and makes tables grow,
// with three bytes of script.
func (m *model[K]) burst(s *script) {
	first, count, reads := s.below(256), s.below(64), s.bool()
	for i := range count {
		key := m.keys.keys[(first+i)%len(m.keys.keys)]
		if reads {
			got, ok := m.cache.Get(key)
			m.counted(key, got, ok)
			continue
		}
		value := m.fresh(1)
		m.wrote(key, value, 0, m.cache.Set(key, value))
	}
}
