package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/inspect"
	sessions "github.com/uds-platform/state/session"
)

// board is the dashboard of a demo, on a free port of this machine and for this
// machine alone.
type board struct {
	url     string // of its first page
	store   *sessions.Store
	http    *http.Server
	stop    chan struct{}      // ends the live pages
	forget  context.CancelFunc // ends the history
	running sync.WaitGroup
}

const boardPath = "/debug/state/"

// openBoard serves the dashboard of a state until close. Sessions have a store of
// their own: they are the demo's, and nothing that a Redis should keep.
func openBoard(st *state.State, meter *inspect.Meter) (*board, error) {
	history, err := inspect.NewHistory(st, meter)
	if err != nil {
		return nil, err
	}
	store, err := sessions.New(sessions.Options{MaxPerOwner: mostSessions})
	if err != nil {
		return nil, err
	}
	b := &board{store: store, stop: make(chan struct{})}
	o := inspect.Options{Open: true, Sessions: store, Marks: exploredMarks, Meter: meter, History: history, Stop: b.stop}
	pages, err := inspect.Handler(st, o)
	if err != nil {
		store.Close()
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		store.Close()
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	b.url = "http://" + listener.Addr().String() + boardPath
	mux := http.NewServeMux()
	mux.Handle(boardPath, http.StripPrefix("/debug/state", pages))
	mux.Handle("/{$}", http.RedirectHandler(boardPath, http.StatusFound))
	b.http = &http.Server{Handler: mux, ReadHeaderTimeout: webHeaderTimeout, ReadTimeout: webReadTimeout, IdleTimeout: webIdleTimeout}
	b.http.RegisterOnShutdown(func() { close(b.stop) })
	remembering, forget := context.WithCancel(context.Background())
	b.forget = forget
	b.running.Go(func() { history.Run(remembering) })
	b.running.Go(func() { _ = b.http.Serve(listener) }) // which shows as a page that does not come
	return b, nil
}

// exploredMarks show when each event type was explored.
func exploredMarks(s *sessions.Session) (marks []inspect.Mark) {
	for _, e := range s.Explored() {
		marks = append(marks, inspect.Mark{At: e.ExploredAt, Kind: "explored", Note: e.EventType})
	}
	return marks
}

// figures are what the dashboard says, in its own words: it is asked as anybody may
// ask it.
func (b *board) figures() (boardFigures, error) {
	ctx, cancel := context.WithTimeout(context.Background(), boardAnswerTime)
	defer cancel()
	f := boardFigures{Address: b.url}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"?format=json", nil)
	if err != nil {
		return f, err
	}
	transport := &http.Transport{DisableKeepAlives: true} // to here, through no proxy
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return f, fmt.Errorf("dashboard: %w", err)
	}
	defer resp.Body.Close()
	var page inspect.Overview
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		return f, fmt.Errorf("dashboard: %s: %w", resp.Status, err)
	}
	f.Calls, f.Queries, f.Entries = page.Calls, page.Queries, page.Entries
	return f, nil
}

// boardFigures are the dashboard's, as its first page has them.
type boardFigures struct {
	Address string           `json:"address"`
	Calls   inspect.Count    `json:"calls"`
	Queries *inspect.Queries `json:"queries"`
	Entries int              `json:"entries"`
}

const (
	boardAnswerTime = 5 * time.Second
	boardCloseTime  = 5 * time.Second
)

func (b *board) close() error {
	b.forget()
	ctx, cancel := context.WithTimeout(context.Background(), boardCloseTime)
	defer cancel()
	err := b.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = b.http.Close() // somebody looks for longer than one waits
	}
	b.running.Wait()
	b.store.Close()
	return err
}
