package goal

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNewLexiconNamesEveryFault(t *testing.T) {
	bad := []Entry{
		{},
		{Phrases: []string{"", "a 'b'", "one two three four five six seven", strings.Repeat("x", 65)}},
		{Phrases: []string{"a"}, Intents: []IntentGuess{{"", 0.5}, {"x", 0}, {"x", 1}, {"x", math.NaN()}}},
		{Phrases: []string{"a"}, EventTypes: []TypeGuess{{"a\n", 0.5}}, Facet: "\x00", Measure: Measure{Function: "percentile", Percentile: 100}},
		{Phrases: []string{"a"}, Measure: Measure{Function: "max", Percentile: 5, Of: "\xff"}},
	}
	_, err := NewLexicon(LexiconOptions{Entries: bad, EventTypes: []string{"", "x"}, Attributes: []string{strings.Repeat("x", 256)}})
	if !errors.Is(err, ErrLexicon) {
		t.Fatalf("the error is %v", err)
	}
	for _, fault := range []string{
		"Entries[0].Phrases", `Phrases has ""`, `has "a 'b'"`, `"one two`, `"xxx`, `has "" with`, "x\" with 0", "x\" with 1", "with NaN",
		"Entries[3].EventTypes", "Entries[3].Facet", "Percentile is 100", "Percentile is 5", "Measure.Of", "EventTypes[0]", "Attributes[0]",
	} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("the error lacks %q: %v", fault, err)
		}
	}
	_, err = NewLexicon(LexiconOptions{Entries: make([]Entry, maxEntries+1), EventTypes: make([]string, maxEntries+1)})
	if err == nil || strings.Count(err.Error(), "at most 10000") != 2 {
		t.Errorf("too much of everything: %v", err)
	}
}

func TestAnEmbeddersEntryHolds(t *testing.T) {
	l, err := NewLexicon(LexiconOptions{Entries: []Entry{{
		Phrases: []string{"Golden Signals", "latency"}, Intents: []IntentGuess{{"reliability", 0.9}}, EventTypes: []TypeGuess{{"Probe", 0.9}}, Facet: "probe",
		Measure: Measure{Function: "max", Of: "age"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"the GOLDEN signal", "latency"} {
		g := l.Parse(text, evaluationNow)
		if first(g) != "reliability" || len(g.Intents) != 1 || g.EventTypes[0].Name != "Probe" || g.Measure.String() != "max(age)" {
			t.Errorf("%q is read as %+v", text, g)
		}
	}
}

func TestALexiconSharesNothingWithItsOptions(t *testing.T) {
	o := LexiconOptions{Entries: []Entry{{Phrases: []string{"alpha"}, Intents: []IntentGuess{{"one", 0.9}}}}, EventTypes: []string{"AlphaBeta"}}
	l, err := NewLexicon(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Entries[0].Intents[0].Intent, o.EventTypes[0] = "two", "x"
	l.EventTypes()[0] = "x"
	if g := l.Parse("alpha AlphaBeta", evaluationNow); first(g) != "one" || g.EventTypes[0].Name != "AlphaBeta" || slices.Contains(l.EventTypes(), "x") {
		t.Errorf("the lexicon changed with its options: %+v", g)
	}
}

func TestKnownNamesAreFound(t *testing.T) {
	l, err := NewLexicon(LexiconOptions{EventTypes: []string{"CartUpdated", "my:custom Type", "Gadget", "Ereignis"}, Attributes: []string{"tenant", "CustomerTier"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"CartUpdated": "CartUpdated", "cartupdated": "CartUpdated", "cart updated": "CartUpdated", "'my:custom Type'": "my:custom Type",
		"a gadget": "", "Gadget": "Gadget", "Ereignis": "Ereignis", "ereignis": "", "PageViews": "PageView",
	} {
		g, got := l.Parse(text, evaluationNow), ""
		if len(g.EventTypes) > 0 {
			got = g.EventTypes[0].Name
		}
		if got != want {
			t.Errorf("%q is about %q, want %q", text, got, want)
		}
	}
	if g := l.Parse("tenant by CustomerTier", evaluationNow); !slices.Equal(g.Attributes, []string{"tenant"}) {
		t.Errorf("the attributes are %q, facets %q", g.Attributes, g.Facets)
	}
}

func TestABareLexiconKnowsNothing(t *testing.T) {
	l, err := NewLexicon(LexiconOptions{Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	if g := l.Parse("errors of Transaction", evaluationNow); g.Intents != nil || g.EventTypes != nil || len(l.EventTypes()) != 0 {
		t.Errorf("it reads %+v", g)
	}
}

func TestTheStandardEntriesAreValidAndNoPhraseIsThereTwice(t *testing.T) {
	seen := make(map[string]string)
	for _, e := range standardEntries {
		e.check(func(format string, args ...any) { t.Errorf("%q: "+format, append([]any{e.Phrases}, args...)...) })
		for _, p := range e.Phrases {
			folded := strings.Join(words(p), " ")
			if other, ok := seen[folded]; ok {
				t.Errorf("%q is there as %q too", p, other)
			}
			seen[folded] = p
		}
	}
}
