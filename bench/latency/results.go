package latency

import (
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/stat"
)

// TableName is the name of the table that results are kept in.
const TableName = "latency"

// ClockName stands in the place of a cache for the clock alone.
const ClockName = "clock"

// Table has one row for each peer: quantiles over all its turns, in nanoseconds,
// and the quartiles of what p99.9 was from turn to turn.
func Table(samples []Sample, clock map[float64]float64) report.Table {
	t := report.Table{Name: TableName, Columns: []string{
		"cache", "left_out_because", "p50_ns", "p99_ns", "p999_ns", "worst_ns",
		"p999_turn_low_ns", "p999_turn_median_ns", "p999_turn_high_ns",
		"reads", "hit_share", "writes_per_second", "rounds",
	}}
	quantiles := func(q map[float64]float64) []any {
		var fields []any
		for _, at := range Quantiles {
			fields = append(fields, report.Round(q[at]))
		}
		return fields
	}
	for _, s := range samples {
		row := []any{s.Peer, s.Lacks}
		if s.Lacks != "" {
			t.Add(row...)
			continue
		}
		var turns []float64
		for _, round := range s.Rounds {
			turns = append(turns, round[0.999])
		}
		spread := stat.SpreadOf(turns)
		row = append(append(row, quantiles(s.All)...),
			report.Round(spread.Low), report.Round(spread.Median), report.Round(spread.High),
			s.Reads, report.Round(s.HitShare), report.Round(s.WritesPerSecond), len(s.Rounds))
		t.Add(row...)
	}
	t.Add(append([]any{ClockName, ""}, quantiles(clock)...)...)
	return t
}
