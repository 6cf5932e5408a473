package memory

import "github.com/uds-platform/state/bench/report"

// The names of the tables that results are kept in.
const (
	EntriesName   = "memory"
	GarbageName   = "garbage"
	CollectorName = "collector"
)

func withTTL(ttl bool) string {
	if ttl {
		return "with"
	}
	return "without"
}

// EntriesTable has a row for each peer, number of entries, and TTL.
func EntriesTable(samples []EntrySample) report.Table {
	t := report.Table{Name: EntriesName, Columns: []string{"entries", "ttl", "cache", "left_out_because", "held", "bytes_per_entry"}}
	for _, s := range samples {
		row := []any{s.Entries, withTTL(s.TTL), s.Peer, s.Lacks}
		if s.Lacks == "" {
			row = append(row, s.Held, report.Round(s.PerEntry))
		}
		t.Add(row...)
	}
	return t
}

// GarbageTable has a row for each peer and operation.
func GarbageTable(samples []GarbageSample) report.Table {
	t := report.Table{Name: GarbageName, Columns: []string{"operation", "ttl", "cache", "left_out_because", "bytes_per_op", "allocations_per_op"}}
	for _, s := range samples {
		row := []any{s.Operation, withTTL(s.TTL), s.Peer, s.Lacks}
		if s.Lacks == "" {
			row = append(row, report.Fixed(s.Bytes, 2), report.Fixed(s.Objects, 3))
		}
		t.Add(row...)
	}
	return t
}

// CollectorTable has a row for each peer.
func CollectorTable(samples []CollectorSample) report.Table {
	t := report.Table{Name: CollectorName, Columns: []string{
		"entries", "cache", "left_out_because", "forced_ms", "collections", "gc_cpu_share", "pause_median_us", "pause_worst_us", "operations_per_second",
	}}
	for _, s := range samples {
		row := []any{s.Entries, s.Peer, s.Lacks}
		if s.Lacks == "" {
			row = append(row, report.Round(s.ForcedMilliseconds), s.Collections, report.Round(s.CPUShare),
				report.Round(s.PauseMedianMicroseconds), report.Round(s.PauseWorstMicroseconds), report.Round(s.OperationsPerSecond))
		}
		t.Add(row...)
	}
	return t
}
