package limiter

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/uds-platform/state/warm"
)

// accountQueue decides who of one account's queries starts next, and when.
//
// Contract: as limiter's. A query that becomes more urgent while it waits goes to
// the end of the queue of those that are as urgent.
//
// A place is granted before its query starts, and between the two lies what the
// scheduler pleases. So the start is noted by the one who starts, when it does,
// and until then the place counts as one of the minute: were it noted by the one
// who grants, queries could leave closer together than it says.
//
// There is no aging: under constant demand a refresh waits until its load's time
// is up. That loses nothing. What it was to renew is served until its deadline,
// and the first who asks after that joins the load that waits and makes it
// demand. Rejected for that reason: to have old refreshes count as demand, which
// takes a start from somebody who is waiting for somebody who is not.
//
// Rejected too: a semaphore for the slots and another for the turn, as there were
// before there were priorities. Who holds the turn can't be overtaken any more,
// so a prefetch that waits for the minute to pass would have demand wait behind
// it.
type accountQueue struct {
	concurrency int       // INVARIANT: positive, never changed.
	perMinute   int       // INVARIANT: positive, never changed.
	epoch       time.Time // INVARIANT: has a monotonic reading, so that setting the clock moves no start.

	mu sync.Mutex
	// INVARIANT: guarded by mu. taken counts the places granted and not given
	// back, at most concurrency; granted, those of them whose start is still to be
	// noted.
	taken, granted int
	// INVARIANT: guarded by mu. The starts of the last window, counted from epoch,
	// in order. With granted, at most perMinute.
	starts []time.Duration
	// INVARIANT: guarded by mu. The tickets that wait, by priority, and each in
	// its order. Whenever mu is free and one waits, there is no room for it, and
	// where that is because of the minute alone, alarm is set for its end.
	waiting [warm.Prefetch]list.List
	alarm   *time.Timer
}

// ticket is a place in the queue.
type ticket struct {
	queue *accountQueue
	ready chan struct{} // closed when a place is granted
	// INVARIANT: guarded by queue.mu. place is where the ticket waits, nil once it
	// does not any more; then granted says whether it has got a place.
	priority warm.Priority
	place    *list.Element
	granted  bool
}

// start returns when a query may start, or with ctx's error.
func (q *accountQueue) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := UrgencyOf(ctx)
	t := q.enqueue(u.Now())
	u.Follow(t)
	defer u.Unfollow(t)
	select {
	case <-t.ready:
	case <-ctx.Done():
	}
	return q.settle(ctx, t)
}

func (q *accountQueue) enqueue(p warm.Priority) *ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &ticket{queue: q, ready: make(chan struct{}), priority: p}
	t.place = q.line(p).PushBack(t)
	q.admit()
	return t
}

func (q *accountQueue) line(p warm.Priority) *list.List { return &q.waiting[p-1] }

// settle notes the start of a ticket that has got a place; of one whose context
// has ended it gives back what it has.
func (q *accountQueue) settle(ctx context.Context, t *ticket) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := ctx.Err()
	switch {
	case !t.granted:
		q.line(t.priority).Remove(t.place)
		t.place = nil
	case err != nil:
		q.granted--
		q.taken--
	default:
		q.granted--
		q.starts = append(q.starts, time.Since(q.epoch))
	}
	q.admit()
	return err
}

// end gives a place back.
func (q *accountQueue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken--
	q.admit()
}

// raise moves a ticket that waits to those that are more urgent.
func (t *ticket) Raise(p warm.Priority) {
	q := t.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.place == nil || p >= t.priority {
		return
	}
	q.line(t.priority).Remove(t.place)
	t.priority = p
	t.place = q.line(p).PushBack(t)
}

// admit grants places as long as there is room. The caller holds mu.
func (q *accountQueue) admit() {
	now := time.Since(q.epoch)
	for len(q.starts) > 0 && now-q.starts[0] > limitWindow {
		q.starts = q.starts[1:]
	}
	for t := q.next(); t != nil; t = q.next() {
		if q.taken >= q.concurrency {
			return
		}
		if len(q.starts)+q.granted >= q.perMinute {
			q.wake(now)
			return
		}
		q.line(t.priority).Remove(t.place)
		t.place, t.granted = nil, true
		q.taken++
		q.granted++
		close(t.ready)
	}
	if q.alarm != nil {
		q.alarm.Stop()
	}
}

// next is the ticket whose turn it is, nil where none waits.
func (q *accountQueue) next() *ticket {
	for p := range q.waiting {
		if first := q.waiting[p].Front(); first != nil {
			return first.Value.(*ticket)
		}
	}
	return nil
}

// wake sets the alarm for when the minute has room again. Where all of it is
// granted and not yet started, the first to start comes by here. The caller holds
// mu.
func (q *accountQueue) wake(now time.Duration) {
	if len(q.starts) == 0 {
		return
	}
	left := q.starts[0] + limitWindow + 1 - now
	if q.alarm == nil {
		q.alarm = time.AfterFunc(left, q.ring)
		return
	}
	q.alarm.Reset(left)
}

func (q *accountQueue) ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.admit()
}
