// Package shard is a bounded, concurrent cache whose entries may expire: the
// engine under state, usable on its own.
//
//	c, err := shard.New(shard.Options[string, Schema]{MaximumSize: 100_000, DefaultTTL: 5 * time.Minute})
//	v, ok := c.Get(key)
//	ok = c.Set(key, v)
//
// # The idea
//
// A cache has to do two things that pull apart. It has to answer from memory on
// every core at once, which wants no shared state at all; and it has to choose
// what to forget, which wants one mind that has seen everything. Here the two
// meet in as few places as possible.
//
//	         xxhash(key)
//	             │ top bits
//	  ┌──────────┼──────────────┐
//	  ▼          ▼              ▼
//	segment    segment   …   segment        each: a lock-free table,
//	 table      table         table               a stack of new nodes,
//	  │                                           a policy, a timing wheel
//	  └─ chain head ─► node ─► node ─► …
//	                    └► cell {value, deadline}
//
// A Get hashes the key, walks one short chain and compares one deadline with a
// clock that needs no system call. It writes to nothing but a 2-bit counter in
// the node, and not even that once the counter is full. See [Cache.Get].
//
// A Set replaces the cell of the node it finds with one CAS, or where the value is a
// machine word (a number of eight bytes, a pointer) and has no deadline, that word
// in the cell; see word. Or it puts a new node at the head of the chain with one CAS; see
// table. What the policy must know of
// it goes on a lock-free stack, and whoever becomes the segment's owner, again
// with one CAS, does the policy's work: admission, eviction, expiry. Whoever
// doesn't leaves at once. So nobody ever waits, and there is no goroutine to
// start, to wake or to leak. See segment, and overflow for what happens when an
// owner is descheduled.
//
// The policy is W-TinyLFU over CLOCK queues, with a window that adapts to the
// work, and takes over where a plain LRU would do better by far; see policy, sketch, ghosts,
// balance and rival. A segment's table is sized once where
// the maximum is known, and otherwise grows without stopping anyone; see grow.
// Expiry is a hierarchical timing wheel a segment; see package ttl.
//
// # What it promises
//
//   - No method waits: not for a lock, not for another goroutine.
//   - A Set is there for the next Get, however full the cache is, unless
//     somebody else's write evicts it between the two.
//   - A cache of N entries holds N keys, whatever they are.
//   - A value is gone one tick after its deadline, and each value that leaves is
//     reported exactly once.
//   - A Get allocates nothing; neither does an update of a word without a deadline, and any
//     other one cell; an insert a node with its first cell beside it, or the two apart where
//     values are large or have a cost.
package shard
