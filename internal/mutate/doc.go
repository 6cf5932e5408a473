// Command mutate shows that the tests notice when a guard is taken away.
//
//	go run ./internal/mutate -parallel 2
//
// # The idea
//
// Coverage says that a line was run, not that anybody would miss it. A lock-free
// cache is full of lines that matter once in a million runs: a check that is made
// again, a CAS that could be a store, a bound that nothing reaches. Here each
// such line has a mutation in lists/, which breaks it, and the name of the test
// that fails then. The command makes the mutations one by one, in a copy of the
// module, and runs their tests: a test that still passes proves nothing, and the
// command fails.
//
//	name: an-insert-overwrites-the-head
//	why:  The head may have got another node since the scan.
//	file: shard/table.go
//	test: TestNoInsertIsLost
//	 	atomics.InitPointer(&n.next, at.head)
//	-	return at.table.head(n.hash).CompareAndSwap(at.head, n)
//	+	at.table.head(n.hash).Store(n)
//	+	return true
//
// See [parse] for the whole format, and [trial] for what becomes of a mutation.
//
// Mutations are written by hand. Generated ones were rejected: most of what a
// tool thinks of is harmless or caught by the first test, and the few that
// matter here (a store for a CAS, a re-check left out) need to know the design.
//
// A mutation that no test can tell from the original, since something else does
// the same, does not belong in a list.
package main
