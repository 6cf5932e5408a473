//go:build unix

package redis

import (
	"time"

	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/stat"
)

// contestant is one of those who take turns.
type contestant struct {
	name string
	all  []float64 // nanoseconds
	// of each turn
	p50, p99 []float64
}

// turn takes over the times of one turn.
func (c *contestant) turn(times []float64) {
	c.all = append(c.all, times...)
	c.p50, c.p99 = append(c.p50, stat.Quantile(times, 0.5)), append(c.p99, stat.Quantile(times, 0.99))
}

var turnColumns = []string{
	"case", "p50_ns", "p99_ns", "worst_ns", "p50_ratio", "p50_ratio_low", "p50_ratio_high", "p99_ratio", "p99_ratio_low", "p99_ratio_high",
	"samples", "rounds",
}

// compared has one row for each contestant: the medians of what its turns had, and how
// many times those of the first it is, turn by turn.
func compared(name string, contestants []*contestant) report.Table {
	t := report.Table{Name: name, Columns: turnColumns}
	for _, c := range contestants {
		first := contestants[0]
		p50, p99 := stat.SpreadOf(stat.Ratios(c.p50, first.p50)), stat.SpreadOf(stat.Ratios(c.p99, first.p99))
		t.Add(c.name, report.Round(stat.SpreadOf(c.p50).Median), report.Round(stat.SpreadOf(c.p99).Median),
			report.Round(stat.Quantile(c.all, 1)),
			report.Fixed(p50.Median, 2), report.Fixed(p50.Low, 2), report.Fixed(p50.High, 2),
			report.Fixed(p99.Median, 2), report.Fixed(p99.Low, 2), report.Fixed(p99.High, 2), len(c.all), len(c.p50))
	}
	return t
}

// nanoseconds is how long it has been, for each of so many things.
func nanoseconds(since time.Time, things int) float64 {
	return float64(time.Since(since).Nanoseconds()) / float64(things)
}
