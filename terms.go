package state

import (
	"time"

	"github.com/uds-platform/state/shard"
)

// Never is a duration for Terms and Kind where zero means a default: not at
// all.
const Never time.Duration = -1

// Terms say how long one result holds, where its kind does not know it for all.
// FetchWithTerms takes them from the load, SetWithTerms from the caller. The
// zero Terms leave everything to the kind.
type Terms struct {
	// FreshFor is how long the result is served as Full, from when it is stored:
	// 0 means Kind.TTL, and any longer or shorter time is allowed. Negative, such
	// as Never, means that it is not kept: those who wait for it get it, and what
	// was kept for the key goes, because it is out of date.
	FreshFor time.Duration
	// StaleFor is how long after that it is served as Stale, while a newer one is
	// loaded: 0 means Kind.StaleFor, negative, such as Never, not at all.
	StaleFor time.Duration
	// Settled says that the result can't change any more, such as that of a
	// query whose window lies in the past and is closed. ObserveData does not
	// make it stale, and a permanent error of a later load does not end it.
	Settled bool
	// Tags are what the result depends on, besides its account and its kind. See
	// State.Invalidate.
	Tags []Tag
}

// lifetime returns for how long a result is fresh, and how long it may be
// served in all: fresh for as long as it may be served, where it is never
// stale. A result that is not to be kept has kept below 0.
func (t Terms) lifetime(k *Kind) (fresh, kept time.Duration) {
	fresh, stale := t.FreshFor, t.StaleFor
	if fresh < 0 {
		return Never, Never
	}
	if fresh == 0 {
		fresh = k.TTL
	}
	if stale == 0 {
		stale = k.StaleFor
	}
	if stale <= 0 {
		return fresh, fresh
	}
	if stale > shard.Forever-fresh {
		return fresh, shard.Forever
	}
	return fresh, fresh + stale
}
