//go:build unix

package redistest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Error is an error that the server replied.
type Error string

func (e Error) Error() string { return string(e) }

// Connection speaks RESP 2 to a server, one command at a time, for one
// goroutine. It is not the client that is tested, so that a test's own view of a
// server does not depend on it.
type Connection struct {
	wire  net.Conn
	input *bufio.Reader
}

// Dial connects to the server itself, whatever proxies there are, and
// authenticates.
func (s *Server) Dial() (*Connection, error) {
	var wire net.Conn
	var err error
	dialer := &net.Dialer{Timeout: time.Second}
	if s.trust != nil {
		wire, err = tls.DialWithDialer(dialer, "tcp", s.Addr(), s.trust)
	} else {
		wire, err = dialer.Dial("tcp", s.Addr())
	}
	if err != nil {
		return nil, err
	}
	c := &Connection{wire: wire, input: bufio.NewReader(wire)}
	if s.options.Password == "" {
		return c, nil
	}
	user := s.options.User
	if user == "" {
		user = "default"
	}
	if _, err := c.Do("AUTH", user, s.options.Password); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Do runs a command over a connection of its own. The reply is a string, an
// int64, a []any of such, or nil; what the server replied as an error is an
// Error.
func (s *Server) Do(args ...string) (any, error) {
	c, err := s.Dial()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Do(args...)
}

// MustDo is Do, and the test fails where that does. It is for the test's own
// goroutine.
func (s *Server) MustDo(args ...string) any {
	s.t.Helper()
	reply, err := s.Do(args...)
	if err != nil {
		s.t.Fatalf("%s at port %d: %v", strings.Join(args[:min(2, len(args))], " "), s.port, err)
	}
	return reply
}

// Close ends the connection.
func (c *Connection) Close() error { return c.wire.Close() }

// Do runs a command: see Server.Do.
func (c *Connection) Do(args ...string) (any, error) {
	if err := c.wire.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(c.wire, b.String()); err != nil {
		return nil, err
	}
	return c.reply()
}

// reply reads one. An error inside an array is an element of it.
func (c *Connection) reply() (any, error) {
	line, err := c.input.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, errors.New("the server replied an empty line")
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+':
		return rest, nil
	case '-':
		return nil, Error(rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$':
		return c.text(rest)
	case '*':
		return c.array(rest)
	default:
		return nil, fmt.Errorf("the server replied a line of the unknown kind %q", kind)
	}
}

func (c *Connection) text(length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err
	}
	text := make([]byte, n+len("\r\n"))
	_, err = io.ReadFull(c.input, text)
	return string(text[:n]), err
}

func (c *Connection) array(length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err
	}
	array := make([]any, n)
	for i := range array {
		array[i], err = c.reply()
		var said Error
		if errors.As(err, &said) {
			array[i] = said
		} else if err != nil {
			return nil, err
		}
	}
	return array, nil
}
