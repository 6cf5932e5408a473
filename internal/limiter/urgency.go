package limiter

import (
	"context"
	"sync"

	"github.com/uds-platform/state/warm"
)

// Urgency is the priority of a load, which may rise while it is under way: a
// prefetch that somebody has begun to wait for is demand.
//
// It travels in the load's context, to whatever the load does: the limiter reads
// it, and so does a load within the load, which is as urgent as what waits for
// it. Those that want to know of a rise follow it.
//
// No urgency at all, a nil pointer, is demand: that is what a caller is who comes
// from outside.
type Urgency struct {
	mu        sync.Mutex
	priority  warm.Priority         // INVARIANT: guarded by mu; it only becomes more urgent, which is a lower number.
	followers map[Follower]struct{} // INVARIANT: guarded by mu.
}

// Follower is what becomes more urgent with what it follows.
type Follower interface{ Raise(warm.Priority) }

// NewUrgency returns the urgency of a load with that priority.
func NewUrgency(p warm.Priority) *Urgency { return &Urgency{priority: p} }

// Begin gives a new load its first priority, before anybody else knows the load.
func (u *Urgency) Begin(p warm.Priority) { u.priority = p }

type urgencyKey struct{}

// WithUrgency is ctx with a load's urgency.
func WithUrgency(ctx context.Context, u *Urgency) context.Context {
	return context.WithValue(ctx, urgencyKey{}, u)
}

// WithPriority is ctx for calls that nobody waits for.
func WithPriority(ctx context.Context, p warm.Priority) context.Context {
	return WithUrgency(ctx, NewUrgency(p))
}

// UrgencyOf is the urgency of the load that ctx belongs to, nil where it belongs
// to none.
func UrgencyOf(ctx context.Context) *Urgency {
	u, _ := ctx.Value(urgencyKey{}).(*Urgency)
	return u
}

// Now is the priority as it is at this moment.
func (u *Urgency) Now() warm.Priority {
	if u == nil {
		return warm.Demand
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.priority
}

// Raise makes u as urgent as p, where it is not yet, and what follows it too. It
// tells followers without holding mu: loads that wait for each other may follow
// each other, and the second time round there is nothing left to raise.
func (u *Urgency) Raise(p warm.Priority) {
	u.mu.Lock()
	var told []Follower
	if p < u.priority {
		u.priority = p
		for f := range u.followers {
			told = append(told, f)
		}
	}
	u.mu.Unlock()
	for _, f := range told {
		f.Raise(p)
	}
}

// Follow makes f as urgent as u, now and until Unfollow.
func (u *Urgency) Follow(f Follower) {
	if u == nil {
		f.Raise(warm.Demand)
		return
	}
	u.mu.Lock()
	if u.followers == nil {
		u.followers = make(map[Follower]struct{})
	}
	u.followers[f] = struct{}{}
	p := u.priority
	u.mu.Unlock()
	f.Raise(p)
}

// Unfollow ends Follow. It must be called, or f is kept as long as u.
func (u *Urgency) Unfollow(f Follower) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.followers, f)
}
