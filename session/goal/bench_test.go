package goal

import (
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	usual()
	for name, text := range map[string]string{
		"usual":  "p95 latency of the checkout service by region over the last 24 hours",
		"chatty": "So our CFO wants to know why the New Relic bill went up 40% compared to last month, can you break it down by product",
		"typos":  "wich transacions have teh higest laetncy",
		"4KiB":   strings.Repeat("error rate by host since yesterday, not ", 200)[:MaxBytes],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				usual().Parse(text, evaluationNow)
			}
		})
	}
}

func BenchmarkNewLexicon(b *testing.B) {
	for b.Loop() {
		if _, err := NewLexicon(LexiconOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSuggest(b *testing.B) {
	g := usual().Parse("p95 latency of the checkout service by region over the last 24 hours", evaluationNow)
	p := Progress{Available: standardTypes, Explored: []string{"Transaction"}, Learned: &Learner{}}
	b.ReportAllocs()
	for b.Loop() {
		usual().Suggest(g, p)
	}
}
