package state

import (
	"context"
	"sync"

	"github.com/uds-platform/state/warm"
)

// urgency is the priority of a load, which may rise while it is under way: a
// prefetch that somebody has begun to wait for is demand.
//
// It travels in the load's context, to whatever the load does: the limiter reads
// it, and so does a load within the load, which is as urgent as what waits for
// it. Those that want to know of a rise follow it.
//
// No urgency at all, a nil pointer, is demand: that is what a caller is who comes
// from outside.
type urgency struct {
	mu        sync.Mutex
	priority  warm.Priority         // INVARIANT: guarded by mu; it only becomes more urgent, which is a lower number.
	followers map[follower]struct{} // INVARIANT: guarded by mu.
}

// follower is what becomes more urgent with what it follows.
type follower interface{ raise(warm.Priority) }

type urgencyKey struct{}

// withUrgency is ctx with a load's urgency.
func withUrgency(ctx context.Context, u *urgency) context.Context {
	return context.WithValue(ctx, urgencyKey{}, u)
}

// withPriority is ctx for calls that nobody waits for.
func withPriority(ctx context.Context, p warm.Priority) context.Context {
	return withUrgency(ctx, &urgency{priority: p})
}

// urgencyOf is the urgency of the load that ctx belongs to, nil where it belongs
// to none.
func urgencyOf(ctx context.Context) *urgency {
	u, _ := ctx.Value(urgencyKey{}).(*urgency)
	return u
}

func (u *urgency) now() warm.Priority {
	if u == nil {
		return warm.Demand
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.priority
}

// raise makes u as urgent as p, where it is not yet, and what follows it too. It
// tells followers without holding mu: loads that wait for each other may follow
// each other, and the second time round there is nothing left to raise.
func (u *urgency) raise(p warm.Priority) {
	u.mu.Lock()
	var told []follower
	if p < u.priority {
		u.priority = p
		for f := range u.followers {
			told = append(told, f)
		}
	}
	u.mu.Unlock()
	for _, f := range told {
		f.raise(p)
	}
}

// follow makes f as urgent as u, now and until unfollow.
func (u *urgency) follow(f follower) {
	if u == nil {
		f.raise(warm.Demand)
		return
	}
	u.mu.Lock()
	if u.followers == nil {
		u.followers = make(map[follower]struct{})
	}
	u.followers[f] = struct{}{}
	p := u.priority
	u.mu.Unlock()
	f.raise(p)
}

func (u *urgency) unfollow(f follower) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.followers, f)
}
