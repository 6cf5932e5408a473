package snapshot

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// jitterShare of the interval is at the disposal of chance.
	jitterShare = 10
	// restFactor keeps snapshots that changes ask for from taking more than a
	// tenth of the time. The interval holds nevertheless.
	restFactor = 9
)

// ErrNotStarted is returned by a Keeper whose Start was not called.
var ErrNotStarted = errors.New("snapshot: not started")

// Keeper takes snapshots of what its sources yield, one at a time, from a
// goroutine of its own.
//
//	k, err := snapshot.New(snapshot.Options{Folder: folder})
//	report, err := k.Load(restore)   // before anything is changed
//	k.Register(sessions.records)
//	k.Start()
//	defer k.Close(ctx)
//
// Contract: a change that is counted by Changed after it was made is in a
// snapshot that has ended an interval later, if that takes no longer than the one
// before it; so a process that is killed loses an interval at most, and one that is
// closed nothing. Where a snapshot takes more than a third of the interval it loses
// three times that, as there is a pause as long after each. Changed never waits. Snapshots that changes ask for are held back where the disk
// is so slow that they would go on for ever.
//
// Accepted: what is changed without Changed is kept with the next snapshot, and
// by Close. To take one every interval regardless would write the same 100 MB
// every half a minute through the night.
//
// Rejected: a log of changes, which loses less, and has to be cut, replayed and
// kept in step with what it describes. Sessions that must survive the loss of an
// instance are in Redis as well.
//
// All methods are safe for concurrent use.
type Keeper struct {
	options Options
	store   generations
	// changes counts those that no snapshot has been begun after.
	changes atomic.Int64
	enough  chan struct{} // there are as many as Options.Changes; room for 1
	asked   chan struct{} // somebody waits in waiting; room for 1
	stop    chan struct{}
	ended   chan struct{} // closed when the goroutine is gone

	mu      sync.Mutex
	sources []Source
	started bool         // INVARIANT: guarded by mu; true for ever once true.
	closed  bool         // INVARIANT: guarded by mu; true for ever once true.
	waiting []chan error // INVARIANT: guarded by mu; each has room for one answer.
	status  Status

	// rested is when changes may ask again, and took how long the last snapshot did.
	// INVARIANT: only run touches them.
	rested time.Time
	took   time.Duration
	// last is what Close answers. INVARIANT: read only when ended is closed.
	last error
}

// New checks the options. It does not look at the folder: that it is missing or
// cannot be written is a state that may pass, and is in Status. The error
// matches ErrOptions.
func New(o Options) (*Keeper, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	return &Keeper{
		options: o,
		store: generations{files: o.files, folder: o.Folder, name: o.Name, keep: o.Generations,
			most: o.MaxRecordBytes, writer: o.Writer},
		enough: make(chan struct{}, 1),
		asked:  make(chan struct{}, 1),
		stop:   make(chan struct{}),
		ended:  make(chan struct{}),
	}, nil
}

// Register adds a source. It is in every snapshot that begins afterwards.
func (k *Keeper) Register(source Source) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sources = append(k.sources, source)
}

// Load hands every intact record of the newest usable generation to restore, one
// after the other. Where restore returns an error the record is counted as
// refused, and loading goes on. That there is no snapshot yet is no error, and
// Report.File is empty then.
//
// It returns an error that matches ErrVersion where the newest generation is of a
// newer version, ErrHeader where there are generations and none is usable, and
// otherwise the file system's. None of them keeps the Keeper from being started:
// generations are never overwritten, but only the last few are kept.
func (k *Keeper) Load(restore func(Record) error) (Report, error) {
	report, err := k.store.load(restore)
	switch {
	case err != nil:
		k.options.Logger.Error("no snapshot could be loaded", "error", err)
	case report.File != "" && (!report.Complete || report.Skipped+report.Refused+len(report.Unreadable) > 0):
		k.options.Logger.Warn("a snapshot was loaded in part", "snapshot", report)
	case report.File != "":
		k.options.Logger.Info("a snapshot was loaded", "snapshot", report)
	}
	return report, err
}

// Start has snapshots taken from now on. What is to be in them must have been
// loaded: the first one takes the place of what was there. A second Start does
// nothing.
func (k *Keeper) Start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.started || k.closed {
		return
	}
	k.started = true
	go k.run()
}

