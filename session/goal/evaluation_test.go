package goal

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	showMisses = flag.Bool("goal.misses", false, "print what is read otherwise than expected")
	showTable  = flag.Bool("goal.table", false, "print the table of precision and recall")
	exactWords = flag.Bool("goal.exact", false, "evaluate without tolerance for typing errors")
)

// evaluationNow is a Monday.
var evaluationNow = time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC)

// example is a line of testdata/goals.txt: a text, and what each field should be.
type example struct {
	split, text string
	want        [len(fieldNames)][]string
}

var fieldNames = [...]string{"intent", "event types", "window", "measure", "facets", "entities"}

func readExamples(t testing.TB) []example {
	t.Helper()
	data, err := os.ReadFile("testdata/goals.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for n, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 2+len(fieldNames) {
			t.Fatalf("line %d has %d cells", n+1, len(cells))
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, example{split: cells[0], text: cells[1], want: [...][]string{
			strings.Fields(cells[2]), strings.Fields(cells[3]), one(cells[4]), one(cells[5]), strings.Fields(cells[6]), separated(cells[7], ";"),
		}})
	}
	return all
}

func one(s string) []string { return separated(s, "\x00") }

func separated(s, separator string) []string {
	var items []string
	for _, item := range strings.Split(s, separator) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// fieldsOf returns what was read, as the file writes it.
func fieldsOf(g *Goal) [len(fieldNames)][]string {
	var f [len(fieldNames)][]string
	for _, i := range g.Intents {
		f[0] = append(f[0], string(i.Intent))
	}
	for _, e := range g.EventTypes {
		f[1] = append(f[1], e.Name)
	}
	f[2], f[3] = one(windowText(g.Window)), one(g.Measure.String())
	f[4] = g.Facets
	for _, e := range g.Entities {
		if !e.Excluded {
			f[5] = append(f[5], e.Name)
		}
	}
	return f
}

func windowText(w Window) string {
	const layout = "2006-01-02T15:04"
	switch {
	case !w.Stated():
		return ""
	case w.Length > 0 && w.Length%time.Hour == 0:
		return fmt.Sprintf("-%dh", w.Length/time.Hour)
	case w.Length > 0:
		return fmt.Sprintf("-%dm", w.Length/time.Minute)
	case w.Open:
		return w.From.Format(layout) + "/now"
	}
	return w.From.Format(layout) + "/" + w.To.Format(layout)
}

// score counts a field's values: read and right, read, and expected.
type score struct{ right, read, expected int }

func (s score) precision() float64 { return share(s.right, s.read) }
func (s score) recall() float64    { return share(s.right, s.expected) }

func share(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// evaluationLexicon knows two types that are an account's own.
func evaluationLexicon(t testing.TB) *Lexicon {
	t.Helper()
	l, err := NewLexicon(LexiconOptions{EventTypes: []string{"PurchaseCompleted", "CartUpdated"}, ExactWords: *exactWords})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func evaluate(t testing.TB, split string) (scores [len(fieldNames)]score) {
	l := evaluationLexicon(t)
	for _, e := range readExamples(t) {
		if e.split != split {
			continue
		}
		g := l.Parse(e.text, evaluationNow)
		got := fieldsOf(&g)
		for f := range fieldNames {
			s := &scores[f]
			right := 0
			for _, v := range got[f] {
				if slices.Contains(e.want[f], v) {
					right++
				}
			}
			s.right, s.read, s.expected = s.right+right, s.read+len(got[f]), s.expected+len(e.want[f])
			if *showMisses && (right < len(got[f]) || right < len(e.want[f])) {
				t.Logf("%s %q: %s is %q, want %q", split, e.text, fieldNames[f], got[f], e.want[f])
			}
		}
	}
	return scores
}

// leastScores are precision and recall, in percent, below which the reading of
// goals has got worse.
var leastScores = map[string][len(fieldNames)][2]float64{
	"d": {{98.3, 100}, {98.1, 94.5}, {100, 100}, {91.6, 97}, {95, 100}, {100, 100}},
	"h": {{96.3, 98.1}, {90, 91.8}, {100, 94.4}, {84.8, 87.5}, {84.6, 91.6}, {85.7, 100}},
}

func TestGoalsAreReadAsWellAsCommitted(t *testing.T) {
	for _, split := range []string{"d", "h"} {
		least := leastScores[split]
		scores := evaluate(t, split)
		for f, s := range scores {
			precision, recall := 100*s.precision(), 100*s.recall()
			if *showTable {
				fmt.Printf("| %s | %s | %d | %.1f | %.1f |\n", split, fieldNames[f], s.expected, precision, recall)
			}
			if math.Floor(precision*10)/10 < least[f][0] || math.Floor(recall*10)/10 < least[f][1] {
				t.Errorf("split %s, %s: precision %.1f %% and recall %.1f %%; want at least %v", split, fieldNames[f], precision, recall, least[f])
			}
		}
	}
}

func TestTheEvaluationSetIsLargeAndSplitInHalves(t *testing.T) {
	count, seen := map[string]int{}, map[string]bool{}
	for _, e := range readExamples(t) {
		if seen[e.text] {
			t.Errorf("%q is there twice", e.text)
		}
		seen[e.text] = true
		count[e.split]++
	}
	if count["d"] < 40 || count["h"] < 40 || len(count) != 2 {
		t.Errorf("there are %v texts; want at least 40 of d and of h", count)
	}
}
