package inspect

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/session"
)

// event is one event of a stream.
type event struct{ name, data string }

// follow opens a stream. It ends with the test, or by the function that it returns.
func follow(t *testing.T, server *httptest.Server, path string) (events <-chan event, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	out := make(chan event)
	go func() {
		defer close(out)
		defer response.Body.Close()
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			name, _ := strings.CutPrefix(scanner.Text(), "event: ")
			scanner.Scan()
			data, ok := strings.CutPrefix(scanner.Text(), "data: ")
			if !ok || !scanner.Scan() || scanner.Text() != "" {
				return
			}
			select {
			case out <- event{name, data}:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(cancel)
	return out, cancel
}

// until returns the parts that come before the next tick, by section.
func until(t *testing.T, events <-chan event, last string) map[string]string {
	t.Helper()
	parts := make(map[string]string)
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the stream has ended before %q", last)
			}
			if e.name == last {
				return parts
			}
			var p struct{ ID, HTML string }
			if err := json.Unmarshal([]byte(e.data), &p); err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
			parts[p.ID] = p.HTML
		case <-deadline:
			t.Fatalf("no %q", last)
		}
	}
}

func (w *world) server(t *testing.T) *httptest.Server {
	t.Helper()
	if w.options.Interval == 0 {
		w.options.Interval = leastInterval
	}
	server := httptest.NewServer(w.handler(t))
	t.Cleanup(server.Close)
	return server
}

func TestALivePageGetsWhatHasChanged(t *testing.T) {
	w := newWorld(t)
	events, _ := follow(t, w.server(t), "/sessions")
	first := until(t, events, "tick")
	if len(first) != 2 || !strings.Contains(first["sessions"], idOf(w.session.Handle())) {
		t.Fatalf("%v", first)
	}
	if again := until(t, events, "tick"); len(again) != 0 {
		t.Errorf("nothing has changed, and it sends %v", again)
	}
	another, err := w.sessions.Create(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		parts := until(t, events, "tick")
		if strings.Contains(parts["sessions"], idOf(another.Handle())) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a new session is not shown")
		}
	}
}

func TestEveryPageIsLive(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for _, path := range w.everyPage() {
		events, end := follow(t, server, path)
		parts := until(t, events, "tick")
		for id, html := range parts {
			if !strings.Contains(get(t, w.handler(t), path), `<section id="`+id+`"`) || html == "" && id != "reads" && id != "writes" {
				t.Errorf("%s: %s is no section of the page", path, id)
			}
		}
		if len(parts) == 0 {
			t.Errorf("%s: nothing is sent", path)
		}
		end()
	}
}

func TestAStreamEndsWithWhatItIsAbout(t *testing.T) {
	w := newWorld(t)
	events, _ := follow(t, w.server(t), "/sessions/"+idOf(w.session.Handle()))
	until(t, events, "tick")
	if err := w.sessions.Delete(t.Context(), w.session.Owner(), w.session.Handle()); err != nil {
		t.Fatal(err)
	}
	for e := range events {
		if e.name == "gone" {
			return
		}
	}
	t.Error("the stream does not say that the session has ended")
}

func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.options.Streams = 2
	server := w.server(t)
	one, end := follow(t, server, "/")
	until(t, one, "tick")
	two, _ := follow(t, server, "/keys")
	until(t, two, "tick")
	status := func() int {
		response, err := server.Client().Get(server.URL + "/?format=events")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Fatalf("a third stream: %d", got)
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Fatalf("one that was refused has taken a place, or given one back: %d", got)
	}
	end()
	for deadline := time.Now().Add(10 * time.Second); ; {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/?format=events", nil)
		response, err := server.Client().Do(r)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a stream that has ended keeps its place")
		}
	}
}

func TestStopEndsStreams(t *testing.T) {
	w := newWorld(t)
	stop := make(chan struct{})
	w.options.Stop = stop
	w.options.Interval = time.Minute
	events, _ := follow(t, w.server(t), "/")
	until(t, events, "tick")
	close(stop)
	if e, ok := <-events; ok {
		t.Errorf("after Stop: %+v", e)
	}
}

// recorder is a ResponseWriter that can't be flushed past, nor has deadlines.
type recorder struct {
	*httptest.ResponseRecorder
	flushed int
}

func (r *recorder) Flush() { r.flushed++ }

func TestAStreamDoesNotLastForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dashboard{options: Options{Streams: 1, Interval: time.Second, Now: time.Now}}
		d.history = newHistory(still{}, nil, time.Now)
		began := time.Now()
		w := &recorder{ResponseRecorder: httptest.NewRecorder()}
		p := &page{model: func(*http.Request) (any, error) { return &RedisPage{}, nil }, sections: []string{"tier"}}
		d.live(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), p)
		if lasted := time.Since(began); lasted != streamLife {
			t.Errorf("it lasted %v", lasted)
		}
		if w.flushed < int(streamLife/time.Second) || d.streams.Load() != 0 {
			t.Errorf("flushed %d times, %d streams left", w.flushed, d.streams.Load())
		}
		if parts := strings.Count(w.Body.String(), "event: part"); parts != 1 {
			t.Errorf("an unchanged section was sent %d times", parts)
		}
	})
}

func TestAHeadOfAStreamIsItsHeaders(t *testing.T) {
	w := newWorld(t)
	r := localRequest(t, "/?format=events")
	r.Method = http.MethodHead
	if got := answer(w.handler(t), r); got.Code != http.StatusOK || got.Body.Len() != 0 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestManySessionsAreBounded(t *testing.T) {
	w := newWorld(t)
	for range mostListed + 7 {
		if _, err := w.sessions.Create(t.Context(), "", func(*session.Draft) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	list := getJSON[SessionList](t, w.handler(t), "/sessions")
	if len(list.Sessions) != mostListed || list.Seen != mostListed+8 {
		t.Errorf("%d listed of %d", len(list.Sessions), list.Seen)
	}
}
