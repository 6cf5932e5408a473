package warm

import (
	"fmt"
	"testing"
	"time"
)

// What refresh-ahead adds to a hit: far from the expiry, as nearly all are, and in
// reach of it.
func BenchmarkWants(b *testing.B) {
	for _, bc := range []struct {
		name string
		left time.Duration
		hits int
	}{{"far", time.Hour, 0}, {"near", time.Minute, 0}, {"nearClaimed", time.Minute, 1}} {
		b.Run(bc.name, func(b *testing.B) {
			random := never
			if bc.hits > 0 {
				random = always
			}
			now := time.Now()
			r := newRefresher(b, RefresherOptions{Random: random, Now: func() time.Time { return now }})
			key, expiry := "an account, a kind, and some eighty bytes of a query, as the keys of package state are", now.Add(bc.left).UnixNano()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r.Wants(key, expiry, 10*time.Second)
				}
			})
		})
	}
}

// What the machine's clock costs, beside it.
func BenchmarkNow(b *testing.B) {
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = time.Now().UnixNano()
		}
	})
}

// What a call costs that is observed, in a model that is full.
func BenchmarkObserve(b *testing.B) {
	p := newPredictor(b, PredictorOptions{Expander: ExpanderFunc(func(Call, Template) []Item { return nil })})
	var calls []Call
	for i := range 10_000 {
		calls = append(calls, callOf(fmt.Sprint(i%50), of(discovery[i/50%5].Tool, fmt.Sprintf("Type%d", (i*i+i)%997)), false))
	}
	for _, call := range calls {
		p.Observe(call)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Observe(calls[i%len(calls)])
	}
}

func BenchmarkSavingsAdd(b *testing.B) {
	s, err := NewSavings(SavingsOptions{})
	if err != nil {
		b.Fatal(err)
	}
	items := itemsOf(10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(items[i*i%len(items)], 1, time.Second)
	}
}

func BenchmarkBudgetDemand(b *testing.B) {
	budget := budgetOf(b, BudgetOptions{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			budget.Demand()
		}
	})
}
