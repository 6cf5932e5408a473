package fuzz

import (
	"os"
	"runtime"
	"testing"
)

// A script and what it sets off in the background take turns on one core, so
// that an input that fails most likely fails again.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	os.Exit(m.Run())
}
