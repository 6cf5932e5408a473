package shard

// sketch estimates how often a hash has been seen lately: TinyLFU as ristretto
// has it. A doorkeeper takes note of the first sighting of a hash, and only
// further ones count in a count-min sketch of 4-bit counters, four to a hash
// (Cormode and Muthukrishnan, 2005). When as many have been counted as make a
// sample, all counters are halved and the door is shut again, so that old fame
// fades.
//
// An estimate is never too low within a sample; hashes that share counters can
// make it too high. It belongs to the segment's owner.
//
// What counting costs is cache misses, so everything that a hash needs lies in
// two neighbouring lines, one for the door and one for the counters (after Putze,
// Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).
// Hashes that share a page collide more often than in a sketch at large: on the
// traces that costs less than a tenth of a point of hit ratio, and an insert
// touches two lines in place of eleven.
//
// Rejected: ristretto's own Bloom filter as the doorkeeper. It probes seven places
// a hash, and can't grow with what it has seen: emptied whenever the cache had
// doubled while it filled, it forgot what the first entries were worth (six
// points of hit ratio on a loop just larger than the cache).
type sketch struct {
	// pages is never empty, and its length is a power of two.
	pages []page

	counted int
	sample  int
}

// page serves pageEntries entries: a word of the door each, and of the counters
// two words, 32 counters, for each of a hash's four.
type page struct {
	door     [pageEntries]uint64
	counters [pageEntries]uint64
}

const (
	pageEntries = 8

	// rows is how many counters a hash has, and rowWords how many words each of
	// them is one of.
	rows     = 4
	rowWords = pageEntries / rows

	// sampleFactor times the capacity is one sample. Who comes again only after longer than
	// that can't be told from who never does: a loop over so many times the capacity is the
	// longest that the sketch sees. From 10 to 16 the traces don't care.
	sampleFactor = 14

	// maxCount is what a 4-bit counter can hold; halfMask keeps what is left of
	// sixteen counters after a shift by one.
	maxCount = 15
	halfMask = 0x7777777777777777

	// minSketch keeps the sketches of tiny caches from colliding at once.
	minSketch = 64
)

// sighting is where a hash is counted, by the bits of its mix:
//
//	63 … 35  page      34 … 32  word of the door      31 … 20  two bits of it
//	19 … 0   four times five: one of 32 counters
type sighting struct {
	page *page
	mix  uint64
}

func (k *sketch) init(capacity int) {
	k.pages = make([]page, ceilPower(max(capacity, minSketch))/pageEntries)
	k.sample = sampleFactor * k.capacity()
}

// capacity is how many entries the sketch is made for.
func (k *sketch) capacity() int { return len(k.pages) * pageEntries }

// ensure doubles the sketch until it covers so many entries. Each half of the
// larger one starts as a copy of the smaller, so that no estimate changes.
func (k *sketch) ensure(entries int) {
	for entries > k.capacity() {
		k.pages = append(k.pages, k.pages...)
		k.sample = sampleFactor * k.capacity()
	}
}

func (k *sketch) find(hash uint32) sighting {
	mix := remix(hash)
	return sighting{page: &k.pages[mix>>35&uint64(len(k.pages)-1)], mix: mix}
}

// add counts so many sightings of a hash.
func (k *sketch) add(hash uint32, times uint32) {
	if times == 0 {
		return
	}
	k.counted += int(times)
	at := k.find(hash)
	if at.open() {
		times--
	}
	if times > 0 {
		at.count(uint64(times))
	}
	if k.counted >= k.sample {
		k.age()
	}
}

// estimate returns how often a hash has been seen in this sample, plus half of
// how often in those before: 0 to 16.
func (k *sketch) estimate(hash uint32) uint32 {
	at := k.find(hash)
	least := uint64(maxCount)
	for row := range rows {
		word, shift := at.counter(row)
		least = min(least, *word>>shift&maxCount)
	}
	if door, bits := at.door(); *door&bits == bits {
		least++
	}
	return uint32(least)
}

// door returns the hash's two bits, and the word that they are in.
func (at sighting) door() (word *uint64, bits uint64) {
	word = &at.page.door[at.mix>>32%pageEntries]
	return word, 1<<(at.mix>>26&63) | 1<<(at.mix>>20&63)
}

// open is true, and opens the door, for a hash that is new.
func (at sighting) open() bool {
	word, bits := at.door()
	if *word&bits == bits {
		return false
	}
	*word |= bits
	return true
}

func (at sighting) count(times uint64) {
	for row := range rows {
		word, shift := at.counter(row)
		room := maxCount - *word>>shift&maxCount
		*word += min(times, room) << shift
	}
}

func (at sighting) counter(row int) (word *uint64, shift uint64) {
	number := at.mix >> (5 * row)
	return &at.page.counters[row*rowWords+int(number>>4&1)], number & 15 * 4
}

func (k *sketch) age() {
	for i := range k.pages {
		p := &k.pages[i]
		p.door = [pageEntries]uint64{}
		for j, word := range p.counters {
			p.counters[j] = word >> 1 & halfMask
		}
	}
	k.counted /= 2
}
