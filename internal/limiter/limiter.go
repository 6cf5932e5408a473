package limiter

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrTooManyAccounts is matched by Acquire's error where queries of more accounts
// than can be kept apart ran within a minute.
var ErrTooManyAccounts = errors.New("too many accounts within a minute")

const (
	// limitWindow is the length of the window in which starts are counted.
	limitWindow = time.Minute
	// maxLimitedAccounts bounds the memory that a flood of made-up accounts can
	// take.
	maxLimitedAccounts = 10_000
)

// Limiter keeps the queries of every account within what NRDB allows: so many
// under way at once, and so many started in any minute. Beyond that NRDB
// refuses them.
//
// Contract: between Acquire and its release, at most concurrency queries of one
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
type Limiter struct {
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

// accountLimit is the limit of one account.
type accountLimit struct {
	account int
	queue   accountQueue

	// INVARIANT: these are guarded by limiter.mu. users counts the goroutines
	// between enter and exit; place is where the account is in limiter.idle,
	// nil while it has users; idleSince is not before its last start.
	users     int
	place     *list.Element
	idleSince time.Time
}

// New returns a limiter for so many queries of one account at once, and so many
// started in any minute.
//
// INVARIANT: both are positive.
func New(concurrency, perMinute int) *Limiter {
	return &Limiter{
		concurrency: concurrency,
		perMinute:   perMinute,
		maxAccounts: maxLimitedAccounts,
		accounts:    make(map[int]*accountLimit),
	}
}

// Acquire waits until a query of account may start, as urgent as ctx says. The
// caller starts it at once, and calls release, once, when it has ended.
func (l *Limiter) Acquire(ctx context.Context, account int) (release func(), err error) {
	a, err := l.enter(account)
	if err != nil {
		return nil, err
	}
	if err := a.queue.start(ctx); err != nil {
		l.exit(a)
		return nil, fmt.Errorf("waiting for the query limits of account %d: %w", account, err)
	}
	return func() {
		a.queue.end()
		l.exit(a)
	}, nil
}

// enter finds or makes the account's limit, and keeps it from being pruned
// until exit.
func (l *Limiter) enter(account int) (*accountLimit, error) {
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
			queue:   accountQueue{concurrency: l.concurrency, perMinute: l.perMinute, epoch: now},
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

func (l *Limiter) exit(a *accountLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.users--
	if a.users == 0 {
		a.idleSince = time.Now()
		a.place = l.idle.PushBack(a)
	}
}

// prune forgets accounts whose starts no longer count. The caller holds mu.
func (l *Limiter) prune(now time.Time) {
	for first := l.idle.Front(); first != nil; first = l.idle.Front() {
		a := first.Value.(*accountLimit)
		if now.Sub(a.idleSince) <= limitWindow {
			return
		}
		l.idle.Remove(first)
		delete(l.accounts, a.account)
	}
}
