package inspect

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state"
)

// Meter is a Querier that measures how long another's queries take: it goes
// between the State and New Relic.
//
// A State knows how many queries it sent, and not how long NRDB took over each.
// That is asked for where the queries are, since there it costs nothing that
// counts: two readings of the clock for what takes 0.2 s. Queries that fail count
// too, and are counted apart as well.
//
// It takes no lock. All methods are safe for concurrent use.
type Meter struct {
	next    state.Querier
	buckets [bucketCount]atomic.Uint64
	failed  atomic.Uint64
	nanos   atomic.Int64
}

// NewMeter puts a Meter before a Querier. The error matches ErrOptions.
func NewMeter(next state.Querier) (*Meter, error) {
	if next == nil {
		return nil, fmt.Errorf("%w: the Querier to measure is nil", ErrOptions)
	}
	return &Meter{next: next}, nil
}

// QueryNRQL asks the other Querier. A query that ended because its caller's ctx
// did is not counted: it says nothing of NRDB.
func (m *Meter) QueryNRQL(ctx context.Context, account int, nrql string) (rows state.Rows, err error) {
	began := time.Now()
	returned := false
	defer func() { m.record(time.Since(began), returned, err) }()
	rows, err = m.next.QueryNRQL(ctx, account, nrql)
	returned = true
	return rows, err
}

func (m *Meter) record(took time.Duration, returned bool, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if !returned || err != nil {
		m.failed.Add(1)
	}
	m.nanos.Add(int64(took))
	m.buckets[bucketOf(took)].Add(1)
}

// measured is what a Meter knows at a time.
type measured struct {
	failed  uint64
	took    time.Duration // all of them together
	buckets [bucketCount]uint64
}

func (m *Meter) read() *measured {
	if m == nil {
		return nil
	}
	out := &measured{failed: m.failed.Load(), took: time.Duration(m.nanos.Load())}
	for i := range m.buckets {
		out.buckets[i] = m.buckets[i].Load()
	}
	return out
}

// minus is what was measured since an earlier reading; nil for none.
func (m *measured) minus(earlier *measured) *measured {
	if earlier == nil {
		return m
	}
	out := &measured{failed: m.failed - earlier.failed, took: m.took - earlier.took}
	for i := range m.buckets {
		out.buckets[i] = m.buckets[i] - earlier.buckets[i]
	}
	return out
}

func (m *measured) queries() (n uint64) {
	for _, count := range m.buckets {
		n += count
	}
	return n
}

// mean is 0 where there was no query.
func (m *measured) mean() time.Duration {
	if n := m.queries(); n > 0 {
		return m.took / time.Duration(n)
	}
	return 0
}

// quantile is the time that a share of the queries took at most, to within a
// sixteenth; 0 where there was none.
func (m *measured) quantile(share float64) time.Duration {
	n := m.queries()
	rank := uint64(share * float64(n))
	for i, count := range m.buckets {
		if count > rank {
			return middleOf(i)
		}
		rank -= count
	}
	return 0
}

// Buckets are eight to each power of two of microseconds, up to two years.
const (
	eighths     = 8
	bucketCount = 44 * eighths
)

func bucketOf(took time.Duration) int {
	micros := uint64(max(took, 0) / time.Microsecond)
	if micros < eighths {
		return int(micros)
	}
	shift := bits.Len64(micros) - 4
	return min((shift+1)*eighths+int(micros>>shift)&(eighths-1), bucketCount-1)
}

// middleOf is the middle of the times that a bucket counts.
func middleOf(bucket int) time.Duration {
	if bucket < eighths {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket/eighths - 1
	least := time.Duration(eighths+bucket%eighths) << shift
	return least*time.Microsecond + (time.Microsecond<<shift)/2
}
