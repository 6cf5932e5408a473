package telemetry

import (
	"context"
	"errors"

	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
)

// class is what an error is called, and whether a healthy server sees it too.
type class struct {
	sentinel error
	name     string
	expected bool
}

// classes are tried in this order; the first that matches counts. Running out of a
// load's time matches context.DeadlineExceeded too, and is not expected, so it comes
// before.
var classes = []class{
	{state.ErrLoaderPanic, "state.ErrLoaderPanic", false},
	{state.ErrLoaderExited, "state.ErrLoaderExited", false},
	{state.ErrNoQuerier, "state.ErrNoQuerier", true},
	{state.ErrBadQuery, "state.ErrBadQuery", true},
	{state.ErrDenied, "state.ErrDenied", true},
	{state.ErrPermanent, "state.ErrPermanent", true},
	{state.ErrTooManyAccounts, "state.ErrTooManyAccounts", false},
	{state.ErrLoadTimeout, "state.ErrLoadTimeout", false},
	{state.ErrTemporary, "state.ErrTemporary", false},
	{state.ErrBadKey, "state.ErrBadKey", false},
	{context.Canceled, "context.Canceled", true},
	{context.DeadlineExceeded, "context.DeadlineExceeded", true},
}

// otherClass is what an error is called that matches none of them.
const otherClass = "state.error"

// storeClass is what the error of a store is called that did not answer.
const storeClass = "state.store"

func find(err error) class {
	for _, c := range classes {
		if errors.Is(err, c.sentinel) {
			return c
		}
	}
	return class{name: otherClass}
}

func classOf(err error) string { return find(err).name }

// Notice notices an error on the transaction in ctx, under the name of what it
// matches, and as expected where a healthy server sees it too. What a State returns
// is noticed without it; it is for errors that come of something else, such as a
// session's. A nil error, and a context without a transaction, are fine.
func (a *Adapter) Notice(ctx context.Context, err error) {
	if txn := transactionOf(ctx); txn != nil {
		a.notice(txn, err)
	}
}

func (a *Adapter) notice(txn *newrelic.Transaction, err error) {
	if err == nil {
		return
	}
	c := find(err)
	noticed := newrelic.Error{Message: err.Error(), Class: c.name}
	if c.expected || a.options.Expected(err) {
		txn.NoticeExpectedError(noticed)
		return
	}
	txn.NoticeError(noticed)
}
