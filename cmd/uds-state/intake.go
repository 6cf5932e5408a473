package main

import (
	"net/http"
	"sync"
)

// intake bounds the requests under way, and knows when the last one has ended.
//
// A limit on calls alone would come too late: a request's body is read before it is
// known to be a call. Streams that a client opens by GET to listen are not counted,
// since they don't end by themselves.
type intake struct {
	most int

	mu     sync.Mutex
	under  int           // INVARIANT: guarded by mu.
	closed bool          // INVARIANT: guarded by mu.
	idle   chan struct{} // closed when it is closed and nothing is under way
	// closing is closed when no more requests are taken.
	closing chan struct{}
}

func newIntake(most int) *intake {
	return &intake{most: most, idle: make(chan struct{}), closing: make(chan struct{})}
}

func (i *intake) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && !i.draining() {
			next.ServeHTTP(rw, r)
			return
		}
		if reason := i.enter(); reason != "" {
			refuseForNow(rw, reason)
			return
		}
		defer i.leave()
		next.ServeHTTP(rw, r)
	})
}

// enter returns why a request is not taken, or "".
func (i *intake) enter() (reason string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed:
		return "the server is about to end"
	case i.under >= i.most:
		return "too many requests are under way"
	}
	i.under++
	return ""
}

func (i *intake) leave() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.under--; i.closed && i.under == 0 {
		close(i.idle)
	}
}

// close takes no more requests. The channel is closed when the last has ended. It
// is called once.
func (i *intake) close() (idle <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	close(i.closing)
	if i.under == 0 {
		close(i.idle)
	}
	return i.idle
}

func (i *intake) draining() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.closed
}

func refuseForNow(rw http.ResponseWriter, reason string) {
	rw.Header().Set("Retry-After", "1")
	answerJSON(rw, http.StatusServiceUnavailable, map[string]any{"error": reason})
}
