package inspect

import (
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

// counted are sessions that say what they counted.
type counted struct {
	Sessions
	stats session.Stats
}

func (c counted) Stats() session.Stats { return c.stats }

func TestSessionFiguresAreTheStores(t *testing.T) {
	w := newWorld(t)
	if f := getJSON[SessionList](t, w.handler(t), "/sessions").Figures; f == nil || f.Lag != nil || f.MeanSeconds != nil {
		t.Errorf("before anything was counted: %+v", f)
	}
	w.options.Sessions = counted{w.sessions, session.Stats{
		Conflicts: 3, Exchanges: 41, EndedDeleted: 5, EndedExpired: 3, EndedDuration: 20 * time.Minute,
		SyncLagCount: 4, SyncLagSum: 2 * time.Second, SyncLagLast: 250 * time.Millisecond, SyncLagMax: time.Second,
	}}
	f := getJSON[SessionList](t, w.handler(t), "/sessions").Figures
	if f == nil || f.Lag == nil || f.MeanSeconds == nil {
		t.Fatalf("%+v", f)
	}
	if f.Conflicts != 3 || f.Exchanges != 41 || f.Deleted != 5 || f.Expired != 3 || *f.MeanSeconds != 150 {
		t.Errorf("%+v, a mean of %v s", f, *f.MeanSeconds)
	}
	if want := (SessionLag{Changes: 4, MeanSeconds: 0.5, LastSeconds: 0.25, MostSeconds: 1}); *f.Lag != want {
		t.Errorf("the lag is %+v, want %+v", *f.Lag, want)
	}
}
