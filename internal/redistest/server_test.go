//go:build unix

package redistest

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAServerIsThereAndGoesWithItsTest(t *testing.T) {
	var s *Server
	t.Run("inner", func(t *testing.T) {
		s = Start(t, Options{})
		s.MustDo("SET", "a key", "a\r\nvalue")
		if got := s.MustDo("GET", "a key"); got != "a\r\nvalue" {
			t.Errorf("GET says %v", got)
		}
		if got := s.MustDo("GET", "nothing"); got != nil {
			t.Errorf("GET of nothing says %v", got)
		}
	})
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("the server is still there after its test")
	}
	if _, err := os.Stat(s.folder); !os.IsNotExist(err) {
		t.Errorf("the server's folder is still there: %v", err)
	}
}

func TestAStoppedServerAcceptsAndAnswersNothing(t *testing.T) {
	s := Start(t, Options{})
	s.Stop()
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answered := make(chan error, 1)
	go func() {
		_, err := c.Do("PING")
		answered <- err
	}()
	select {
	case <-answered:
		t.Error("a stopped server answers")
	case <-time.After(50 * time.Millisecond):
	}
	s.Continue()
	if err := <-answered; err != nil {
		t.Errorf("after Continue: %v", err)
	}
}

func TestAServerComesBackOnItsPort(t *testing.T) {
	for _, persistent := range []bool{false, true} {
		s := Start(t, Options{Persistent: persistent})
		addr := s.Addr()
		for name, end := range map[string]func(){
			"shutdown": s.Shutdown, "kill": s.Kill, "shutdown of a stopped one": func() { s.Stop(); s.Shutdown() },
		} {
			s.MustDo("SET", name, "1")
			end()
			if _, err := s.Do("PING"); err == nil {
				t.Errorf("%s: the server is still there", name)
			}
			s.Restart()
			if s.Addr() != addr {
				t.Errorf("%s: address %s: want %s", name, s.Addr(), addr)
			}
			if kept := s.MustDo("EXISTS", name) == int64(1); kept != persistent {
				t.Errorf("%s: the key is still there: %t; want %t", name, kept, persistent)
			}
		}
	}
}

func TestAccessIsAskedFor(t *testing.T) {
	for _, o := range []Options{{Password: "a b%#\"/"}, {User: "uds", Password: "hunter2"}} {
		s := Start(t, o)
		s.MustDo("SET", "k", "v")
		stranger := &Server{t: t, port: s.port}
		var refused Error
		if _, err := stranger.Do("GET", "k"); !errors.As(err, &refused) || !strings.HasPrefix(string(refused), "NOAUTH") {
			t.Errorf("a stranger hears %v: want NOAUTH", err)
		}
		at, err := url.Parse(s.URL())
		if err != nil || at.User.String() != url.UserPassword(o.User, o.Password).String() {
			t.Errorf("URL %s lacks %s and %s: %v", s.URL(), o.User, o.Password, err)
		}
	}
}

func TestTLSAndSocket(t *testing.T) {
	encrypted := Start(t, Options{TLS: true})
	encrypted.MustDo("PING")
	if !strings.HasPrefix(encrypted.URL(), "rediss://") {
		t.Errorf("URL %s", encrypted.URL())
	}
	plain := &Server{t: t, port: encrypted.port}
	if _, err := plain.Do("PING"); err == nil {
		t.Error("a server with TLS answers without")
	}
	socket := Start(t, Options{UnixSocket: true})
	if _, err := net.Dial("unix", strings.TrimPrefix(socket.URL(), "unix://")); err != nil {
		t.Error(err)
	}
}

func TestTrackingIsRefused(t *testing.T) {
	for _, o := range []Options{{NoClientCommand: true}, {NoTracking: true}, {NoTracking: true, User: "uds", Password: "hunter2"}} {
		s := Start(t, o)
		var refused Error
		if _, err := s.Do("CLIENT", "TRACKING", "ON"); !errors.As(err, &refused) {
			t.Errorf("%+v: CLIENT TRACKING says %v: want an error", o, err)
		}
		if _, err := s.Do("CLIENT", "ID"); (err != nil) != o.NoClientCommand {
			t.Errorf("%+v: CLIENT ID says %v", o, err)
		}
	}
}

func TestADirectiveIsTheLastWord(t *testing.T) {
	s := Start(t, Options{Directives: []string{"maxmemory 8mb"}})
	if got := s.MustDo("CONFIG", "GET", "maxmemory"); got.([]any)[1] != "8388608" {
		t.Errorf("maxmemory %v", got)
	}
}
