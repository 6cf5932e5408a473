package shard

import "math"

// rival tells when a plain LRU of the segment's size would do better than the policy does,
// without keeping one.
//
// The problem: the ghosts say which way the window's share should move by a little. Work whose
// keys come again only after most of the cache has been asked for something else gives them
// nothing to say: a window a little larger would not hold such keys either. And where such work
// follows work that made other keys famous, main space keeps the famous for as long as they are
// remembered, although nobody asks for them any more.
//
// An entry that was inserted, was evicted and is inserted again within as many accesses as there
// are entries is a hit that LRU would have had: fewer keys than it holds were asked for
// in between. LRU would also have had the hits in the window, which come sooner yet. So it
// would have done better where
//
//	such returns + hits in the window  >  all hits
//
// which is counted over rounds of some inserts, on a sample of the hashes. What can't be seen of that
// speaks for the policy: hits that both have, a key that was hit after it was inserted and
// so came back sooner than it seems, travellers that were overwritten.
//
// Accepted: an owner sees inserts and not hits, so how many accesses lie between two inserts is
// the cache's mean of the round before, and the sum stands for a sample: where the hits of one segment
// or round differ much from that, LRU may be taken to be better when it is not. Then the ghosts
// bring the window back.
//
// In a loop that does not fit nothing returns in time, so there LRU is never taken to be
// better. See balance.yield for what follows.
//
// Rejected: an LRU of keys in the shadow, of all keys (memory, and a store for each hit) or a
// sample of them (in a loop just larger than the cache the sample may fit where the loop
// doesn't). See docs/decisions.md.
//
// It belongs to the segment's owner, and takes one to two bytes an entry.
type rival struct {
	// seen has one place for each hash. INVARIANT: its length is zero or a power of two.
	seen []traveller
	// sampled: hashes up to it are looked at.
	sampled uint32

	inserts uint32 // of all hashes; it may wrap
	// horizon is how many inserts there are among as many accesses as there are entries, if hits
	// come as they did in the last round. In the first it is zero.
	horizon uint32

	// The round under way.
	began      uint32 // inserts at its beginning
	returns    uint32
	windowHits uint32
	before     Stats // at its beginning
}

// traveller is a key that was inserted.
type traveller struct {
	hash   uint32
	insert uint32 // when it was, as rival.inserts counts
	// untilNanos is how long LRU would have had it: since it was evicted its deadline, and
	// goneNanos before. Whatever else removed it would have removed it from LRU too.
	untilNanos int64
}

const goneNanos = math.MinInt64

const (
	// One in travellerShare hashes is sampled, but never fewer than leastTravellers of as many
	// as there are entries. There are two places for each of them.
	travellerShare  = 32
	leastTravellers = 128

	// A round is roundShare inserts an entry, and not less than leastRound. One in which fewer
	// than leastReturns were seen says nothing.
	roundShare   = 2
	leastRound   = 1024
	leastReturns = 8
)

// ensure makes room for the travellers of so many entries, and begins anew where it has to
// grow.
func (r *rival) ensure(entries int) {
	travellers := max(entries/travellerShare, min(entries, leastTravellers), 1)
	if 2*travellers <= len(r.seen) {
		return
	}
	r.seen = make([]traveller, ceilPower(2*travellers))
	r.sampled = uint32(min(float64(travellers)/float64(entries), 1) * math.MaxUint32)
	r.horizon, r.began, r.returns, r.windowHits = 0, r.inserts, 0, 0
}

func (r *rival) samples(hash uint32) bool { return hash <= r.sampled && len(r.seen) > 0 }

// inserted takes note of an insert.
func (r *rival) inserted(hash uint32, now int64) {
	r.inserts++
	if !r.samples(hash) {
		return
	}
	at := &r.seen[hash&uint32(len(r.seen)-1)]
	if at.hash == hash && at.untilNanos > now && r.inserts-at.insert <= r.horizon {
		r.returns++
	}
	*at = traveller{hash: hash, insert: r.inserts, untilNanos: goneNanos}
}

// evicted takes note of an eviction of what is sampled.
func (r *rival) evicted(hash uint32, deadlineNanos int64) {
	if at := &r.seen[hash&uint32(len(r.seen)-1)]; at.hash == hash {
		at.untilNanos = deadlineNanos
	}
}

// roundIsOver reports whether it is time to judge.
func (r *rival) roundIsOver(entries int) bool {
	return r.inserts-r.began >= uint32(max(roundShare*entries, leastRound))
}

// judge ends a round, and reports whether LRU would have done better in it. The statistics are
// those of the whole cache, of which a segment is taken to have its share.
func (r *rival) judge(now Stats, entries int) (better bool) {
	round := now.Minus(r.before)
	hitsAnInsert := float64(round.Hits) / float64(max(round.Inserts, 1))
	hits := hitsAnInsert * float64(r.inserts-r.began)
	returns := float64(r.returns) * math.MaxUint32 / float64(max(r.sampled, 1))
	better = r.returns >= leastReturns && returns+float64(r.windowHits) > hits
	r.horizon = uint32(float64(entries) / (1 + hitsAnInsert))
	r.began, r.returns, r.windowHits, r.before = r.inserts, 0, 0, now
	return better
}
