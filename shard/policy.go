package shard

// policy decides what stays: W-TinyLFU (Einziger, Friedman and Manes, "TinyLFU:
// A Highly Efficient Cache Admission Policy", ACM ToS 2017) over CLOCK queues.
//
//	new ─► window ──► candidate ─┐   ┌─► probation ──hit──► protected
//	        (FIFO)               ├───┤      │  ▲                │
//	              victim ◄───────┘   │      │  └──── no hit ────┘
//	          loser is evicted       │      └─► victim, at the head
//	                                 winner
//
// A new entry goes to the window, so it is there for the next Get, always. When
// the cache is full, the entry that leaves the window challenges the one at the
// head of probation, and the less frequent of the two goes, except where the
// window has grown so large that it says more to have been hit in there (see
// balance.favoursRecency). A hit does nothing
// but count in the node; the counter is read when the node comes to the head of
// its queue, and from there it feeds the sketch. So no hit ever moves a node,
// which is what makes hits cheap, and on traces it does better than exact
// recency lists that every access feeds.
//
// It belongs to the segment's owner. Every segment has its own; the size of the
// window, as a share, is the cache's (see balance).
//
// Rejected: ristretto's whole cache as the policy (about ten points of hit
// ratio on the traces, and it drops writes); S3-FIFO (no answer to frequency
// beyond its ghost queue); an exact share of the capacity for each segment (a
// cache of N would not hold N keys).
type policy[K Key, V any] struct {
	segment *segment[K, V]

	window    queue[K, V]
	probation queue[K, V]
	protected queue[K, V]

	sketch sketch
	ghosts ghosts
	rival  rival

	// debt counts entries that should have been evicted but were not found.
	debt int

	// uncounted: the entry that is being admitted is not yet among the cache's
	// number of entries. INVARIANT: false between turns.
	uncounted bool

	// sweeping says which queue the sweep is in, as a queue's number; zero
	// where none is under way.
	sweeping uint32

	// sweepTable is the segment's table as it was when the sweep began, if it
	// was not moving, and sweptTable that of the last whole sweep. Where
	// sweptTable is not the segment's table, the queues may hold nodes whose
	// entry stands elsewhere now.
	sweepTable, sweptTable *table[K, V]

	random uint64
}

// The queues' numbers, as node.state has them.
const (
	inWindow    = 1
	inProbation = 2
	inProtected = 3
)

const (
	// protectedShare of the main space is kept for entries hit on probation.
	protectedShare = 0.80

	// sweepFloor and sweepShare say how many dead nodes the queues may hold
	// before a sweep: so many, plus one for so many that live.
	sweepFloor = 32
	sweepShare = 4

	// scanLimit bounds the entries that one search for a victim, or one
	// demotion, gives another chance. Past it the head goes as it is.
	scanLimit = 64

	// luckyFrequency and luckyOdds let a warm candidate win against an equal or
	// better victim now and then, so that nobody can lock entries in by making
	// them collide in the sketch.
	luckyFrequency = 6
	luckyOdds      = 128

	// randomSeed may be anything but zero.
	randomSeed = 0x9e3779b97f4a7c15
)

func (p *policy[K, V]) init(s *segment[K, V]) {
	p.segment = s
	p.random = randomSeed
	if !s.cache.unbounded {
		p.sketch.init(minSketch)
	}
}

func (p *policy[K, V]) length() int {
	return p.window.length + p.probation.length + p.protected.length
}

// admit lets a new node into the window and, where that makes the cache too
// large, evicts one entry: not more, since other segments that overflow do
// the same for themselves. A newcomer is not among the cache's number of entries
// yet.
func (p *policy[K, V]) admit(n *node[K, V], newcomer bool) {
	s := p.segment
	p.uncounted = newcomer
	n, c := s.standing(n)
	if n == nil {
		p.count() // whoever removed it has taken it off
		p.evictSurplus()
		return
	}
	s.schedule(n, c)
	p.put(&p.window, inWindow, n)
	p.keepUp()
	if s.cache.unbounded {
		p.count()
		return
	}
	p.learn(n.hash)
	p.makeRoom()
	p.spill()
}

// learn takes note of a key that was missed.
func (p *policy[K, V]) learn(hash uint32) {
	if verdict := p.ghosts.ask(hash); verdict != 0 {
		c := p.segment.cache
		c.balance.move(verdict, c.Len())
	}
	p.sketch.ensure(p.length())
	p.sketch.add(hash, 1)
	p.watchRival(hash)
}

// watchRival takes note of a key that was missed for the comparison with LRU, which
// needs to know how many hits there are.
func (p *policy[K, V]) watchRival(hash uint32) {
	c := p.segment.cache
	if !c.stats.enabled() {
		return
	}
	p.rival.inserted(hash, c.manager.Now())
	if entries := p.length(); p.rival.roundIsOver(entries) && p.rival.judge(c.Stats(), entries) {
		c.balance.yield()
	}
}

