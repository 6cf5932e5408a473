package ttl_test

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/uds-platform/state/ttl"
)

func Example() {
	type lease struct {
		timer         ttl.Timer // first, so that the timer's address is the lease's
		name          string
		deadlineNanos int64
	}
	wheel := ttl.NewWheel(time.Millisecond, 0, func(t *ttl.Timer, now int64) int64 {
		l := (*lease)(unsafe.Pointer(t))
		if l.deadlineNanos <= now {
			fmt.Println(l.name, "ends at", time.Duration(now))
		}
		return l.deadlineNanos
	})
	for i, name := range []string{"short", "long"} {
		l := &lease{name: name, deadlineNanos: int64(i+1) * int64(time.Hour)}
		wheel.Schedule(&l.timer, l.deadlineNanos)
	}
	wheel.Advance(int64(90*time.Minute), 100)
	wheel.Advance(int64(3*time.Hour), 100)
	// Output:
	// short ends at 1h30m0s
	// long ends at 3h0m0s
}
