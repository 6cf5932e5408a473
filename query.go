package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uds-platform/state/internal/limiter"
)

var (
	// ErrNoQuerier is returned by Query where Config.Querier is not set.
	ErrNoQuerier = errors.New("state: no querier is configured")
	// ErrBadQuery is matched by Query's error for a query or an account that
	// cannot be run.
	ErrBadQuery = errors.New("state: bad query")
	// ErrTooManyAccounts is matched by Query's error where queries of more accounts
	// than can be kept apart ran within a minute.
	ErrTooManyAccounts = limiter.ErrTooManyAccounts
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
// caller waits no longer than its own ctx. Answers are shared: treat the rows as
// read-only.
//
// What is written in two ways but means one thing is one query; see package
// nrql. What NRDB gets is the text as it was written, by whoever asked first. For
// how long an answer is kept, Config.Freshness says by the query's time range. An
// answer about a range that moves with the clock ages in its place; about one that
// moves with the calendar, such as SINCE today, it ends with the day.
//
// A query that could not be read is run as it is, and its answer kept for a short
// time. Health counts those. That is no judgement on the query, which is NRDB's.
//
// Answers depend on the event types and lookup tables that are named in the
// query, subqueries included: Invalidate, ObserveSchema and ObserveData reach them
// by EventTypeTag and NamedTag. The answer to SHOW EVENT TYPES has the tag
// NamedTag(account, "kind:event types").
//
// What a failed query means for what is kept, the Querier says by an error that
// matches ErrTemporary, ErrPermanent or ErrDenied.
//
// Every caller of the State gets the same answer, so the Querier must not
// answer by who asks. A query runs within the account's limits,
// Config.QueryConcurrency and Config.QueriesPerMinute; waiting for them counts
// towards Config.LoadTimeout.
//
// A hit takes no lock, and allocates nothing where the text was asked before.
//
// The error matches ErrNoQuerier without a Querier, ErrBadQuery for an account
// that is not positive and for a query that is blank or longer than
// MaxQueryBytes, ErrTooManyAccounts, what Fetch's errors match, or what the
// Querier returned.
func (st *State) Query(ctx context.Context, account int, nrql string) (Result[Rows], error) {
	if err := st.checkQuery(account, nrql); err != nil {
		return Result[Rows]{}, refused(st.config.Tracer, ctx, queryKind, err)
	}
	q := st.questions.read(nrql)
	p, err := st.questions.place(q, account)
	if err != nil {
		return Result[Rows]{}, err
	}
	e, fresh := st.queries.look(p.key)
	st.watch(ctx, account, nrql, e)
	if fresh {
		return e.result(Memory, Full), nil
	}
	return st.queries.fetchElse(ctx, p.key, e, p.load)
}

func (st *State) checkQuery(account int, nrql string) error {
	if st.config.Querier == nil {
		return ErrNoQuerier
	}
	return checkQuery(account, nrql)
}

func checkQuery(account int, nrql string) error {
	if account <= 0 {
		return fmt.Errorf("%w: account %d: want a positive account number", ErrBadQuery, account)
	}
	if len(nrql) > MaxQueryBytes {
		return fmt.Errorf("%w: %d bytes: want at most %d", ErrBadQuery, len(nrql), MaxQueryBytes)
	}
	if strings.TrimSpace(nrql) == "" {
		return fmt.Errorf("%w: it is blank", ErrBadQuery)
	}
	return nil
}

// loadOf is the load of the answer to a question.
func (st *State) loadOf(q *question, p *place) loader[Rows] {
	return func(ctx context.Context) (Rows, Terms, error) {
		rows, started, err := st.run(ctx, p.account, q.text)
		return rows, st.questions.terms(q, p, started), err
	}
}

// run runs a query within its account's limits, and says when they let it start.
func (st *State) run(ctx context.Context, account int, nrql string) (rows Rows, started time.Time, err error) {
	release, err := st.limiter.Acquire(ctx, account)
	if err != nil {
		return nil, time.Now(), err
	}
	defer release()
	started = time.Now()
	st.origin.sent.Add(1)
	failed := true // stands only where the Querier does not return
	defer func() { st.origin.ended(time.Since(started), failed) }()
	rows, err = st.config.Querier.QueryNRQL(ctx, account, nrql)
	failed = err != nil
	return rows, started, err
}
