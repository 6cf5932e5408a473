//go:build explore

package explore

import "unsafe"

// races finds what is worth trying after an interleaving: for two operations of
// different threads that conflict, and that nothing in between orders, the
// other order. This is dynamic partial-order reduction (Flanagan and Godefroid,
// POPL 2005) with the addition that a bound on preemptions needs: the thread is
// also tried where the run of steps begins that the earlier operation is in,
// since switching there may cost no preemption.
//
// All threads are always able to run, since nothing blocks; that makes it simpler
// than in general.
type races struct {
	clocks    []clock
	locations map[unsafe.Pointer]*location
	unused    []*location
}

// clock says for each thread how many of the first events happen before.
type clock [maxThreads]int

func (c *clock) join(other *clock) {
	for i, n := range other {
		c[i] = max(c[i], n)
	}
}

// location remembers who used an address last: for each thread, the number of its
// last reading and writing event, counted from one.
type location struct {
	read, written [maxThreads]int
}

// find adds what the interleaving's races ask for to the path.
func (r *races) find(events []event, path []node) {
	r.clear(len(events))
	var threads [maxThreads]clock
	start := 0 // of the present run of one thread's steps
	starts := make([]int, len(events))
	for j, event := range events {
		if j > 0 && events[j-1].thread != event.thread {
			start = j
		}
		starts[j] = start
		now := &threads[event.thread]
		at := r.at(event.address)
		for p := range maxThreads {
			if p == int(event.thread) {
				continue
			}
			last := at.written[p]
			if event.write {
				last = max(last, at.read[p])
			}
			if last > now[p] {
				path[last-1].todo |= 1 << event.thread
				path[starts[last-1]].todo |= 1 << event.thread
			}
		}
		r.order(now, at, event)
		now[event.thread] = j + 1
		r.clocks[j] = *now
		if event.write {
			at.written[event.thread] = j + 1
		} else {
			at.read[event.thread] = j + 1
		}
	}
}

// order puts an event after all that it conflicts with.
func (r *races) order(now *clock, at *location, event event) {
	for p := range maxThreads {
		if last := at.written[p]; last > 0 {
			now.join(&r.clocks[last-1])
		}
		if last := at.read[p]; event.write && last > 0 {
			now.join(&r.clocks[last-1])
		}
	}
}

func (r *races) at(address unsafe.Pointer) *location {
	at := r.locations[address]
	if at == nil {
		if n := len(r.unused); n > 0 {
			at, r.unused = r.unused[n-1], r.unused[:n-1]
			*at = location{}
		} else {
			at = new(location)
		}
		r.locations[address] = at
	}
	return at
}

func (r *races) clear(events int) {
	for _, at := range r.locations {
		r.unused = append(r.unused, at)
	}
	if r.locations == nil {
		r.locations = make(map[unsafe.Pointer]*location)
	}
	clear(r.locations)
	if cap(r.clocks) < events {
		r.clocks = make([]clock, 2*events)
	}
	r.clocks = r.clocks[:events]
}
