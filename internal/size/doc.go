// Package size measures how much of the heap a value keeps alive.
//
// A cache that is bounded in bytes needs a figure for every value that it is
// given, whatever its type, before it knows whether there is room. The heap
// itself can't say: it knows objects, and not whose they are. So the value is
// walked, and what the runtime would have allocated for each part is added up.
//
//	map[string]any ──► 48 B header ──► groups of 8 slots ──► string 16 B + bytes
//	                                                    └──► box 8 B
//
// What the walk knows of the runtime is in two files: class.go has how large an
// object becomes by being allocated, swiss.go what a map of so many entries is
// made of. plan.go says for each type once what there is to visit; walk.go
// visits.
//
// It is an estimate: TestEstimateIsCloseToTheHeap compares it with the heap's
// own figure for what discovery gives. What it can't see: bytes of a string or
// slice before its first one, which a larger object may keep alive; what
// functions, channels and unsafe.Pointer refer to; the room of a map that once
// held more. What it can't tell from the heap: strings and boxed constants of
// the program's text, which it counts.
package size
