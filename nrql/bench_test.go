package nrql

import (
	"testing"
	"time"
)

const typical = "SELECT average(duration), percentile(duration, 95) FROM Transaction WHERE appName = 'checkout' AND duration > 0.5 FACET name SINCE 1 day ago LIMIT 20"

func BenchmarkRead(b *testing.B) {
	for name, text := range map[string]string{
		"shortest": "SHOW EVENT TYPES",
		"count":    "SELECT count(*) FROM Transaction SINCE 24 hours ago",
		"typical":  typical,
		"subquery": "FROM Transaction SELECT average(duration) - (FROM Transaction SELECT average(duration) SINCE 7 days ago) WHERE (appName IN ('a', 'b')) TIMESERIES 5 minutes",
		"unread":   typical + ";",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(text)
			}
		})
	}
}

// BenchmarkReadWorst reads the texts of 64 KiB that cost most.
func BenchmarkReadWorst(b *testing.B) {
	for name, text := range worst() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(text)
			}
		})
	}
}

func BenchmarkSlot(b *testing.B) {
	q, now := Read(typical), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		q.Slot(now)
	}
}

func BenchmarkFreshness(b *testing.B) {
	q, now := Read(typical), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		q.Freshness(now, Policy{})
	}
}
