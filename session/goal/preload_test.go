package goal

import (
	"strings"
	"testing"

	"github.com/uds-platform/state/nrql"
)

func TestPreloadAsksWhatTheGoalIsAfter(t *testing.T) {
	for text, want := range map[string]string{
		"p95 latency of the checkout service by host over the last 24 hours": "SELECT percentile(duration, 95) FROM Transaction WHERE appName IN ('checkout') FACET host SINCE 1 day ago",
		"error rate by region since yesterday":                               "SELECT percentage(count(*), WHERE error IS true) FROM Transaction SINCE 1795305600000",
		"cpu per host, except 'x'":                                           "SELECT average(cpuPercent) FROM SystemSample FACET hostname",
		"latency on 2026-11-20 except of \"O'Reilly\" and 'batch'":           "SELECT average(duration) FROM Transaction WHERE appName NOT IN ('O\\'Reilly', 'batch') SINCE 1795132800000 UNTIL 1795219200000",
		"max response time by `my.attribute`":                                "SELECT max(duration) FROM Transaction FACET `my.attribute`",
		"span durations":                                                     "SELECT average(`duration.ms`) FROM Span",
		"uptime":                                                             "SELECT percentage(count(*), WHERE result = 'SUCCESS') FROM SyntheticCheck",
		"throughput":                                                         "SELECT rate(count(*), 1 minute) FROM Transaction",
		"js errors by page":                                                  "SELECT count(*) FROM JavaScriptError FACET pageUrl",
		"apdex compared to last week":                                        "SELECT apdex(duration, t: 0.5) FROM Transaction SINCE 1 hour ago COMPARE WITH 7 days ago",
	} {
		var all []string
		for _, q := range usual().Preload(read(t, text), standardTypes) {
			all = append(all, q.NRQL)
		}
		if all[0] != "SHOW EVENT TYPES" || !strings.Contains(strings.Join(all, "\n")+"\n", want+"\n") {
			t.Errorf("%q preloads %q, want %q among them", text, all, want)
		}
	}
}

// Whatever names and texts hold, a query reads the event type that it says, and
// only that.
func TestNoNameBreaksOutOfAQuery(t *testing.T) {
	hostile := []string{
		"Transaction", "from", "My Type", "a'b", `a\b`, "x; SELECT * FROM Log", "Ünicode", "a, Log", "9lives", "a--b", "/* x", "my:type", "a.b", `\`, "'", "limit",
		"a`b", "line\nbreak", "\x00", "", "\xff",
	}
	l, err := NewLexicon(LexiconOptions{})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, name := range hostile {
		for _, m := range []Measure{{Function: "count"}, {Function: "rate"}} {
			g := Goal{
				EventTypes: []TypeGuess{{name, 0.9}}, Measure: m, Facets: []string{"appName", "host", "a.b` FROM Log"},
				Entities: []Entity{{Name: name}, {Name: "x' OR 1=1 --", Excluded: true}, {Name: `y\`}, {Name: "z\n\x00"}},
			}
			for _, q := range l.Preload(g, []string{name}) {
				read := nrql.Read(q.NRQL)
				if !read.Understood {
					t.Errorf("the query %q can't be read", q.NRQL)
				}
				if q.EventType != "" && (len(read.EventTypes) != 1 || read.EventTypes[0] != name) {
					t.Errorf("the query %q reads %q, want %q", q.NRQL, read.EventTypes, name)
				}
				asked++
			}
		}
	}
	if asked < 3*2*10 {
		t.Errorf("only %d queries", asked)
	}
}
