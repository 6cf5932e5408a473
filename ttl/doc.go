// Package ttl makes things happen at their deadline, at a cost that does not
// depend on how many are waiting.
//
// It has two halves. A [Wheel] orders timers: a hierarchical timing wheel after
// Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987). A
// [Manager] knows what time it is and sleeps until the next deadline.
//
//	         level 0: 64 slots of 1 tick          level 1: 64 slots of 64 ticks
//	       ┌───┬───┬───┬─ ─ ─┬───┐              ┌───┬───┬───┬─ ─ ─┬───┐
//	now →  │   │ ● │   │     │ ● │      ←       │   │ ● │   │     │ ● │   ←  level 2 …
//	       └───┴─┼─┴───┴─ ─ ─┴───┘   cascade    └───┴─┼─┴───┴─ ─ ─┴───┘
//	             ● fires                              ●
//
// The wheel is intrusive: a [Timer] lives inside the record that waits, so
// scheduling allocates nothing, and the deadline stays where the record keeps
// it. When a timer's slot comes up, the wheel asks for the deadline again. A
// record whose deadline has moved later therefore costs nothing at the time of
// the move: it is put back when its old slot comes up.
//
// The manager starts no goroutine. It arms one runtime timer for the earliest
// deadline that anybody watches, and a cache with nothing due, or nothing in
// it, is never woken. Between wake-ups its coarse clock stands still, which is
// exactly precise enough: whoever compares a deadline with it gets the right
// answer, because the clock is advanced when a deadline passes. Reading it is
// one atomic load instead of the 20 to 40 ns that the machine's clock costs.
//
// Nothing in this package takes a lock or touches a channel. A Wheel belongs
// to one goroutine at a time; a Manager is safe for concurrent use.
package ttl
