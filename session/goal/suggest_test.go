package goal

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSuggestFollowsTheOrderOfADiscovery(t *testing.T) {
	g := read(t, "p95 latency of transactions over the last 24 hours")
	p := Progress{}
	var chain []string
	for range 20 {
		all := usual().Suggest(g, p)
		if len(all) == 0 {
			break
		}
		s := all[0]
		if s.Reason == "" {
			t.Errorf("%+v has no reason", s)
		}
		chain = append(chain, strings.TrimSpace(s.Tool+" "+s.EventType+" "+s.NRQL))
		p.Calls = append(p.Calls, Done{s.Tool, s.EventType})
		if s.Tool == "list_event_types" {
			p.Available = []string{"Log", "Transaction"}
		}
	}
	want := []string{
		"explore_attributes Transaction", "query_nrql Transaction SELECT percentile(duration, 95) FROM Transaction SINCE 1 day ago", "profile Transaction",
		"list_event_types", "find_relationships Transaction", "assess_quality Transaction",
	}
	if !slices.Equal(chain, want) {
		t.Errorf("the chain is %q, want %q", chain, want)
	}
}

func TestWhoHasSaidNothingIsToldToList(t *testing.T) {
	s := usual().Suggest(Goal{}, Progress{})
	if len(s) != 1 || s[0].Tool != "list_event_types" {
		t.Errorf("the suggestions are %+v", s)
	}
	s = usual().Suggest(Goal{}, Progress{Available: []string{"A", "B"}})
	if len(s) != 1 || s[0].Tool != "explore_attributes" || s[0].EventType != "A" {
		t.Errorf("the suggestions are %+v", s)
	}
}

func TestTheGoalSaysWhichStepIsUrgent(t *testing.T) {
	available := []string{"Log", "Metric", "Span", "Transaction"}
	for text, want := range map[string]string{
		"find gaps and duplicates in Metric data":    "assess_quality Metric",
		"how do spans and logs relate to each other": "find_relationships Log",
		"what is in the logs":                        "profile Log",
	} {
		s := usual().Suggest(read(t, text), Progress{Available: available, Explored: available})
		if got := s[0].Tool + " " + s[0].EventType; got != want {
			t.Errorf("%q: first is %q, want %q", text, got, want)
		}
	}
}

func TestNothingIsSuggestedThatWasDoneOrIsNotThere(t *testing.T) {
	g := read(t, "slow transactions, not logs")
	p := Progress{Available: standardTypes, Explored: []string{"Transaction"}, Tools: Tools{Relate: "-", Profile: "describe"}, Calls: []Done{{"describe", "Transaction"}}}
	all := usual().Suggest(g, p)
	if len(all) == 0 || len(all) > MaxSuggestions {
		t.Fatalf("there are %d suggestions", len(all))
	}
	for _, s := range all {
		if slices.Contains(p.Calls, Done{s.Tool, s.EventType}) || s.Tool == "-" || s.EventType == "Log" || s.Tool == "list_event_types" || s.Tool == "explore_attributes" && s.EventType == "Transaction" {
			t.Errorf("suggested: %+v", s)
		}
	}
}

func TestHabitMovesASuggestionUpAndNeverOutOfSight(t *testing.T) {
	g := read(t, "errors in the logs")
	p := Progress{Available: []string{"Log"}, Explored: []string{"Log"}, Calls: []Done{{"explore_attributes", "Log"}}, Learned: &Learner{}}
	before := usual().Suggest(g, p)
	for range 1000 {
		p.Learned.Take(g, "explore_attributes", "assess_quality")
	}
	after := usual().Suggest(g, p)
	if before[0].Tool == "assess_quality" || after[0].Tool != "assess_quality" || !strings.Contains(after[0].Reason, "usually") || len(after) != len(before) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	for _, s := range after {
		i := slices.IndexFunc(before, func(b Suggestion) bool { return b.Tool == s.Tool })
		if ratio := s.Score / before[i].Score; ratio > mostLearned+1e-9 || ratio < 1/mostLearned-1e-9 {
			t.Errorf("habit moved %s by %v", s.Tool, ratio)
		}
	}
	other := read(t, "revenue in the logs")
	if s := usual().Suggest(other, p); s[0].Tool == "assess_quality" {
		t.Errorf("another intent's habit counts: %+v", s)
	}
}

func TestSuggestionsHaveOneOrder(t *testing.T) {
	g := read(t, "anything unusual in errors, usage and cost?")
	p := Progress{Available: standardTypes, Explored: standardTypes, Learned: &Learner{}}
	for range 10 {
		if a, b := usual().Suggest(g, p), usual().Suggest(g, p); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\nand\n%+v", a, b)
		}
	}
}

func TestRankPutsFirstWhatTheTextSpeaksOf(t *testing.T) {
	available := []string{"Zebra", "CheckoutStep", "SystemSample", "Log", "TransactionError", "Transaction", "PageView"}
	for text, want := range map[string]string{
		"errors since yesterday":                   "TransactionError",
		"cpu of hosts":                             "SystemSample",
		"what happens in a checkout":               "CheckoutStep",
		"the zebra, please":                        "Zebra",
		"page views":                               "PageView",
		"errors, but not of type TransactionError": "Transaction",
	} {
		got := usual().Rank(read(t, text), available)
		if got[0].Name != want {
			t.Errorf("%q ranks %v, want %s first", text, got, want)
		}
		excluded := strings.Contains(text, "not of type")
		if n := len(got); n != len(available) && !excluded || excluded && n != len(available)-1 {
			t.Errorf("%q ranks %d types", text, n)
		}
	}
	if got := usual().Rank(Goal{}, available); got[0].Name != "Zebra" || got[6].Name != "PageView" || got[0].Confidence != 0 {
		t.Errorf("without a goal the order is %v", got)
	}
}
