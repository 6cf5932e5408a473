package telemetry

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

// TransitionEvent is the type of the custom events that say that the status of the
// State or of a part of it has changed. Their attributes:
//
//   - part: state, redis or snapshot
//   - transition: degraded, recovered, changed or closed
//   - from, to: the statuses
//   - reasons: why the new one is not live, at most 255 bytes
//   - seconds: for how long the old one was
//   - store: where state is kept now
const TransitionEvent = "StateTransition"

// mostAttributeBytes is what New Relic keeps of an attribute.
const mostAttributeBytes = 255

// transitions notices that a status has changed since it was last looked at. It is
// not safe for concurrent use.
type transitions struct {
	parts map[string]condition
}

// condition is how a part is, and since when.
type condition struct {
	status string
	since  time.Time
}

const live = string(state.StatusLive)

// begin takes down how things are at first. A State may be degraded from the
// start; that is a transition from live, so that the event is there to be found.
func (t *transitions) begin(r *metric.Reading, now time.Time) {
	t.parts = make(map[string]condition)
	for _, p := range partsOf(r) {
		t.parts[p.name] = condition{live, now}
	}
}

// observe calls emit with an event for each part whose status is not what it was.
func (t *transitions) observe(r *metric.Reading, now time.Time, emit func(map[string]any)) {
	for _, p := range partsOf(r) {
		was := t.parts[p.name]
		if was.status == p.status {
			continue
		}
		t.parts[p.name] = condition{p.status, now}
		emit(map[string]any{
			"part":       p.name,
			"transition": transitionTo(was.status, p.status),
			"from":       was.status,
			"to":         p.status,
			"reasons":    attribute(p.reasons),
			"seconds":    now.Sub(was.since).Seconds(),
			"store":      string(r.Health.Store),
		})
	}
}

func transitionTo(from, to string) string {
	switch {
	case to == string(state.StatusClosed):
		return "closed"
	case to == live:
		return "recovered"
	case from == live:
		return "degraded"
	}
	return "changed"
}

// part is what has a status.
type part struct{ name, status, reasons string }

func partsOf(r *metric.Reading) []part {
	parts := []part{{"state", string(r.Health.Status), strings.Join(r.Health.Reasons, "; ")}}
	if r.Redis != nil {
		parts = append(parts, part{"redis", r.Redis.Status, r.Redis.Reason})
	}
	if s := r.Snapshot; s != nil {
		p := part{"snapshot", live, s.Failing}
		if s.Failing != "" {
			p.status = string(state.StatusDegraded)
		}
		parts = append(parts, p)
	}
	return parts
}

// attribute cuts a text to what New Relic keeps, between two characters.
func attribute(text string) string {
	if len(text) <= mostAttributeBytes {
		return text
	}
	end := mostAttributeBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
