//go:build unix

package redis

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// stage is what servers and instances of a part stand on: it ends them.
//
// It takes the place of a test for redistest, whose servers are meant for tests, so
// that there is one way to start a redis-server. What redistest does not call is nil.
type stage struct {
	testing.TB
	ends []func()
	errs []error
}

// failure is what Fatal panics with.
type failure struct{ err error }

func (*stage) Helper()             {}
func (*stage) Logf(string, ...any) {}

func (s *stage) Cleanup(f func()) { s.ends = append(s.ends, f) }
func (s *stage) Failed() bool     { return len(s.errs) > 0 }

func (s *stage) Errorf(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf(format, args...))
}

// Fatal ends the part; it is for the part's own goroutine.
func (s *stage) Fatal(args ...any) { panic(failure{errors.New(fmt.Sprint(args...))}) }

func (s *stage) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// close ends what was begun, the latest first.
func (s *stage) close() error {
	for _, end := range slices.Backward(s.ends) {
		end()
	}
	return errors.Join(s.errs...)
}
