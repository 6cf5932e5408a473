package fuzz

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/session/goal"
)

// FuzzGoal reads any text as a goal, with words of goals before it, at any time:
// reading ends, is the same again, keeps every bound, and what is made of it
// (ranks, queries, suggestions) fits together. Letters in another case mean the
// same, but for names.
func FuzzGoal(f *testing.F) {
	for _, seed := range []string{
		"", "p95 latency of the 'checkout' service by region over the last 24 hours", "errors, but not the frontend, between 2026-11-01 and 2026-11-03",
		"how does today's error rate compare to last week, per host", "\u201cx\u201d `a.b` ''' \xff\x00 by by by not not since since",
	} {
		f.Add(seed, []byte(nil), int64(1795447800))
	}
	f.Add("", []byte{0, 7, 9, 30, 31, 32}, int64(0))
	lexicon, err := goal.NewLexicon(goal.LexiconOptions{EventTypes: []string{"my type", "CartUpdated"}})
	if err != nil {
		f.Fatal(err)
	}
	types := append(lexicon.EventTypes(), "a'b", "x; y")
	f.Fuzz(func(t *testing.T, text string, words []byte, seconds int64) {
		text = wordsOfGoals(words) + text
		now := time.Unix(seconds%(1<<33), 0).UTC()
		g := lexicon.Parse(text, now)
		if again := lexicon.Parse(text, now); !reflect.DeepEqual(again, g) {
			t.Fatalf("%q is read as\n%+v and as\n%+v", text, g, again)
		}
		if len(g.Text) > goal.MaxBytes || !utf8.ValidString(g.Text) || g.Truncated != (len(text) > goal.MaxBytes) {
			t.Fatalf("of %d bytes %d are read: %v", len(text), len(g.Text), g.Truncated)
		}
		checkGoal(t, &g, now)
		for _, q := range lexicon.Preload(g, types) {
			read := nrql.Read(q.NRQL)
			if q.EventType != "" && (len(read.EventTypes) != 1 || read.EventTypes[0] != q.EventType) {
				t.Fatalf("%q leads to %q, which reads %q", text, q.NRQL, read.EventTypes)
			}
		}
		s := lexicon.Suggest(g, goal.Progress{Available: types, Explored: types[:len(types)/2]})
		for i := range s {
			if s[i].Tool == "" || s[i].Reason == "" || i > 0 && !(s[i].Score <= s[i-1].Score) {
				t.Fatalf("%q leads to %+v", text, s)
			}
		}
	})
}

var goalWords = strings.Fields("p95 latency errors not except by per last past 24 hours since yesterday between and 2026-11-03 from to until 9am week service 'x' checkout " +
	"web-01 Transaction logs compared with ago the of , . Q3 November 3 morning percentile host which for each slow http.status 0 99999 years")

func wordsOfGoals(picks []byte) string {
	var b strings.Builder
	for _, p := range picks[:min(len(picks), 200)] {
		b.WriteString(goalWords[int(p)%len(goalWords)] + " ")
	}
	return b.String()
}

func checkGoal(t *testing.T, g *goal.Goal, now time.Time) {
	for _, n := range []int{len(g.Intents), len(g.EventTypes), len(g.Excluded), len(g.Attributes), len(g.Entities), len(g.Facets)} {
		if n > goal.MaxGuesses {
			t.Fatalf("a list of %+v has %d", g, n)
		}
	}
	for i, guess := range g.Intents {
		if !(guess.Confidence > 0 && guess.Confidence < 1) || i > 0 && guess.Confidence > g.Intents[i-1].Confidence {
			t.Fatalf("the intents are %+v", g.Intents)
		}
	}
	w := g.Window
	if w.Stated() != !w.From.IsZero() || w.Stated() && (!w.From.Before(w.To) || w.To.After(now) || w.Open != w.To.Equal(now) || w.Length < 0 || w.Compare < 0) {
		t.Fatalf("at %v the window of %q is %+v", now, g.Text, w)
	}
	if m := g.Measure; (m.Function == "percentile") != (m.Percentile > 0) || m.Percentile >= 100 || m.Function == "" && m.Of != "" {
		t.Fatalf("the measure of %q is %+v", g.Text, m)
	}
}
