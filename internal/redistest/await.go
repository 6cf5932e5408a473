//go:build unix

package redistest

import (
	"testing"
	"time"
)

// Await polls until a condition holds, and fails the test where it doesn't
// within half a minute. It is for the test's own goroutine.
func Await(t testing.TB, want string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
