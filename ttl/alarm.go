//go:build !explore

package ttl

import (
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// alarm is the runtime timer that wakes a manager, and timepiece the clock that it
// goes by. They are names only, so that an explorer of interleavings can stand in
// between; see explore.go.
type (
	alarm     = time.Timer
	timepiece = clock.Clock
)

func newAlarm(_ *timepiece, ring func()) *alarm { return time.AfterFunc(clock.Never, ring) }

func startTimepiece() timepiece { return clock.Start() }
