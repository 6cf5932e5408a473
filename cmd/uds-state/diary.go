package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	sessions "github.com/uds-platform/state/session"
)

// demoOwner is whose the sessions of a demo are on its dashboard: the dashboard shows
// the empty owner's where nobody is asked for a key.
const demoOwner sessions.Owner = ""

// diary writes what one session of a demo does on a timeline, for the dashboard. It
// is written after an answer's time was taken, so that it costs no answer anything. A
// nil diary writes nothing.
//
// What can't be written is left out: the run is about something else.
type diary struct {
	store  *sessions.Store
	handle sessions.Handle
}

// newDiary begins the timeline of the session with a number.
func newDiary(store *sessions.Store, number int) *diary {
	s, err := store.Create(context.Background(), demoOwner, func(d *sessions.Draft) error {
		return d.SetGoal(sessions.Goal{Text: fmt.Sprintf("session %d: which event types are there, and what is in them?", number)})
	})
	if err != nil {
		return nil
	}
	return &diary{store: store, handle: s.Handle()}
}

// note writes down a query and where its answer came from.
func (d *diary) note(account int, nrql string, began time.Time, took time.Duration, how outcome, stale bool) {
	if d == nil {
		return
	}
	tool, eventType := toolOf(nrql)
	line := sessions.Call{Tool: tool, EventType: eventType, At: began, Duration: took, Source: sessions.Miss, Failed: how == failed}
	switch {
	case how == fromMemory && stale:
		line.Source = sessions.StaleHit
	case how == fromMemory:
		line.Source = sessions.Hit
	}
	_, _ = d.store.Update(context.Background(), demoOwner, d.handle, func(draft *sessions.Draft) error {
		if strings.HasPrefix(nrql, "SELECT keyset()") && how != failed {
			_ = draft.Explore(sessions.Schema{Account: int64(account), EventType: eventType}) // where there is room
		}
		return draft.Record(line)
	})
}

// toolOf is the tool that would send such a query, and the event type that it is
// about.
func toolOf(nrql string) (tool, eventType string) {
	_, from, _ := strings.Cut(nrql, " FROM ")
	eventType, _, _ = strings.Cut(from, " ")
	eventType = strings.Trim(eventType, "`")
	counts := strings.Contains(nrql, "count(*) FROM") && !strings.Contains(nrql, "TIMESERIES")
	switch {
	case strings.HasPrefix(nrql, "SHOW"), counts:
		return discovery.Tools.List, eventType
	case strings.Contains(nrql, "TIMESERIES"):
		return discovery.Tools.Profile, eventType
	case strings.Contains(nrql, "uniqueCount"):
		return discovery.Tools.Relate, eventType
	case strings.Contains(nrql, "SELECT *"):
		return discovery.Tools.Assess, eventType
	}
	return discovery.Tools.Explore, eventType
}
