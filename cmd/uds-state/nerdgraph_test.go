package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// standInFor starts a stand-in and a querier for the length of a test.
func standInFor(t *testing.T, options standin.Options) *target {
	t.Helper()
	opened, err := openStandIn(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return opened
}

// querierOf connects a querier, whose pauses take no time, to a handler.
func querierOf(t *testing.T, handler http.HandlerFunc) *nerdGraph {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	querier, err := newNerdGraph("key", "US", server.URL)
	if err != nil {
		t.Fatal(err)
	}
	querier.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	t.Cleanup(querier.Close)
	return querier
}

// scripted answers the first requests as told, the last answer over and over.
func scripted(answers ...func(http.ResponseWriter)) http.HandlerFunc {
	var next atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		i := min(int(next.Add(1)), len(answers)) - 1
		answers[i](w)
	}
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

const goodAnswer = `{"data":{"actor":{"account":{"nrql":{"results":[{"count":3}]}}}}}`

func TestQuerierReadsRows(t *testing.T) {
	server := standInFor(t, standin.Options{})
	rows, err := server.querier.QueryNRQL(t.Context(), server.account, "SELECT keyset() FROM Transaction")
	if err != nil || len(rows) == 0 || rows[0]["key"] == "" {
		t.Errorf("rows %v, error %v", rows, err)
	}
	rows, err = server.querier.QueryNRQL(t.Context(), server.account, "SELECT * FROM Nothing")
	if err != nil || len(rows) != 0 {
		t.Errorf("an empty result: rows %v, error %v", rows, err)
	}
}

func TestQuerierKeepsNerdGraphsWords(t *testing.T) {
	server := standInFor(t, standin.Options{})
	_, err := server.querier.QueryNRQL(t.Context(), server.account, "SELECT oops")
	if want := "NRQL Syntax Error: Error at line 1 position 12, unexpected end of query"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	stranger, err := newNerdGraph("wrong", "", server.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	_, err = stranger.QueryNRQL(t.Context(), server.account, "SHOW EVENT TYPES")
	var f *fault
	if !errors.As(err, &f) || !f.unauthorized() || f.Error() != "Bad API Key or no API Key provided" {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestQuerierRetriesOnlyWhatIsBusy(t *testing.T) {
	good := status(http.StatusOK, goodAnswer)
	for _, c := range []struct {
		name                        string
		answers                     []func(http.ResponseWriter)
		words                       string // of the error; none if empty
		requests, retries, throttle int64
	}{
		{"429 once", []func(http.ResponseWriter){status(429, ""), good}, "", 2, 1, 1},
		{"429 in GraphQL", []func(http.ResponseWriter){status(200, `{"errors":[{"message":"slow down","extensions":{"errorClass":"TOO_MANY_REQUESTS"}}]}`), good}, "", 2, 1, 1},
		{"503 once", []func(http.ResponseWriter){status(503, "<html>"), good}, "", 2, 1, 0},
		{"429 for ever", []func(http.ResponseWriter){status(429, `{"errors":[{"message":"enough"}]}`)}, "enough", 2, 1, 2},
		{"500", []func(http.ResponseWriter){status(500, "")}, "HTTP status 500 Internal Server Error", 1, 0, 0},
		{"404", []func(http.ResponseWriter){status(404, "")}, "HTTP status 404 Not Found", 1, 0, 0},
		{"timeout", []func(http.ResponseWriter){status(200, `{"errors":[{"message":"too long","extensions":{"errorClass":"TIMEOUT"}}]}`)}, "too long", 1, 0, 0},
		{"two errors", []func(http.ResponseWriter){status(200, `{"errors":[{"message":"a"},{"message":"b"}]}`)}, "a, b", 1, 0, 0},
		{"deprecation", []func(http.ResponseWriter){status(200, `{"errors":[{"message":"This field is deprecated! Use x."}],`+goodAnswer[1:])}, "", 1, 0, 0},
		{"nothing", []func(http.ResponseWriter){status(200, `{"data":{"actor":{"account":null}}}`)}, errNoResult.Error(), 1, 0, 0},
		{"no JSON", []func(http.ResponseWriter){status(200, "<html>")}, "client of New Relic: invalid character", 1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			querier := querierOf(t, scripted(c.answers...))
			rows, err := querier.QueryNRQL(t.Context(), 1, "SELECT 1")
			switch {
			case c.words == "" && (err != nil || len(rows) != 1 || rows[0]["count"] != 3.0):
				t.Errorf("rows %v, error %v", rows, err)
			case c.words != "" && (err == nil || !strings.HasPrefix(err.Error(), c.words)):
				t.Errorf("error %v, want %s", err, c.words)
			}
			got := querier.wire.report()
			if want := (httpReport{Requests: c.requests, Retries: c.retries, Throttled: c.throttle}); got != want {
				t.Errorf("on the wire %+v, want %+v", got, want)
			}
		})
	}
}

func TestQuerierFollowsItsContext(t *testing.T) {
	arrived := make(chan struct{})
	querier := querierOf(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices the client leaving
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := querier.QueryNRQL(ctx, 1, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled query: %v", err)
	}
}

func TestQuerierKeepsTheKeyToItself(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect led elsewhere, with the key %q", r.Header.Get("Api-Key"))
	}))
	defer elsewhere.Close()
	querier := querierOf(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := querier.QueryNRQL(t.Context(), 1, "SELECT 1"); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("a redirect: %v", err)
	}
}

func TestQuerierSaysWhenNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	querier, err := newNerdGraph("key", "US", url)
	if err != nil {
		t.Fatal(err)
	}
	defer querier.Close()
	if _, err := querier.QueryNRQL(t.Context(), 1, "SELECT 1"); err == nil || !strings.HasPrefix(err.Error(), "NerdGraph can't be reached: ") {
		t.Errorf("got %v", err)
	}
}

