package state

import (
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/nrql"
)

// Lifetime says how old the answer to a query is that is kept, and for how much
// longer it will be.
type Lifetime struct {
	// AsOf is when the answer was right.
	AsOf time.Time
	// Quality is Full or Stale.
	Quality Quality
	// FreshFor is how much longer it is Full; 0 where it is Stale.
	FreshFor time.Duration
	// KeptFor is how much longer it is kept, fresh or stale.
	KeptFor time.Duration
}

// Lifetime returns that of the answer that a query would get from memory, and
// false where there is none. It is for those who watch: it counts as nobody's
// call, loads nothing, and keeps nothing alive. A text that was not asked before
// is read for it, which takes a few microseconds.
func (st *State) Lifetime(account int, query string) (Lifetime, bool) {
	if checkQuery(account, query) != nil {
		return Lifetime{}, false
	}
	q, ok := st.questions.memory.GetQuietly(query)
	if !ok {
		q = &question{text: query, query: nrql.Read(query)}
	}
	p, err := st.questions.place(q, account)
	if err != nil {
		return Lifetime{}, false
	}
	return st.queries.lifetime(p.key.encoded)
}

func (c *Cache[T]) lifetime(key string) (Lifetime, bool) {
	e, ok := c.engine.GetQuietly(key)
	if !ok {
		return Lifetime{}, false
	}
	worth := c.flights.judge(e)
	if worth < stale {
		return Lifetime{}, false
	}
	kept, ok := c.engine.TTL(key)
	if !ok {
		return Lifetime{}, false
	}
	l := Lifetime{AsOf: time.Unix(e.asOfSeconds, int64(e.asOfNanos)), Quality: worth.quality(), KeptFor: kept}
	switch {
	case worth == stale:
	case e.freshUntilNanos >= clock.Never || e.ends:
		l.FreshFor = kept // the engine ends it
	default:
		l.FreshFor = min(max(time.Duration(e.freshUntilNanos-c.clock.exact.Now()), 0), kept)
	}
	return l, true
}
