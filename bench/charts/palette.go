package charts

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/hits"
)

// order is the order of caches in every chart and its legend; what isn't named
// comes last. Ours comes first.
var order = []string{
	contest.Ours, "otter", "theine", "ristretto", "sturdyc", "golang-lru", "expirable", "ttlcache",
	"freecache", "bigcache", "fastcache", "xsync.Map", "sync.Map", hits.LRU, hits.Optimum,
}

// colours are the same in every chart. Ours is the one strong red; bare maps and
// yardsticks, which are no caches, are grey.
var colours = map[string]color.Color{
	contest.Ours: rgb(0xd6, 0x27, 0x28),
	"otter":      rgb(0x1f, 0x4e, 0x9e),
	"theine":     rgb(0x3a, 0x9b, 0xd9),
	"ristretto":  rgb(0x2c, 0x8a, 0x57),
	"sturdyc":    rgb(0xc9, 0x8b, 0x1e),
	"golang-lru": rgb(0x7b, 0x4f, 0xa3),
	"expirable":  rgb(0xb3, 0x8c, 0xd0),
	"ttlcache":   rgb(0xd9, 0x7f, 0xb0),
	"freecache":  rgb(0x8c, 0x5a, 0x3c),
	"bigcache":   rgb(0xbf, 0x94, 0x77),
	"fastcache":  rgb(0x6f, 0xb5, 0x9c),
	"xsync.Map":  rgb(0x55, 0x55, 0x55),
	"sync.Map":   rgb(0x99, 0x99, 0x99),
	hits.LRU:     rgb(0x99, 0x99, 0x99),
	hits.Optimum: rgb(0x33, 0x33, 0x33),
}

func rgb(r, g, b uint8) color.Color { return color.RGBA{r, g, b, 0xff} }

var (
	ink   = rgb(0x22, 0x22, 0x22)
	paper = rgb(0xff, 0xff, 0xff)
	faint = rgb(0xdd, 0xdd, 0xdd)
)

func colourOf(cache string) color.Color {
	if c, ok := colours[cache]; ok {
		return c
	}
	return rgb(0xbb, 0xbb, 0xbb)
}

// inOrder sorts caches as order has them.
func inOrder(caches []string) []string {
	place := func(cache string) int {
		if i := slices.Index(order, cache); i >= 0 {
			return i
		}
		return len(order)
	}
	sorted := slices.Clone(caches)
	slices.SortStableFunc(sorted, func(a, b string) int { return place(a) - place(b) })
	return sorted
}

// lineOf is how a cache's line is drawn: ours thick, yardsticks dashed.
func lineOf(cache string) (width vg.Length, dashes []vg.Length) {
	switch cache {
	case contest.Ours:
		return vg.Points(2.6), nil
	case hits.Optimum:
		return vg.Points(1.2), []vg.Length{vg.Points(5), vg.Points(3)}
	case hits.LRU:
		return vg.Points(1.2), []vg.Length{vg.Points(2), vg.Points(2)}
	}
	return vg.Points(1.2), nil
}
