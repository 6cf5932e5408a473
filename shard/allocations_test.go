package shard

import (
	"strconv"
	"testing"
	"time"
	"unsafe"
)

func TestAllocations(t *testing.T) {
	for name, o := range map[string]Options[string, int]{
		"plain": {MaximumSize: 1000},
		"ttl":   {MaximumSize: 1000, DefaultTTL: time.Hour},
		"cost":  {MaximumCost: 1000, Cost: func(string, int) int64 { return 1 }, DefaultTTL: time.Hour},
	} {
		c := newChecked(t, o)
		keys := make([]string, 30_000)
		for i := range keys {
			keys[i] = "key " + strconv.Itoa(i)
			if i < 5000 {
				c.Set(keys[i], i)
			}
		}
		c.Set("here", 1)
		next := 5000
		insert, update := 1.0, 1.0 // a node with its first cell; a cell
		if o.Cost != nil {
			insert = 2
		}
		if c.plain && c.shape != noWord {
			update = 0
		}
		for _, op := range []struct {
			name string
			want float64
			run  func()
		}{
			{"Get", 0, func() { c.Get("here") }},
			{"Get of nothing", 0, func() { c.Get("nowhere") }},
			{"GetQuietly", 0, func() { c.GetQuietly("here") }},
			{"TTL", 0, func() { c.TTL("here") }},
			{"update", update, func() { c.Set("here", 2) }},
			{"update that shortens", 1, func() { c.SetWithTTL("here", 2, time.Minute) }},
			{"insert", insert, func() { c.Set(keys[next], 3); next++ }},
			{"Delete", 0, func() { c.Delete(keys[next-1]) }},
		} {
			if got := testing.AllocsPerRun(2000, op.run); got > op.want {
				t.Errorf("%s: %s allocates %v times, want at most %v", name, op.name, got, op.want)
			}
		}
	}
}

func TestNodeAndItsCellFillOneCacheLine(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // the sizes are those of 64-bit machines
	}
	if got := unsafe.Sizeof(newborn[string, int]{}); got != 64 {
		t.Errorf("a node with a string key and its first cell have %d bytes, want 64", got)
	}
	if got := unsafe.Sizeof(timedNewborn[string, int]{}); got != 80 {
		t.Errorf("with a place in the wheel they have %d bytes, want 80", got)
	}
	if got := unsafe.Sizeof(cell[int]{}); got != 16 {
		t.Errorf("a cell with an int has %d bytes, want 16", got)
	}
	if got := unsafe.Sizeof(stripe{}); got != 128 {
		t.Errorf("a stripe has %d bytes, want 128", got)
	}
	if got := unsafe.Offsetof(stripe{}.shared); got != 64 {
		t.Errorf("what is shared begins at byte %d of a stripe, on the line of its owner", got)
	}
	var s segment[string, int]
	if offset := unsafe.Offsetof(s.owner); offset < 64 {
		t.Errorf("what writers write begins at byte %d, on the line that readers read", offset)
	}
}
