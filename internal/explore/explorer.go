//go:build explore

package explore

import (
	"errors"
	"fmt"
	"strings"
)

// Trial is one run of a program: fresh state, the threads that work on it, and
// what must hold.
type Trial struct {
	Threads []Thread

	// Check is called when all threads have finished.
	Check func() error

	// Interim, if there is one, is called while one thread is suspended and all
	// others have finished.
	Interim func() error
}

// Program makes a trial. It is called once for each interleaving and must
// do the same each time, with the threads' bodies too where they find the same.
type Program func() Trial

var (
	// ErrStuck says that a thread took more steps than it may: it waits for
	// another, or two undo each other's work for ever.
	ErrStuck = errors.New("explore: too many steps")

	// ErrDiverged says that a schedule can't be replayed.
	ErrDiverged = errors.New("explore: the program did not follow the schedule")
)

// Failure is an interleaving that went wrong.
type Failure struct {
	Err      error
	Schedule string // for Replay
	Trace    string // one line a step
	Origin   string // the strategy that found it
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%v\nfound by %s, schedule %s\n%s", f.Err, f.Origin, f.Schedule, f.Trace)
}

func (f *Failure) Unwrap() error { return f.Err }

// Explorer runs a program again and again. It belongs to one goroutine; any
// number of explorers may be at work at once. Close must be called at the end.
type Explorer struct {
	program Program
	threads []*thread
	trial   Trial

	// StepLimit is how many steps all threads of an interleaving may take
	// together.
	StepLimit int

	// ThreadLimit is how many steps a thread may take while another is
	// suspended.
	ThreadLimit int

	// Interleavings and Steps count what has been walked so far.
	Interleavings int
	Steps         int

	strategy strategy

	// The interleaving so far.
	events  []event
	enabled uint // the set of threads that have not finished
	current int  // the thread that took the last step, or none
	next    *thread

	priming    bool
	tracing    bool
	trace      []*Step
	passing    bool // operations are nobody's steps
	abandoning bool
	unwinding  *thread // the thread that is running its deferred functions
	fault      error
}

// strategy says which of the enabled threads takes the next step.
type strategy interface {
	choose(e *Explorer) int
}

const (
	none = -1

	// These are far above what a few operations of a data structure need.
	defaultStepLimit   = 4000
	defaultThreadLimit = 1000
)

// New returns an explorer of the program.
func New(program Program) *Explorer {
	return &Explorer{program: program, StepLimit: defaultStepLimit, ThreadLimit: defaultThreadLimit}
}

// Close ends the threads.
func (e *Explorer) Close() {
	for _, t := range e.threads {
		t.stop()
	}
	e.threads = nil
}

// walk runs one interleaving as the strategy chooses, and returns what is wrong
// with it.
func (e *Explorer) walk(s strategy) error {
	e.strategy = s
	e.events, e.trace, e.enabled, e.current = e.events[:0], nil, 0, none
	e.fault, e.abandoning, e.unwinding = nil, false, nil
	e.Interleavings++
	e.trial = e.program()
	if len(e.trial.Threads) > maxThreads {
		return fmt.Errorf("explore: %d threads, want at most %d", len(e.trial.Threads), maxThreads)
	}
	for i := len(e.threads); i < len(e.trial.Threads); i++ {
		e.threads = append(e.threads, newThread(e, i))
	}
	e.prime()
	for e.enabled != 0 && e.fault == nil {
		e.next = e.decide()
		for e.next != nil && e.fault == nil {
			t := e.next
			e.next = nil
			t.resume()
			e.look(t)
		}
	}
	e.Steps += len(e.events)
	if e.fault != nil {
		e.abandon()
		return e.fault
	}
	return e.trial.Check()
}

// prime brings every thread up to its first step.
func (e *Explorer) prime() {
	e.priming = true
	for i := range e.trial.Threads {
		t := e.threads[i]
		t.body, t.finished, t.fault, t.taken = e.trial.Threads[i].Body, false, nil, 0
		e.enabled |= 1 << i
		t.resume()
		e.look(t)
	}
	e.priming = false
}

// look sees what has become of a thread that has stopped.
func (e *Explorer) look(t *thread) {
	if !t.finished {
		return
	}
	e.enabled &^= 1 << t.index
	if t.fault != nil {
		e.fail(fmt.Errorf("thread %s: %w", t.label(), t.fault))
	}
}

func (e *Explorer) fail(err error) {
	if e.fault == nil {
		e.fault = err
	}
}

// decide returns the thread that takes the next step, or nil where there is none
// to be taken because something is wrong. That thread is resumed next, unless it
// is the one that asks.
func (e *Explorer) decide() *thread {
	if len(e.events) >= e.StepLimit {
		e.fail(fmt.Errorf("%w: %d in all", ErrStuck, e.StepLimit))
	}
	if e.fault != nil {
		return nil
	}
	index := e.strategy.choose(e)
	if e.fault != nil {
		return nil
	}
	if index < 0 || e.enabled&(1<<index) == 0 {
		e.fail(fmt.Errorf("%w: thread %d is not there at step %d", ErrDiverged, index, len(e.events)))
		return nil
	}
	e.next = e.threads[index]
	return e.next
}

// record notes that a thread makes its pending operation now.
func (e *Explorer) record(t *thread) {
	e.events = append(e.events, t.pending)
	e.current = t.index
	e.next = nil
	t.taken++
	if e.tracing {
		e.trace = append(e.trace, t.step)
	}
}

// abandon gets the threads out of a trial that has failed. What they do on the
// way out is no part of it.
func (e *Explorer) abandon() {
	e.abandoning = true
	for _, t := range e.threads {
		if !t.finished {
			e.unwinding = nil
			t.resume()
		}
	}
	e.abandoning = false
}

// follow is the order in which threads go on where a strategy has no reason to
// switch: the one that is running, then the first.
func (e *Explorer) follow() int {
	if e.current != none && e.enabled&(1<<e.current) != 0 {
		return e.current
	}
	return first(e.enabled)
}

// failure walks the interleaving that has just failed again, keeping a trace.
func (e *Explorer) failure(err error, origin, schedule string) *Failure {
	again, trace := e.Replay(schedule)
	if again == nil || headline(again.Err) != headline(err) {
		trace += fmt.Sprintf("This is what was replayed, and it ended otherwise: %v\n", again)
	}
	return &Failure{Err: err, Schedule: schedule, Trace: trace, Origin: origin}
}

// headline leaves out the stack of a panic, whose addresses are never the same.
func headline(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (t *thread) label() string {
	return fmt.Sprintf("%s (%s)", t.name(), t.explorer.trial.Threads[t.index].Name)
}
