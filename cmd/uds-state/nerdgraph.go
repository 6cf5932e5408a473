package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/newrelic/newrelic-client-go/v2/pkg/config"
	"github.com/newrelic/newrelic-client-go/v2/pkg/nerdgraph"
	"github.com/newrelic/newrelic-client-go/v2/pkg/region"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/internal/clock"
)

// nrqlDocument is what is asked of NerdGraph for one NRQL query: the results and
// nothing else, since every further field is sent whether it is read or not.
const nrqlDocument = `query ($query: Nrql!, $accountId: Int!, $timeout: Seconds) {
  actor {
    account(id: $accountId) {
      nrql(query: $query, timeout: $timeout) {
        results
      }
    }
  }
}`

const (
	// queryTimeout is sent along, because NerdGraph gives up after 5 s unless told.
	queryTimeout = 60 * time.Second
	// exchangeTimeout bounds a query with its retries.
	exchangeTimeout = 90 * time.Second
	// maxAttempts is how often one query is sent while NerdGraph is busy. Few,
	// because the state's limiter counts a query once, and NRDB every attempt.
	maxAttempts      = 2
	firstRetryWait   = 500 * time.Millisecond
	longestRetryWait = 5 * time.Second
	maxResponseBytes = 64 << 20
)

// errNoResult is a success without anything in it, which NerdGraph should never send.
var errNoResult = errors.New("NerdGraph answered without a result")

// nerdGraph is a state.Querier over New Relic's official client.
//
// The client (v2.97) drops the context it is given, waits up to 30 s between its
// retries and replaces what NerdGraph said about a bad key. So each query
// gets a transport of its own, an exchange, which carries the caller's context,
// retries within it and keeps NerdGraph's words. The client still does the rest:
// address, headers, encoding.
type nerdGraph struct {
	config config.Config
	base   *http.Transport
	wire   wireCounts
	pause  func(context.Context, time.Duration) error // between attempts
}

// wireCounts is what really crossed the wire, whoever asked for it.
type wireCounts struct {
	requests  atomic.Int64 // HTTP requests, retries included
	retries   atomic.Int64
	throttled atomic.Int64 // 429 and its GraphQL equivalent
}

// newNerdGraph returns a querier for a region ("US", "EU"; empty means US). A
// base address other than "" replaces the region's own.
func newNerdGraph(apiKey, regionName, baseURL string) (*nerdGraph, error) {
	selected, err := regionOf(regionName)
	if err != nil {
		return nil, err
	}
	selected.SetNerdGraphBaseURL(baseURL)

	noTimeout := time.Duration(0) // the exchange's context is the timeout
	cfg := config.New()
	cfg.PersonalAPIKey = apiKey
	cfg.Timeout = &noTimeout
	cfg.Logger = silent{}
	if err := cfg.SetRegion(selected); err != nil {
		return nil, fmt.Errorf("client of New Relic: %w", err)
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 32
	return &nerdGraph{config: cfg, base: base, pause: clock.Sleep}, nil
}

// errRegion is returned for a region that New Relic doesn't have. It does not
// repeat the name, which may be a secret in the wrong variable.
var errRegion = errors.New("unknown region, want US or EU")

func regionOf(name string) (*region.Region, error) {
	if name == "" {
		return region.Get(region.Default)
	}
	parsed, err := region.Parse(name)
	if err != nil {
		return nil, errRegion
	}
	return region.Get(parsed)
}

// QueryNRQL runs one query. An error that NerdGraph reported is a *fault.
func (n *nerdGraph) QueryNRQL(ctx context.Context, account int, nrql string) (state.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	x := &exchange{ctx: ctx, base: n.base, wire: &n.wire, pause: n.pause}
	cfg := n.config
	cfg.HTTPTransport = x
	client := nerdgraph.New(cfg)

	var body struct {
		Actor struct {
			Account struct {
				NRQL *struct{ Results state.Rows }
			}
		}
	}
	variables := map[string]any{"query": nrql, "accountId": account, "timeout": int(queryTimeout.Seconds())}
	err := client.QueryWithResponseAndContext(ctx, nrqlDocument, variables, &body)
	switch {
	case x.err != nil: // the client's error is only its view of this one
		return nil, x.err
	case err != nil:
		return nil, fmt.Errorf("client of New Relic: %w", err)
	case body.Actor.Account.NRQL == nil:
		return nil, errNoResult
	}
	return body.Actor.Account.NRQL.Results, nil
}

// host is where the queries go. It is asked of the client, because the client
// lets an environment variable of its own replace a region's address.
func (n *nerdGraph) host() string {
	address, err := url.Parse(n.config.Region().NerdGraphURL())
	if err != nil {
		return "an address that can't be read"
	}
	return address.Host
}

// Close drops the idle connections.
func (n *nerdGraph) Close() { n.base.CloseIdleConnections() }

// exchange is the http.RoundTripper of one query. It hands the client either
// NerdGraph's good answer or a plain refusal that the client won't retry, and
// keeps the reason in err.
type exchange struct {
	ctx   context.Context
	base  http.RoundTripper
	wire  *wireCounts
	pause func(context.Context, time.Duration) error
	err   error
}

// RoundTrip sends the query until it is answered, refused, or out of attempts.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(req.Body)
	if x.err = errors.Join(err, req.Body.Close()); x.err != nil {
		return respond(req, http.StatusBadRequest, nil), nil
	}
	for attempt := 1; ; attempt++ {
		received, err := x.send(req, sent)
		if err == nil {
			x.err = nil
			return respond(req, http.StatusOK, received), nil
		}
		x.err = err
		wait, again := retryWait(err, attempt)
		if !again || x.pause(x.ctx, wait) != nil {
			return respond(req, http.StatusBadRequest, nil), nil
		}
		x.wire.retries.Add(1)
	}
}

