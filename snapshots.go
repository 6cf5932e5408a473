package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/warm"
)

// SnapshotHealth is how the snapshots of a State are.
type SnapshotHealth struct {
	// Saved is when the last one succeeded; zero where none has.
	Saved time.Time `json:"saved"`
	// Records are in it, and so many bytes.
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Unsaved is how many changes have been made since.
	Unsaved int64 `json:"unsaved"`
	// Taken and Failed count snapshots.
	Taken  uint64 `json:"taken"`
	Failed uint64 `json:"failed"`
	// Failing says why they fail, or why the last one could not be loaded; empty while
	// all is well.
	Failing string `json:"failing,omitempty"`
	// Restored is what was loaded at the start.
	Restored RestoredStats `json:"restored"`
}

// RestoredStats say what became of the records of a snapshot at the start.
type RestoredStats struct {
	Sessions int `json:"sessions"` // that were alive
	Queries  int `json:"queries"`  // hottest ones, loaded in the background
	Skipped  int `json:"skipped"`  // damaged, or not understood
}

// What the records of a snapshot are. INVARIANT: a number is never used for
// something else.
const (
	sessionRecord snapshot.Type = 1
	savingRecord  snapshot.Type = 2
)

const (
	// hottestKept is how many of the hottest queries are in a snapshot, and
	// hottestLoaded how many of them are loaded at the start.
	hottestKept   = 1000
	hottestLoaded = 200
	// lastSnapshotTimeout bounds how long Close waits for the last snapshot.
	lastSnapshotTimeout = 5 * time.Second
)

// keeper has what is learned outlive the process: sessions, and which queries save
// the most waiting. A nil one keeps nothing.
//
// Sessions are there before Open returns; results are not in a snapshot, since they are
// out of date soonest of all: the hottest are loaded again, from Redis where it has
// them, behind whatever is asked for.
//
// What the predictor has learned is not kept: package warm can't write it down.
type keeper struct {
	st       *State
	files    *snapshot.Keeper
	restored RestoredStats // INVARIANT: never changed once the State is open.
	fault    error         // of the load. INVARIANT: as restored.
}

// newKeeper returns nil where no snapshots are wanted.
func (st *State) newKeeper() (*keeper, error) {
	if st.config.SnapshotFolder == "" {
		return nil, nil
	}
	files, err := snapshot.New(snapshot.Options{
		Folder: st.config.SnapshotFolder, Interval: st.config.SnapshotInterval, Writer: "state", Logger: st.config.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &keeper{st: st, files: files}, nil
}

// changed counts a change. It costs an atomic add.
func (k *keeper) changed() {
	if k != nil {
		k.files.Changed(1)
	}
}

// begin restores what the last snapshot has, and has more taken. That there is none
// that can be read is no reason not to serve.
func (k *keeper) begin() error {
	if k == nil {
		return nil
	}
	var savings []warm.Saving
	report, err := k.files.Load(func(r snapshot.Record) error {
		switch r.Type {
		case sessionRecord:
			alive, err := k.st.sessions.Restore(r.Payload)
			if alive {
				k.restored.Sessions++
			}
			return err
		case savingRecord:
			var s warm.Saving
			if err := codec.Unmarshal(r.Payload, &s); err != nil {
				return err
			}
			savings = append(savings, s)
			return nil
		}
		return errUnknownRecord
	})
	k.fault = err
	k.restored.Skipped = report.Skipped + report.Refused + k.st.RestoreHottest(savings)
	k.files.Register(k.records)
	k.files.Start()
	k.st.sessions.SetKept(true)
	k.restored.Queries = k.st.loadHottest()
	return nil
}

var errUnknownRecord = errors.New("state: a record of a kind that this version does not know")

// loadHottest loads what saves the most waiting, in the background.
func (st *State) loadHottest() int {
	if st.config.Querier == nil || st.ahead == nil {
		return 0
	}
	var items []warm.Item
	for _, s := range st.Hottest(hottestLoaded) {
		if s.Item.Kind == "" || st.config.Warming.Loader != nil {
			items = append(items, s.Item)
		}
	}
	if len(items) == 0 {
		return 0
	}
	if _, err := st.Preload(context.Background(), items, nil); err != nil {
		st.config.Logger.Warn("the hottest queries of the last snapshot can't be loaded", slog.Any("error", err))
		return 0
	}
	return len(items)
}

// records are what a snapshot has.
func (k *keeper) records(yield func(snapshot.Type, []byte) bool) {
	k.tellSessions() // how the one before went
	for r := range k.st.sessions.Records() {
		if !yield(sessionRecord, r) {
			return
		}
	}
	for _, s := range k.st.Hottest(hottestKept) {
		r, err := codec.Marshal(s)
		if err == nil && !yield(savingRecord, r) {
			return
		}
	}
}

// close takes the last snapshot.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastSnapshotTimeout)
	defer cancel()
	if err := k.files.Close(ctx); err != nil {
		return fmt.Errorf("state: the last snapshot: %w", err)
	}
	return nil
}

func (k *keeper) health() *SnapshotHealth {
	if k == nil {
		return nil
	}
	s := k.files.Status()
	h := &SnapshotHealth{
		Saved: s.Saved, Records: s.Records, Bytes: s.Bytes, Unsaved: s.Unsaved, Taken: s.Taken, Failed: s.Failed, Restored: k.restored,
	}
	switch {
	case s.Failing != nil:
		h.Failing = fmt.Sprintf("%v (%d times since %s)", s.Failing.Err, s.Failing.Times, s.Failing.Since.UTC().Format(time.RFC3339))
	case k.fault != nil && s.Taken == 0:
		h.Failing = fmt.Sprintf("the last one could not be loaded: %v", k.fault)
	}
	return h
}

// tellSessions has sessions say that they are volatile while snapshots fail.
func (k *keeper) tellSessions() {
	if k != nil {
		k.st.sessions.SetKept(k.files.Status().Failing == nil)
	}
}
