package inspect

import (
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// chart is a diagram over time, drawn on the server: lines, or bars that stand on
// each other. Only marks are drawn in SVG, in a box of chartWidth by chartHeight
// that is stretched to whatever width there is; labels are text around it, so
// that they keep their size on a narrow screen.
type chart struct {
	ID, Caption string
	// Empty says in words why there is nothing to draw; then the rest is not set.
	Empty            string
	Top, Middle, Low string // labels of the vertical axis
	From, To         time.Time
	Series           []drawn
	Bars             bool
}

// drawn is one series of a chart.
type drawn struct {
	Name string
	Kind int // 1 to 5: its colour, and the pattern of its line
	Path string
	// Latest says what the series ends with.
	Latest string
}

// series are the numbers behind a drawn: one a point, NaN for none.
type series struct {
	name   string
	values []float64
}

const (
	chartWidth  = 600.0
	chartHeight = 120.0
	mostSeries  = 5
)

// newChart draws series over the points' spans. write makes a label of a value; a
// chart of shares has a ceiling of 1, others one that follows what is drawn.
func newChart(c chart, points []Point, all []series, ceiling float64, write func(float64) string) chart {
	if len(points) == 0 {
		c.Empty = "There is nothing to draw yet: it takes two samples, some seconds apart."
		return c
	}
	all = all[:min(len(all), mostSeries)]
	if blank(all, c.Bars) {
		c.Empty = "There was none in this time."
		return c
	}
	c.From, c.To = points[0].From, points[len(points)-1].To
	if ceiling == 0 {
		ceiling = roundUp(highest(all, c.Bars))
	}
	c.Top, c.Middle, c.Low = write(ceiling), write(ceiling/2), write(0)
	p := plot{points: points, ceiling: ceiling, floor: make([]float64, len(points))}
	for i, s := range all {
		d := drawn{Name: s.name, Kind: i + 1, Latest: latestOf(s.values, write)}
		if c.Bars {
			d.Path = p.bars(s.values)
		} else {
			d.Path = p.line(s.values)
		}
		c.Series = append(c.Series, d)
	}
	return c
}

// blank reports whether nothing would be seen: no bar, or no line.
func blank(all []series, bars bool) bool {
	for _, s := range all {
		for _, value := range s.values {
			if value > 0 || !bars && value == 0 {
				return false
			}
		}
	}
	return true
}

func latestOf(values []float64, write func(float64) string) string {
	if last := values[len(values)-1]; !math.IsNaN(last) {
		return write(last)
	}
	return "none"
}

// highest is the greatest value, or the greatest sum where bars stand on each
// other.
func highest(all []series, stacked bool) (most float64) {
	for i := range all[0].values {
		sum := 0.0
		for _, s := range all {
			value := s.values[i]
			if math.IsNaN(value) {
				continue
			}
			sum += value
			if !stacked {
				most = max(most, value)
			}
		}
		if stacked {
			most = max(most, sum)
		}
	}
	return most
}

// roundUp is the next 1, 2 or 5 times a power of ten, so that axes have round labels
// and do not jump with every sample; 1 for nothing.
func roundUp(n float64) float64 {
	if n <= 0 || math.IsInf(n, 1) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(n)))
	for _, step := range []float64{1, 2, 5} {
		if n <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// plot puts values where they belong.
type plot struct {
	points  []Point
	ceiling float64
	floor   []float64 // of the next bars: the sum of those drawn
}

func (p *plot) x(at time.Time) float64 {
	from, to := p.points[0].From, p.points[len(p.points)-1].To
	return chartWidth * float64(at.Sub(from)) / float64(max(to.Sub(from), 1))
}

func (p *plot) y(value float64) float64 {
	return chartHeight * (1 - min(max(value/p.ceiling, 0), 1))
}

// line is level over each point's span, as a value is about the whole of it, and
// breaks where there is none.
func (p *plot) line(values []float64) string {
	var b strings.Builder
	down := false
	for i, value := range values {
		if math.IsNaN(value) {
			down = false
			continue
		}
		move := byte('L')
		if !down {
			move = 'M'
		}
		down = true
		y := p.y(value)
		b.WriteByte(move)
		writePoint(&b, p.x(p.points[i].From), y)
		b.WriteByte('L')
		writePoint(&b, p.x(p.points[i].To), y)
	}
	return b.String()
}

// bars stand on those that were drawn before.
func (p *plot) bars(values []float64) string {
	var b strings.Builder
	for i, value := range values {
		if math.IsNaN(value) || value <= 0 {
			continue
		}
		left, right := p.x(p.points[i].From), p.x(p.points[i].To)
		right -= min(1.5, (right-left)/4) // a gap to the next
		foot := p.y(p.floor[i])
		p.floor[i] += value
		b.WriteByte('M')
		writePoint(&b, left, foot)
		b.WriteString("V" + number(p.y(p.floor[i])) + "H" + number(right) + "V" + number(foot) + "Z")
	}
	return b.String()
}

func writePoint(b *strings.Builder, x, y float64) { b.WriteString(number(x) + " " + number(y)) }

func number(n float64) string { return strconv.FormatFloat(math.Round(n*10)/10, 'f', -1, 64) }

// gauge is a bar beside a number in a table: parts of a whole of 100.
type gauge struct{ Parts []gaugePart }

type gaugePart struct {
	Class    string
	From, To string
}

// barOf is a gauge that is filled up to a share; empty for none.
func barOf(share *float64) gauge {
	if share == nil {
		return gauge{}
	}
	return gauge{[]gaugePart{{"hit", "0", number(100 * min(max(*share, 0), 1))}}}
}

// lifeOf is a gauge of an answer's life: its age, for how long it is fresh, and for
// how long it may be served after that.
func lifeOf(k *Kept) gauge {
	whole := max(k.AgeSeconds+k.KeptSeconds, 1e-9)
	age, fresh := 100*k.AgeSeconds/whole, 100*k.FreshSeconds/whole
	return gauge{[]gaugePart{
		{"past", "0", number(age)},
		{"hit", number(age), number(fresh)},
		{"stale", number(age + fresh), number(max(100-age-fresh, 0))},
	}}
}

// Draw is the path as an attribute: it is made of letters and numbers, which a
// template can't know.
func (d drawn) Draw() template.HTMLAttr { return template.HTMLAttr(`d="` + d.Path + `"`) }
