//go:build unix

package redistest

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// through connects to a server by way of a proxy.
func through(t *testing.T, p *Proxy) *Connection {
	t.Helper()
	wire, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Close() })
	return &Connection{wire: wire, input: bufio.NewReader(wire)}
}

func TestAProxyPasses(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	c := through(t, p)
	long := string(make([]byte, 3*chunkBytes))
	for _, delay := range []time.Duration{0, time.Millisecond} {
		p.Delay(delay)
		if _, err := c.Do("SET", "k", long); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Do("GET", "k"); got != long {
			t.Fatalf("what came back differs: %v", err)
		}
	}
	if n := p.Connections(); n != 1 {
		t.Errorf("%d connections: want 1", n)
	}
}

func TestADelayIsWaited(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	c := through(t, p)
	p.Delay(20 * time.Millisecond)
	began := time.Now()
	if _, err := c.Do("PING"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("there and back took %v: want 40ms at least", took)
	}
}

// A black hole holds back what goes its way, and lets it go when it is over.
func TestABlackHole(t *testing.T) {
	for mode, arrives := range map[Mode]bool{Blackhole: false, BlackholeRequests: false, BlackholeReplies: true} {
		s := Start(t, Options{})
		p := NewProxy(t, s.Addr())
		old := through(t, p)
		if _, err := old.Do("PING"); err != nil {
			t.Fatal(err)
		}
		p.Set(mode)
		fresh := through(t, p)
		replies := make(chan any, 2)
		for _, c := range []*Connection{old, fresh} {
			go func() {
				reply, err := c.Do("INCR", "n")
				if err != nil {
					reply = err
				}
				replies <- reply
			}()
		}
		if arrives {
			Await(t, "a request arrives", func() bool { return s.MustDo("GET", "n") != nil })
		}
		select {
		case reply := <-replies:
			t.Errorf("mode %d: a reply, %v, passes", mode, reply)
		case <-time.After(50 * time.Millisecond):
		}
		if !arrives && s.MustDo("GET", "n") != nil {
			t.Errorf("mode %d: a request passes", mode)
		}
		p.Set(Pass)
		for range 2 {
			if reply, ok := (<-replies).(int64); !ok {
				t.Errorf("mode %d: after it is over: %v", mode, reply)
			}
		}
	}
}

func TestRefusedConnectionsEnd(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	c := through(t, p)
	if _, err := c.Do("PING"); err != nil {
		t.Fatal(err)
	}
	p.Set(Refuse)
	if _, err := c.Do("PING"); err == nil {
		t.Error("an old connection still works")
	}
	if late, err := net.Dial("tcp", p.Addr()); err == nil { // else it was reset before it was made
		t.Cleanup(func() { _ = late.Close() })
		if _, err := (&Connection{wire: late, input: bufio.NewReader(late)}).Do("PING"); err == nil {
			t.Error("a new connection works")
		}
	}
	p.Set(Pass)
	if _, err := through(t, p).Do("PING"); err != nil {
		t.Error(err)
	}
}

// A connection that is reset while something of it is held back does not stay.
func TestResetEndsWhatIsHeldBack(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	c := through(t, p)
	if _, err := c.Do("PING"); err != nil {
		t.Fatal(err)
	}
	p.Set(Blackhole)
	failed := make(chan error, 1)
	go func() {
		_, err := c.Do("PING")
		failed <- err
	}()
	p.Reset()
	if err := <-failed; err == nil {
		t.Error("a reset connection works")
	}
	Await(t, "the connection ends", func() bool { return p.Connections() == 0 })
}

func TestAProxyToNowhereEndsConnections(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	s.Shutdown()
	if _, err := through(t, p).Do("PING"); err == nil {
		t.Error("somebody answers")
	}
}
