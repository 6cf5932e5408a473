//go:build explore

package explore

import (
	"fmt"
	"iter"
	"runtime/debug"
	"unsafe"
)

// Op is what an atomic operation does.
type Op uint8

const (
	// Load reads.
	Load Op = iota
	// Store writes.
	Store
	// Swap reads and writes.
	Swap
	// CompareAndSwap reads, and writes where it finds what it expects.
	CompareAndSwap
	// Add reads and writes.
	Add
	// And reads and writes.
	And
	// Or reads and writes.
	Or
	// Note is an event of the program's own; see [Event].
	Note
)

var opNames = [...]string{"Load", "Store", "Swap", "CompareAndSwap", "Add", "And", "Or", ""}

func (o Op) String() string { return opNames[o] }

// Thread is one of a program's threads.
type Thread struct {
	Name string
	Body func()
}

// maxThreads bounds a program's threads, so that a set of them fits a word and a
// vector clock an array.
const maxThreads = 4

// thread is a coroutine that runs one body after the other, one for each
// interleaving: making a coroutine for each would cost more than running it.
//
// It stops before each operation until the explorer lets it make that. The
// decision is taken on the running thread's own goroutine, so that no switch is
// made where the thread may go on.
type thread struct {
	explorer *Explorer
	index    int
	labels   unsafe.Pointer

	resume func() (struct{}, bool)
	stop   func()
	park   func(struct{}) bool

	body     func()
	finished bool
	fault    error

	// pending is the operation that the thread has stopped before.
	pending event
	step    *Step // of the pending operation, where a trace is kept
	taken   int   // steps in this interleaving
}

// event is one operation in an interleaving.
type event struct {
	thread  uint8
	write   bool
	address unsafe.Pointer
}

// abandoned is what a thread panics with that is to be given up.
type abandoned struct{}

func newThread(e *Explorer, index int) *thread {
	t := &thread{explorer: e, index: index, finished: true}
	t.resume, t.stop = iter.Pull(func(park func(struct{}) bool) {
		t.register()
		defer t.unregister()
		t.park = park
		for park(struct{}{}) {
			t.run()
		}
	})
	t.resume()
	return t
}

// run runs the body, up to its end or its panic.
func (t *thread) run() {
	defer func() {
		t.finished = true
		switch reason := recover().(type) {
		case nil, abandoned:
		default:
			t.fault = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	t.body()
}

// Before is called before an atomic operation. It returns when the operation may
// be made, and where a trace is kept the step in it.
func Before(op Op, address unsafe.Pointer) *Step {
	t := registry.current()
	if t == nil {
		return nil
	}
	return t.before(op, op != Load, address)
}

// Event makes something that is not an atomic operation a step of its own, as
// though it read, or wrote, what is at the address: the beginning and the end of a
// call, for one. Where no explorer runs the caller it does nothing.
func Event[T any](address *T, write bool, description any) {
	t := registry.current()
	if t == nil {
		return
	}
	if step := t.before(Note, write, unsafe.Pointer(address)); step != nil {
		step.description = description
	}
}

func (t *thread) before(op Op, write bool, address unsafe.Pointer) *Step {
	e := t.explorer
	if e.passing {
		return nil
	}
	if e.abandoning {
		if e.unwinding != t {
			e.unwinding = t
			panic(abandoned{})
		}
		return nil // a deferred function on the way out
	}
	t.pending = event{thread: uint8(t.index), write: write, address: address}
	t.step = nil
	if e.tracing {
		t.step = newStep(t, op)
	}
	if e.priming || e.decide() != t {
		t.park(struct{}{})
		if e.abandoning {
			e.unwinding = t
			panic(abandoned{})
		}
	}
	e.record(t)
	return t.step
}
