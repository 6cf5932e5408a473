package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/uds-platform/state"
)

// call is one line of a recording: what a session asked, and when, in
// milliseconds since the run began.
type call struct {
	Session int    `json:"session"`
	At      int64  `json:"atMilliseconds"`
	Query   string `json:"query"`
}

// recording is a file of what the sessions of a run asked, in the order in which
// they asked it, to be replayed against other caches. It holds queries and no
// answers. A nil recording records nothing.
//
// What can't be written is reported by close, once: a full disk must not end the
// run.
type recording struct {
	start time.Time
	file  io.Closer

	mu      sync.Mutex
	buffer  *bufio.Writer // INVARIANT: guarded by mu.
	encoder *json.Encoder // INVARIANT: guarded by mu; writes to buffer.
	err     error         // INVARIANT: guarded by mu. The first that writing met.
}

// openRecording creates the file, which only its owner may read: queries may say
// more of an account than others should know.
func openRecording(path string, start time.Time) (*recording, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: --record: %w", errUsage, err)
	}
	buffer := bufio.NewWriter(file)
	return &recording{start: start, file: file, buffer: buffer, encoder: json.NewEncoder(buffer)}, nil
}

func (r *recording) add(session int, nrql string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := call{Session: session, At: time.Since(r.start).Milliseconds(), Query: nrql} // in the order of the lines
	if r.err == nil {
		r.err = r.encoder.Encode(c)
	}
}

func (r *recording) close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := errors.Join(r.err, r.buffer.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}

// of returns an asker that records what a session asks of st.
func (r *recording) of(session int, st asker) asker {
	if r == nil {
		return st
	}
	return recorded{asker: st, recording: r, session: session}
}

type recorded struct {
	asker
	recording *recording
	session   int
}

func (r recorded) Query(ctx context.Context, account int, nrql string) (state.Result[state.Rows], error) {
	r.recording.add(r.session, nrql)
	return r.asker.Query(ctx, account, nrql)
}

func (r recorded) QueryPreview(ctx context.Context, account int, nrql string) (state.Preview[state.Rows], error) {
	r.recording.add(r.session, nrql)
	return r.asker.QueryPreview(ctx, account, nrql)
}
