package contest

import (
	"testing"
	"time"
)

func TestACellIsLeftOutExactlyWhereAFeatureIsMissing(t *testing.T) {
	plain := Task{Options: Options{Capacity: 100, EntryBytes: 50}}
	expiring := plain
	expiring.TTL = time.Second
	evicting := plain
	evicting.Evicts = true
	exact := evicting
	exact.EntryBounded = true
	for _, c := range []struct {
		name     string
		features Features
		task     Task
		lacks    bool
	}{
		{"a map reads", Features{Expiry: NoExpiry, Bound: NoBound}, plain, false},
		{"a map can't expire", Features{Expiry: NoExpiry, Bound: Entries}, expiring, true},
		{"one TTL for all will do", Features{Expiry: OneForAll, Bound: Entries}, expiring, false},
		{"a map can't evict", Features{Bound: NoBound}, evicting, true},
		{"bytes will do to evict", Features{Bound: Bytes, LeastBytes: 5000}, evicting, false},
		{"too small a capacity", Features{Bound: Bytes, LeastBytes: 5001}, evicting, true},
		{"too small a capacity, but all fits", Features{Bound: Bytes, LeastBytes: 5001}, plain, false},
		{"bytes are not exact", Features{Bound: Bytes}, exact, true},
		{"entries are exact", Features{Bound: Entries}, exact, false},
	} {
		if got := c.features.Lacks(c.task); (got != "") != c.lacks {
			t.Errorf("%s: Lacks says %q", c.name, got)
		}
	}
}
