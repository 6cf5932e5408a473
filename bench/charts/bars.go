package charts

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/uds-platform/state/bench/contest"
)

// bar is one figure with its spread; NaN where there is none.
type bar struct {
	value, low, high float64
}

var noBar = bar{math.NaN(), math.NaN(), math.NaN()}

// bars are one cache's figures in a chart of groups: one a group, beside those of
// the other caches.
//
// The library's own bar chart places bars by their length on paper and error bars
// by the data, so the two can't stand on one another.
type bars struct {
	figures []bar // one a group
	place   int   // which of the bars of a group
	of      int
	floor   float64 // where bars begin
	colour  color.Color
	strong  bool
}

// groupShare is how much of a group's room its bars take.
const groupShare = 0.86

// span returns the ends of a bar in its group.
func (b *bars) span(group int) (left, right float64) {
	width := groupShare / float64(b.of)
	left = float64(group) - groupShare/2 + width*float64(b.place)
	return left, left + width
}

// Plot draws the bars and their spreads.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	whisker := draw.LineStyle{Color: ink, Width: vg.Points(0.5)}
	for group, f := range b.figures {
		if math.IsNaN(f.value) {
			continue
		}
		left, right := b.span(group)
		gap := (right - left) * 0.06
		corners := []vg.Point{
			{X: x(left + gap), Y: y(b.floor)}, {X: x(left + gap), Y: y(f.value)},
			{X: x(right - gap), Y: y(f.value)}, {X: x(right - gap), Y: y(b.floor)},
		}
		c.FillPolygon(b.colour, corners)
		if b.strong {
			c.StrokeLines(draw.LineStyle{Color: ink, Width: vg.Points(0.8)}, append(corners, corners[0]))
		}
		if math.IsNaN(f.low) || math.IsNaN(f.high) {
			continue
		}
		middle, third := (left+right)/2, (right-left)/4
		low := math.Max(f.low, b.floor)
		c.StrokeLine2(whisker, x(middle), y(low), x(middle), y(f.high))
		for _, end := range []float64{low, f.high} {
			c.StrokeLine2(whisker, x(middle-third), y(end), x(middle+third), y(end))
		}
	}
}

// DataRange says what room the bars need.
func (b *bars) DataRange() (left, right, bottom, top float64) {
	top = b.floor
	for _, f := range b.figures {
		for _, y := range []float64{f.value, f.high} {
			if !math.IsNaN(y) {
				top = math.Max(top, y)
			}
		}
	}
	return -0.5, float64(len(b.figures)) - 0.5, b.floor, top
}

// Thumbnail is the sign in the legend.
func (b *bars) Thumbnail(c *draw.Canvas) {
	corners := []vg.Point{c.Min, {X: c.Min.X, Y: c.Max.Y}, c.Max, {X: c.Max.X, Y: c.Min.Y}}
	c.FillPolygon(b.colour, corners)
}

// barChart is a chart of groups of bars, a bar in each for each cache.
type barChart struct {
	title, unit string
	groups      []string
	caches      []string
	figures     map[string][]bar // by cache, one a group
	logarithmic bool
}

// plot makes the chart and its legend. Caches without any figure are left out.
func (b barChart) plot() (*plot.Plot, *plot.Legend) {
	p, legend := newPlot(b.title, b.unit), newLegend()
	var shown []string
	for _, cache := range inOrder(b.caches) {
		for _, f := range b.figures[cache] {
			if !math.IsNaN(f.value) {
				shown = append(shown, cache)
				break
			}
		}
	}
	floor := 0.0
	if b.logarithmic {
		floor = b.decadeBelow()
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = decades{}
	}
	for i, cache := range shown {
		one := &bars{figures: b.figures[cache], place: i, of: len(shown), floor: floor, colour: colourOf(cache), strong: cache == contest.Ours}
		p.Add(one)
		legend.Add(cache, one)
	}
	p.NominalX(b.groups...)
	tidyNominal(p)
	if b.logarithmic {
		p.Y.Max *= 1.5
	} else {
		p.Y.Max *= 1.04
	}
	return p, legend
}

// decadeBelow is the power of ten below all figures.
func (b barChart) decadeBelow() float64 {
	least := math.Inf(1)
	for _, figures := range b.figures {
		for _, f := range figures {
			if f.value > 0 {
				least = math.Min(least, f.value)
			}
		}
	}
	if math.IsInf(least, 1) {
		return 1
	}
	return math.Pow(10, math.Floor(math.Log10(least*0.999)))
}
