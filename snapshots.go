package state

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/warm"
)

// lastSnapshotTimeout is how long Close waits for the last snapshot: less than what is
// commonly given to a process to end.
const lastSnapshotTimeout = 10 * time.Second

// snapshots keep what must outlive the process: sessions, which nobody can load
// again; the hottest queries, which somebody would have to wait for again; what was
// learned of which call follows which; and what the embedder wants kept.
//
//	Open   load ──► sessions, what was learned, keepsakes: at once
//	       hottest queries ──► Preload, in the background
//	       start ──► first snapshot, which shows that the folder can be written
//	while  a session changes ──► one an interval at most
//	Close  the last one, before the sessions go
//
// A session's change counts, and a hit does not, nor a call: what is hot, and what was
// learned, is kept with the next snapshot that a session asks for, and by Close. To write all sessions every
// interval because of hits would cost more than a few queries after a kill.
//
// That none can be taken is a state and not an error: sessions then say that they are
// volatile, Health says why, and the keeper goes on trying.
//
// Where the newest snapshot is of a newer version of this program, none is taken: the
// last few are kept only, so it would be gone soon, and it is whole.
//
// Rejected: cached results. They are many, and what they answer has changed when the
// process is back; the few that are worth it are asked again.
type snapshots struct {
	state   *State
	keeper  *snapshot.Keeper
	timeout time.Duration // how long close waits

	// INVARIANT: the following are written by load, before anybody else looks.
	report  snapshot.Report
	fault   error // why nothing was loaded, where something should have been
	savings []warm.Saving

	stop    context.Context // ends the first snapshot's caller
	end     context.CancelFunc
	running sync.WaitGroup
}

// newSnapshots returns nil where no folder is configured.
func newSnapshots(st *State) (*snapshots, error) {
	if st.config.SnapshotFolder == "" {
		return nil, nil
	}
	s := &snapshots{state: st, timeout: lastSnapshotTimeout}
	keeper, err := snapshot.New(snapshot.Options{
		Folder:   st.config.SnapshotFolder,
		Interval: st.config.SnapshotInterval,
		Writer:   "state",
		Logger:   st.config.Logger,
		Taken:    func(err error) { st.sessions.SetKept(err == nil) },
	})
	if err != nil {
		return nil, err
	}
	s.keeper = keeper
	s.stop, s.end = context.WithCancel(context.Background())
	return s, nil
}

// load brings back what the newest snapshot has. It returns when all is there but the
// answers to the hottest queries: a session that comes late would be one that does not
// exist, to its owner.
func (s *snapshots) load() {
	if s == nil {
		return
	}
	s.report, s.fault = s.keeper.Load(s.restore)
	s.state.RestoreHottest(s.savings)
}

// start has snapshots taken, and what was hot loaded again.
func (s *snapshots) start() {
	if s == nil {
		return
	}
	s.preload()
	if errors.Is(s.fault, snapshot.ErrVersion) {
		return
	}
	s.keeper.Register(s.records)
	s.keeper.Start()
	s.running.Go(func() { _ = s.keeper.Snapshot(s.stop) }) // its error is in the keeper's status
}

// preload loads the hottest queries, for which the State needs a Querier.
func (s *snapshots) preload() {
	if len(s.savings) == 0 || s.state.config.Querier == nil {
		return
	}
	items := make([]warm.Item, len(s.savings))
	for i, one := range s.savings {
		items[i] = one.Item
	}
	if _, err := s.state.Preload(context.Background(), items, nil); err != nil {
		s.state.config.Logger.Warn("the hottest queries of a snapshot are not loaded", "error", err)
	}
}

// close takes the last snapshot, and waits for it as long as it may. It may be called
// more than once.
func (s *snapshots) close() error {
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	err := s.keeper.Close(ctx)
	s.end()
	s.running.Wait()
	if err != nil {
		return fmt.Errorf("state: close: the last snapshot: %w", err)
	}
	return nil
}

// ended returns a channel that is closed when the last snapshot was taken, or failed.
func (s *snapshots) ended() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.keeper.Close(context.Background()) // its error was not waited for
	}()
	return ended
}

// SnapshotHealth is how snapshots are.
type SnapshotHealth struct {
	// Saved is when the last one succeeded, zero where none has; Records and Bytes
	// are in it.
	Saved   time.Time `json:"saved"`
	Records int       `json:"records"`
	Bytes   int64     `json:"bytes"`
	// Unsaved is how many changes came after it was begun.
	Unsaved int64 `json:"unsaved"`
	// Taken and Failed count snapshots.
	Taken  uint64 `json:"taken"`
	Failed uint64 `json:"failed"`
	// Failing is why they fail now, empty where they don't.
	Failing string `json:"failing,omitempty"`
	// Restored is how many records were found when the State was opened, Damaged how
	// many stretches were not readable, and Refused how many records were readable
	// and of no use.
	Restored int `json:"restored"`
	Damaged  int `json:"damaged"`
	Refused  int `json:"refused"`
}

func (s *snapshots) health() *SnapshotHealth {
	if s == nil {
		return nil
	}
	status := s.keeper.Status()
	failing := ""
	if status.Failing != nil {
		failing = status.Failing.Err.Error()
	}
	return &SnapshotHealth{
		Failing: failing,

		Saved: status.Saved, Records: status.Records, Bytes: status.Bytes, Unsaved: status.Unsaved,
		Taken: status.Taken, Failed: status.Failed,
		Restored: s.report.Records - s.report.Refused, Damaged: s.report.Skipped, Refused: s.report.Refused,
	}
}

// degradation says what is not kept.
func (s *snapshots) degradation() (reasons []string) {
	if s == nil {
		return nil
	}
	if errors.Is(s.fault, snapshot.ErrVersion) {
		return []string{fmt.Sprintf("snapshots are neither read nor taken: %v", s.fault)}
	}
	if failing := s.keeper.Status().Failing; failing != nil {
		reasons = append(reasons, fmt.Sprintf("snapshots fail since %s: %v", failing.Since.UTC().Format(time.RFC3339), failing.Err))
	}
	return reasons
}

// folderSetting is a path that does not depend on where the process was started.
func folderSetting(name, field string, of func(*Config) *string, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Meaning: meaning},
		field:    field,
		want:     "an absolute path",
		parse:    func(c *Config, text string) string { *of(c) = text; return "" },
		check: func(c *Config) string {
			if folder := *of(c); folder != "" && !filepath.IsAbs(folder) {
				return "is not absolute"
			}
			return ""
		},
		current: func(c *Config) string { return strconv.Quote(*of(c)) },
		fill:    func(*Config) {},
	}
}
