package session

import (
	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/shard"
)

// absorb merges what the replica has into a session, which may not be here yet. It
// returns how many fields it refused: such as are malformed, or stamped too far
// ahead of the clock here.
func (st *Store) absorb(handle Handle, fields merge.Fields) (refused int) {
	fields, refused = fields.Admit(st.options.Now())
	st.refused.Add(uint64(refused))
	if len(fields) > 0 {
		st.join(handle, fields, fields)
	}
	return refused
}

// join merges fields into a session. replica says which of them the replica has
// already.
func (st *Store) join(handle Handle, fields, replica merge.Fields) {
	now := st.options.Now()
	st.clock.Observe(fields.Latest())
	var before *Session
	var brought news
	after, ok := st.live.Compute(string(handle), func(old *Session, found bool) (*Session, shard.Op) {
		before = nil
		c := &content{handle: handle}
		if found {
			before, c = old, &old.content
		}
		joined, differs := c.joinedWith(fields, replica, st.clock.Next(now), &brought)
		if !differs {
			return old, shard.Keep
		}
		s := &Session{content: joined}
		s.revision++
		s.volatile = len(replica) == 0 && st.Volatile()
		s.classify(st.options.IdleTimeout, st.options.TouchInterval)
		return s, shard.Write
	})
	if !ok || after == before {
		return
	}
	if len(replica) > 0 {
		st.noteLag(brought, before != nil, now)
	}
	if before != nil && before.servable {
		st.index.settle(before.owner, handle)
	}
	if after.servable {
		st.index.settle(after.owner, handle)
	}
	st.settle(handle)
	if !after.latest.IsZero() && (before == nil || after.latest != before.latest) {
		st.announce(handle)
		return
	}
	st.options.Changed()
}
