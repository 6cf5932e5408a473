package standin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// Options are what a stand-in can be started with.
type Options struct {
	// APIKey is the one user key that is accepted. Required.
	APIKey string
	// Account is the one account that the key may read. Required.
	Account int
	// Seed decides every event of the account.
	Seed uint64
	// Latency says how long queries take. Nil means no time at all.
	Latency Latency
	// MaxConcurrent is how many requests the user may have under way; one more
	// is answered with 429. 0 means NerdGraph's 25.
	MaxConcurrent int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep passes a query's latency; nil means a timer.
	Sleep Sleep
}

// Path is where NerdGraph listens.
const Path = "/graphql"

const (
	nerdGraphConcurrent = 25
	maxBodyBytes        = 1 << 20
	headerTimeout       = 5 * time.Second
	bodyTimeout         = 10 * time.Second
	idleTimeout         = 30 * time.Second
	closeTimeout        = 5 * time.Second
)

// ErrOptions is returned by Start for options that can't work.
var ErrOptions = errors.New("stand-in: bad options")

// Server is a running stand-in. Close ends it.
type Server struct {
	options  Options
	data     *dataset
	listener net.Listener
	http     *http.Server
	stop     context.CancelFunc // ends the requests under way
	served   chan struct{}      // closed once the listener is done

	underWay  atomic.Int64
	queries   atomic.Int64
	throttled atomic.Int64

	closeOnce sync.Once
	closeErr  error
}

// Start listens on a free port of the loopback interface and serves until Close.
func Start(options Options) (*Server, error) {
	if options.APIKey == "" || options.Account <= 0 || options.MaxConcurrent < 0 {
		return nil, fmt.Errorf("%w: an API key, an account and a concurrency that is not negative are needed", ErrOptions)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("stand-in: listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		options:  options.withDefaults(),
		data:     newDataset(options.Seed),
		listener: listener,
		stop:     stop,
		served:   make(chan struct{}),
	}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      maxTimeout + bodyTimeout,
		IdleTimeout:       idleTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() {
		defer close(s.served)
		// Always http.ErrServerClosed after Close; a broken listener shows to
		// the client as a refused connection.
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Latency == nil {
		o.Latency = noLatency{}
	}
	if o.MaxConcurrent == 0 {
		o.MaxConcurrent = nerdGraphConcurrent
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = clock.Sleep
	}
	return o
}

type noLatency struct{}

func (noLatency) For(Cost) time.Duration { return 0 }

// URL is the address to give to a NerdGraph client.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + Path }

// Queries is how many requests with a good key were taken.
func (s *Server) Queries() int64 { return s.queries.Load() }

// Throttled is how many requests were answered with 429.
func (s *Server) Throttled() int64 { return s.throttled.Load() }

// Close ends the requests under way, stops listening and waits for both. It may
// be called more than once.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.stop()
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if s.closeErr = s.http.Shutdown(ctx); s.closeErr != nil {
			_ = s.http.Close()
		}
		<-s.served
	})
	return s.closeErr
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, s.serve)
	return mux
}

// request is a GraphQL request body.
type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// serve is one request: key, limit, body, answer. The order is NerdGraph's, so a
// bad key costs nobody a place.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.knows(r.Header.Get("Api-Key")) {
		write(w, http.StatusUnauthorized, response{Errors: []graphQLError{badKey}})
		return
	}
	status, answer := s.admit(w, r)
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	write(w, status, answer)
}

// admit answers a request if the user has a place for it. The place is free
// again before the answer is written, so a client that starts a query when
// another one was answered is never one too many.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) (status int, answer response) {
	defer s.underWay.Add(-1)
	if s.underWay.Add(1) > int64(s.options.MaxConcurrent) {
		s.throttled.Add(1)
		return http.StatusTooManyRequests, response{Errors: []graphQLError{tooManyRequests}}
	}
	s.queries.Add(1)
	body, status, err := readRequest(w, r)
	if err != nil {
		return status, refusal(err)
	}
	return http.StatusOK, s.respond(r.Context(), body)
}

func (s *Server) knows(key string) bool {
	return subtle.ConstantTimeCompare([]byte(key), []byte(s.options.APIKey)) == 1
}

func readRequest(w http.ResponseWriter, r *http.Request) (body request, status int, err error) {
	err = json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes)).Decode(&body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return body, http.StatusRequestEntityTooLarge, documentErrorf("the request body exceeds %d bytes", maxBodyBytes)
	case err != nil:
		return body, http.StatusBadRequest, documentErrorf("the request body is not a GraphQL request")
	}
	return body, http.StatusOK, nil
}

func write(w http.ResponseWriter, status int, body response) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that has left has nobody to tell
}
