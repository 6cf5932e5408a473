package state

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/uds-platform/state/internal/clock"
)

// ErrTooManyAccounts is matched by Query's error where queries of more accounts
// than can be kept apart ran within a minute.
var ErrTooManyAccounts = errors.New("too many accounts within a minute")

const (
	// limitWindow is the length of the window in which starts are counted.
	limitWindow = time.Minute
	// maxLimitedAccounts bounds the memory that a flood of made-up accounts can
	// take.
	maxLimitedAccounts = 10_000
)

// limiter keeps the queries of every account within what NRDB allows: so many
// under way at once, and so many started in any minute. Beyond that NRDB
// refuses them.
//
// Contract: between acquire and its release, at most concurrency queries of one
// account run; in any 60 s, ends included, at most perMinute start. Those who
// wait for one account start in the order in which they came, and each leaves
// when its context ends, without using up a start. Accounts do not wait for
// each other.
//
// The minute is exact: a token bucket or fixed windows would let almost twice
// the number into some minute. That costs 8 bytes a start.
//
// Accepted: the limits hold for this process, and for the moment at which a
// query leaves it. Several processes need their shares configured, and what the
// network delays may arrive closer together.
type limiter struct {
	concurrency int // INVARIANT: positive, never changed.
	perMinute   int // INVARIANT: positive, never changed.
	maxAccounts int // INVARIANT: positive, never changed.

	mu sync.Mutex
	// INVARIANT: guarded by mu. At most maxAccounts, and among them every one
	// that has users or had a start within the last window.
	accounts map[int]*accountLimit
	// INVARIANT: guarded by mu. The accounts without users, longest idle first.
	idle list.List
}

// accountLimit is the limit of one account. Whoever wants to start holds the
// turn while it waits for a slot and then for the minute, so that one queue,
// the turn's, decides the order.
type accountLimit struct {
	account int
	epoch   time.Time // INVARIANT: has a monotonic reading, so that setting the clock moves no start.

	// INVARIANT: these are guarded by limiter.mu. users counts the goroutines
	// between enter and exit; place is where the account is in limiter.idle,
	// nil while it has users; idleSince is not before its last start.
	users     int
	place     *list.Element
	idleSince time.Time

	turn  *semaphore.Weighted // of 1
	slots *semaphore.Weighted // of limiter.concurrency
	// INVARIANT: touched only by who holds turn. The starts of the last window,
	// counted from epoch, in order; at most limiter.perMinute.
	starts []time.Duration
}

func newLimiter(concurrency, perMinute int) *limiter {
	return &limiter{
		concurrency: concurrency,
		perMinute:   perMinute,
		maxAccounts: maxLimitedAccounts,
		accounts:    make(map[int]*accountLimit),
	}
}

// acquire waits until a query of account may start. The caller starts it at
// once, and calls release, once, when it has ended.
func (l *limiter) acquire(ctx context.Context, account int) (release func(), err error) {
	a, err := l.enter(account)
	if err != nil {
		return nil, err
	}
	if err := a.start(ctx, l.perMinute); err != nil {
		l.exit(a)
		return nil, fmt.Errorf("waiting for the query limits of account %d: %w", account, err)
	}
	return func() {
		a.slots.Release(1)
		l.exit(a)
	}, nil
}

// enter finds or makes the account's limit, and keeps it from being pruned
// until exit.
func (l *limiter) enter(account int) (*accountLimit, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[account]
	if a == nil {
		now := time.Now()
		l.prune(now)
		if len(l.accounts) >= l.maxAccounts {
			return nil, fmt.Errorf("account %d: %w (%d)", account, ErrTooManyAccounts, l.maxAccounts)
		}
		a = &accountLimit{
			account: account,
			epoch:   now,
			turn:    semaphore.NewWeighted(1),
			slots:   semaphore.NewWeighted(int64(l.concurrency)),
		}
		l.accounts[account] = a
	}
	a.users++
	if a.place != nil {
		l.idle.Remove(a.place)
		a.place = nil
	}
	return a, nil
}

func (l *limiter) exit(a *accountLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.users--
	if a.users == 0 {
		a.idleSince = time.Now()
		a.place = l.idle.PushBack(a)
	}
}

// prune forgets accounts whose starts no longer count. The caller holds mu.
func (l *limiter) prune(now time.Time) {
	for first := l.idle.Front(); first != nil; first = l.idle.Front() {
		a := first.Value.(*accountLimit)
		if now.Sub(a.idleSince) <= limitWindow {
			return
		}
		l.idle.Remove(first)
		delete(l.accounts, a.account)
	}
}

// start waits for the turn, for a slot, and for room in the minute, and then
// takes a slot and records a start.
func (a *accountLimit) start(ctx context.Context, perMinute int) error {
	if err := a.turn.Acquire(ctx, 1); err != nil {
		return err
	}
	defer a.turn.Release(1)
	if err := a.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	if err := a.pace(ctx, perMinute); err != nil {
		a.slots.Release(1)
		return err
	}
	return nil
}

// pace records a start as soon as the last window has fewer than perMinute.
func (a *accountLimit) pace(ctx context.Context, perMinute int) error {
	for {
		now := time.Since(a.epoch)
		for len(a.starts) > 0 && now-a.starts[0] > limitWindow {
			a.starts = a.starts[1:]
		}
		if len(a.starts) < perMinute {
			a.starts = append(a.starts, now)
			return nil
		}
		if err := clock.Sleep(ctx, a.starts[0]+limitWindow+1-now); err != nil {
			return err
		}
	}
}
