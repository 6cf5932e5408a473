// Package charts draws what was measured, from the CSV files that a run left
// behind. A cache has the same colour and the same place in every chart, and ours
// is the red one.
package charts

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/hits"
	"github.com/uds-platform/state/bench/latency"
	"github.com/uds-platform/state/bench/memory"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/throughput"
)

// ErrNothing is that a folder has no results.
var ErrNothing = errors.New("charts: no results to draw")

// Draw draws every table that is in the results' folder into the other, and
// returns the names of the charts.
func Draw(results, folder string) (drawn []string, err error) {
	a := artist{results: results, folder: folder}
	for _, draw := range []struct {
		table string
		chart func(report.Table) error
	}{
		{throughput.TableName, a.throughput},
		{throughput.ScalingName, a.scaling},
		{latency.TableName, a.latency},
		{hits.TableName, a.hits},
		{hits.SummaryName, a.summary},
		{memory.EntriesName, a.entries},
		{memory.GarbageName, a.garbage},
		{memory.CollectorName, a.collector},
	} {
		table, err := report.ReadCSV(results, draw.table)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && len(table.Rows) > 0 {
			err = draw.chart(table)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(a.drawn) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNothing, results)
	}
	return a.drawn, nil
}

type artist struct {
	results, folder string
	drawn           []string
}

func (a *artist) path(name string) string {
	name += ".svg"
	a.drawn = append(a.drawn, name)
	return filepath.Join(a.folder, name)
}

// barsOf takes figures from a table: groups by one column, caches by another.
func barsOf(rows []report.Row, groups []string, group func(report.Row) string, figure func(report.Row) bar) (caches []string, figures map[string][]bar) {
	figures = map[string][]bar{}
	for _, row := range rows {
		cache := row["cache"]
		if cache == contest.Empty || cache == latency.ClockName {
			continue
		}
		at := slices.Index(groups, group(row))
		if at < 0 {
			continue
		}
		if figures[cache] == nil {
			caches = append(caches, cache)
			figures[cache] = slices.Repeat([]bar{noBar}, len(groups))
		}
		figures[cache][at] = figure(row)
	}
	return caches, figures
}

func column(name string) func(report.Row) string {
	return func(r report.Row) string { return r[name] }
}

func single(name string) func(report.Row) bar {
	return func(r report.Row) bar { return bar{r.Number(name), math.NaN(), math.NaN()} }
}

// entriesInWords is 32768 as 32 K and 1048576 as 1 M.
func entriesInWords(n string) string {
	x, err := strconv.Atoi(n)
	switch {
	case err != nil:
		return n
	case x >= 1<<20 && x%(1<<20) == 0:
		return fmt.Sprintf("%d M", x>>20)
	case x >= 1_000_000 && x%1_000_000 == 0:
		return fmt.Sprintf("%d M", x/1_000_000)
	case x >= 1<<10 && x%(1<<10) == 0:
		return fmt.Sprintf("%d K", x>>10)
	}
	return grouped(n)
}

// grouped is 20000 as 20,000.
func grouped(n string) string {
	for i := len(n) - 3; i > 0; i -= 3 {
		n = n[:i] + "," + n[i:]
	}
	return n
}

