package throughput

import (
	"fmt"
	"iter"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/peers"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/stat"
)

// The names of the tables that results are kept in.
const (
	TableName   = "throughput"
	ScalingName = "scaling"
	BestName    = "throughput-best"
)

// Results gathers samples into tables.
type Results struct {
	samples []Sample
}

// Add keeps a sample.
func (r *Results) Add(s Sample) { r.samples = append(r.samples, s) }

type place struct {
	cell Cell
	cpus int
}

// Table has one row for each peer in each cell. A ratio says how many times as
// fast as the peer ours is: the peer's time over ours, round by round.
func (r *Results) Table() report.Table {
	t := report.Table{Name: TableName, Columns: []string{
		"workload", "distribution", "entries", "keys", "cpus", "cache", "left_out_because",
		"ns", "ns_low", "ns_high", "million_per_second",
		"ours_is_faster", "ours_is_faster_low", "ours_is_faster_high",
		"hit_share", "allocated_bytes_per_op", "gc_cpu_share", "rounds",
	}}
	ours := r.by(func(s Sample) bool { return s.Peer == contest.Ours })
	for _, s := range r.samples {
		row := []any{s.Cell.Workload.Name, s.Cell.Distribution, s.Cell.Entries, s.Cell.Keys, s.CPUs, s.Peer, s.Lacks}
		if s.Lacks != "" {
			t.Add(row...)
			continue
		}
		ns := stat.SpreadOf(s.Nanoseconds)
		row = append(row, report.Round(ns.Median), report.Round(ns.Low), report.Round(ns.High), report.Round(1000/ns.Median))
		if mine, ok := ours[place{s.Cell, s.CPUs}]; ok {
			times := stat.SpreadOf(stat.Ratios(s.Nanoseconds, mine.Nanoseconds))
			row = append(row, report.Round(times.Median), report.Round(times.Low), report.Round(times.High))
		} else {
			row = append(row, "", "", "")
		}
		t.Add(append(row, report.Round(s.HitShare), report.Round(s.BytesPerOp), report.Round(s.GCShare), len(s.Nanoseconds))...)
	}
	return t
}

// Scaling says how many times as much is done on the most CPUs as on one.
func (r *Results) Scaling() report.Table {
	t := report.Table{Name: ScalingName, Columns: []string{
		"workload", "distribution", "entries", "keys", "cpus", "cache", "speed_up", "speed_up_low", "speed_up_high",
	}}
	single := map[string]Sample{}
	key := func(s Sample) string { return fmt.Sprint(s.Cell, s.Peer) }
	for _, s := range r.samples {
		if s.CPUs == 1 && s.Lacks == "" {
			single[key(s)] = s
		}
	}
	for _, s := range r.samples {
		one, ok := single[key(s)]
		if !ok || s.CPUs == 1 {
			continue
		}
		up := stat.SpreadOf(stat.Ratios(one.Nanoseconds, s.Nanoseconds))
		t.Add(s.Cell.Workload.Name, s.Cell.Distribution, s.Cell.Entries, s.Cell.Keys, s.CPUs, s.Peer,
			report.Round(up.Median), report.Round(up.Low), report.Round(up.High))
	}
	return t
}

// Best compares ours with the fastest cache in each cell, and with the bare maps'
// fastest, on the most CPUs.
func (r *Results) Best() report.Table {
	t := report.Table{Name: BestName, Columns: []string{
		"workload", "distribution", "entries", "keys", "cpus", "ours_ns", "fastest", "fastest_ns",
		"ours_is_faster", "ours_is_faster_low", "ours_is_faster_high", "fastest_hit_share", "times_a_bare_map", "harness_ns",
	}}
	most := 0
	for _, s := range r.samples {
		most = max(most, s.CPUs)
	}
	for at, ours := range r.inOrder() {
		if ours.CPUs != most {
			continue
		}
		fastest, bare, harness := r.rivals(at)
		if fastest.Peer == "" {
			continue
		}
		times := stat.SpreadOf(stat.Ratios(fastest.Nanoseconds, ours.Nanoseconds))
		t.Add(at.cell.Workload.Name, at.cell.Distribution, at.cell.Entries, at.cell.Keys, at.cpus,
			report.Round(stat.SpreadOf(ours.Nanoseconds).Median), fastest.Peer, report.Round(stat.SpreadOf(fastest.Nanoseconds).Median),
			report.Round(times.Median), report.Round(times.Low), report.Round(times.High), report.Round(fastest.HitShare),
			report.Round(stat.SpreadOf(stat.Ratios(ours.Nanoseconds, bare.Nanoseconds)).Median),
			report.Round(stat.SpreadOf(harness.Nanoseconds).Median))
	}
	return t
}

// rivals returns the fastest cache in a cell besides ours, the faster of the
// bare maps, and the harness.
func (r *Results) rivals(at place) (fastest, bare, harness Sample) {
	limits := map[string]bool{}
	for _, p := range peers.Strings() {
		limits[p.Name] = p.Features.Limit
	}
	faster := func(a, b Sample) bool {
		return b.Peer == "" || stat.SpreadOf(a.Nanoseconds).Median < stat.SpreadOf(b.Nanoseconds).Median
	}
	for _, s := range r.samples {
		switch {
		case s.Cell != at.cell || s.CPUs != at.cpus || s.Lacks != "" || s.Peer == contest.Ours:
		case s.Peer == contest.Empty:
			harness = s
		case limits[s.Peer]:
			if faster(s, bare) {
				bare = s
			}
		case faster(s, fastest):
			fastest = s
		}
	}
	return fastest, bare, harness
}

// inOrder yields ours in each cell, in the order of measurement.
func (r *Results) inOrder() iter.Seq2[place, Sample] {
	return func(yield func(place, Sample) bool) {
		for _, s := range r.samples {
			if s.Peer == contest.Ours && !yield(place{s.Cell, s.CPUs}, s) {
				return
			}
		}
	}
}

func (r *Results) by(want func(Sample) bool) map[place]Sample {
	found := map[place]Sample{}
	for _, s := range r.samples {
		if want(s) && s.Lacks == "" {
			found[place{s.Cell, s.CPUs}] = s
		}
	}
	return found
}