// remember takes note of a key that was evicted, with that cell.
func (p *policy[K, V]) remember(hash uint32, last *cell[V], fromWindow bool) {
	p.ghosts.ensure(p.length())
	if fromWindow {
		p.ghosts.leave(hash)
	}
	p.ghosts.lose(hash, &p.sketch)
	if !p.segment.cache.stats.enabled() {
		return
	}
	if p.rival.ensure(p.length()); p.rival.samples(hash) {
		p.rival.evicted(hash, last.deadlineNanos)
	}
}

// settleDebt evicts what the cost of updates has made too much, and hands over
// how many entries this segment owes but could not find. The entry that an update
// has made costlier is spared: it must not push out itself.
func (p *policy[K, V]) settleDebt(spare *node[K, V]) (owed int) {
	for p.segment.cache.overCost() {
		if !p.evictOne(spare) {
			p.debt++
			break
		}
	}
	owed, p.debt = p.debt, 0
	return owed
}

// evictOne removes the entry that the cache can best do without, and is false
// where the segment has none but the newest and the one that is spared.
func (p *policy[K, V]) evictOne(spare *node[K, V]) bool {
	for p.length() > 1 {
		loser, fromWindow := p.loser()
		if loser == nil {
			continue
		}
		if loser.isFor(spare) {
			loser, fromWindow = p.instead(loser), false
		}
		if loser == nil {
			return false
		}
		if p.length() == 0 {
			p.put(&p.window, inWindow, loser)
			return false
		}
		if last := p.segment.evict(loser); last != nil {
			p.remember(loser.hash, last, fromWindow)
			return true
		}
	}
	return false
}

// loser takes the entry that is to go out of its queue, and says whether it was
// pushed out of the window. It is nil where all that it met was dead.
func (p *policy[K, V]) loser() (loser *node[K, V], fromWindow bool) {
	candidate, hit := p.candidate()
	victim := p.victim()
	if loser = p.contest(candidate, victim, hit); loser != nil {
		return loser, loser == candidate
	}
	return p.take(&p.window), true
}

// instead puts a spared entry back and takes another, or nil where there is none.
func (p *policy[K, V]) instead(spared *node[K, V]) (other *node[K, V]) {
	for _, q := range []*queue[K, V]{&p.probation, &p.window, &p.protected} {
		if other = p.take(q); other != nil {
			break
		}
	}
	p.put(&p.probation, inProbation, spared)
	return other
}

// surplus takes an entry out of a window that holds more than the limit, or nil.
// The newest entry always stays: the limit is at least one.
func (p *policy[K, V]) surplus(limit int) *node[K, V] {
	if p.window.length <= limit {
		return nil
	}
	n := p.take(&p.window)
	if n != nil && p.window.length < limit {
		p.window.pushFront(n) // what was over the share was dead
		p.mark(n, inWindow)
		return nil
	}
	return n
}

// candidate is the entry that a window over its share pushes out, or nil, and
// whether it was hit in there.
func (p *policy[K, V]) candidate() (n *node[K, V], hit bool) {
	n = p.surplus(p.windowTarget())
	if n == nil {
		return nil, false
	}
	hits := n.takeHits()
	p.sketch.add(n.hash, hits)
	p.rival.windowHits += hits
	return n, hits > 0
}

// victim is the first entry of probation without a hit since it was last looked
// at; those with one go on to protected.
func (p *policy[K, V]) victim() *node[K, V] {
	for range scanLimit {
		n := p.take(&p.probation)
		if n == nil {
			return p.take(&p.protected)
		}
		hits := n.takeHits()
		if hits == 0 {
			return n
		}
		p.sketch.add(n.hash, hits)
		p.put(&p.protected, inProtected, n)
		p.demote()
	}
	return p.take(&p.probation)
}

// contest returns the loser and puts the winner into probation: a candidate at
// the end, a victim back where it was.
func (p *policy[K, V]) contest(candidate, victim *node[K, V], hit bool) (loser *node[K, V]) {
	switch {
	case candidate == nil:
		return victim
	case victim == nil:
		return candidate
	case hit && p.segment.cache.balance.favoursRecency(), p.wins(candidate, victim):
		p.put(&p.probation, inProbation, candidate)
		return victim
	}
	p.probation.pushFront(victim)
	p.mark(victim, inProbation)
	return candidate
}

func (p *policy[K, V]) wins(candidate, victim *node[K, V]) bool {
	challenge := p.sketch.estimate(candidate.hash)
	if challenge > p.sketch.estimate(victim.hash) {
		return true
	}
	return challenge >= luckyFrequency && p.draw(luckyOdds)
}

