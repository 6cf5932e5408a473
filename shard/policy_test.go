package shard

import (
	"math"
	"testing"
)

func TestSketchEstimates(t *testing.T) {
	var k sketch
	k.init(1000)
	for hash := range uint32(500) {
		k.add(hash, hash%10)
	}
	wrong := 0
	for hash := range uint32(500) {
		got := k.estimate(hash)
		if got < hash%10 {
			t.Fatalf("hash %d was seen %d times and is estimated at %d: too low", hash, hash%10, got)
		}
		if got != hash%10 {
			wrong++
		}
	}
	if wrong > 25 {
		t.Errorf("%d of 500 estimates are too high", wrong)
	}
	k.add(7, 100)
	if got := k.estimate(7); got != maxCount+1 {
		t.Errorf("an estimate past the end of its counter is %d, want %d", got, maxCount+1)
	}
}

func TestSketchForgets(t *testing.T) {
	var k sketch
	k.init(64)
	k.add(1, 9)
	before := k.estimate(1)
	for hash := uint32(1000); k.estimate(1) == before && hash < 100_000; hash++ {
		k.add(hash, 1)
	}
	if got := k.estimate(1); got > before/2+1 {
		t.Errorf("after a sample the estimate went from %d to %d, want half", before, got)
	}
}

func TestSketchGrowsWithoutForgetting(t *testing.T) {
	var k sketch
	k.init(64)
	for hash := range uint32(50) {
		k.add(hash, 5)
	}
	k.ensure(1000)
	if k.capacity < 1000 {
		t.Fatalf("capacity %d, want at least 1000", k.capacity)
	}
	for hash := range uint32(50) {
		if got := k.estimate(hash); got < 4 { // the doorkeeper alone starts over
			t.Fatalf("hash %d is estimated at %d after growth, want 4 or more", hash, got)
		}
	}
}

// fed lets a climber see samples in which the hit ratio is a function of the
// window's share.
func fed(m *climber, samples int, ratio func(share float64) float64) {
	var now lookups
	for range samples {
		hits := uint64(ratio(m.windowShare()) * minSample)
		now.hits += hits
		now.misses += minSample - hits
		m.consider(now, 1)
	}
}

func TestClimberFindsThePeak(t *testing.T) {
	for _, peak := range []float64{minShare, 0.3, 0.6, maxShare} {
		var m climber
		m.init()
		fed(&m, 300, func(share float64) float64 { return 0.9 - math.Abs(share-peak)/2 })
		if got := m.windowShare(); math.Abs(got-peak) > 0.1 {
			t.Errorf("the window's share is %.2f, and %.2f is best", got, peak)
		}
	}
}

func TestClimberStaysInBounds(t *testing.T) {
	for _, ratio := range []func(float64) float64{
		func(share float64) float64 { return share },
		func(share float64) float64 { return 1 - share },
	} {
		var m climber
		m.init()
		fed(&m, 200, func(share float64) float64 {
			if share < minShare || share > maxShare {
				t.Errorf("the window's share is %v", share)
			}
			return ratio(share)
		})
	}
}

func TestClimberWaitsForASample(t *testing.T) {
	var m climber
	m.init()
	for i := range uint64(100) {
		m.consider(lookups{hits: i}, 10)
	}
	if m.measured {
		t.Error("the climber drew a conclusion from 100 accesses")
	}
	m.busy.Store(true)
	m.consider(lookups{hits: 1 << 20}, 10)
	if m.measured {
		t.Error("two goroutines climb at once")
	}
}

func TestQueue(t *testing.T) {
	var q queue[int, int]
	nodes := make([]*node[int, int], 5)
	for i := range nodes {
		nodes[i] = &node[int, int]{key: i}
		q.push(nodes[i])
	}
	q.swept = nodes[1]
	q.remove(nodes[1], nodes[2])
	q.remove(nodes[0], nodes[1])
	if q.swept != nodes[0] || q.unswept() != nodes[3] {
		t.Error("the sweep lost its place when what it had passed was removed")
	}
	q.remove(nodes[3], nodes[4])
	q.replace(nodes[0], nodes[3], nodes[1])
	q.pushFront(nodes[4])
	var keys []int
	for n := q.pop(); n != nil; n = q.pop() {
		keys = append(keys, n.key)
	}
	if len(keys) != 3 || keys[0] != 4 || keys[1] != 0 || keys[2] != 1 {
		t.Errorf("popped %v, want [4 0 1]", keys)
	}
	if q.length != 0 || q.tail != nil || q.swept != nil {
		t.Errorf("an empty queue has length %d, tail %v, swept %v", q.length, q.tail, q.swept)
	}
	q.pushFront(nodes[0])
	if q.tail != nodes[0] {
		t.Error("the first node is not the last too")
	}
}
