package charts

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/uds-platform/state/bench/contest"
)

// lineChart has a line for each cache, through the same places. The places are
// evenly spaced whatever they are, since capacities grow by factors.
type lineChart struct {
	title, unit string
	places      []string
	caches      []string
	values      map[string][]float64 // by cache, one a place; NaN where there is none
}

func (l lineChart) plot() (*plot.Plot, error) {
	p := newPlot(l.title, l.unit)
	caches := inOrder(l.caches)
	// Ours is drawn last, on top of the others, but named first.
	for i := len(caches) - 1; i >= 0; i-- {
		line, points, err := l.line(caches[i])
		if err != nil {
			return nil, err
		}
		if line == nil {
			continue
		}
		p.Add(line, points)
	}
	p.NominalX(l.places...)
	tidyNominal(p)
	p.X.Label.Text = "capacity"
	p.X.Label.TextStyle.Font = sans(9, false)
	p.Y.Min = math.Max(0, p.Y.Min-2)
	p.Y.Max = math.Min(100, p.Y.Max+2)
	return p, nil
}

func (l lineChart) line(cache string) (*plotter.Line, *plotter.Scatter, error) {
	var xys plotter.XYs
	for i, y := range l.values[cache] {
		if !math.IsNaN(y) {
			xys = append(xys, plotter.XY{X: float64(i), Y: y})
		}
	}
	if len(xys) == 0 {
		return nil, nil, nil
	}
	line, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return nil, nil, err
	}
	line.Width, line.Dashes = lineOf(cache)
	line.Color = colourOf(cache)
	points.GlyphStyle = draw.GlyphStyle{Color: colourOf(cache), Radius: vg.Points(1.6), Shape: draw.CircleGlyph{}}
	if cache == contest.Ours {
		points.Radius = vg.Points(2.6)
	}
	return line, points, nil
}

// key is the legend.
func (l lineChart) key() (*plot.Legend, error) {
	legend := newLegend()
	for _, cache := range inOrder(l.caches) {
		line, points, err := l.line(cache)
		if err != nil {
			return nil, err
		}
		if line != nil {
			legend.Add(cache, line, points)
		}
	}
	return legend, nil
}
