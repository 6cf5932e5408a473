//go:build unix

package redistest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// Mode is what a Proxy does with what passes through it.
type Mode int

const (
	// Pass passes everything on.
	Pass Mode = iota
	// Blackhole holds everything back, both ways.
	Blackhole
	// BlackholeRequests holds back what the client sends.
	BlackholeRequests
	// BlackholeReplies holds back what the server sends.
	BlackholeReplies
	// Refuse resets every connection, and new ones at once.
	Refuse
)

// Proxy is a TCP proxy that breaks the way to a server for those who go through
// it, and for them only: that is what SIGSTOP of the server can't do.
//
// A black hole is a partition as TCP sees it: nothing arrives, no connection is
// closed, and what was sent meanwhile arrives when the partition is over, unless
// the client has given up. It differs in one thing: a new connection is accepted
// (by the system), and only then is there silence.
//
// It is bounded: one buffer each way and what the system's buffers hold, and
// maxConnections.
type Proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup
	ctx      context.Context // ends with the test
	end      context.CancelFunc

	mu          sync.Mutex
	mode        Mode
	delay       time.Duration
	changed     chan struct{} // closed when mode changes
	connections map[net.Conn]context.CancelFunc
}

const (
	maxConnections = 1024 // of clients; one more is reset
	chunkBytes     = 16 << 10
)

// NewProxy passes connections on to target, a host and a port, until the test
// ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	p := &Proxy{
		target: target, listener: listener, ctx: ctx, end: end,
		changed: make(chan struct{}), connections: make(map[net.Conn]context.CancelFunc),
	}
	p.running.Add(1)
	go p.accept()
	t.Cleanup(p.close)
	return p
}

// Addr is the proxy's host and port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set changes the mode, for the connections that there are and for new ones.
func (p *Proxy) Set(mode Mode) {
	p.mu.Lock()
	p.mode = mode
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	if mode == Refuse {
		p.Reset()
	}
}

// Delay holds each chunk of up to 16 KiB for so long, each way, before it passes
// on; the next is read only then.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Reset ends the connections that there are, with RST. New ones are accepted as
// the mode says.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client, leave := range p.connections {
		reset(client)
		leave()
	}
}

// Connections counts the clients' connections.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

func (p *Proxy) close() {
	p.end()
	_ = p.listener.Close()
	p.Reset()
	p.running.Wait()
}

func (p *Proxy) accept() {
	defer p.running.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		ctx, leave := context.WithCancel(p.ctx)
		if !p.admit(client, leave) {
			reset(client)
			leave()
			continue
		}
		p.running.Add(1)
		go p.serve(ctx, client, leave)
	}
}

func (p *Proxy) admit(client net.Conn, leave context.CancelFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == Refuse || len(p.connections) >= maxConnections || p.ctx.Err() != nil {
		return false
	}
	p.connections[client] = leave
	return true
}

// serve passes on between a client and a connection of its own to the server,
// until either way ends.
func (p *Proxy) serve(ctx context.Context, client net.Conn, leave context.CancelFunc) {
	defer p.running.Done()
	defer p.forget(client)
	defer leave()
	if !p.passes(ctx, BlackholeRequests) {
		return
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	server, err := dialer.DialContext(ctx, "tcp", p.target)
	if err != nil {
		return
	}
	// Whoever ends first ends the other: by its connection being closed, or by ctx
	// where it holds something back.
	defer context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })()
	defer server.Close()
	p.running.Add(1)
	go func() {
		defer p.running.Done()
		defer leave()
		p.pump(ctx, client, server, BlackholeReplies)
	}()
	p.pump(ctx, server, client, BlackholeRequests)
}

func (p *Proxy) forget(client net.Conn) {
	_ = client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.connections, client)
}

// pump passes on one way until it ends, and that end too: in its turn.
func (p *Proxy) pump(ctx context.Context, to, from net.Conn, held Mode) {
	chunk := make([]byte, chunkBytes)
	for {
		n, ended := from.Read(chunk)
		if !p.passes(ctx, held) {
			return
		}
		if _, err := to.Write(chunk[:n]); err != nil || ended != nil {
			return
		}
	}
}

// passes waits until nothing holds this way back, and for the delay. It is false
// where the connection has ended first.
func (p *Proxy) passes(ctx context.Context, held Mode) bool {
	for {
		p.mu.Lock()
		mode, delay, changed := p.mode, p.delay, p.changed
		p.mu.Unlock()
		if mode != Blackhole && mode != held {
			return wait(ctx, delay)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset closes a connection with RST, and drops what was not yet sent.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