// send is one attempt: the body of a good answer, or why there is none.
func (x *exchange) send(req *http.Request, body []byte) ([]byte, error) {
	attempt := req.Clone(x.ctx)
	attempt.Body = io.NopCloser(bytes.NewReader(body))
	attempt.ContentLength = int64(len(body))
	x.wire.requests.Add(1)
	resp, err := x.base.RoundTrip(attempt)
	if err != nil {
		return nil, orContextError(x.ctx, err)
	}
	defer resp.Body.Close()
	received, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes+1))
	if err != nil {
		return nil, orContextError(x.ctx, err)
	}
	if len(received) > maxResponseBytes {
		return nil, fmt.Errorf("NerdGraph answered with more than %d MiB", maxResponseBytes>>20)
	}
	if f := faultOf(resp, received); f != nil {
		if f.throttled() {
			x.wire.throttled.Add(1)
		}
		return nil, f
	}
	return received, nil
}

// orContextError prefers the context's error to the transport's wording of it.
func orContextError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("NerdGraph can't be reached: %w", err)
}

// respond builds the response that the client gets to see.
func respond(req *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
}

// fault is an error as NerdGraph reported it. Its text is NerdGraph's, because
// that is what the account's owner can look up.
type fault struct {
	status     int    // HTTP
	class      string // extensions.errorClass, where there is one
	message    string
	retryAfter time.Duration // 0 where NerdGraph asked for none
}

func (f *fault) Error() string { return f.message }

// Words are NerdGraph's own.
func (f *fault) Words() string { return f.message }

// Is says what the fault means for what the state keeps.
func (f *fault) Is(target error) bool {
	switch target {
	case state.ErrDenied:
		return f.unauthorized() || f.class == "ACCESS_DENIED"
	case state.ErrTemporary:
		return f.busy() || f.status >= http.StatusInternalServerError || f.class == "TIMEOUT"
	case state.ErrPermanent:
		return f.class == "INVALID_INPUT"
	}
	return false
}

// throttled is true where NerdGraph asks for fewer queries.
func (f *fault) throttled() bool {
	return f.status == http.StatusTooManyRequests || f.class == "TOO_MANY_REQUESTS"
}

// busy is true where the same query may be answered a little later.
func (f *fault) busy() bool {
	switch f.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return f.throttled()
}

// unauthorized is true where no query with this key can succeed.
func (f *fault) unauthorized() bool {
	return f.status == http.StatusUnauthorized || f.status == http.StatusForbidden
}

// faultOf reads the error out of an HTTP response; nil where there is none.
// Redirects are errors too: the client would send the key along to anywhere.
func faultOf(resp *http.Response, body []byte) *fault {
	// A result may be long, and only an answer with this word has errors.
	if resp.StatusCode == http.StatusOK && !bytes.Contains(body, []byte(`"errors"`)) {
		return nil
	}
	var parsed struct {
		Errors []struct {
			Message    string
			Extensions struct{ ErrorClass string }
		}
	}
	// A body that is no JSON leaves the status to speak.
	_ = json.Unmarshal(body, &parsed)
	f := &fault{status: resp.StatusCode, retryAfter: retryAfterOf(resp.Header)}
	var messages []string
	for _, e := range parsed.Errors {
		if e.Message == "" || strings.HasPrefix(e.Message, "This field is deprecated!") {
			continue
		}
		messages = append(messages, e.Message)
		if f.class == "" {
			f.class = e.Extensions.ErrorClass
		}
	}
	f.message = strings.Join(messages, ", ")
	if resp.StatusCode == http.StatusOK && f.message == "" {
		return nil
	}
	if f.message == "" {
		f.message = fmt.Sprintf("HTTP status %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return f
}

func retryAfterOf(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// retryWait says whether an attempt that failed may be repeated, and when.
func retryWait(err error, attempt int) (wait time.Duration, again bool) {
	var f *fault
	if attempt >= maxAttempts || !errors.As(err, &f) || !f.busy() {
		return 0, false
	}
	wait = max(f.retryAfter, firstRetryWait<<(attempt-1))
	return min(wait, longestRetryWait), true
}

// silent is the official client's logger: its trace level would print queries
// and results, which belong to the account.
type silent struct{}

func (silent) Error(string, ...any) {}
func (silent) Warn(string, ...any)  {}
func (silent) Info(string, ...any)  {}
func (silent) Debug(string, ...any) {}
func (silent) Trace(string, ...any) {}
func (silent) SetLevel(string)      {}
