// Package session keeps what each discovery session has learned: its goal, the
// schemas it explored, what it fetched and when, preferences, habits, and whatever
// else its server wants to remember.
//
//	st, err := session.New(session.Options{IdleTimeout: time.Hour})
//	s, err := st.Create(ctx, owner, nil)
//	s, err = st.Update(ctx, owner, s.Handle(), func(d *session.Draft) error {
//		return d.Explore(session.Schema{Account: 1, EventType: "Transaction"})
//	})
//	s, err = st.Get(ctx, owner, handle)
//
// # The idea
//
// A session is read with every call of a tool, changed with most, by several calls
// at once, and on several instances; and what has been learned must not get lost.
// So a session is one immutable record, and every change is a new record put in
// its place by one CAS:
//
//	            Get                        Update
//	             │                    draft ─► change ─► publish
//	             ▼                      ▲                  │ CAS
//	handle ─► engine ─► *Session ───────┘◄─────────────────┘
//	             ▲          │ owner, goal, explored, values, timeline, …
//	             │          ▼
//	           join ◄── merge.Merge ◄── fields ◄── replica, records
//
// A Get is the engine's Get and a look at the owner. An Update copies the record's
// head and the shelf that it changes, shares the rest, and starts again where
// somebody else was first, so that no change is lost and nobody waits. A draft that
// fails leaves nothing behind.
//
// # Handles and owners
//
// A session is named by a [Handle] that says nothing: 144 random bits. It is not a
// transport's session: those are gone from MCP as of 2026-07-28, and handles travel
// as arguments of tools. So every method wants the [Owner] as well, and somebody
// else's session is [ErrNotFound], just as one that never was. A transport's ID, or
// anything else, can be an alias: see [Store.Alias].
//
// # When a session ends
//
// By [Store.Delete], by not being used for [Options].IdleTimeout, and at the latest
// after Options.Lifetime. It is never evicted to make room: at the limit Create
// fails with [ErrLimit]. To Get is not to use: whoever serves a session's call
// says so by Update or [Store.Touch].
//
// A deleted session leaves a tombstone until its lifetime would have ended. After
// that no copy of it is alive anywhere, however long an instance was cut off, so
// nothing can bring it back.
//
// # Several instances
//
// With a [Replica], in practice Redis, instances share sessions. Each works on what
// it has, and never waits for the replica to change anything; what it changed is
// sent behind the caller's back, and merged with what others have changed, by
// field: the later write wins a scalar; an explored schema stays if anybody adds
// it while another removes it; calls and results are united, of which the latest
// 256 stay; counts are added up; a deletion ends everything. See package merge for
// the rules and synchroniser for the traffic. Where the replica is away all goes on,
// and sessions say that they are [Session.Volatile] unless snapshots are kept.
//
// Two instances may differ for as long as a notice takes, or the replica is away.
// Values of the free context are scalars: where two instances change the same one
// at the same time, one of the changes is gone. To count, use a name an instance.
//
// # Snapshots
//
// [Store.Records] writes sessions and tombstones, one by one, and [Store.Restore]
// merges one into what is there. Deadlines are wall-clock times, and idle time goes
// on while the process is down.
//
// # Bounds
//
// A session holds at most 2,048 explored event types, 512 preferences of 4 KiB, 512
// values of 64 KiB and 512 KiB together, 16 aliases, and the latest 256 calls,
// results and pairs of tool and event type. What was removed or unset counts until
// the session ends, as others have to be told of it. A change of a session takes
// time in proportion to the shelf that it changes, and half a KiB of garbage or so.
package session
