package stat

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuartilesOfSamplesDoneByHand(t *testing.T) {
	for _, c := range []struct {
		sample []float64
		want   Spread
	}{
		{[]float64{7}, Spread{7, 7, 7}},
		{[]float64{3, 1}, Spread{1.5, 2, 2.5}},
		{[]float64{5, 1, 4, 2, 3}, Spread{2, 3, 4}},
		{[]float64{4, 3, 2, 1}, Spread{1.75, 2.5, 3.25}},
	} {
		if got := SpreadOf(c.sample); got != c.want {
			t.Errorf("of %v: %v, want %v", c.sample, got, c.want)
		}
	}
	if !math.IsNaN(SpreadOf(nil).Median) || !math.IsNaN(Mean(nil)) {
		t.Error("an empty sample has a median or a mean")
	}
}

func TestAQuantileHasItsShareOnEitherSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "sample")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		before := slices.Clone(sample)
		got := Quantile(sample, q)
		if !slices.Equal(sample, before) {
			t.Fatal("the sample was reordered")
		}
		below, notAbove := 0, 0
		for _, x := range sample {
			if x < got-1e-6 {
				below++
			}
			if x <= got+1e-6 {
				notAbove++
			}
		}
		place := q * float64(len(sample)-1)
		if float64(below) > place+1 || float64(notAbove) < math.Floor(place)+1 {
			t.Fatalf("quantile %v of %v is %v: %d below, %d not above", q, sample, got, below, notAbove)
		}
	})
}

func TestRatiosAreTakenRoundByRound(t *testing.T) {
	if got := Ratios([]float64{2, 9, 5}, []float64{1, 3, 0}); !slices.Equal(got, []float64{2, 3}) {
		t.Errorf("ratios %v", got)
	}
}

func TestMean(t *testing.T) {
	if got := Mean([]float64{1, 2, 6}); got != 3 {
		t.Errorf("mean %v, want 3", got)
	}
}
