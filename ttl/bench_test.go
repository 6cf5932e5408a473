package ttl_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/uds-platform/state/ttl"
)

// full returns a wheel in which so many timers wait, spread over an hour.
func full(timers int) (*ttl.Wheel, []record) {
	w := ttl.NewWheel(time.Millisecond, 0, fire)
	records := make([]record, timers)
	for i := range records {
		records[i].deadlineNanos = int64(time.Hour) + rand.Int64N(int64(time.Hour))
		w.Schedule(&records[i].timer, records[i].deadlineNanos)
	}
	return w, records
}

var sizes = []int{1e3, 1e4, 1e5, 1e6, 1e7}

func BenchmarkSchedule(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("timers=%.0e", float64(size)), func(b *testing.B) {
			w, _ := full(size)
			extra := new(record)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w.Schedule(&extra.timer, int64(time.Hour)+int64(i)%int64(time.Hour))
			}
		})
	}
}

func BenchmarkCancel(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("timers=%.0e", float64(size)), func(b *testing.B) {
			w, _ := full(size)
			extra := new(record)
			b.ReportAllocs()
			for b.Loop() {
				w.Schedule(&extra.timer, int64(time.Hour))
				w.Cancel(&extra.timer)
			}
		})
	}
}

// BenchmarkAdvance fires one timer a round while the others wait.
func BenchmarkAdvance(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("timers=%.0e", float64(size)), func(b *testing.B) {
			w, _ := full(size)
			extra := new(record)
			now := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				now += 10
				extra.deadlineNanos = now
				w.Schedule(&extra.timer, now)
				w.Advance(now, noLimit)
			}
		})
	}
}
