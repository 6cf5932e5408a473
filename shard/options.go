package shard

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"time"
)

// ErrOptions is what New returns, wrapped around every fault it found.
var ErrOptions = errors.New("shard: bad options")

// Forever is a TTL without end. Use it for an entry that is to outlive the
// default TTL.
const Forever = time.Duration(math.MaxInt64)

// Options say what a cache may hold. Say how it is bounded, by MaximumSize, by
// MaximumCost or by both, or that it is Unbounded; everything else has a default
// that works.
type Options[K Key, V any] struct {
	// MaximumSize is the most entries the cache holds: exactly so many when
	// nothing else is going on, and at any moment not more than 1/32 of it
	// plus 4 (at the most 1,024) over it, plus one for each goroutine that is
	// inside a write. Zero means no such bound.
	MaximumSize int

	// MaximumCost bounds the sum of what Cost says of each entry, in Cost's own
	// unit: exactly when nothing else is going on, and at any moment to 1/32
	// over it, plus one entry for each goroutine that is inside a write. At most
	// 2^60; zero means no such bound.
	MaximumCost int64

	// Cost is an entry's cost, from 0 up. It is called once for every write, on
	// the writer's goroutine, before anything has changed. An entry that costs
	// less than 0, or more than MaximumCost divided by Segments, is refused.
	Cost func(key K, value V) int64

	// Unbounded says that the cache is meant to grow without limit.
	Unbounded bool

	// InitialSize is how many entries to make room for at the start; a cache
	// with a MaximumSize makes room for all of them whatever it says. More than
	// 2^24 are made room for as they come.
	InitialSize int

	// DefaultTTL is how long entries live that are written without a TTL. Zero
	// means Forever.
	DefaultTTL time.Duration

	// Tick is how precise expiry is: an entry is gone at the latest one tick,
	// and the scheduler's delay, after its deadline, and never before. From 1 µs
	// to 1 minute; zero means 1 ms.
	Tick time.Duration

	// ExactExpiry makes every Get of an entry with a TTL read the machine's
	// clock, so that expiry is exact to the nanosecond, at the price of that
	// reading (20 to 40 ns) and of a slower path for every Get.
	ExactExpiry bool

	// Segments is how many independent parts the cache has: a power of two, at
	// most 65,536 and at most MaximumSize. Zero chooses by the number of cores
	// and the maximum. More segments scale to more cores; fewer than 256 entries
	// in each cost hit ratio.
	Segments int

	// DisableStats turns Stats off. The policy is then not told where a plain LRU would do
	// better, which it reads off them; everything else stays as it is.
	DisableStats bool

	// OnRemoval is called exactly once for every value that leaves the cache,
	// and why, after it has left. It runs on the goroutine that removed it,
	// which may be any that writes, or the manager's: it must be quick, and must
	// not write new keys to a full cache, which would remove others in turn. A
	// panic in it reaches whoever that goroutine works for.
	OnRemoval func(key K, value V, cause Cause)
}

const (
	defaultTick = time.Millisecond
	minTick     = time.Microsecond
	maxTick     = time.Minute
	maxSegments = 1 << 16

	// maxMaximumCost leaves room for sums above the maximum.
	maxMaximumCost = 1 << 60

	// maxInitialEntries is for how many entries room is made at the start; a
	// larger cache grows.
	maxInitialEntries = 1 << 24

	// entriesPerSegment is the fewest that a segment has by default: twice what
	// its policy needs not to fall behind one for the whole.
	entriesPerSegment = 512

	// costPerSegment is the least share of the maximum cost that a segment is
	// left with by default, since no entry may cost more.
	costPerSegment = 1 << 20

	// segmentsPerCore keeps two cores out of one segment most of the time.
	segmentsPerCore = 8

	// roomyEntries is up to which size a cache gets twice the buckets. A Get then meets a node
	// that is not its own half as often, which takes a tenth off it; and the MiB at most
	// that it takes in all is no matter. Of larger caches memory is asked first.
	roomyEntries = 1 << 16

	// initialBuckets is the size of a table with an unknown future.
	initialBuckets = 64
)

