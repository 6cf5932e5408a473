package hits

// lru returns how many accesses a cache hits that forgets what was used least
// recently. It is a list through an array of all objects, since these are
// numbered.
func lru(accesses []uint32, objects, capacity int) (hits int) {
	// The last element is the list's both ends: its next the most recently used,
	// its previous the least.
	ends := uint32(objects)
	next := make([]uint32, objects+1)
	previous := make([]uint32, objects+1)
	held := make([]bool, objects)
	next[ends], previous[ends] = ends, ends
	unlink := func(x uint32) {
		next[previous[x]], previous[next[x]] = next[x], previous[x]
	}
	size := 0
	for _, x := range accesses {
		if held[x] {
			hits++
			unlink(x)
		} else if size++; size > capacity {
			oldest := previous[ends]
			unlink(oldest)
			held[oldest] = false
			size--
		}
		held[x] = true
		next[x], previous[x] = next[ends], ends
		previous[next[ends]] = x
		next[ends] = x
	}
	return hits
}
