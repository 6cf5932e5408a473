package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/remote"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile is what a client may call anything that it can name.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'{{.}}` + "`\u2028"

// secret is in every text and value that must not be shown.
const secret = "hunter2"

// answers is a Querier that answers, or fails.
type answers struct{ fault error }

func (a answers) QueryNRQL(context.Context, int, string) (state.Rows, error) {
	return state.Rows{{"password": secret}}, a.fault
}

// world is a State and a session store that have been used a little, and the
// options to look at them.
type world struct {
	state    *state.State
	sessions *session.Store
	session  *session.Session
	meter    *Meter
	options  Options
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{}
	var err error
	if w.meter, err = NewMeter(answers{}); err != nil {
		t.Fatal(err)
	}
	if w.state, err = state.Open(t.Context(), state.Config{Querier: w.meter}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.state.Close() })
	if w.sessions, err = session.New(session.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.sessions.Close)
	w.options = Options{
		Open: true, Sessions: w.sessions, Meter: w.meter,
		Marks: func(s *session.Session) []Mark {
			return []Mark{{At: s.Created(), Kind: "suggestion", Note: hostile}}
		},
	}
	w.use(t)
	return w
}

// source is the world's State, as one would be that has a Redis tier.
func (w *world) source() Source { return tiered{w.state} }

type tiered struct{ Source }

func (s tiered) Health() state.Health {
	h := s.Source.Health()
	h.Redis = &remote.Health{Status: remote.StatusLive, Reason: hostile, Breaker: "closed", Nodes: 3, Stats: remote.Stats{Hits: 61, Misses: 17, Writes: 11, DirtyBytes: 4321}}
	return h
}

// use asks for some queries, and has a session with hostile names.
func (w *world) use(t testing.TB) {
	t.Helper()
	for i := range 3 {
		for range 4 {
			query := fmt.Sprintf("SELECT count(*) FROM Transaction WHERE password = '%s%d' SINCE 1 hour ago", secret, i)
			if _, err := w.state.Query(t.Context(), 7, query); err != nil {
				t.Fatal(err)
			}
			w.state.RestoreHottest([]warm.Saving{{Item: warm.Item{Account: 7, Query: query}, Saved: time.Duration(i+1) * time.Second, Excess: time.Millisecond}})
		}
	}
	preload, err := w.state.Preload(t.Context(), []warm.Item{{Account: 7, Query: "SHOW EVENT TYPES"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := preload.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.session, err = w.sessions.Create(t.Context(), "", func(d *session.Draft) error {
		return errors.Join(
			d.SetGoal(session.Goal{Text: hostile + secret}),
			d.Explore(session.Schema{Account: 7, EventType: hostile, Attributes: []string{secret}}),
			d.SetPreference("p", secret), d.Set("v", secret),
			d.Record(session.Call{Tool: hostile, EventType: hostile, At: time.Now(), Duration: 1234 * time.Millisecond, Source: session.Miss, Failed: true}),
			d.Record(session.Call{Tool: "profile", EventType: "Transaction", At: time.Now(), Source: session.Hit}),
			d.Record(session.Call{Tool: "profile", EventType: "Transaction", At: time.Now(), Source: session.StaleHit}),
			d.Record(session.Call{Tool: "profile", EventType: "Transaction", At: time.Now(), Source: session.Prefetched}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// handler makes the dashboard.
func (w *world) handler(t testing.TB) http.Handler {
	t.Helper()
	h, err := Handler(w.source(), w.options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// local is a request from this machine.
func localRequest(t testing.TB, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:50000", "localhost:8080"
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// get fetches a page that must be there.
func get(t testing.TB, h http.Handler, target string) string {
	t.Helper()
	w := answer(h, localRequest(t, target))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

// getJSON fetches a page's model.
func getJSON[T any](t testing.TB, h http.Handler, target string) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(get(t, h, target+"?format=json")))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return out
}

// everyPage is the path of each page, with the world's session.
func (w *world) everyPage() []string {
	return []string{"/", "/effect", "/sessions", "/sessions/" + idOf(w.session.Handle()), "/keys", "/redis", "/predictions"}
}