// Changed counts changes that have been made. It costs an atomic add.
func (k *Keeper) Changed(n int) {
	total, most := k.changes.Add(int64(n)), int64(k.options.Changes)
	if total >= most && total-int64(n) < most {
		nudge(k.enough)
	}
}

// Snapshot takes one that begins after the call, and waits for it or for the
// context. Several callers may share one.
func (k *Keeper) Snapshot(ctx context.Context) error {
	answer := make(chan error, 1)
	if err := k.queue(answer); err != nil {
		return err
	}
	nudge(k.asked)
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *Keeper) queue(answer chan error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closed:
		return ErrClosed
	case !k.started:
		return ErrNotStarted
	}
	k.waiting = append(k.waiting, answer)
	return nil
}

// Close takes a last snapshot and ends. It returns that snapshot's error, every
// time, or the context's where it ends first; the snapshot goes on then.
// A Keeper that was not started takes none.
func (k *Keeper) Close(ctx context.Context) error {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.stop)
		if !k.started {
			close(k.ended)
		}
	}
	k.mu.Unlock()
	select {
	case <-k.ended:
		return k.last
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status returns how the Keeper is.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.status
	s.Unsaved = k.changes.Load()
	if s.Failing != nil {
		failing := *s.Failing
		s.Failing = &failing
	}
	return s
}

// run decides when.
func (k *Keeper) run() {
	defer close(k.ended)
	next := k.next(time.Now())
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			from := time.Now()
			if k.changes.Load() > 0 {
				k.take()
			}
			next = k.next(from)
		case <-k.enough:
			next = earlier(next, k.rested)
		case <-k.asked:
			from := time.Now()
			k.take()
			next = k.next(from)
		case <-k.stop:
			k.last = k.take()
			return
		}
		timer.Reset(time.Until(next))
	}
}

// next is when the next snapshot is due, if changes don't ask for an earlier one: so
// that it ends an interval after the last one began, or there was nothing to save.
func (k *Keeper) next(from time.Time) time.Time {
	due := from.Add(k.options.Interval - rand.N(k.options.Interval/jitterShare) - k.took)
	if pause := time.Now().Add(k.took); due.Before(pause) {
		due = pause
	}
	if k.changes.Load() >= int64(k.options.Changes) { // they came while the last was taken
		return earlier(due, k.rested)
	}
	return due
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// take takes a snapshot and answers those who waited for it before it began.
func (k *Keeper) take() error {
	k.mu.Lock()
	waiting, sources := k.waiting, slices.Clone(k.sources)
	k.waiting = nil
	began := time.Now()
	k.status.Running = began
	k.mu.Unlock()

	changes := k.changes.Load() // before the sources look
	done, err := k.store.write(sources)
	if err == nil {
		k.changes.Add(-changes)
	}
	k.note(began, done, err)
	if k.options.Taken != nil {
		k.options.Taken(err)
	}
	for _, answer := range waiting {
		answer <- err
	}
	return err
}

// note writes down what has become of a snapshot.
func (k *Keeper) note(began time.Time, done written, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	k.status.Running = time.Time{}
	k.took = now.Sub(began)
	k.rested = now.Add(restFactor * k.took)
	if err != nil {
		k.rested = now.Add(k.options.Interval) // changes can't mend it
		k.failed(now, err)
		return
	}
	if k.status.Failing != nil {
		k.options.Logger.Info("snapshots succeed again", "failed", k.status.Failing.Times, "since", k.status.Failing.Since)
	}
	if done.refused > k.status.Refused {
		k.options.Logger.Warn("records are too large for a snapshot", "records", done.refused, "maximumBytes", k.options.MaxRecordBytes)
	}
	k.status.File, k.status.Saved, k.status.Took = done.path, now, k.took
	k.status.Bytes, k.status.Records, k.status.Refused = done.bytes, done.records, done.refused
	k.status.Failing, k.status.Untidy = nil, done.untidy
	k.status.Taken++
}

// failed keeps the time of the first failure in a row, and logs that one. The
// caller holds mu.
func (k *Keeper) failed(now time.Time, err error) {
	k.status.Failed++
	if k.status.Failing == nil {
		k.status.Failing = &Failing{Since: now}
		k.options.Logger.Error("snapshots fail; what was saved before is kept", "error", err)
	}
	k.status.Failing.Times++
	k.status.Failing.Err = err
}

// nudge leaves a message where there is none yet.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
