package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	sdkauth "github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/inspect"
	sessions "github.com/uds-platform/state/session"
)

// The scopes of API keys.
const (
	scopeDiscover = "discover" // may call tools
	scopeInspect  = "inspect"  // may see the dashboard and the metrics
)

const (
	webHeaderTimeout  = 10 * time.Second
	webReadTimeout    = 30 * time.Second
	webIdleTimeout    = 2 * time.Minute
	webWriteMargin    = 30 * time.Second // beyond the call's own time
	webHeaderBytes    = 32 << 10
	requestsPerCall   = 8 // requests under way for one call that is answered
	transportIdleTime = 30 * time.Minute
	mostTransports    = 10_000 // sessions of the stateful transport
)

// webServer is the HTTP side of an instance: MCP, probes, metrics and dashboard on one
// port.
//
// What it does for MCP, from the outside in: a bound on requests under way, which is
// also where the end begins; cross-origin requests are refused; the API key is
// verified on every request, so that a key that was revoked is out at once, also in the
// midst of a stateful session; the transport bounds the body, checks Host on loopback
// against DNS rebinding, and ties a stateful session to its owner.
type webServer struct {
	options  serveOptions
	instance *instance
	keys     *keyring // nil where anybody may connect
	intake   *intake
	history  *inspect.History // what the dashboard draws over time
	http     *http.Server
}

func newWebServer(o serveOptions, n *instance, keys *keyring) (*webServer, error) {
	w := &webServer{options: o, instance: n, keys: keys, intake: newIntake(requestsPerCall * o.maxCalls)}
	var err error
	if w.history, err = inspect.NewHistory(n.state, n.meter); err != nil {
		return nil, err
	}
	handler, err := w.handler()
	if err != nil {
		return nil, err
	}
	w.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: webHeaderTimeout,
		ReadTimeout:       webReadTimeout,
		IdleTimeout:       webIdleTimeout,
		MaxHeaderBytes:    webHeaderBytes,
		ErrorLog:          slog.NewLogLogger(n.logger.Handler(), slog.LevelWarn),
	}
	if !o.stateful { // whose streams stay open
		w.http.WriteTimeout = o.callTimeout + webWriteMargin
	}
	return w, nil
}

func (w *webServer) handler() (http.Handler, error) {
	dashboard, err := w.dashboard()
	if err != nil {
		return nil, err
	}
	metrics, err := w.metrics()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", http.NewCrossOriginProtection().Handler(w.require(scopeDiscover, identified(w.intake.admit(w.mcp())))))
	mux.Handle("/livez", state.LiveHandler())
	mux.Handle("/readyz", w.readyz())
	mux.Handle("/healthz", w.instance.state.DegradedHandler())
	mux.Handle("/metrics", metrics)
	mux.Handle("/debug/state/", dashboard)
	return mux, nil
}

// mcp is the transport.
func (w *webServer) mcp() http.Handler {
	server := w.instance.tools.MCP()
	options := &mcp.StreamableHTTPOptions{
		Stateless:                    !w.options.stateful,
		JSONResponse:                 true,
		MaxRequestBodyBytes:          maxMessageBytes,
		PropagateRequestCancellation: true,
	}
	if w.options.stateful {
		options.SessionTimeout = transportIdleTime
	}
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, options)
	if !w.options.stateful {
		return handler
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get("Mcp-Session-Id") == "" && transports(server) >= mostTransports {
			refuseForNow(rw, "there are too many sessions")
			return
		}
		handler.ServeHTTP(rw, r)
	})
}

func transports(server *mcp.Server) (n int) {
	for range server.Sessions() {
		n++
	}
	return n
}

// require lets through who has a key with a scope, or everybody where that was
// asked for.
func (w *webServer) require(scope string, next http.Handler) http.Handler {
	if w.keys == nil {
		return next
	}
	return w.keys.keys.Require(next, scope)
}

