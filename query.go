package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoQuerier is returned by Query where Config.Querier is not set.
	ErrNoQuerier = errors.New("state: no querier is configured")
	// ErrBadQuery is matched by Query's error for a query or an account that
	// cannot be run.
	ErrBadQuery = errors.New("state: bad query")
)

// MaxQueryBytes bounds the text of a query.
const MaxQueryBytes = 64 << 10

// queryKind names the State's own kind.
const queryKind = "query"

// Rows are the answer to a query, in the order in which it came.
type Rows []map[string]any

// Querier runs queries against New Relic. It must be safe for concurrent use
// and should end when ctx does: one that does not still occupies its place in
// the account's limits until it returns.
type Querier interface {
	QueryNRQL(ctx context.Context, account int, nrql string) (Rows, error)
}

// Query answers an NRQL query of an account, from memory or through
// Config.Querier, as Fetch does: duplicate queries share one run, and each
// caller waits no longer than its own ctx. Answers are kept for
// Config.CacheTTL, by account and by the exact text of the query. They are
// shared: treat the rows as read-only.
//
// What a failed query means for what is kept, the Querier says by an error that
// matches ErrTemporary, ErrPermanent or ErrDenied.
//
// Every caller of the State gets the same answer, so the Querier must not
// answer by who asks. A query runs within the account's limits,
// Config.QueryConcurrency and Config.QueriesPerMinute; waiting for them counts
// towards Config.LoadTimeout.
//
// The error matches ErrNoQuerier without a Querier, ErrBadQuery for an account
// that is not positive and for a query that is blank or longer than
// MaxQueryBytes, ErrTooManyAccounts, what Fetch's errors match, or what the
// Querier returned.
func (st *State) Query(ctx context.Context, account int, nrql string) (Result[Rows], error) {
	if st.config.Querier == nil {
		return Result[Rows]{}, ErrNoQuerier
	}
	if account <= 0 {
		return Result[Rows]{}, fmt.Errorf("%w: account %d: want a positive account number", ErrBadQuery, account)
	}
	if strings.TrimSpace(nrql) == "" {
		return Result[Rows]{}, fmt.Errorf("%w: it is blank", ErrBadQuery)
	}
	if len(nrql) > MaxQueryBytes {
		return Result[Rows]{}, fmt.Errorf("%w: %d bytes: want at most %d", ErrBadQuery, len(nrql), MaxQueryBytes)
	}
	key, err := TextKey(account, queryKind, nrql)
	if err != nil {
		return Result[Rows]{}, err
	}
	e, fresh := st.queries.look(key)
	st.watch(ctx, account, nrql, e)
	if fresh { // before a closure is allocated for a miss
		return e.result(Memory, Full), nil
	}
	return st.queries.fetchElse(ctx, key, e, func(ctx context.Context) (rows Rows, t Terms, err error) {
		rows, err = st.run(ctx, account, nrql)
		return rows, t, err
	})
}

// run runs a query within its account's limits.
func (st *State) run(ctx context.Context, account int, nrql string) (Rows, error) {
	release, err := st.limiter.acquire(ctx, account)
	if err != nil {
		return nil, err
	}
	defer release()
	return st.config.Querier.QueryNRQL(ctx, account, nrql)
}
