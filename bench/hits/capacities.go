package hits

import "slices"

// known are capacities at which well-known traces tell caches apart.
var known = map[string][]int{
	"oltp":             {250, 500, 1000, 2000},
	"gli":              {250, 500, 1000, 2000},
	"multi1":           {250, 1000, 3000},
	"multi2":           {250, 1000, 3000},
	"sprite":           {100, 400, 800},
	"web07":            {300, 1000, 2000},
	"orm-busy":         {1000, 3000, 10_000},
	"scarab":           {5000, 20_000, 100_000},
	"corda-loop-corda": {500, 1000, 2000},
}

// shares of a trace's objects are the capacities for all others.
var shares = []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2}

// leastCapacity keeps out caches of a few entries, in which nothing can be told.
const leastCapacity = 16

// Capacities returns the capacities to measure a trace at.
func Capacities(name string, objects int) []int {
	if c, ok := known[name]; ok {
		return slices.Clone(c)
	}
	var all []int
	for _, share := range shares {
		all = append(all, max(int(share*float64(objects)), leastCapacity))
	}
	return slices.Compact(all)
}