// identified tells the transport who was let in: by the SDK's own middleware, since
// nobody else can, and it is what ties a stateful session to its owner. The key is out
// of the headers by then; what stands there in its place is a word.
func identified(next http.Handler) http.Handler {
	verify := func(ctx context.Context, _ string, _ *http.Request) (*sdkauth.TokenInfo, error) {
		p, ok := auth.FromContext(ctx)
		if !ok {
			return nil, sdkauth.ErrInvalidToken
		}
		return &sdkauth.TokenInfo{UserID: p.Owner, Scopes: p.Scopes()}, nil
	}
	known := sdkauth.RequireBearerToken(verify, &sdkauth.RequireBearerTokenOptions{AllowMissingExpiration: true})(next)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, ok := auth.FromContext(r.Context()); !ok {
			next.ServeHTTP(rw, r) // nobody was asked for a key
			return
		}
		r.Header.Set("Authorization", "Bearer verified")
		known.ServeHTTP(rw, r)
	})
}

var errNobody = errors.New("the request has no owner")

// ownerOf says whose a call over HTTP is: the key's owner. Where anybody may
// connect, all are one.
func ownerOf(insecureNoAuth bool) func(*mcp.CallToolRequest) (sessions.Owner, error) {
	return func(r *mcp.CallToolRequest) (sessions.Owner, error) {
		if insecureNoAuth {
			return ownerWithoutKeys, nil
		}
		if r.Extra == nil || r.Extra.TokenInfo == nil || r.Extra.TokenInfo.UserID == "" {
			return "", errNobody
		}
		return ownerOfKey(r.Extra.TokenInfo.UserID), nil
	}
}

// ownerWithoutKeys is everybody, where nobody is asked for a key.
const ownerWithoutKeys sessions.Owner = "anybody"

// ownerOfKey keeps the owners of keys apart from those of processes, which may share
// sessions with them.
func ownerOfKey(owner string) sessions.Owner { return sessions.Owner("key:" + owner) }

func answerJSON(rw http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, "no JSON", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = rw.Write(append(encoded, '\n')) // a client that has left has nobody to tell
}

// run serves until ctx ends, and then lets the calls under way end.
func (w *webServer) run(ctx context.Context, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- w.http.Serve(listener) }()
	defer w.watch(ctx)()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	err := w.drain()
	<-served
	return err
}

// watch has the file of keys looked at, and the dashboard's history written, until
// the function that it returns is called, which waits for the end of both.
func (w *webServer) watch(ctx context.Context) (stop func()) {
	watching, end := context.WithCancel(ctx)
	var both sync.WaitGroup
	both.Go(func() { w.keys.watch(watching) })
	both.Go(func() { w.history.Run(watching) })
	return func() {
		end()
		both.Wait()
	}
}

// drain ends the server: no new calls, time for those under way, then the streams
// that stateful clients keep open, then what is left.
func (w *webServer) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), w.options.shutdownTimeout)
	defer cancel()
	idle := w.intake.close()
	ended := make(chan error, 1)
	go func() { ended <- w.http.Shutdown(ctx) }()
	select {
	case <-idle:
	case <-ctx.Done():
		w.instance.logger.Warn("calls under way did not end in time and are cut off", slog.Duration("timeout", w.options.shutdownTimeout))
		w.instance.tools.Cut()
		w.await(idle)
	}
	w.await(w.closeTransports())
	if err := <-ended; err == nil {
		return nil
	}
	// What was cut off has its answer, which may be on its way.
	ctx, cancel = context.WithTimeout(context.Background(), cutTime)
	defer cancel()
	if w.http.Shutdown(ctx) != nil {
		_ = w.http.Close()
	}
	return nil
}

// closeTransports ends the streams that stateful clients listen to.
func (w *webServer) closeTransports() (done <-chan struct{}) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for transport := range w.instance.tools.MCP().Sessions() {
			_ = transport.Close() // it waits for its calls, and is gone either way
		}
	}()
	return closed
}

// cutTime is how long what was cut off may take to notice.
const cutTime = 2 * time.Second

func (w *webServer) await(done <-chan struct{}) {
	timer := time.NewTimer(cutTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
