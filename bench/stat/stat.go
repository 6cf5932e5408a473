// Package stat sums up samples by what outliers don't move: the median and the
// quartiles.
package stat

import (
	"math"
	"slices"
)

// Spread is a sample's middle half.
type Spread struct {
	Low    float64 // first quartile
	Median float64
	High   float64 // third quartile
}

// SpreadOf returns the quartiles of a sample, interpolated between neighbours;
// of an empty one, NaN.
func SpreadOf(sample []float64) Spread {
	sorted := slices.Sorted(slices.Values(sample))
	return Spread{Low: at(sorted, 0.25), Median: at(sorted, 0.5), High: at(sorted, 0.75)}
}

// Quantile returns the value below which a share q, 0 to 1, of the sample lies.
func Quantile(sample []float64, q float64) float64 {
	return at(slices.Sorted(slices.Values(sample)), q)
}

func at(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	place := q * float64(len(sorted)-1)
	below := int(place)
	if below >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	weight := place - float64(below)
	return sorted[below]*(1-weight) + sorted[below+1]*weight
}

// Mean returns the arithmetic mean; of an empty sample, NaN.
func Mean(sample []float64) float64 {
	sum := 0.0
	for _, x := range sample {
		sum += x
	}
	return sum / float64(len(sample))
}

// Ratios divides two samples of the same rounds, round by round.
func Ratios(over, under []float64) []float64 {
	ratios := make([]float64, 0, len(over))
	for i := range over {
		if i < len(under) && under[i] != 0 {
			ratios = append(ratios, over[i]/under[i])
		}
	}
	return ratios
}
