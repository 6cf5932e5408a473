package shard

// ghosts tell which part of a segment would do more with a few more entries: the
// window or the main space. Both are answered by remembering, for a small share
// of the entries, what the part would hold if it were larger by that share:
//
//	window ──► the last that left it and lost           a FIFO, as the window is
//	main   ──► of all that lost, the most frequent      by contest, as the main is
//
// A miss on one of the first is a hit that a larger window would have had, and a
// miss on one of the second is a hit that a larger main space would have had.
// Both are counted on the same accesses, so the difference is a gradient that has
// no noise in it from the work's own ups and downs; see balance for what is done
// with it.
//
// Both are tables that a hash has one place in, so that asking and remembering are
// one cache miss each. It belongs to the segment's owner.
//
// Rejected: hill climbing, which compares the hit ratio of one period with that of
// the next, and takes the work's changes for its own doing (1.5 points of hit
// ratio on the mean of the traces); ghosts as long as the cache, after ARC (in a
// loop that does not fit, every miss then asks for a larger window that does not
// help); the last victims of the main space as its ghosts (in a loop nobody loses
// a contest, so nobody asks for the main space that the loop needs).
type ghosts struct {
	// gone is what left the window and lost. Its tables are twice as large as what
	// counts, so that most of it is not overwritten too early.
	gone []ghost
	// exits counts what left the window and lost; a ghost is remembered for as many
	// exits as there are losers.
	exits uint32

	// losers are hashes. INVARIANT: its length is zero or a power of two.
	losers []uint32
}

// ghost is a hash, and the exits when it left.
type ghost struct{ hash, exit uint32 }

const (
	// ghostShare of the entries, or up to twice as much, are remembered for each
	// part. From 5 to 20 % the traces don't care.
	ghostShare = 16

	minGhosts = 4
)

// ensure makes room for the ghosts of so many entries, and forgets those so far
// where it has to grow.
func (g *ghosts) ensure(entries int) {
	if want := max(entries/ghostShare, minGhosts); want > len(g.losers) {
		size := ceilPower(want)
		g.losers = make([]uint32, size)
		g.gone = make([]ghost, 2*size)
	}
}

// ask returns +1 where a larger window would have held the hash, −1 where a larger
// main space would have, and 0 where neither or both.
func (g *ghosts) ask(hash uint32) (verdict int) {
	if len(g.losers) == 0 {
		return 0
	}
	if left := g.gone[hash&uint32(len(g.gone)-1)]; left.hash == hash && g.exits-left.exit < uint32(len(g.losers)) {
		verdict++
	}
	if g.losers[hash&uint32(len(g.losers)-1)] == hash {
		verdict--
	}
	return verdict
}

// leave remembers a hash that was evicted as it left the window.
func (g *ghosts) leave(hash uint32) {
	g.exits++
	g.gone[hash&uint32(len(g.gone)-1)] = ghost{hash, g.exits}
}

// lose remembers a hash that was evicted, if it is more frequent than who is in its
// place.
func (g *ghosts) lose(hash uint32, k *sketch) {
	place := &g.losers[hash&uint32(len(g.losers)-1)]
	if *place != hash && k.estimate(hash) > k.estimate(*place) {
		*place = hash
	}
}