// validate reports every fault at once.
func (o *Options[K, V]) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.MaximumSize < 0, "MaximumSize is %d; want a number from 1 up, or 0 for no such bound", o.MaximumSize)
	fault(o.MaximumCost < 0 || o.MaximumCost > maxMaximumCost, "MaximumCost is %d; want a number from 1 to 2^60, or 0 for no such bound", o.MaximumCost)
	fault(o.MaximumCost > 0 && o.Cost == nil, "MaximumCost is %d but Cost is nil; want a function that says what an entry costs", o.MaximumCost)
	fault(o.MaximumCost == 0 && o.Cost != nil, "Cost is given but MaximumCost is 0; want both or neither")
	bounded := o.MaximumSize != 0 || o.MaximumCost != 0
	fault(!bounded && !o.Unbounded, "neither MaximumSize nor MaximumCost is given; want one of them, or Unbounded: true if the cache may grow without limit")
	fault(bounded && o.Unbounded, "Unbounded is true although MaximumSize is %d and MaximumCost %d; want one or the other", o.MaximumSize, o.MaximumCost)
	fault(o.InitialSize < 0, "InitialSize is %d; want a number from 0 up", o.InitialSize)
	fault(o.DefaultTTL < 0, "DefaultTTL is %v; want a positive duration, or 0 for no default", o.DefaultTTL)
	fault(o.Tick != 0 && (o.Tick < minTick || o.Tick > maxTick), "Tick is %v; want %v to %v, or 0 for %v", o.Tick, minTick, maxTick, defaultTick)
	fault(o.Segments < 0 || o.Segments > maxSegments || bits.OnesCount(uint(o.Segments)) > 1,
		"Segments is %d; want a power of two from 1 to %d, or 0 to have it chosen", o.Segments, maxSegments)
	fault(o.MaximumSize > 0 && o.Segments > o.MaximumSize, "Segments is %d but MaximumSize only %d; want at least one entry a segment", o.Segments, o.MaximumSize)
	fault(o.MaximumCost > 0 && int64(o.Segments) > o.MaximumCost, "Segments is %d but MaximumCost only %d; want a cost of at least 1 a segment", o.Segments, o.MaximumCost)
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
}

// segments returns how many segments to make.
func (o *Options[K, V]) segments() int {
	if o.Segments > 0 {
		return o.Segments
	}
	n := ceilPower(segmentsPerCore * runtime.GOMAXPROCS(0))
	for n > 1 && o.MaximumSize > 0 && o.MaximumSize/n < entriesPerSegment {
		n /= 2
	}
	for n > 1 && o.MaximumCost > 0 && o.MaximumCost/int64(n) < costPerSegment {
		n /= 2
	}
	return min(n, maxSegments)
}

// buckets returns how large each segment's first table is.
func (o *Options[K, V]) buckets(segments int) int {
	entries := min(max(o.MaximumSize, o.InitialSize), maxInitialEntries)
	if entries == 0 {
		return initialBuckets
	}
	share := (entries + segments - 1) / segments
	buckets := ceilPower(share + share/3) // a load of 3/8 to 3/4: chains are short
	if entries <= roomyEntries {
		buckets *= 2
	}
	return buckets
}

// shape returns what kind of word values are that change in place. Where entries have a cost,
// that must change with the value.
func (o *Options[K, V]) shape() wordShape {
	if o.Cost != nil {
		return noWord
	}
	return shapeOfWord[V]()
}

func (o *Options[K, V]) tick() time.Duration {
	if o.Tick == 0 {
		return defaultTick
	}
	return o.Tick
}

// ceilPower returns the smallest power of two that is not below n.
func ceilPower(n int) int {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len(uint(n-1))
}
