//go:build explore

package explore

import (
	"context"
	"maps"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Which thread is the calling goroutine? Atomic operations have no parameter that
// would say so, and several explorations may run at once beside goroutines that
// none of them runs. So every thread's goroutine gets a set of profiler labels of
// its own, whose address is its name.
//
// Rejected: the goroutine's number out of runtime.Stack (a microsecond a step); a
// variable that holds the running thread (a timer's goroutine would be taken for
// it); one process for each exploration.

// labels returns the address of the calling goroutine's profiler labels. The
// runtime keeps its name and type for packages that link to it: go.dev/issue/67401.
//
//go:linkname labels runtime/pprof.runtime_getProfLabel
func labels() unsafe.Pointer

// registry is written once for each thread of an explorer, and read at each step.
var registry threadRegistry

type threadRegistry struct {
	mutex   sync.Mutex
	threads atomic.Pointer[map[unsafe.Pointer]*thread] // never changed, but replaced
}

func (r *threadRegistry) change(how func(threads map[unsafe.Pointer]*thread)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	threads := make(map[unsafe.Pointer]*thread)
	if before := r.threads.Load(); before != nil {
		maps.Copy(threads, *before)
	}
	how(threads)
	r.threads.Store(&threads)
}

// current returns the thread that the calling goroutine is, or nil.
func (r *threadRegistry) current() *thread {
	mine := labels()
	if mine == nil {
		return nil
	}
	threads := r.threads.Load()
	if threads == nil {
		return nil
	}
	return (*threads)[mine]
}

// register makes the calling goroutine the thread's.
func (t *thread) register() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("explored thread", t.name())))
	t.labels = labels()
	registry.change(func(threads map[unsafe.Pointer]*thread) { threads[t.labels] = t })
}

func (t *thread) unregister() {
	registry.change(func(threads map[unsafe.Pointer]*thread) { delete(threads, t.labels) })
}

func (t *thread) name() string { return string(rune('a' + t.index)) }