func (a *artist) throughput(t report.Table) error {
	groups := []string{}
	for _, w := range throughput.Workloads {
		if slices.Contains(t.Values("workload"), w.Name) {
			groups = append(groups, w.Name)
		}
	}
	// The longer number is the greater.
	cpus := slices.MaxFunc(t.Values("cpus"), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
	for _, keys := range t.Values("keys") {
		for _, entries := range t.Values("entries") {
			for _, distribution := range t.Values("distribution") {
				rows := t.Select("keys", keys, "entries", entries, "distribution", distribution, "cpus", cpus)
				if len(rows) == 0 {
					continue
				}
				caches, figures := barsOf(rows, groups, column("workload"), func(r report.Row) bar {
					return bar{1000 / r.Number("ns"), 1000 / r.Number("ns_high"), 1000 / r.Number("ns_low")}
				})
				err := saveBars(a.path(fmt.Sprintf("throughput-%s-%s-%s", entries, keys, distribution)), barChart{
					title:  fmt.Sprintf("Throughput: %s entries, %s keys, %s, %s goroutines", entriesInWords(entries), keys, distribution, cpus),
					unit:   "million operations a second",
					groups: groups, caches: caches, figures: figures,
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (a *artist) scaling(t report.Table) error {
	groups := t.Values("workload")
	caches, figures := barsOf(t.Select(), groups, column("workload"), func(r report.Row) bar {
		return bar{r.Number("speed_up"), r.Number("speed_up_low"), r.Number("speed_up_high")}
	})
	return saveBars(a.path("scaling"), barChart{
		title:  "Speed-up from 1 core to " + strings.Join(t.Values("cpus"), ", "),
		unit:   "times as many operations",
		groups: groups, caches: caches, figures: figures,
	})
}

func (a *artist) latency(t report.Table) error {
	columns := []string{"p50_ns", "p99_ns", "p999_ns", "worst_ns"}
	figures := map[string][]bar{}
	var caches []string
	for _, row := range t.Select("left_out_because", "") {
		cache := row["cache"]
		if cache == contest.Empty || cache == latency.ClockName {
			continue
		}
		caches = append(caches, cache)
		for _, c := range columns {
			b := single(c)(row)
			if c == "p999_ns" {
				b.low, b.high = row.Number("p999_turn_low_ns"), row.Number("p999_turn_high_ns")
			}
			figures[cache] = append(figures[cache], b)
		}
	}
	return saveBars(a.path("latency"), barChart{
		title:  "Latency of a Get while others insert new keys",
		unit:   "nanoseconds, logarithmic",
		groups: []string{"p50", "p99", "p99.9", "worst"}, caches: caches, figures: figures, logarithmic: true,
	})
}

// tilesAcross is how many charts of hit ratios stand beside each other.
const tilesAcross = 3

func (a *artist) hits(t report.Table) error {
	for _, source := range t.Values("source") {
		rows := t.Select("source", source, "left_out_because", "")
		var sequences, caches []string
		for _, row := range rows {
			if !slices.Contains(sequences, row["sequence"]) {
				sequences = append(sequences, row["sequence"])
			}
			if !slices.Contains(caches, row["cache"]) {
				caches = append(caches, row["cache"])
			}
		}
		var grid [][]*plot.Plot
		var legend *plot.Legend
		for i, sequence := range sequences {
			chart := linesOf(t.Select("source", source, "sequence", sequence, "left_out_because", ""), sequence, caches)
			p, err := chart.plot()
			if err == nil && legend == nil {
				legend, err = chart.key()
			}
			if err != nil {
				return fmt.Errorf("charts: %s: %w", sequence, err)
			}
			if i%tilesAcross == 0 {
				grid = append(grid, make([]*plot.Plot, tilesAcross))
			}
			grid[i/tilesAcross][i%tilesAcross] = p
		}
		if legend == nil {
			continue
		}
		if err := save(a.path("hits-"+source+"s"), grid, legend, 72*vg.Millimeter, 62*vg.Millimeter); err != nil {
			return err
		}
	}
	return nil
}

func linesOf(rows []report.Row, sequence string, caches []string) lineChart {
	l := lineChart{title: sequence, unit: "hits, %", caches: caches, values: map[string][]float64{}}
	for _, row := range rows {
		if !slices.Contains(l.places, row["capacity"]) {
			l.places = append(l.places, row["capacity"])
		}
	}
	places := l.places
	l.places = nil
	for _, place := range places {
		l.places = append(l.places, grouped(place))
	}
	for _, row := range rows {
		cache := row["cache"]
		if l.values[cache] == nil {
			l.values[cache] = slices.Repeat([]float64{math.NaN()}, len(l.places))
		}
		l.values[cache][slices.Index(places, row["capacity"])] = row.Number("hit_percent")
	}
	return l
}

func (a *artist) summary(t report.Table) error {
	groups := []string{}
	for _, source := range []string{"trace", "generator"} {
		if slices.Contains(t.Values("source"), source) {
			groups = append(groups, source)
		}
	}
	caches, figures := barsOf(t.Select(), groups, column("source"), single("mean_hit_percent"))
	labels := make([]string, len(groups))
	for i, g := range groups {
		labels[i] = "mean over " + g + "s"
	}
	return saveBars(a.path("hits-summary"), barChart{
		title: "Hit ratio, mean over all capacities", unit: "hits, %", groups: labels, caches: caches, figures: figures,
	})
}

func (a *artist) entries(t report.Table) error {
	var groups []string
	name := func(r report.Row) string { return entriesInWords(r["entries"]) + ", " + r["ttl"] + " TTL" }
	for _, row := range t.Select() {
		if g := name(row); !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	caches, figures := barsOf(t.Select(), groups, name, func(r report.Row) bar {
		b := single("bytes_per_entry")(r)
		if b.value > mostBytesShown {
			b.value = mostBytesShown
		}
		return b
	})
	return saveBars(a.path("memory"), barChart{
		title: fmt.Sprintf("Memory an entry, string keys' bytes not counted where they aren't copied (cut at %d)", mostBytesShown),
		unit:  "bytes", groups: groups, caches: caches, figures: figures,
	})
}

// mostBytesShown cuts off caches that are far from full: they have a least size.
const mostBytesShown = 500

func (a *artist) garbage(t report.Table) error {
	groups := t.Values("operation")
	caches, figures := barsOf(t.Select("ttl", "with"), groups, column("operation"), single("bytes_per_op"))
	return saveBars(a.path("garbage"), barChart{
		title: "Allocated by one operation on an entry with a TTL", unit: "bytes", groups: groups, caches: caches, figures: figures,
	})
}

func (a *artist) collector(t report.Table) error {
	rows := t.Select()
	_, forced := barsOf(rows, []string{"all"}, func(report.Row) string { return "all" }, single("forced_ms"))
	caches, share := barsOf(rows, []string{"all"}, func(report.Row) string { return "all" }, func(r report.Row) bar {
		return bar{100 * r.Number("gc_cpu_share"), math.NaN(), math.NaN()}
	})
	entries := entriesInWords(t.Values("entries")[0])
	left, legend := barChart{title: "One collection, " + entries + " entries", unit: "milliseconds", groups: []string{""}, caches: caches, figures: forced}.plot()
	right, _ := barChart{title: "Collector's share of CPU beside it", unit: "%", groups: []string{""}, caches: caches, figures: share}.plot()
	return save(a.path("collector"), [][]*plot.Plot{{left, right}}, legend, 100*vg.Millimeter, 80*vg.Millimeter)
}
