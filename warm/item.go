package warm

import (
	"context"
	"errors"
	"fmt"
)

// Item is one call that can be made before anybody asks for it. It is
// comparable, and two equal items are the same call.
type Item struct {
	// Account is the New Relic account that is asked. Positive.
	Account int `json:"account"`
	// Kind names the kind of result; empty means an NRQL query.
	Kind string `json:"kind,omitempty"`
	// Query is the query's text, or whatever the kind's loader understands.
	Query string `json:"query"`
}

// Validate says what is wrong with an item, if anything. The error matches
// ErrOptions.
func (item Item) Validate() error {
	if problem := item.problem(); problem != "" {
		return fmt.Errorf("%w: %s", ErrOptions, problem)
	}
	return nil
}

// Loader makes a call and keeps its result where the next caller will find it.
//
// Load is called from several goroutines at once and must return soon after its
// context has ended. A panic in it becomes an error that matches ErrPanic. It
// returns an error that matches ErrFresh where the result is there already.
type Loader interface {
	Load(ctx context.Context, item Item) error
}

// LoaderFunc makes a Loader of a function.
type LoaderFunc func(ctx context.Context, item Item) error

// Load calls f.
func (f LoaderFunc) Load(ctx context.Context, item Item) error { return f(ctx, item) }

// ErrFresh says that there was nothing to load, since the result is there and
// fresh. It counts as skipped, and costs no budget.
var ErrFresh = errors.New("warm: already fresh")
