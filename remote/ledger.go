package remote

import (
	"strconv"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// ledgerSlots is how many tags can be told apart at best. It is part of what
// instances agree on through Redis. 128 KiB here, up to 1.5 MB in Redis.
const ledgerSlots = 1 << 14

// ledger is this instance's copy of the ledger in Redis, which knows of every tag
// when it was last invalidated by any instance.
//
// The problem: an invalidation by tag concerns values in Redis that nobody can
// enumerate, values in the memory of instances that may not be reached now, and
// values that are being loaded, whose tags nobody knows yet. So an invalidation
// is only written down, in one place, with the next number of one counter, the
// epoch; and each value carries the epoch that its instance knew of when its load
// began. A value holds where none of its tags was invalidated in a later epoch:
// whoever reads it decides that by its own copy of the ledger, without another
// round trip. That is exact also for an instance that never heard of the
// invalidation while it happened, since it reads the whole ledger before it
// believes anything; and for a load that was under way, whichever instance runs
// it and however late it writes, since its epoch is that of its beginning.
//
// In Redis the ledger is one sorted set: the slots with the epoch of their last
// invalidation as the score, the counter "e", and "i", the incarnation, a number
// that is drawn when the ledger is made. Tags that hash alike share a slot, so it
// is bounded; an invalidation then ends too much, never too little. It is one
// key, so that it is there as a whole or not at all: where Redis lost or evicted
// it, or went back in time in a failover, there will be another with a
// higher incarnation, and values of another incarnation are refused altogether.
//
// Each invalidation is published with its epoch by the script that writes it. A
// number that is missing shows that something was not heard, and the ledger is
// read again.
//
// Rejected: a generation key for each tag. A value's tags would have to be known
// before its load begins; each read would be followed by reads of the tags' keys,
// spread over a cluster; and tags can be made of what clients say, so the keys
// would have to expire, which forgets invalidations. Rejected too: messages
// alone, which whoever is away doesn't hear.
type ledger struct {
	incarnation uint64 // INVARIANT: never changed.
	// epoch is the latest invalidation that is known of. INVARIANT: written by the
	// hub alone, and only once the slots of that epoch have been written. The slots
	// may be ahead of it.
	epoch atomic.Uint64
	slots [ledgerSlots]atomic.Uint64
	seed  string
}

func newLedger(incarnation uint64) *ledger {
	return &ledger{incarnation: incarnation, seed: strconv.FormatUint(incarnation, 36) + "/"}
}

// slot of a tag is the same on every instance that knows the incarnation.
func (l *ledger) slot(tag string) int {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(l.seed)
	_, _ = d.WriteString(tag)
	return int(d.Sum64() % ledgerSlots)
}

// now is the stamp of what begins to load now.
func (l *ledger) now() stamp {
	if l == nil {
		return stamp{}
	}
	return stamp{l.incarnation, l.epoch.Load()}
}

// outdates says whether one of the tags was invalidated after the epoch.
func (l *ledger) outdates(tags []string, since uint64) bool {
	for _, tag := range tags {
		if l.slots[l.slot(tag)].Load() > since {
			return true
		}
	}
	return false
}

// apply writes down an invalidation that was heard.
func (l *ledger) apply(epoch uint64, tags []string) {
	for _, tag := range tags {
		l.raise(l.slot(tag), epoch)
	}
	l.epoch.Store(epoch)
}

func (l *ledger) raise(slot int, epoch uint64) {
	s := &l.slots[slot]
	for old := s.Load(); old < epoch; old = s.Load() {
		if s.CompareAndSwap(old, epoch) {
			return
		}
	}
}
