package merge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// redis is one connection to a redis-server of the test's own.
type redis struct {
	conn net.Conn
	in   *bufio.Reader
}

// startRedis runs redis-server on a free port until the test ends.
func startRedis(t *testing.T) *redis {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	listener.Close()
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatalf("redis-server (Debian: apt-get install redis-server): %v", err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	return dial(t, address)
}

// dial connects, and waits for a server that has yet to listen.
func dial(t *testing.T, address string) *redis {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &redis{conn: conn, in: bufio.NewReader(conn)}
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// do runs a command; arrays come back as []string, everything else as one.
func (r *redis) do(args ...string) ([]string, error) {
	request := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := r.conn.Write(request); err != nil {
		return nil, err
	}
	return r.read()
}

func (r *redis) read() ([]string, error) {
	line, err := r.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	rest := line[1 : len(line)-2]
	switch line[0] {
	case '-':
		return nil, fmt.Errorf("redis: %s", rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return []string{""}, err
		}
		text := make([]byte, n+2)
		_, err = io.ReadFull(r.in, text)
		return []string{string(text[:n])}, err
	case '*':
		n, err := strconv.Atoi(rest)
		all := []string{}
		for ; n > 0 && err == nil; n-- {
			var one []string
			one, err = r.read()
			all = append(all, one...)
		}
		return all, err
	default:
		return []string{rest}, nil
	}
}

// merge runs the script on a key.
func (r *redis) merge(t interface{ Fatal(...any) }, key string, request Request) Reply {
	args := append([]string{"EVAL", Script, "1", key}, request.Args("changes")...)
	parts, err := r.do(args...)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := ReadReply(parts)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// hash reads a HASH: state and bookkeeping.
func (r *redis) hash(t interface{ Fatal(...any) }, key string) (state Fields, own map[string]string) {
	parts, err := r.do("HGETALL", key)
	if err != nil {
		t.Fatal(err)
	}
	state, own = Fields{}, map[string]string{}
	for i := 0; i < len(parts); i += 2 {
		if parts[i] == "_v" || parts[i] == "_inc" {
			own[parts[i]] = parts[i+1]
		} else {
			state[parts[i]] = parts[i+1]
		}
	}
	return state, own
}
