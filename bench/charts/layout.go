package charts

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	legendWidth = 29 * vg.Millimeter
	margin      = 3 * vg.Millimeter
)

// sans is the library's font without serifs, whose widths are those of Arial.
func sans(size float64, weight bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
	if weight {
		f.Weight = 2 // bold
	}
	return f
}

// newPlot has a title, what the y axis counts, and faint lines across.
func newPlot(title, unit string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font = sans(11, true)
	p.Title.TextStyle.Color = ink
	p.Title.Padding = vg.Points(6)
	p.Y.Label.Text = unit
	p.Y.Label.TextStyle.Font = sans(9, false)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font = sans(8.5, false)
		axis.Tick.Label.Color = ink
		axis.Color = ink
		axis.Padding = 0
	}
	p.Y.Tick.Marker = even{}
	p.Y.LineStyle.Width = 0
	p.Y.Tick.LineStyle.Width = 0
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: faint, Width: vg.Points(0.6)}
	p.Add(grid)
	return p
}

// tidyNominal undoes what the library does to axes of names, which sets their
// labels against the axis.
func tidyNominal(p *plot.Plot) {
	p.X.Padding = 0
	p.X.Width = vg.Points(0.8)
	p.X.Tick.Length = vg.Points(4)
	p.X.Tick.LineStyle = draw.LineStyle{Color: paper, Width: vg.Points(0.1)} // without any, it sets labels against the axis again
}

func newLegend() *plot.Legend {
	l := plot.NewLegend()
	l.TextStyle.Font = sans(8.5, false)
	l.TextStyle.Color = ink
	l.ThumbnailWidth = vg.Points(14)
	l.Padding = vg.Points(2.5)
	l.Top, l.Left = true, true
	return &l
}

// even are the ticks of a linear axis: at most eight steps of 1, 2 or 5
// times a power of ten.
type even struct{}

const mostSteps = 8

func (even) Ticks(low, high float64) (ticks []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10(high-low))-1)
	for _, factor := range []float64{1, 2, 5, 10, 20} {
		if (high-low)/(step*factor) <= mostSteps {
			step *= factor
			break
		}
	}
	first := int(math.Ceil(low / step))
	for i := first; float64(i)*step <= high; i++ {
		y := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: y, Label: strconv.FormatFloat(y, 'g', 6, 64)})
	}
	return ticks
}

// decades are the ticks of a logarithmic axis: the powers of ten, named by the
// time that so many nanoseconds are.
type decades struct{}

func (decades) Ticks(low, high float64) (ticks []plot.Tick) {
	for y := math.Pow(10, math.Floor(math.Log10(low))); y <= high*1.0001; y *= 10 {
		ticks = append(ticks, plot.Tick{Value: y, Label: duration(y)})
	}
	return ticks
}

func duration(nanoseconds float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if nanoseconds >= unit.size*0.999 {
			return strconv.FormatFloat(nanoseconds/unit.size, 'g', 3, 64) + " " + unit.name
		}
	}
	return strconv.FormatFloat(nanoseconds, 'g', 3, 64) + " ns"
}

// save writes tiles of plots with one legend beside them.
func save(path string, rows [][]*plot.Plot, legend *plot.Legend, tileWidth, tileHeight vg.Length) error {
	columns := len(rows[0])
	width := tileWidth*vg.Length(columns) + legendWidth
	height := tileHeight * vg.Length(len(rows))
	canvas := vgsvg.New(width, height)
	all := draw.New(canvas)
	all.SetColor(paper)
	all.Fill(all.Path())
	tiles := draw.Crop(all, margin, -legendWidth, margin, -margin)
	layout := draw.Tiles{Rows: len(rows), Cols: columns, PadX: 5 * vg.Millimeter, PadY: 5 * vg.Millimeter}
	for r, row := range plot.Align(rows, layout, tiles) {
		for c, tile := range row {
			if rows[r][c] != nil {
				rows[r][c].Draw(tile)
			}
		}
	}
	legend.Draw(draw.Crop(all, width-legendWidth+4*vg.Millimeter, 0, 0, -9*vg.Millimeter))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return fmt.Errorf("charts: drawing %s: %w", path, err)
	}
	// Whoever hasn't the font gets another without serifs, not the browser's
	// default.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("charts: %w", err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("charts: %w", err)
	}
	return nil
}

// saveBars writes one chart of bars.
func saveBars(path string, b barChart) error {
	p, legend := b.plot()
	return save(path, [][]*plot.Plot{{p}}, legend, 200*vg.Millimeter, 92*vg.Millimeter)
}