// demote moves cold entries of protected back to probation until it is within
// its share.
func (p *policy[K, V]) demote() {
	for range scanLimit {
		if p.protected.length <= p.protectedTarget() {
			return
		}
		n := p.take(&p.protected)
		if n == nil {
			return
		}
		if hits := n.takeHits(); hits > 0 {
			p.sketch.add(n.hash, hits)
			p.put(&p.protected, inProtected, n)
			continue
		}
		p.put(&p.probation, inProbation, n)
	}
}

// spill lets what the window has over its share into probation uncontested:
// while the cache fills, and when the window shrinks. It tolerates one too many:
// the share of the entries before an eviction may be rounded to one more than
// that of the entries after it, and then each new entry would pass uncontested.
func (p *policy[K, V]) spill() {
	for range scanLimit {
		n := p.surplus(p.windowTarget() + 1)
		if n == nil {
			return
		}
		p.put(&p.probation, inProbation, n)
	}
}

func (p *policy[K, V]) windowTarget() int {
	return max(1, int(p.segment.cache.balance.share()*float64(p.length())))
}

func (p *policy[K, V]) protectedTarget() int {
	return int(protectedShare * float64(p.probation.length+p.protected.length))
}

// keepUp lets the table follow what it holds.
func (p *policy[K, V]) keepUp() {
	s := p.segment
	if t := s.table.Load(); p.length() > int(growthLoad*float64(len(t.heads))) {
		s.startGrowing(t)
	}
}

func (p *policy[K, V]) put(q *queue[K, V], number uint32, n *node[K, V]) {
	q.push(n)
	p.mark(n, number)
}

func (p *policy[K, V]) mark(n *node[K, V], number uint32) {
	for {
		before := n.state.Load()
		after := before&^queueMask | number<<queueShift
		if before == after || n.state.CompareAndSwap(before, after) {
			return
		}
	}
}

// take pops the first live entry, and drops the dead in front of it.
func (p *policy[K, V]) take(q *queue[K, V]) *node[K, V] {
	for n := q.pop(); n != nil; n = q.pop() {
		if n, _ := p.segment.standing(n); n != nil {
			return n
		}
	}
	return nil
}

// sweep goes through the queues in small steps, once there is reason to: it drops
// dead nodes, and puts the copies that a growth made in the place of what they
// are copies of. It reports whether it has further to go.
func (p *policy[K, V]) sweep() (more bool) {
	if p.sweeping == 0 {
		t := p.segment.table.Load()
		moved := t != p.sweptTable && t.next.Load() == nil
		tooMany := p.segment.husks.Load() > sweepFloor+int64(p.length()/sweepShare)
		if !moved && !tooMany {
			return false
		}
		p.beginSweep()
	}
	return p.sweepOn()
}

func (p *policy[K, V]) beginSweep() {
	p.sweeping, p.sweepTable = inWindow, p.sweptTable
	if t := p.segment.table.Load(); t.next.Load() == nil {
		p.sweepTable = t
	}
}

// sweepAll drops every dead node.
func (p *policy[K, V]) sweepAll() {
	for p.sweeping != 0 {
		p.sweepOn()
	}
	for p.beginSweep(); p.sweepOn(); {
	}
}

func (p *policy[K, V]) sweepOn() (more bool) {
	for range sweepsAtOnce {
		q := p.queue(p.sweeping)
		if n := q.unswept(); n != nil {
			p.sweepNode(q, n)
			continue
		}
		q.swept = nil
		if p.sweeping++; p.sweeping > inProtected {
			p.sweeping, p.sweptTable = 0, p.sweepTable
			return false
		}
	}
	return true
}

func (p *policy[K, V]) sweepNode(q *queue[K, V], n *node[K, V]) {
	before := q.swept
	if c := p.segment.cellOf(n); c != nil && !c.isSealed() {
		q.swept = n
		return
	}
	twin, _ := p.segment.standing(n)
	if twin == nil {
		q.remove(before, n)
		return
	}
	q.replace(before, n, twin)
	p.mark(twin, p.sweeping)
	q.swept = twin
}

func (p *policy[K, V]) queue(number uint32) *queue[K, V] {
	switch number {
	case inWindow:
		return &p.window
	case inProbation:
		return &p.probation
	default:
		return &p.protected
	}
}

// draw is true once in odds, by xorshift: chance here need not be unpredictable
// to be of use, only unrelated to the keys.
func (p *policy[K, V]) draw(odds uint64) bool {
	p.random ^= p.random << 13
	p.random ^= p.random >> 7
	p.random ^= p.random << 17
	return p.random%odds == 0
}
