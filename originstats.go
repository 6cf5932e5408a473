package state

import (
	"sync/atomic"
	"time"
)

// OriginStats say what NRDB was asked, and what it was spared.
type OriginStats struct {
	// Sent queries were started, for whomever.
	Sent uint64 `json:"sent"`
	// Failed of them ended with an error.
	Failed uint64 `json:"failed"`
	// Time is how long those that ended took in all.
	Time time.Duration `json:"timeNanos"`
	// Saved calls of Query got an answer from memory, stale ones and remembered
	// errors among them, or joined a query that was under way.
	Saved uint64 `json:"saved"`
}

// LoadStats say how long the loads of one kind took since its cache was made.
type LoadStats struct {
	Name string `json:"name"`
	// Ended loads brought a result or an error, or were abandoned.
	Ended uint64 `json:"ended"`
	// Time is what they took in all, waiting for the query limits included.
	Time time.Duration `json:"timeNanos"`
}

// originCounts count queries as they leave.
type originCounts struct{ sent, failed, nanos atomic.Uint64 }

func (c *originCounts) ended(took time.Duration, failed bool) {
	c.nanos.Add(uint64(max(took, 0)))
	if failed {
		c.failed.Add(1)
	}
}

func (st *State) originStats() OriginStats {
	q := st.queries.Stats()
	return OriginStats{
		Sent:   st.origin.sent.Load(),
		Failed: st.origin.failed.Load(),
		Time:   time.Duration(st.origin.nanos.Load()),
		Saved:  q.Hits + q.RememberedErrors + q.Collapsed,
	}
}

// loadStats reads what flights count besides KindStats.
func (c *Cache[T]) loadStats() LoadStats {
	counts := c.flights.tally()
	return LoadStats{Name: c.kind.Name, Ended: counts.ended, Time: counts.time}
}
