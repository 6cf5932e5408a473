// Package explore walks through the interleavings of a lock-free algorithm.
//
// A test that runs goroutines in parallel meets the interleavings that the
// machine happens to produce, which are few and never the same. Here the
// threads of a program are coroutines of which exactly one runs at a time, and
// each atomic operation is a point where another may go on instead. Which one
// does is decided by a strategy, so every interleaving can be had, and had
// again:
//
//		thread a  ──load──┐        ┌──CAS──store──
//		                  ▼        ▲
//		thread b          └─load─CAS┘              a1b2a
//
//	  - [Explorer.Exhaust] walks depth first through all interleavings with up to
//	    so many preemptions, after CHESS (Musuvathi and Qadeer, PLDI 2007), and
//	    leaves out those that differ from one it has walked only in the order of
//	    operations that don't conflict, after BPOR (Coons, Musuvathi and McKinley,
//	    "Bounded Partial-Order Reduction", OOPSLA 2013).
//	  - [Explorer.Sample] draws interleavings that find a bug of depth d with a
//	    guaranteed probability: PCT (Burckhardt, Kothari, Musuvathi and
//	    Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of
//	    Finding Bugs", ASPLOS 2010).
//	  - [Explorer.Suspend] stops each thread for good before each of its steps, and
//	    wants the others to finish in a bounded number of steps of their own: that
//	    is what lock-free means. Then it lets the stopped one go on.
//	  - [Explorer.Replay] walks one interleaving again, from what a failure printed.
//
// The model is sequential consistency, which is what Go's memory model promises
// for sync/atomic. Plain memory accesses are not points: two that race are the
// race detector's to find.
//
// Everything but this comment needs the build tag explore, with which the types
// of package atomics yield here; a normal build contains none of it.
package explore
