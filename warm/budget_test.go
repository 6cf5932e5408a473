package warm

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNewBudgetNamesEveryFault(t *testing.T) {
	_, err := NewBudget(BudgetOptions{Share: 1.5, Burst: -1, Reserve: 3})
	refuses(t, err, "Share is 1.5; want a number above 0 and up to 1", "Burst is -1; want a number from 1 to 1000000, or 0 for 16")
	_, err = NewBudget(BudgetOptions{Share: math.NaN()})
	refuses(t, err, "Share is NaN")
	_, err = NewBudget(BudgetOptions{Burst: 4, Reserve: 4})
	refuses(t, err, "Reserve is 4; want a number below Burst (4)")
}

// drain takes as often as it is let.
func drain(b *Budget, p Priority) (granted int) {
	for b.Take(p) {
		granted++
	}
	return granted
}

func TestBudgetGrantsItsShareExactly(t *testing.T) {
	for _, tc := range []struct {
		share  float64
		demand int
		want   int
	}{
		{0.2, 4, 0},
		{0.2, 5, 1},
		{0.2, 49, 9},
		{0.2, 50, 10},
		{0.1, 100, 10}, // 0.1 a hundred times is not 10 in floating point
		{1, 7, 7},
		{1.0 / 3, 300, 99}, // rounded down to the millionth
		{0.2, 1_000_000, 20},
	} {
		b := budgetOf(t, BudgetOptions{Share: tc.share, Burst: 20, Reserve: -1})
		if got := drain(b, Refresh); got != 20 {
			t.Fatalf("a full budget grants %d, want its burst of 20", got)
		}
		for range tc.demand {
			b.Demand()
		}
		want := min(tc.want, 20)
		if got := drain(b, Prefetch); got != want {
			t.Errorf("%v of %d demand queries: %d granted, want %d", tc.share, tc.demand, got, want)
		}
	}
}

func TestAPrefetchLeavesTheReserveToRefreshes(t *testing.T) {
	b := budgetOf(t, BudgetOptions{Burst: 8, Reserve: 3})
	if got := drain(b, Prefetch); got != 5 {
		t.Errorf("%d prefetches granted of 8 with a reserve of 3, want 5", got)
	}
	if got := drain(b, Refresh); got != 3 {
		t.Errorf("%d refreshes granted after them, want 3", got)
	}
	if !b.Take(Demand) {
		t.Error("demand was refused")
	}
	if got, want := b.Stats(), (BudgetStats{Prefetch: 5, Refresh: 3, Refused: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := drain(budgetOf(t, BudgetOptions{}), Prefetch); got != 12 {
		t.Errorf("%d prefetches granted by default, want 16 less a quarter", got)
	}
}

func TestARefundIsGrantedAgain(t *testing.T) {
	b := budgetOf(t, BudgetOptions{Burst: 2, Reserve: -1})
	drain(b, Refresh)
	before := b.Stats()
	b.Refund()
	if got := drain(b, Refresh); got != 1 {
		t.Errorf("%d granted after one refund, want 1", got)
	}
	for range 10 {
		b.Refund()
	}
	if got := drain(b, Refresh); got != 2 {
		t.Errorf("%d granted after ten refunds, want the burst of 2", got)
	}
	if got, want := b.Stats().Minus(before), (BudgetStats{Refresh: 3, Refused: 2, Refunded: 11}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The bound that the type's comment gives, and that nothing is refused before it
// has to be, against a model in whole numbers.
func TestBudgetBoundsWaste(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.IntRange(1, 6).Draw(t, "burst")
		reserve := rapid.IntRange(0, burst-1).Draw(t, "reserve")
		percent := rapid.IntRange(1, 100).Draw(t, "percent")
		given := reserve
		if given == 0 {
			given = -1
		}
		b, err := NewBudget(BudgetOptions{Share: float64(percent) / 100, Burst: burst, Reserve: given})
		if err != nil {
			t.Fatal(err)
		}
		credit, demand, granted, refunded := burst*100, 0, 0, 0
		for _, op := range rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "operations") {
			switch op {
			case 0:
				b.Demand()
				demand++
				credit = min(credit+percent, burst*100)
			case 1, 2:
				p, floor := Refresh, 0
				if op == 2 {
					p, floor = Prefetch, reserve*100
				}
				want := credit-100 >= floor
				if got := b.Take(p); got != want {
					t.Fatalf("%v granted: %v, want %v with %d%% in credit", p, got, want, credit)
				}
				if want {
					credit -= 100
					granted++
				}
			case 3:
				if refunded < granted {
					b.Refund()
					refunded++
					credit = min(credit+100, burst*100)
				}
			}
			if 100*(granted-refunded) > 100*burst+percent*demand {
				t.Fatalf("%d granted and %d refunded after %d demand queries", granted, refunded, demand)
			}
		}
	})
}

func TestPrioritiesHaveNames(t *testing.T) {
	for p, want := range map[Priority]string{Demand: "demand", Refresh: "refresh", Prefetch: "prefetch", 9: "priority 9"} {
		if text, err := p.MarshalText(); err != nil || string(text) != want || p.String() != want {
			t.Errorf("priority %d is %q, %v; want %q", uint8(p), text, err, want)
		}
	}
	if Demand >= Refresh || Refresh >= Prefetch {
		t.Error("the lower number goes first")
	}
}
