package session

import (
	"context"
	"fmt"
)

// maxPageSize bounds a page of List.
const maxPageSize = 1000

// Lookup returns the owner's session that has an alias.
func (st *Store) Lookup(ctx context.Context, owner Owner, alias string) (*Session, error) {
	handle, ok := st.index.alias(owner, alias)
	if !ok {
		return nil, ErrNotFound
	}
	return st.Get(ctx, owner, handle)
}

// Alias gives a session another name of 1 to 256 bytes by which Lookup finds it,
// such as a transport's session ID. It is the owner's name for it: another owner
// may use the same. A name that another session of the owner had is this one's
// from then on; where two instances give it at the same time, it is the later's, and
// when that ends the other's. A session has at most 16.
func (st *Store) Alias(ctx context.Context, owner Owner, handle Handle, alias string) error {
	if err := checkName("an alias", alias); err != nil {
		return err
	}
	_, err := st.Update(ctx, owner, handle, func(d *Draft) error { return d.alias(alias) })
	if err != nil {
		return err
	}
	st.index.settle(owner, handle)
	for _, other := range st.index.claimants(owner, alias) {
		if other != handle {
			st.unalias(ctx, owner, other, alias)
		}
	}
	return nil
}

// unalias has a session give up a name that another has now. Where it has ended
// meanwhile, so has its claim.
func (st *Store) unalias(ctx context.Context, owner Owner, handle Handle, alias string) {
	_, err := st.update(ctx, owner, handle, func(d *Draft) error {
		if seen := d.aliases.find(alias); seen != nil && !seen.absent {
			d.aliases = d.aliases.with(remove(d, seen))
		}
		return nil
	})
	if err == nil {
		st.index.settle(owner, handle)
	}
}

// Page is a part of an owner's sessions.
type Page struct {
	Sessions []*Session
	Next     Handle // where the next page begins; empty on the last
}

// List returns the owner's sessions that this process has, a page at a time, in
// the order of their handles. after is the last page's Next, or empty; a page has
// at most limit sessions, 1 to 1,000. What is there all the time is listed once.
func (st *Store) List(ctx context.Context, owner Owner, after Handle, limit int) (Page, error) {
	if limit < 1 || limit > maxPageSize {
		return Page{}, fmt.Errorf("%w: a page of %d; want 1 to %d", ErrValue, limit, maxPageSize)
	}
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	var page Page
	handles := st.index.after(owner, after, limit+1)
	if len(handles) > limit {
		page.Next = handles[limit-1]
		handles = handles[:limit]
	}
	for _, handle := range handles {
		if s := st.find(owner, handle); s != nil {
			page.Sessions = append(page.Sessions, s)
		}
	}
	return page, nil
}

// Learned returns which event types and tools have gone together in all of the
// owner's sessions that this process has, most often first. It takes time in
// proportion to what they know.
func (st *Store) Learned(owner Owner) []Pattern {
	counts := patterns{}
	for _, handle := range st.index.after(owner, "", st.options.MaxSessions) {
		if s := st.find(owner, handle); s != nil {
			counts.add(&s.content)
		}
	}
	return counts.sorted()
}
