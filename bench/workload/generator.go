package workload

import (
	"math/rand/v2"
)

// Generator makes a sequence of accesses to numbered objects.
type Generator struct {
	Name string
	// Make returns so many accesses, always the same.
	Make func(accesses int) []uint32
}

// generatorObjects is how many objects the simple generators choose from.
const generatorObjects = 100_000

// Generators returns the sequences that hit ratios are measured on besides
// traces.
func Generators() []Generator {
	return []Generator{
		{"zipf", func(n int) []uint32 { return zipf(n, generatorObjects, 1) }},
		{"loop", func(n int) []uint32 { return loop(n, generatorObjects/5) }},
		{"scan+zipf", func(n int) []uint32 { return scanAndZipf(n, generatorObjects, 2) }},
		{"shifting", func(n int) []uint32 { return shifting(n, generatorObjects, 3) }},
		{"discovery", func(n int) []uint32 { return discovery(n, 4) }},
	}
}

// zipf asks for objects by a popularity that never changes.
func zipf(accesses, objects int, seed uint64) []uint32 {
	draw := rand.NewZipf(Source(seed), Exponent, 1, uint64(objects-1))
	out := make([]uint32, accesses)
	for i := range out {
		out[i] = uint32(draw.Uint64())
	}
	return out
}

// loop asks for all objects in turn, again and again: the case in which LRU
// never hits unless everything fits.
func loop(accesses, objects int) []uint32 {
	out := make([]uint32, accesses)
	for i := range out {
		out[i] = uint32(i % objects)
	}
	return out
}

// scanAndZipf interrupts a Zipf load by scans over objects that nobody asks for
// twice: a tenth of all accesses, a thousand in a row.
func scanAndZipf(accesses, objects int, seed uint64) []uint32 {
	const scanLength, scanShare = 1000, 10
	draw := rand.NewZipf(Source(seed), Exponent, 1, uint64(objects-1))
	out := make([]uint32, 0, accesses)
	fresh := uint32(objects)
	for len(out) < accesses {
		if len(out)/scanLength%scanShare == scanShare-1 {
			out, fresh = append(out, fresh), fresh+1
			continue
		}
		out = append(out, uint32(draw.Uint64()))
	}
	return out
}

// shifting changes which objects are popular: every so often a tenth of the
// popularity ranks is dealt out anew, and ten times in all everything is.
func shifting(accesses, objects int, seed uint64) []uint32 {
	rng := Source(seed)
	draw := rand.NewZipf(rng, Exponent, 1, uint64(objects-1))
	holder := rng.Perm(objects)
	out := make([]uint32, accesses)
	small, large := max(accesses/100, 1), max(accesses/10, 1)
	for i := range out {
		switch {
		case i == 0:
		case i%large == 0:
			rng.Shuffle(objects, func(a, b int) { holder[a], holder[b] = holder[b], holder[a] })
		case i%small == 0:
			for range objects / 10 {
				a, b := rng.IntN(objects), rng.IntN(objects)
				holder[a], holder[b] = holder[b], holder[a]
			}
		}
		out[i] = uint32(holder[draw.Uint64()])
	}
	return out
}