func TestRetryWaitIsBounded(t *testing.T) {
	busy := &fault{status: http.StatusTooManyRequests}
	for _, c := range []struct {
		err     error
		attempt int
		wait    time.Duration
		again   bool
	}{
		{busy, 1, firstRetryWait, true},
		{busy, maxAttempts, 0, false},
		{&fault{status: 429, retryAfter: 2 * time.Second}, 1, 2 * time.Second, true},
		{&fault{status: 429, retryAfter: time.Hour}, 1, longestRetryWait, true},
		{&fault{status: 401}, 1, 0, false},
		{errNoResult, 1, 0, false},
	} {
		if wait, again := retryWait(c.err, c.attempt); wait != c.wait || again != c.again {
			t.Errorf("attempt %d after %v: %v, %v", c.attempt, c.err, wait, again)
		}
	}
}

func TestRegions(t *testing.T) {
	t.Setenv("NEW_RELIC_NERDGRAPH_BASE_URL", "") // which the official client reads
	for name, host := range map[string]string{"": "api.newrelic.com", "us": "api.newrelic.com", "EU": "api.eu.newrelic.com"} {
		querier, err := newNerdGraph("key", name, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := querier.host(); got != host {
			t.Errorf("region %q is at %s", name, got)
		}
	}
}

func TestFaultsSayWhatTheyMean(t *testing.T) {
	for _, c := range []struct {
		fault fault
		want  error
	}{
		{fault{status: http.StatusUnauthorized}, state.ErrDenied},
		{fault{status: http.StatusOK, class: "ACCESS_DENIED"}, state.ErrDenied},
		{fault{status: http.StatusTooManyRequests}, state.ErrTemporary},
		{fault{status: http.StatusOK, class: "TOO_MANY_REQUESTS"}, state.ErrTemporary},
		{fault{status: http.StatusOK, class: "TIMEOUT"}, state.ErrTemporary},
		{fault{status: http.StatusInternalServerError}, state.ErrTemporary},
		{fault{status: http.StatusOK, class: "INVALID_INPUT"}, state.ErrPermanent},
		{fault{status: http.StatusOK, class: "SOMETHING_NEW"}, nil},
	} {
		for _, kind := range []error{state.ErrDenied, state.ErrTemporary, state.ErrPermanent} {
			if got := errors.Is(&c.fault, kind); got != (kind == c.want) {
				t.Errorf("%+v is %v: %v", c.fault, kind, got)
			}
		}
	}
}
