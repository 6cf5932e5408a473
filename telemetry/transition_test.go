package telemetry

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/uds-platform/state"
)

func event(part, transition, from, to, reasons string, seconds float64) map[string]any {
	return map[string]any{
		"part": part, "transition": transition, "from": from, "to": to, "reasons": reasons, "seconds": seconds, "store": "memory",
	}
}

func TestDegradedAndRecoveredAreEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, s := testApp(), &script{}
		healthy := state.Health{Status: state.StatusLive, Store: state.StoreMemory}
		s.set(healthy)
		a := adapterOf(t, Options{Application: app.Application, Interval: 10 * time.Second})
		if err := a.Watch(Sources{State: s}); err != nil {
			t.Fatal(err)
		}
		step := func() {
			time.Sleep(10 * time.Second)
			synctest.Wait()
		}
		time.Sleep(time.Millisecond)
		step()
		wantEvents(t, app)
		s.set(state.Health{Status: state.StatusDegraded, Reasons: []string{"redis is away", "disk is full"}, Store: state.StoreMemory})
		step()
		step()
		degraded := event("state", "degraded", "live", "degraded", "redis is away; disk is full", 20)
		wantEvents(t, app, degraded)
		s.set(healthy)
		step()
		recovered := event("state", "recovered", "degraded", "live", "", 20)
		wantEvents(t, app, degraded, recovered)
		s.set(state.Health{Status: state.StatusClosed, Reasons: []string{"closed"}, Store: state.StoreMemory})
		time.Sleep(5 * time.Second)
		a.Close()
		wantEvents(t, app, degraded, recovered, event("state", "closed", "live", "closed", "closed", 5.001))
	})
}

// Otherwise there would be nothing to find of a State that never was live.
func TestDegradedFromTheStartIsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, s := testApp(), &script{}
		s.set(state.Health{Status: state.StatusDegraded, Reasons: []string{"why"}, Store: state.StoreMemory})
		a := adapterOf(t, Options{Application: app.Application})
		if err := a.Watch(Sources{State: s}); err != nil {
			t.Fatal(err)
		}
		a.Close()
		wantEvents(t, app, event("state", "degraded", "live", "degraded", "why", 0))
	})
}

func TestPartsHaveTransitionsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, s := testApp(), &script{}
		s.set(state.Health{Status: state.StatusLive, Store: state.StoreMemory})
		a := adapterOf(t, Options{Application: app.Application, Interval: 10 * time.Second})
		redis, snapshot := Redis{Status: "connecting", Reason: "dialling"}, Snapshot{Failing: "disk full"}
		err := a.Watch(Sources{State: s, Redis: func() Redis { return redis }, Snapshot: func() Snapshot { return snapshot }})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		redis, snapshot = Redis{Status: "degraded", Reason: "gone"}, Snapshot{}
		a.Close()
		wantEvents(t, app,
			event("redis", "degraded", "live", "connecting", "dialling", 10),
			event("snapshot", "degraded", "live", "degraded", "disk full", 10),
			event("redis", "changed", "connecting", "degraded", "gone", 0.001),
			event("snapshot", "recovered", "degraded", "live", "", 0.001))
	})
}

func TestAttributesFitBetweenTwoCharacters(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("x", 255), strings.Repeat("é", 200), "x" + strings.Repeat("é", 200), strings.Repeat("世", 99), strings.Repeat("\x80", 300)} {
		got := attribute(text)
		if len(got) > 255 || !strings.HasPrefix(text, got) || (utf8.ValidString(text) && !utf8.ValidString(got)) {
			t.Errorf("%d bytes become %d: %q", len(text), len(got), got)
		}
		if utf8.ValidString(text) && len(text) > 255 && len(got) < 252 {
			t.Errorf("%d bytes are left of %d", len(got), len(text))
		}
	}
}
