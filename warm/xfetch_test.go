package warm

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The rate of 10^5 draws is within 5 % of exp(-r/(βδ)).
func TestXFetchRefreshesAtItsFormulasRate(t *testing.T) {
	const draws = 100_000
	random := rand.New(rand.NewPCG(4, 2015))
	now := time.Unix(1_800_000_000, 0)
	for _, tc := range []struct {
		left, delta time.Duration
		beta        float64
	}{
		{time.Second, 10 * time.Second, 1},
		{time.Second, time.Second, 1},
		{2 * time.Second, time.Second, 1},
		{3 * time.Second, time.Second, 1},
		{4 * time.Second, time.Second, 2},
		{time.Second, 2 * time.Second, 0.5},
		{200 * time.Millisecond, 60 * time.Second, 0.01},
	} {
		want := math.Exp(-float64(tc.left) / (tc.beta * float64(tc.delta)))
		early := 0
		for range draws {
			if Due(now, now.Add(tc.left), tc.delta, tc.beta, random.Float64()) {
				early++
			}
		}
		got := float64(early) / draws
		if math.Abs(got-want) > 0.05*want {
			t.Errorf("%v left, δ %v, β %v: refreshed at a rate of %.5f, want %.5f ± 5 %%", tc.left, tc.delta, tc.beta, got, want)
		}
	}
}

func TestDueAtItsEdges(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	nearlyOne := math.Nextafter(1, 0)
	for _, tc := range []struct {
		name   string
		left   time.Duration
		delta  time.Duration
		random float64
		want   bool
	}{
		{"the luckiest draw is not early", time.Nanosecond, time.Hour, 0, false},
		{"at the expiry everyone is due", 0, time.Second, 0, true},
		{"after the expiry too", -time.Second, 0, 0, true},
		{"without a load time nobody is early", time.Nanosecond, 0, nearlyOne, false},
		{"nor with a negative one", time.Nanosecond, -time.Hour, nearlyOne, false},
		{"the unluckiest draw is 36 load times early", 36 * time.Second, time.Second, nearlyOne, true},
		{"and not 38", 38 * time.Second, time.Second, nearlyOne, false},
		{"a life without end", math.MaxInt64, time.Second, nearlyOne, false},
	} {
		if got := Due(now, now.Add(tc.left), tc.delta, 1, tc.random); got != tc.want {
			t.Errorf("%s: due is %v", tc.name, got)
		}
	}
}
