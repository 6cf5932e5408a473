package warm

import (
	"testing"

	"pgregory.net/rapid"
)

func TestRecentKeepsWhatWasUsedLast(t *testing.T) {
	r := newRecent[string, int](2)
	r.put("a", 1)
	r.put("b", 2)
	if v, ok := r.get("a"); !ok || v != 1 {
		t.Fatalf("a is %d, %v", v, ok)
	}
	r.peek("b") // does not count as use
	r.put("c", 3)
	if _, ok := r.peek("b"); ok {
		t.Error("b was used longest ago and is still there")
	}
	r.put("a", 4)
	if v, _ := r.peek("a"); v != 4 || r.len() != 2 {
		t.Errorf("a is %d among %d, want 4 among 2", v, r.len())
	}
	if !r.remove("a") || r.remove("a") {
		t.Error("a can be removed once")
	}
	if _, ok := r.get("a"); ok {
		t.Error("a was removed and is still there")
	}
}

func TestRecentIsAnLRU(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		r := newRecent[int, int](limit)
		var order []int // most recently used last
		touch := func(key int) {
			for i, k := range order {
				if k == key {
					order = append(order[:i], order[i+1:]...)
					break
				}
			}
			order = append(order, key)
		}
		for step, key := range rapid.SliceOfN(rapid.IntRange(0, 8), 0, 60).Draw(t, "keys") {
			if _, ok := r.get(key); ok || step%2 == 0 {
				touch(key)
			}
			if step%2 == 0 {
				r.put(key, step)
			}
			order = order[max(0, len(order)-limit):]
			if r.len() != len(order) {
				t.Fatalf("%d entries, want %d", r.len(), len(order))
			}
			for _, k := range order {
				if _, ok := r.peek(k); !ok {
					t.Fatalf("%d is missing from %v", k, order)
				}
			}
		}
	})
}
