//go:build explore

package explore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/uds-platform/state/internal/atomics"
	"github.com/uds-platform/state/internal/explore"
)

// The programs of this file are textbook examples, with their textbook faults.

// counting has each of some threads add one, in its own way.
func counting(threads int, increment func(n *atomics.Int64)) explore.Program {
	return func() explore.Trial {
		var n atomics.Int64
		trial := explore.Trial{Check: func() error {
			if got := n.Load(); got != int64(threads) {
				return fmt.Errorf("counted to %d, want %d", got, threads)
			}
			return nil
		}}
		for range threads {
			trial.Threads = append(trial.Threads, explore.Thread{Name: "increment", Body: func() { increment(&n) }})
		}
		return trial
	}
}

func incrementBadly(n *atomics.Int64) { n.Store(n.Load() + 1) }

func incrementWell(n *atomics.Int64) {
	for {
		before := n.Load()
		if n.CompareAndSwap(before, before+1) {
			return
		}
	}
}

func TestALostUpdateIsFound(t *testing.T) {
	for name, search := range map[string]func(e *explore.Explorer) *explore.Failure{
		"depth first": func(e *explore.Explorer) *explore.Failure {
			_, failure := e.Exhaust(1, unlimited)
			return failure
		},
		"sampling":   func(e *explore.Explorer) *explore.Failure { return e.Sample(2, 1, 100) },
		"suspending": func(e *explore.Explorer) *explore.Failure { _, failure := e.Suspend(); return failure },
	} {
		t.Run(name, func(t *testing.T) {
			e := newExplorer(t, counting(2, incrementBadly))
			failure := search(e)
			if failure == nil {
				t.Fatal("the lost update was not found")
			}
			for _, want := range []string{"counted to 1, want 2", "explore/classic_test.go:", "incrementBadly", "Load() = 0", "Store(1)"} {
				if !strings.Contains(failure.Error(), want) {
					t.Errorf("the failure lacks %q:\n%v", want, failure)
				}
			}
			again, trace := e.Replay(failure.Schedule)
			if again == nil || again.Err.Error() != failure.Err.Error() || trace != failure.Trace {
				t.Errorf("schedule %s replays as\n%v\nwant\n%v", failure.Schedule, again, failure)
			}
		})
	}
}

func TestACorrectCounterPasses(t *testing.T) {
	e := newExplorer(t, counting(3, incrementWell))
	if coverage, failure := e.Exhaust(unlimited, unlimited); failure != nil || !coverage.Complete {
		t.Errorf("depth first: %+v, %v", coverage, failure)
	}
	if failure := e.Sample(3, 1, 1000); failure != nil {
		t.Error(failure)
	}
	if made, failure := e.Suspend(); failure != nil || made != 3*2*2 { // three victims, two orders, two steps
		t.Errorf("%d suspensions, %v", made, failure)
	}
}

// A thread that waits for the owner of a lock makes progress only if the owner
// does: every interleaving ends well, and the suspension of the owner shows it.
func TestASpinLockIsNotLockFree(t *testing.T) {
	var e *explore.Explorer
	program := func() explore.Trial {
		var lock atomics.Uint32
		count := 0
		body := func() {
			for !lock.CompareAndSwap(0, 1) {
			}
			count++
			lock.Store(0)
		}
		return explore.Trial{
			Threads: []explore.Thread{{Name: "first", Body: body}, {Name: "second", Body: body}},
			Check: func() error {
				if count != 2 {
					return fmt.Errorf("counted to %d", count)
				}
				return nil
			},
		}
	}
	e = newExplorer(t, program)
	if coverage, failure := e.Exhaust(0, unlimited); failure != nil || !coverage.Complete {
		t.Errorf("without preemption: %+v, %v", coverage, failure)
	}
	_, failure := e.Suspend()
	if !errors.Is(failure, explore.ErrStuck) || failure.Schedule != "a1!b" {
		t.Fatalf("suspending the owner: %v; want schedule a1!b to be stuck", failure)
	}
	if again, _ := e.Replay(failure.Schedule); !errors.Is(again, explore.ErrStuck) {
		t.Errorf("replayed: %v", again)
	}
}

// What holds while a thread is suspended is checked then.
func TestInterimIsCheckedWhileAThreadIsSuspended(t *testing.T) {
	program := func() explore.Trial {
		var n atomics.Int64
		return explore.Trial{
			Threads: []explore.Thread{
				{Name: "up and down", Body: func() { n.Add(1); n.Add(-1) }},
				{Name: "reader", Body: func() { n.Load() }},
			},
			Check: func() error { return nil },
			Interim: func() error {
				if n.Load() != 0 {
					return errors.New("it is up")
				}
				return nil
			},
		}
	}
	_, failure := newExplorer(t, program).Suspend()
	if failure == nil || failure.Schedule != "a1!b" || !strings.Contains(failure.Error(), "it is up") {
		t.Errorf("suspending: %v; want it to be found up at a1!b", failure)
	}
}

// stack is Treiber's. Where nodes are used again, a pop may find the head that it
// has read and not the next one: ABA.
type stack struct {
	head   atomics.Pointer[stackNode]
	pooled bool
	pool   []*stackNode
}

type stackNode struct {
	next  atomics.Pointer[stackNode]
	value int
}

func (s *stack) push(value int) {
	var n *stackNode
	if s.pooled && len(s.pool) > 0 {
		n, s.pool = s.pool[0], s.pool[1:]
	} else {
		n = new(stackNode)
	}
	n.value = value
	for {
		head := s.head.Load()
		n.next.Store(head)
		if s.head.CompareAndSwap(head, n) {
			return
		}
	}
}

func (s *stack) pop() (value int, ok bool) {
	for {
		head := s.head.Load()
		if head == nil {
			return 0, false
		}
		next := head.next.Load()
		if s.head.CompareAndSwap(head, next) {
			value = head.value
			s.pool = append(s.pool, head)
			return value, true
		}
	}
}

// popping pops everything with one thread, while another pops two and pushes one.
func popping(pooled bool) explore.Program {
	return func() explore.Trial {
		s := &stack{pooled: pooled}
		for value := range 3 {
			s.push(value)
		}
		seen := make(map[int]int)
		pop := func() {
			if value, ok := s.pop(); ok {
				seen[value]++
			}
		}
		return explore.Trial{
			Threads: []explore.Thread{
				{Name: "pop", Body: pop},
				{Name: "pop pop push", Body: func() { pop(); pop(); s.push(3) }},
			},
			Check: func() error {
				for s.head.Load() != nil {
					pop()
				}
				for value := range 4 {
					if seen[value] != 1 {
						return fmt.Errorf("value %d was popped %d times", value, seen[value])
					}
				}
				return nil
			},
		}
	}
}

func TestABAIsFound(t *testing.T) {
	if _, failure := newExplorer(t, popping(true)).Exhaust(2, unlimited); failure == nil {
		t.Error("a stack that pools its nodes passes")
	}
	if coverage, failure := newExplorer(t, popping(false)).Exhaust(unlimited, unlimited); failure != nil || !coverage.Complete {
		t.Errorf("a stack that doesn't: %+v, %v", coverage, failure)
	}
}
