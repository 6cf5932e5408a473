package session

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// lagBounds are the upper ends of the ranges that lags are counted in; those above
// the last have a range of their own. From an exchange on one machine to an instance
// that was cut off for some minutes.
var lagBounds = [...]time.Duration{
	2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute,
}

// lags says how far this process is behind the others: for each merge of what they
// changed, how long ago that was written.
//
// It is measured by two clocks, the writer's and this one's, in whole milliseconds. So
// it is as wrong as they differ, and zero where the writer's is ahead.
//
// All methods are safe for concurrent use. What is read while a merge is noted may lack
// a part of that.
type lags struct {
	count, sumNanos, lastNanos, maxNanos atomic.Uint64
	ranges                               [len(lagBounds) + 1]atomic.Uint64
}

func (l *lags) note(lag time.Duration) {
	lag = max(lag, 0)
	at := 0
	for at < len(lagBounds) && lag > lagBounds[at] {
		at++
	}
	l.ranges[at].Add(1)
	l.count.Add(1)
	l.sumNanos.Add(uint64(lag))
	l.lastNanos.Store(uint64(lag))
	for {
		most := l.maxNanos.Load()
		if uint64(lag) <= most || l.maxNanos.CompareAndSwap(most, uint64(lag)) {
			return
		}
	}
}

// news is when what a merge has brought was written: its first part and its last. Both
// are zero where nothing says when.
type news struct{ first, last merge.Stamp }

// add notes that a field has got another value. When an element was removed nobody
// knows: its stamps are those of its addition.
func (n *news) add(name, was, value string) {
	v, err := merge.Read(name, value)
	if err != nil || strings.HasPrefix(was, v.Stamp.String()) || merge.ClassOf(name) == merge.Element && !v.Present() {
		return
	}
	if n.first.IsZero() || n.first.After(v.Stamp) {
		n.first = v.Stamp
	}
	n.last = laterOf(n.last, v.Stamp)
}

// noteLag counts how late a merge was that brought something from elsewhere.
//
// Of a session that was here the oldest part counts: it has waited longest. Of one that
// was not, the latest, since the rest may be as old as the session and have been
// nobody's business here: that is how one looks that had expired here and is used
// elsewhere, or has a new handle. What was written before this process began is no lag
// of its.
func (st *Store) noteLag(n news, known bool, now time.Time) {
	at := n.last
	if known {
		at = n.first
	}
	if at.IsZero() || st.opened.After(at) {
		return
	}
	st.lags.note(now.Sub(at.Time()))
}
