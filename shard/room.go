package shard

// The number of entries in the cache is one number on one cache line, or a cache
// of N would not hold N keys exactly. If every insert added one and every eviction
// took one away, all cores would fight over that line. So a newcomer, which an owner
// admits without having announced it, is counted last: where the cache is full it takes
// the place of the entry that goes for it, and the line is only read.
//
// Whoever removes an entry takes one off the number, and need not know whether it
// was counted yet: so the number may be too low by one for each goroutine that is
// inside an insert.
//
// Rejected: a credit for each segment, of places that it may fill without asking. Near
// the maximum, which is where a cache lives, credits have to be called back from
// owners who may be away.

// makeRoom evicts one entry if the newest is one too many. In a full cache a
// newcomer takes the place of what it evicts, and the number stays as it is.
func (p *policy[K, V]) makeRoom() {
	if p.uncounted && p.segment.cache.full() && p.evictOne(nil) {
		return
	}
	p.count()
	p.evictSurplus()
}

// evictSurplus evicts one entry if there are too many.
//
// INVARIANT: it comes after each time that the number was raised, also for a newcomer
// that is gone. While that was not counted, there seemed to be a place too many, and
// somebody may have been let in for it who evicted nothing.
func (p *policy[K, V]) evictSurplus() {
	if p.segment.cache.overSize() && !p.evictOne(nil) {
		p.debt++
	}
}

// count adds the newcomer to the number of entries, if it is not among them.
func (p *policy[K, V]) count() {
	if p.uncounted {
		p.uncounted = false
		p.segment.cache.size.Add(1)
	}
}

// yieldPlace gives an evicted entry's place among the number of entries to the
// newcomer, or takes it away.
func (p *policy[K, V]) yieldPlace() {
	if p.uncounted {
		p.uncounted = false
		return
	}
	p.segment.cache.size.Add(-1)
}
