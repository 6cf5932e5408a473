package remote

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/redis/rueidis"
)

// Get reads the value of the fill's key in Redis. found is false where there is
// none that may be served: never written, invalidated by its key or by one of
// its tags, past its hard deadline, or not readable. err says why nobody could
// look; it matches ErrAway or ErrBusy, or is ctx's. Whoever loads the value then
// goes on as if there was none.
//
// It returns within Options.Wait, and at once while Redis is known to be away.
//
// The value may be kept where fill.Valid() says so. Until then it is what Redis
// had a moment ago.
func (t *Tier) Get(ctx context.Context, fill *Fill) (f Frame, found bool, err error) {
	if t.pending.covers(fill.key, nil) { // what is there may be gone from pending when the answer comes
		t.counts.misses.Add(1)
		return Frame{}, false, nil
	}
	name, gaps := t.names.value(fill.key), t.fence.gaps.Load()
	text, err := ask(ctx, t, func(ctx context.Context, client rueidis.Client) (string, error) {
		// Not GET, so that what somebody else has put there is not read whatever its size.
		return client.Do(ctx, client.B().Getrange().Key(name).Start(0).End(maxValueBytes-1).Build()).ToString()
	}, nil)
	switch {
	case err == nil && text == "":
		t.counts.misses.Add(1)
		return Frame{}, false, nil
	case err != nil:
		t.counts.unanswered.Add(1)
		return Frame{}, false, err
	}
	f, found = t.judge(fill.key, text)
	if t.fence.gaps.Load() != gaps { // it may have been judged by a ledger that is not the one any more
		t.counts.unanswered.Add(1)
		return Frame{}, false, fmt.Errorf("%w: it was lost meanwhile", ErrAway)
	}
	if found {
		t.counts.hits.Add(1)
	} else {
		t.counts.misses.Add(1)
	}
	return f, found, nil
}

// judge says whether what stands in Redis is a value that may be served.
func (t *Tier) judge(key, text string) (f Frame, ok bool) {
	h, body, ok := parseValue(text)
	if !ok {
		t.counts.corrupt.Add(1)
		return Frame{}, false
	}
	if body == "" { // a tombstone
		return Frame{}, false
	}
	f, err := ParseFrame(bytesOf(body))
	switch {
	case errors.Is(err, ErrFrameVersion):
		t.counts.foreign.Add(1)
		return Frame{}, false
	case err != nil:
		t.counts.corrupt.Add(1)
		return Frame{}, false
	}
	tags := f.names()
	// In this order: what is pending is in the ledger before it is not pending any
	// more.
	covered := t.pending.covers(key, tags)
	l := t.ledger.Load()
	if covered || l == nil || h.incarnation != l.incarnation || l.outdates(tags, h.since) {
		t.counts.outdated.Add(1)
		return Frame{}, false
	}
	return f, time.Now().Before(f.HardDeadline)
}

func (f *Frame) names() []string {
	names := make([]string, len(f.Tags))
	for i := range f.Tags {
		names[i] = f.Tags[i].Name
	}
	return names
}

// bytesOf is a string's bytes, which nobody may change. The string is the
// client's copy of an answer, which nobody else has.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// names are what things are called in Redis.
type names struct{ prefix, values, ledger, leases, notices, messages string }

func newNames(prefix string) names {
	return names{
		prefix:   prefix,
		values:   prefix + "v:",
		ledger:   prefix + "ledger",
		leases:   prefix + "lease:",
		notices:  prefix + "invalidations",
		messages: prefix + "messages",
	}
}

func (n *names) value(key string) string { return n.values + key }

func (n *names) lease(key string) string { return n.leases + key }
