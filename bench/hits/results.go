package hits

import (
	"cmp"
	"slices"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/stat"
)

// The names of the tables that results are kept in.
const (
	TableName   = "hits"
	SummaryName = "hits-summary"
	CellsName   = "hits-cells"
)

// Results gathers samples into tables.
type Results struct {
	samples []Sample
}

// Add keeps a sample.
func (r *Results) Add(s Sample) { r.samples = append(r.samples, s) }

// sort puts samples in an order that doesn't depend on who finished first; the
// caches of a cell by their share.
func (r *Results) sort() {
	slices.SortStableFunc(r.samples, func(a, b Sample) int {
		return cmp.Or(
			compareBools(a.Cell.Generated, b.Cell.Generated),
			cmp.Compare(a.Cell.Sequence, b.Cell.Sequence),
			cmp.Compare(a.Cell.Capacity, b.Cell.Capacity),
			cmp.Compare(b.HitShare, a.HitShare),
			cmp.Compare(a.Cache, b.Cache),
		)
	})
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func source(generated bool) string {
	if generated {
		return "generator"
	}
	return "trace"
}

// percent keeps two digits behind the point, since hit ratios are compared by
// differences.
func percent(share float64) string { return report.Fixed(100*share, 2) }

// Table has a row for each cache in each cell; hit ratios in per cent.
func (r *Results) Table() report.Table {
	r.sort()
	t := report.Table{Name: TableName, Columns: []string{"source", "sequence", "capacity", "cache", "left_out_because", "hit_percent"}}
	for _, s := range r.samples {
		row := []any{source(s.Cell.Generated), s.Cell.Sequence, s.Cell.Capacity, s.Cache, s.Lacks}
		if s.Lacks == "" {
			row = append(row, percent(s.HitShare))
		}
		t.Add(row...)
	}
	return t
}

// cell is what all caches reached in one cell.
type cell struct {
	Cell
	share map[string]float64
}

func (r *Results) cells() []cell {
	r.sort()
	var all []cell
	for _, s := range r.samples {
		if s.Lacks != "" {
			continue
		}
		if len(all) == 0 || all[len(all)-1].Cell != s.Cell {
			all = append(all, cell{s.Cell, map[string]float64{}})
		}
		all[len(all)-1].share[s.Cache] = s.HitShare
	}
	return all
}

// isPeer leaves out ours and the yardsticks.
func isPeer(cache string) bool {
	return cache != contest.Ours && cache != Optimum && cache != LRU
}

// bestPeer returns the peer with the greatest share, and whether there is one.
func (c cell) bestPeer() (name string, ok bool) {
	for cache, share := range c.share {
		if isPeer(cache) && (!ok || share > c.share[name] || share == c.share[name] && cache < name) {
			name, ok = cache, true
		}
	}
	return name, ok
}

// Cells compares ours with the best peer, cell by cell, in points.
func (r *Results) Cells() report.Table {
	t := report.Table{Name: CellsName, Columns: []string{
		"source", "sequence", "capacity", "ours", "best_peer", "best_peers_share", "ours_ahead_by_points", "lru", "optimum",
	}}
	for _, c := range r.cells() {
		best, ok := c.bestPeer()
		ours, measured := c.share[contest.Ours]
		if !ok || !measured {
			continue
		}
		t.Add(source(c.Generated), c.Sequence, c.Capacity, percent(ours), best, percent(c.share[best]),
			percent(ours-c.share[best]), percent(c.share[LRU]), percent(c.share[Optimum]))
	}
	return t
}

// Summary has a row for each cache, over traces, over generators and over both:
// its mean, ours against it on average, and where ours is furthest behind.
func (r *Results) Summary() report.Table {
	t := report.Table{Name: SummaryName, Columns: []string{
		"source", "cache", "cells", "mean_hit_percent", "ours_ahead_by_points", "ours_worst_by_points", "worst_sequence", "worst_capacity",
	}}
	all := r.cells()
	for _, group := range []struct {
		name string
		want func(cell) bool
	}{
		{"trace", func(c cell) bool { return !c.Generated }},
		{"generator", func(c cell) bool { return c.Generated }},
		{"both", func(cell) bool { return true }},
	} {
		var cells []cell
		for _, c := range all {
			if group.want(c) {
				cells = append(cells, c)
			}
		}
		for _, l := range standings(cells) {
			t.Add(group.name, l.cache, l.cells, percent(l.mean), percent(l.ahead), percent(l.worst), l.worstCell.Sequence, l.worstCell.Capacity)
		}
	}
	return t
}

// standing is how a cache did over many cells.
type standing struct {
	cache              string
	cells              int
	mean, ahead, worst float64 // ahead and worst: ours minus this cache's
	worstCell          Cell
}

// standings compares each cache with ours over the cells in which both took
// part, the best first: by the difference, since not all take part in all.
func standings(cells []cell) []standing {
	names := map[string]bool{}
	for _, c := range cells {
		for name := range c.share {
			names[name] = true
		}
	}
	var all []standing
	for name := range names {
		s := standing{cache: name}
		var shares, ahead []float64
		for _, c := range cells {
			ours, measured := c.share[contest.Ours]
			share, ok := c.share[name]
			if !ok || !measured {
				continue
			}
			if d := ours - share; len(ahead) == 0 || d < s.worst {
				s.worst, s.worstCell = d, c.Cell
			}
			shares, ahead = append(shares, share), append(ahead, ours-share)
		}
		s.cells, s.mean, s.ahead = len(shares), stat.Mean(shares), stat.Mean(ahead)
		if s.cells > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b standing) int {
		return cmp.Or(cmp.Compare(a.ahead, b.ahead), cmp.Compare(a.cache, b.cache))
	})
	return all
}
