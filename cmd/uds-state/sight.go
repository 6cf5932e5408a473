package main

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/inspect"
	sessions "github.com/uds-platform/state/session"
	"github.com/uds-platform/state/telemetry"
)

// sources are what metrics are read off.
func (n *instance) sources() telemetry.Sources { return telemetry.Sources{State: n.state} }

// marks are what a session's timeline shows beside its calls. They are shown as they
// are, so no words of a client's are in them but the names of event types.
func (n *instance) marks(s *sessions.Session) (marks []inspect.Mark) {
	if _, ok := s.Goal(); ok {
		marks = append(marks, inspect.Mark{At: s.Created(), Kind: "goal", Note: "was set"})
	}
	for _, e := range s.Explored() {
		marks = append(marks, inspect.Mark{At: e.ExploredAt, Kind: "explored", Note: e.EventType})
	}
	if s.Created().Before(n.opened) {
		marks = append(marks, inspect.Mark{At: n.opened, Kind: "restore", Note: "this server began, and has the session from a snapshot or from Redis"})
	}
	return marks
}

// dashboard is what /debug/state/ shows: to keys with the scope for it, and where
// anybody may connect to whoever is on this machine. Of sessions one sees one's own.
func (w *webServer) dashboard() (http.Handler, error) {
	n := w.instance
	o := inspect.Options{
		Sessions: n.sessions, Marks: n.marks, Meter: n.meter, History: w.history,
		Stop: w.intake.closing, Logger: n.logger,
	}
	if w.keys == nil {
		o.Open = true
		o.Owners = func(*http.Request) []sessions.Owner { return []sessions.Owner{ownerWithoutKeys} }
	} else {
		o.Keys, o.Scope = w.keys.keys, scopeInspect
		o.Owners = func(r *http.Request) []sessions.Owner {
			p, _ := auth.FromContext(r.Context())
			return []sessions.Owner{ownerOfKey(p.Owner)}
		}
	}
	h, err := inspect.Handler(n.state, o)
	if err != nil {
		return nil, err
	}
	return http.StripPrefix("/debug/state", h), nil
}

// metrics is what /metrics has: for whom the dashboard is.
func (w *webServer) metrics() (http.Handler, error) {
	h, err := telemetry.MetricsHandler(w.instance.sources())
	if err != nil {
		return nil, err
	}
	if w.keys == nil {
		return onlyHere(h), nil
	}
	return w.keys.keys.Require(h, scopeInspect), nil
}

// forwarded are the headers by which a proxy says that there is one.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// onlyHere lets through what was meant for this machine, on a server that listens
// on loopback alone: no web page by a name of its own that it lets point here, and
// nobody by way of a proxy.
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		proxied := slices.ContainsFunc(forwarded, func(name string) bool { return r.Header.Get(name) != "" })
		if proxied || !loopback(hostOf(r.Host)) {
			http.Error(rw, "without API keys this is for this machine alone: ask for localhost or a loopback address, and through no proxy", http.StatusForbidden)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// hostOf is a Host header without its port and brackets.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}

// readyz says whether calls are taken. Degraded is ready.
func (w *webServer) readyz() http.Handler {
	ready := w.instance.state.ReadyHandler()
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.intake.draining() {
			answerJSON(rw, http.StatusServiceUnavailable, map[string]any{"status": "draining", "reasons": []string{"the server is about to end"}})
			return
		}
		ready.ServeHTTP(rw, r)
	})
}
