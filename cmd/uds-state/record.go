package main

import (
	"errors"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state"
)

// outcome is how a query ended.
type outcome uint8

const (
	fromMemory outcome = iota // answered from memory
	collapsed                 // shared the load that another caller had begun
	sent                      // went to NRDB
	refined                   // waited for the load behind a preview
	failed                    // ended in an error
	outcomes                  // how many there are
)

// record is one query that a session asked.
type record struct {
	query   uint64 // hash of the text: enough to tell queries apart
	ended   time.Duration
	took    time.Duration
	outcome outcome
}

// recorder keeps what one session asked. Only its session writes to it, so the
// hot path takes no lock; the live counters are atomic because the progress line
// reads them meanwhile.
type recorder struct {
	seed        maphash.Seed // the same for all sessions of a run
	start       time.Time
	records     []record
	errors      map[string]int
	live        [outcomes]atomic.Int64
	interrupted int                 // queries cut off by the end of the run, not counted as asked
	stale       int                 // answers that were stale
	previews    [state.Full + 1]int // previews asked for, by quality
}

func newRecorder(seed maphash.Seed, start time.Time) *recorder {
	return &recorder{seed: seed, start: start, errors: make(map[string]int)}
}

// answered notes a query that got its rows.
func (r *recorder) answered(nrql string, began time.Time, took time.Duration, how outcome) {
	r.records = append(r.records, record{
		query:   maphash.String(r.seed, nrql),
		ended:   began.Add(took).Sub(r.start),
		took:    took,
		outcome: how,
	})
	r.live[how].Add(1)
}

// refused notes a query that ended in an error.
func (r *recorder) refused(err error) {
	r.errors[wordsOf(err)]++
	r.live[failed].Add(1)
}

// wordsOf is an error as its reader should see it: what NerdGraph reported in
// NerdGraph's words alone, so that it can be looked up there.
func wordsOf(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.Error()
	}
	return err.Error()
}

// tally is the queries asked so far, by outcome.
type tally [outcomes]int64

func (t tally) asked() (sum int64) {
	for _, n := range t {
		sum += n
	}
	return sum
}

// tallyOf adds up the live counters. It may run while sessions do.
func tallyOf(recorders []*recorder) (t tally) {
	for _, r := range recorders {
		for how := range t {
			t[how] += r.live[how].Load()
		}
	}
	return t
}
