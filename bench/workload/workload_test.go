package workload

import (
	"slices"
	"testing"
)

func distinct[T comparable](all []T) int {
	seen := map[T]bool{}
	for _, x := range all {
		seen[x] = true
	}
	return len(seen)
}

func TestKeysAreDifferentAndOfTheLengthPromised(t *testing.T) {
	const n = 50_000
	keys := Strings(n)
	if distinct(keys) != n || distinct(Integers(n)) != n {
		t.Error("two keys are the same")
	}
	for _, key := range keys {
		if len(key) < 27 || len(key) > 56 {
			t.Fatalf("%q has %d bytes", key, len(key))
		}
	}
	if mean := MeanBytes(keys); mean < 38 || mean > 44 {
		t.Errorf("%d bytes on average", mean)
	}
	if mean := MeanBytes(Integers(3)); mean != 8 {
		t.Errorf("integers have %d bytes", mean)
	}
}

func TestDrawsFollowFromTheSeed(t *testing.T) {
	keys := Integers(1000)
	for _, distribution := range []string{Zipf, Uniform} {
		a, err := Draw(keys, 5000, distribution, 1)
		if err != nil {
			t.Fatal(err)
		}
		same, _ := Draw(keys, 5000, distribution, 1)
		other, _ := Draw(keys, 5000, distribution, 2)
		if !slices.Equal(a, same) || slices.Equal(a, other) {
			t.Errorf("%s: the seed doesn't decide", distribution)
		}
	}
	if _, err := Draw(keys, 1, "normal", 1); err == nil {
		t.Error("an unknown distribution was drawn")
	}
}

// share is how much of the accesses go to the n most popular objects.
func share[T comparable](all []T, n int) float64 {
	counts := map[T]int{}
	for _, x := range all {
		counts[x]++
	}
	var sorted []int
	for _, c := range counts {
		sorted = append(sorted, c)
	}
	slices.Sort(sorted)
	slices.Reverse(sorted)
	top := 0
	for _, c := range sorted[:min(n, len(sorted))] {
		top += c
	}
	return float64(top) / float64(len(all))
}

func TestZipfFavoursAFewAndUniformNobody(t *testing.T) {
	keys := Integers(1000)
	skewed, _ := Draw(keys, 100_000, Zipf, 1)
	// The sum of 1/n over the first 10 of 1,000 is 0.39 of the whole.
	if got := share(skewed, 10); got < 0.37 || got > 0.42 {
		t.Errorf("Zipf gives its first ten %.3f", got)
	}
	flat, _ := Draw(keys, 100_000, Uniform, 1)
	if got := share(flat, 10); got > 0.02 {
		t.Errorf("uniform gives its first ten %.3f", got)
	}
}

func TestGeneratorsAreRepeatableAndAsLongAsAsked(t *testing.T) {
	for _, g := range Generators() {
		a, b := g.Make(30_000), g.Make(30_000)
		if len(a) != 30_000 || !slices.Equal(a, b) {
			t.Errorf("%s: %d accesses, the same again: %v", g.Name, len(a), slices.Equal(a, b))
		}
	}
}

func TestALoopAsksForEverythingInTurn(t *testing.T) {
	if got := loop(7, 3); !slices.Equal(got, []uint32{0, 1, 2, 0, 1, 2, 0}) {
		t.Errorf("loop: %v", got)
	}
}

func TestATenthOfScanAndZipfIsAskedForOnce(t *testing.T) {
	all := scanAndZipf(100_000, 1000, 1)
	scanned := map[uint32]int{}
	for _, x := range all {
		if x >= 1000 {
			scanned[x]++
		}
	}
	if len(scanned) != 10_000 {
		t.Errorf("%d scanned objects, want a tenth of 100,000", len(scanned))
	}
	for x, n := range scanned {
		if n != 1 {
			t.Fatalf("object %d was scanned %d times", x, n)
		}
	}
}

func TestShiftingChangesWhoIsPopular(t *testing.T) {
	all := shifting(200_000, 10_000, 1)
	popular := func(part []uint32) map[uint32]bool {
		counts := map[uint32]int{}
		for _, x := range part {
			counts[x]++
		}
		top := map[uint32]bool{}
		for x, n := range counts {
			if n > len(part)/500 {
				top[x] = true
			}
		}
		return top
	}
	first, last := popular(all[:20_000]), popular(all[180_000:])
	both := 0
	for x := range first {
		if last[x] {
			both++
		}
	}
	if len(first) < 20 || both > len(first)/4 {
		t.Errorf("%d of %d popular objects are popular to the end", both, len(first))
	}
}

func TestDiscoveryHasSessionsDashboardsAndScans(t *testing.T) {
	all := discovery(300_000, 1)
	objects := distinct(all)
	if objects < 20_000 || objects > 200_000 {
		t.Errorf("%d objects in %d accesses", objects, len(all))
	}
	if got := share(all, 1000); got < 0.1 || got > 0.8 {
		t.Errorf("the first thousand answers take %.2f of the accesses", got)
	}
	counts := map[uint32]int{}
	for _, x := range all {
		counts[x]++
	}
	once := 0
	for _, n := range counts {
		if n == 1 {
			once++
		}
	}
	if once < objects/10 {
		t.Errorf("only %d of %d answers are asked for once", once, objects)
	}
	// Dashboards come first, and again a minute later.
	board := all[:dashboards*queriesOfDashboard]
	next := all[len(board)+sessionStepsAMinute:][:len(board)]
	if !slices.Equal(board, next) {
		t.Error("the dashboards of the second minute are not those of the first")
	}
}
