package size

import (
	"runtime/metrics"
	"slices"
	"sync"
	"unsafe"
)

const (
	pageBytes = 8 << 10
	// tinyBytes is the size of the blocks into which the allocator packs small
	// objects without pointers.
	tinyBytes = 16
	// headerBytes is what an object with pointers carries in front of it, if it
	// is larger than headerFromBytes: where its type's pointers are.
	headerBytes = unsafe.Sizeof(uintptr(0))
	// Smaller objects have a bitmap at the end of their span, one bit a word.
	headerFromBytes = headerBytes * headerBytes * 8
)

// classes are the sizes in which the runtime allocates small objects, in order.
// They are asked of the runtime, which changes them now and then: its histogram
// of allocations has one bucket a class, from one more than the class below to
// the class.
var classes = sync.OnceValue(func() []int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs-by-size:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	var sizes []int64
	for _, edge := range sample[0].Value.Float64Histogram().Buckets {
		if edge > 1 && edge < 1<<40 {
			sizes = append(sizes, int64(edge)-1)
		}
	}
	return sizes
})

// allocated is how much of the heap an object takes. Several tiny ones share a
// block; each is counted with its share of what does not fit.
func allocated(bytes int64, pointers bool) int64 {
	if bytes <= 0 {
		return 0
	}
	if !pointers && bytes < tinyBytes {
		perBlock := tinyBytes / bytes
		return (tinyBytes + perBlock - 1) / perBlock
	}
	if pointers && bytes > int64(headerFromBytes) {
		bytes += int64(headerBytes)
	}
	sizes := classes()
	if i, _ := slices.BinarySearch(sizes, bytes); i < len(sizes) {
		return sizes[i]
	}
	return (bytes + pageBytes - 1) / pageBytes * pageBytes
}
