package inspect

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"time"
)

const (
	// streamLife is how long a stream lasts. The browser opens the next one by
	// itself, and so who may look no more is found out.
	streamLife = 5 * time.Minute
	// writeTimeout ends a stream whose reader does not read.
	writeTimeout = 10 * time.Second
)

// live keeps a page up to date by server-sent events (WHATWG HTML, 9.2): every
// interval those of its sections that have changed, and the time.
//
// It runs in the request's goroutine and ends with it, with options.Stop, or when
// its life is over.
func (d *dashboard) live(w http.ResponseWriter, r *http.Request, p *page) {
	if d.streams.Add(1) > int64(d.options.Streams) {
		d.streams.Add(-1)
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages are live; this one is not", http.StatusServiceUnavailable)
		return
	}
	defer d.streams.Add(-1)
	s := &stream{page: p, writer: w, control: http.NewResponseController(w), sent: make(map[string]template.HTML)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy's
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	ticker := time.NewTicker(d.options.Interval)
	defer ticker.Stop()
	over := time.NewTimer(streamLife)
	defer over.Stop()
	for {
		if err := d.update(s, r); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-d.options.Stop:
			return
		case <-over.C:
			return
		case <-ticker.C:
			d.history.observe()
		}
	}
}

// stream is one page that is live.
type stream struct {
	page    *page
	writer  http.ResponseWriter
	control *http.ResponseController
	sent    map[string]template.HTML // what the reader has, by section
}

// update sends what has changed.
func (d *dashboard) update(s *stream, r *http.Request) error {
	// A writer that has no deadline, as in tests, has none.
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	model, err := s.page.model(r)
	if err != nil {
		return errors.Join(err, s.send("gone", "what this page is about is not there any more"))
	}
	parts, err := partsOf(s.page, model)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if sent, ok := s.sent[p.ID]; ok && sent == p.HTML {
			continue
		}
		s.sent[p.ID] = p.HTML
		if err := s.write("part", p); err != nil {
			return err
		}
	}
	return s.send("tick", d.options.Now().UTC().Format(time.TimeOnly))
}

// send writes an event and lets it go.
func (s *stream) send(event string, data any) error {
	if err := s.write(event, data); err != nil {
		return err
	}
	return s.control.Flush()
}

// write writes an event. JSON is one line, whatever is in it.
func (s *stream) write(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = s.writer.Write([]byte("event: " + event + "\ndata: " + string(text) + "\n\n"))
	return err
}
