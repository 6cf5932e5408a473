package shard

import "github.com/dgraph-io/ristretto/v2/z"

// sketch estimates how often a hash has been seen lately: TinyLFU as ristretto
// has it, with ristretto's Bloom filter as the doorkeeper. The first sighting of
// a hash only opens the door; further ones count in a count-min sketch of 4-bit
// counters, four rows to a hash (Cormode and Muthukrishnan, 2005). When as many
// have been counted as make a sample, all counters are halved and the door is
// shut again, so that old fame fades.
//
// An estimate is never too low within a sample; hashes that share counters can
// make it too high. It belongs to the segment's owner.
type sketch struct {
	door *z.Bloom

	// counters holds 16 counters a word.
	counters []uint64
	mask     uint64

	capacity int
	counted  int
	sample   int
}

const (
	// rows is how many counters a hash has.
	rows = 4

	// sampleFactor times the capacity is one sample.
	sampleFactor = 10

	// maxCount is what a 4-bit counter can hold; halfMask keeps what is left of
	// sixteen counters after a shift by one.
	maxCount = 15
	halfMask = 0x7777777777777777

	// doorErrors is the share of new hashes that the doorkeeper takes for old
	// when it has seen as many as the capacity.
	doorErrors = 0.01

	// countersPerEntry is how wide a row is, and doorPerEntry for how many hashes
	// the doorkeeper is made.
	countersPerEntry = 4
	doorPerEntry     = 4

	// minSketch keeps the sketches of tiny caches from colliding at once.
	minSketch = 64
)

func (k *sketch) init(capacity int) {
	k.capacity = minSketch
	for k.capacity < capacity {
		k.capacity *= 2
	}
	k.counters = make([]uint64, k.capacity*countersPerEntry*rows/16)
	k.reset()
}

// ensure doubles the sketch until it covers so many entries. Each half of the
// larger one starts as a copy of the smaller, so that no estimate changes.
func (k *sketch) ensure(entries int) {
	for entries > k.capacity {
		k.capacity *= 2
		k.counters = append(k.counters, k.counters...)
		k.reset()
	}
}

func (k *sketch) reset() {
	k.mask = uint64(len(k.counters) - 1)
	k.sample = sampleFactor * k.capacity
	k.counted = 0
	k.door = z.NewBloomFilter(float64(k.capacity*doorPerEntry), doorErrors)
}

// add counts so many sightings of a hash.
func (k *sketch) add(hash uint32, times uint32) {
	if times == 0 {
		return
	}
	mixed := remix(hash)
	if k.door.AddIfNotHas(mixed) {
		times--
	}
	for range times {
		k.increment(mixed)
	}
	if k.counted += int(times) + 1; k.counted >= k.sample {
		k.age()
	}
}

func (k *sketch) increment(mixed uint64) {
	for row := range rows {
		word, shift := k.counter(mixed, row)
		if *word>>shift&maxCount < maxCount {
			*word += 1 << shift
		}
	}
}

// estimate returns how often a hash has been seen in this sample, plus half of
// how often in those before: 0 to 16.
func (k *sketch) estimate(hash uint32) uint32 {
	mixed := remix(hash)
	least := uint64(maxCount)
	for row := range rows {
		word, shift := k.counter(mixed, row)
		least = min(least, *word>>shift&maxCount)
	}
	if k.door.Has(mixed) {
		least++
	}
	return uint32(least)
}

// counter finds the hash's counter in a row: a word of its own mixing, and one
// of that word's sixteen counters, four of which belong to each row.
func (k *sketch) counter(mixed uint64, row int) (word *uint64, shift uint64) {
	h := mixed * rowSeeds[row]
	h ^= h >> 32
	return &k.counters[h&k.mask], (h>>60&3 + uint64(row)*4) * 4
}

// rowSeeds are odd, so that multiplying by one loses nothing.
var rowSeeds = [rows]uint64{
	0xc3a5c85c97cb3127, 0xb492b66fbe98f273, 0x9ae16a3b2f90404f, 0xcbf29ce484222325,
}

func (k *sketch) age() {
	for i, word := range k.counters {
		k.counters[i] = word >> 1 & halfMask
	}
	k.counted /= 2
	k.door.Clear()
}
