//go:build unix

package redistest

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take for what it does in milliseconds on a
// machine that is not busy.
const patience = 30 * time.Second

// Options say what kind of server to start. The zero value is one that anybody
// may use.
type Options struct {
	// Password is asked of every client.
	Password string
	// User is the name that goes with Password. Empty is Redis' default user;
	// where it is set, the default user is turned off.
	User string
	// TLS has the server speak nothing but TLS, with a certificate of an
	// authority of its own: see Server.TLSConfig.
	TLS bool
	// UnixSocket has the server listen on a socket as well, and URL give its
	// path.
	UnixSocket bool
	// NoClientCommand removes the command CLIENT, as some hosted services do.
	NoClientCommand bool
	// NoTracking forbids CLIENT TRACKING and leaves the rest of CLIENT.
	NoTracking bool
	// Persistent keeps every write on disk, so that it is there after Restart.
	Persistent bool
	// Directives are lines of redis.conf, put last.
	Directives []string
}

// Server is one redis-server. Its methods may be called by several goroutines;
// those that fail the test do it with Errorf, which any goroutine may. Close is
// the test's end.
type Server struct {
	t        testing.TB
	options  Options
	folder   string
	port     int
	sentinel bool
	trust    *tls.Config

	mu      sync.Mutex
	running *process // nil while the server is down
}

// Start starts a server, and returns when it answers. The test fails where that
// can't be.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	return start(t, o, false)
}

func start(t testing.TB, o Options, sentinel bool) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is missing: scripts/need redis-server redis-server installs it on Debian")
	}
	s := &Server{t: t, options: o, sentinel: sentinel, folder: folder(t)}
	if o.TLS {
		trust, err := writeCertificates(s.folder)
		if err != nil {
			t.Fatalf("making certificates for a Redis server: %v", err)
		}
		s.trust = trust
	}
	t.Cleanup(s.end)
	deadline := time.Now().Add(patience)
	for {
		s.port = freePort()
		err := s.launch()
		if err == nil {
			return s
		}
		taken := errors.Is(err, errExited) && strings.Contains(s.log(), "already in use")
		if !taken || time.Now().After(deadline) {
			t.Fatalf("starting redis-server: %v\n%s", err, s.log())
		}
	}
}

// folder is a short path: that of a Unix socket has 104 bytes at most.
func folder(t testing.TB) string {
	t.Helper()
	path, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	return path
}

const firstPort, ports = 11_000, 20_000

// freePort draws a port that nobody listens on. It may be taken before the
// server has it: the server then ends at once.
func freePort() int {
	for {
		port := firstPort + rand.IntN(ports)
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
}

// launch starts a process and waits until it answers.
func (s *Server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := s.file("redis.conf")
	if _, err := os.Stat(path); !s.sentinel || err != nil { // a sentinel keeps what it knows there
		if err := os.WriteFile(path, []byte(s.configuration()), 0o600); err != nil {
			return err
		}
	}
	args := []string{path}
	if s.sentinel {
		args = append(args, "--sentinel")
	}
	p, err := startProcess("redis-server", args, s.file("log"))
	if err != nil {
		return err
	}
	if err := s.awaitAnswer(p); err != nil {
		p.kill()
		if s.sentinel {
			_ = os.Remove(path)
		}
		return err
	}
	s.running = p
	return nil
}

var errExited = errors.New("it ended at once")

func (s *Server) awaitAnswer(p *process) error {
	deadline := time.Now().Add(patience)
	for {
		reply, err := s.Do("PING")
		if p.ended() { // and whoever answered is another server
			return errExited
		}
		if err == nil && reply == "PONG" {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer within %v: %w", patience, err)
		}
		p.pause(5 * time.Millisecond)
	}
}

func (s *Server) file(name string) string { return filepath.Join(s.folder, name) }

func (s *Server) log() string {
	text, _ := os.ReadFile(s.file("log"))
	const most = 3 << 10
	return string(text[max(0, len(text)-most):])
}

func (s *Server) configuration() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("bind 127.0.0.1")
	line("dir %s", s.folder)
	o := s.options
	if o.TLS {
		line("port 0\ntls-port %d\ntls-auth-clients no", s.port)
		line("tls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %[1]s", s.file("cert.pem"), s.file("key.pem"))
	} else {
		line("port %d", s.port)
	}
	if !s.sentinel {
		line("save \"\"")
		line("appendonly %s\nappendfsync always", yesOrNo(o.Persistent))
	}
	if o.UnixSocket {
		line("unixsocket %s", s.file("socket"))
	}
	s.access(line)
	if o.NoClientCommand {
		line("rename-command CLIENT \"\"")
	}
	for _, directive := range o.Directives {
		line("%s", directive)
	}
	return b.String()
}

// access writes who may do what.
func (s *Server) access(line func(string, ...any)) {
	o := s.options
	if o.Password == "" && !o.NoTracking {
		return
	}
	secret, may := "nopass", "~* &* +@all"
	if o.Password != "" {
		secret = fmt.Sprintf("#%x", sha256.Sum256([]byte(o.Password))) // as it is, it could not have a space
	}
	if o.NoTracking {
		may += " -client|tracking"
	}
	if o.User == "" {
		line("user default on %s %s", secret, may)
		return
	}
	line("user default off")
	line("user %s on %s %s", o.User, secret, may)
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// Addr is the server's host and port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Port is the server's port.
func (s *Server) Port() int { return s.port }

// URL is the address as REDIS_URL has it, with user and password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", Host: s.Addr()}
	if s.options.TLS {
		u.Scheme = "rediss"
	}
	if s.options.UnixSocket {
		u = url.URL{Scheme: "unix", Path: s.file("socket")}
	}
	if s.options.Password != "" {
		u.User = url.UserPassword(s.options.User, s.options.Password)
	}
	return u.String()
}

// TLSConfig trusts the server's certificate. It is nil where the server does not
// speak TLS.
func (s *Server) TLSConfig() *tls.Config { return s.trust.Clone() }

// Stop suspends the server (SIGSTOP): connections stay open, new ones are even
// accepted by the system, and nothing is answered.
func (s *Server) Stop() { s.signal(syscall.SIGSTOP) }

// Continue ends what Stop began.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.t.Errorf("redis-server on port %d is down: it can't be sent the signal %v", s.port, signal)
		return
	}
	if err := s.running.signal(signal); err != nil {
		s.t.Errorf("sending redis-server on port %d the signal %v: %v", s.port, signal, err)
	}
}

// Shutdown ends the server in the way that Redis means it, also where it is
// suspended, and returns when it has ended.
func (s *Server) Shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.running.terminate()
	s.running = nil
}

// Kill ends the server at once (SIGKILL).
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return
	}
	s.running.kill()
	s.running = nil
}

// Restart ends the server, where it still runs, and starts it again on the same
// port. It returns when the server answers.
func (s *Server) Restart() {
	s.Shutdown()
	deadline := time.Now().Add(patience)
	for {
		err := s.launch()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("starting redis-server again on port %d: %v\n%s", s.port, err, s.log())
			return
		}
	}
}

func (s *Server) end() {
	s.Kill()
	if s.t.Failed() {
		s.t.Logf("redis-server on port %d said:\n%s", s.port, s.log())
	}
}
