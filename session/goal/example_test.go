package goal_test

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/session/goal"
)

var now = time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC)

func lexicon() *goal.Lexicon {
	l, err := goal.NewLexicon(goal.LexiconOptions{EventTypes: []string{"CartUpdated"}})
	if err != nil {
		panic(err)
	}
	return l
}

func ExampleLexicon_Parse() {
	g := lexicon().Parse("p95 latency of the checkout service by host over the last 24 hours, but not 'batch'", now)
	fmt.Println(g.Intents[0].Intent, g.EventTypes[0].Name, g.Measure)
	fmt.Println(g.Window.Clause(), g.Facets)
	fmt.Println(g.Entities)
	// Output:
	// performance Transaction percentile(duration, 95)
	// SINCE 1 day ago [host]
	// [{service checkout false} { batch true}]
}

func ExampleNewLexicon() {
	l, err := goal.NewLexicon(goal.LexiconOptions{Entries: []goal.Entry{{
		Phrases:    []string{"loyalty", "loyalty points"},
		Intents:    []goal.IntentGuess{{Intent: "loyalty", Confidence: 0.9}},
		EventTypes: []goal.TypeGuess{{Name: "PointsEarned", Confidence: 0.9}},
	}}})
	if err != nil {
		panic(err)
	}
	g := l.Parse("how did loyalty go yesterday?", now)
	fmt.Println(g.Intents[0].Intent, g.EventTypes[0].Name)
	// Output: loyalty PointsEarned
}

func ExampleLexicon_Preload() {
	l := lexicon()
	g := l.Parse("error rate by host since yesterday", now)
	for _, q := range l.Preload(g, []string{"CartUpdated", "Transaction", "TransactionError"}) {
		fmt.Println(q.NRQL)
	}
	// Output:
	// SHOW EVENT TYPES
	// SELECT keyset() FROM TransactionError SINCE 1 hour ago
	// SELECT keyset() FROM Transaction SINCE 1 hour ago
	// SELECT percentage(count(*), WHERE error IS true) FROM Transaction FACET host SINCE 1795305600000
	// SELECT count(*) FROM TransactionError SINCE 24 hours ago
	// SELECT count(*) FROM Transaction SINCE 24 hours ago
}

func ExampleLexicon_Rank() {
	l := lexicon()
	g := l.Parse("which carts were abandoned?", now)
	fmt.Println(l.Rank(g, []string{"Log", "CartUpdated"})[0].Name)
	// Output: CartUpdated
}

func ExampleLexicon_Suggest() {
	l := lexicon()
	g := l.Parse("are there gaps in our Metric data?", now)
	progress := goal.Progress{Available: []string{"Log", "Metric"}, Explored: []string{"Metric"}, Learned: &goal.Learner{}}
	for _, s := range l.Suggest(g, progress)[:2] {
		fmt.Printf("%s %s: %s\n", s.Tool, s.EventType, s.Reason)
	}
	// Output:
	// assess_quality Metric: the goal is about the quality of the data, and Metric has not been assessed
	// profile Metric: the attributes of Metric are known, their values are not
}

func ExampleLearner() {
	var learned goal.Learner
	g := lexicon().Parse("errors since monday", now)
	learned.Take(g, "explore_attributes", "query_nrql")
	learned.Take(g, "explore_attributes", "query_nrql")
	fmt.Println(learned.Learned())
	// Output: [{errors explore_attributes query_nrql 2}]
}
