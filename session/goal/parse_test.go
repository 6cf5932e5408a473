package goal

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func read(t testing.TB, text string) Goal {
	t.Helper()
	return usual().Parse(text, evaluationNow)
}

var usual = sync.OnceValue(func() *Lexicon {
	l, err := NewLexicon(LexiconOptions{EventTypes: []string{"PurchaseCompleted", "CartUpdated"}})
	if err != nil {
		panic(err)
	}
	return l
})

func TestWindowsAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"last 24 hours": "-24h", "in the past week": "-168h", "the last month": "-720h", "over the last couple of days": "-48h",
		"during the last 3 days": "-72h", "last hour": "-1h", "last 24h": "-24h", "past 90m": "-90m", "for 2 weeks": "-336h",
		"3 hours ago": "-3h", "since 3 hours ago": "-3h", "over the past four hours": "-4h", "a 7-day trend, last 7-days": "-168h",
		"today": "2026-11-23T00:00/now", "yesterday": "2026-11-22T00:00/2026-11-23T00:00", "since yesterday": "2026-11-22T00:00/now",
		"last week": "2026-11-16T00:00/2026-11-23T00:00", "this week": "2026-11-23T00:00/now", "previous quarter": "2026-07-01T00:00/2026-10-01T00:00",
		"this month": "2026-11-01T00:00/now", "last month": "2026-10-01T00:00/2026-11-01T00:00", "last year": "2025-01-01T00:00/2026-01-01T00:00",
		"between 2026-11-01 and 2026-11-03": "2026-11-01T00:00/2026-11-04T00:00", "from monday to today": "2026-11-23T00:00/now",
		"from 3 days ago until yesterday": "2026-11-20T15:30/2026-11-23T00:00", "2026-11-10 to 2026-11-12": "2026-11-10T00:00/2026-11-13T00:00",
		"on friday": "2026-11-20T00:00/2026-11-21T00:00", "last monday": "2026-11-16T00:00/2026-11-17T00:00", "since sat": "2026-11-21T00:00/now",
		"since Nov 3": "2026-11-03T00:00/now", "3rd of November 2025": "2025-11-03T00:00/2025-11-04T00:00", "in December": "2025-12-01T00:00/2026-01-01T00:00",
		"Q3": "2026-07-01T00:00/2026-10-01T00:00", "Q4 2025": "2025-10-01T00:00/2026-01-01T00:00", "since 9am": "2026-11-23T09:00/now",
		"since 2026-11-20T10:15:00Z": "2026-11-20T10:15/now", "since yesterday at 2:30pm": "2026-11-22T14:30/now",
		"between 14:00 and 15:00 yesterday": "2026-11-22T14:00/2026-11-22T15:00", "from 2pm to 4 pm on 2026-11-19": "2026-11-19T14:00/2026-11-19T16:00",
		"last night": "2026-11-22T20:00/2026-11-23T06:00", "this morning": "2026-11-23T06:00/2026-11-23T12:00", "2026/11/02": "2026-11-02T00:00/2026-11-03T00:00",
		"after yesterday's deploy": "2026-11-22T00:00/2026-11-23T00:00", "after yesterday": "2026-11-22T00:00/now", "errors, 30m": "-30m",
		// What has not begun, makes no sense or may mean anything is not read.
		"tomorrow": "", "since 2027-01-01": "", "between 2026-11-03 and 2026-11-01": "", "last 99999 years": "", "last 0 hours": "",
		"11/12/2026": "", "at 9am": "", "may I see errors": "", "2026-13-45": "", "last 999999999999999999999 days": "", "in 12 parsecs": "", "the 30m dash was slow": "",
		"not last week, please": "", "for 2 weeks. 3": "-336h",
	} {
		if got := windowText(read(t, text).Window); got != want {
			t.Errorf("%q has the window %q, want %q", text, got, want)
		}
	}
}

func TestTheFirstWindowCounts(t *testing.T) {
	if got := windowText(read(t, "errors today and yesterday").Window); got != "2026-11-23T00:00/now" {
		t.Errorf("the window is %q", got)
	}
}

func TestAComparedWindowIsNotTheGoals(t *testing.T) {
	g := read(t, "error rate of the last 24 hours compared to last week")
	if got := g.Window.Clause(); got != "SINCE 1 day ago COMPARE WITH 7 days ago" {
		t.Errorf("the clause is %q", got)
	}
	if g := read(t, "slower than yesterday"); g.Window.Stated() || g.Window.Compare != 24*time.Hour {
		t.Errorf("the window is %+v", g.Window)
	}
}

func TestWindowsFollowTheZone(t *testing.T) {
	zone := time.FixedZone("", 9*3600)
	w := evaluationLexicon(t).Parse("yesterday", evaluationNow.In(zone)).Window // already the 24th there
	if got := w.From.UTC().Format(time.RFC3339); got != "2026-11-22T15:00:00Z" {
		t.Errorf("yesterday begins at %s", got)
	}
}

func TestASlidingWindowMovesAndAClosedOneDoesNot(t *testing.T) {
	later := evaluationNow.Add(time.Hour)
	for text, want := range map[string][2]time.Time{
		"last 3 hours": {later.Add(-3 * time.Hour), later}, "since 2026-11-20": {time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), later},
		"2026-11-20": {time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
	} {
		if from, to := read(t, text).Window.At(later); !from.Equal(want[0]) || !to.Equal(want[1]) {
			t.Errorf("%q is %v to %v an hour later", text, from, to)
		}
	}
}

func TestMeasuresAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"p95 latency": "percentile(duration, 95)", "95th percentile of response times": "percentile(duration, 95)", "p99.9 duration": "percentile(duration, 99.9)",
		"p999 duration": "percentile(duration, 99.9)", "percentile(duration, 90)": "percentile(duration, 90)", "median latency": "percentile(duration, 50)",
		"error rate": "percentage(errors)", "max cpu": "max(cpu)", "total errors": "count(errors)", "total bytes": "sum(bytes)", "throughput": "rate(requests)",
		"errors per minute": "rate(errors)", "how many slow requests": "average(duration)", "number of requests": "count(requests)", "apdex": "apdex(duration)",
		"average error rate": "percentage(errors)", "no latency, just cpu": "average(cpu)", "p0 latency": "average(duration)", "pNaN": "", "p1e999 x": "",
	} {
		if got := read(t, text).Measure.String(); got != want {
			t.Errorf("%q measures %q, want %q", text, got, want)
		}
	}
}

func TestNegationEndsWithItsClause(t *testing.T) {
	for text, want := range map[string]string{
		"not logs": "", "without logs. logs": "", "without logs. Log": "Log", "no logs, spans": "Span", "except logs or spans": "", "no logs but spans": "Span",
		"ignore logs, or spans": "", "not logs just spans": "Span", "other than logs": "", "instead of logs show spans": "Span",
		"not a b c d e logs": "", "not a b c d e f logs": "Log", "not only logs": "Log", "other logs": "Log", "no data in the logs": "Log", "not Span": "",
	} {
		var got []string
		g := read(t, text)
		for _, e := range g.EventTypes {
			got = append(got, e.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q is about %q, want %q", text, got, want)
		}
		if excluded := slices.Contains(g.Excluded, "Log"); excluded && want == "Log" && text != "without logs. Log" {
			t.Errorf("%q rules out %q", text, g.Excluded)
		}
	}
}

func TestWhatIsRuledOutIsToldSo(t *testing.T) {
	g := read(t, "latency, excluding 'batch' and the Log type, not by host, ignoring userId")
	if want := []Entity{{Name: "batch", Excluded: true}}; !reflect.DeepEqual(g.Entities, want) {
		t.Errorf("the entities are %+v", g.Entities)
	}
	if !slices.Contains(g.Excluded, "Log") || g.Facets != nil || g.Attributes != nil {
		t.Errorf("excluded %q, facets %q, attributes %q", g.Excluded, g.Facets, g.Attributes)
	}
}

func TestNamesAreRead(t *testing.T) {
	for text, want := range map[string][]Entity{
		"the checkout service":              {{Kind: "service", Name: "checkout"}},
		"app called 'Web Portal'":           {{Kind: "service", Name: "Web Portal"}},
		"“Käse Laden” app":                  {{Kind: "service", Name: "Käse Laden"}},
		"on web-01 and payments-api":        {{Name: "web-01"}, {Name: "payments-api"}},
		"host db-prod-3":                    {{Kind: "host", Name: "db-prod-3"}},
		"order service":                     {{Kind: "service", Name: "order"}},
		"slow service":                      nil,
		"each service, our app, the server": nil,
		"real-time end-to-end latency":      nil,
		"which services":                    nil,
		"don't 'Transaction'":               nil,
		"an unclosed 'name":                 nil,
		"'x y' and 'x y'":                   {{Name: "x y"}},
		"'42' \"\" ' '":                     nil,
	} {
		if got := read(t, text).Entities; !reflect.DeepEqual(got, want) {
			t.Errorf("%q names %+v, want %+v", text, got, want)
		}
	}
}

func TestAttributesAndFacetsAreRead(t *testing.T) {
	for text, want := range map[string][2]string{
		"by region and host":           {"", "region host"},
		"per country, browser":         {"", "country browser"},
		"for each pod":                 {"", "pod"},
		"broken down by status codes":  {"", "status"},
		"by the warehouse":             {"", "warehouse"},
		"by yesterday":                 {"", ""},
		"by cpu":                       {"", ""},
		"by 10":                        {"", ""},
		"FACET appName, http.url":      {"", "appName http.url"},
		"top 5 hosts":                  {"", "host"},
		"which hosts":                  {"", "host"},
		"userId and http.statusCode":   {"userId http.statusCode", ""},
		"example.com, iOS, GitHub e.g": {"", ""},
		"`userId` status_code":         {"userId status_code", ""},
	} {
		g := read(t, text)
		if got := [2]string{strings.Join(g.Attributes, " "), strings.Join(g.Facets, " ")}; got != want {
			t.Errorf("%q has the attributes and facets %q, want %q", text, got, want)
		}
	}
}

func TestTypingErrorsAreMendedOneLetterAtATime(t *testing.T) {
	for text, want := range map[string]Intent{
		"latncy": Performance, "latenncy": Performance, "latemcy": Performance, "ltaency": Performance, "erors": Errors,
		"lamecy": "", "xatency": "", "atency": "", "xlatency": "", "cosr": "", "stare": "",
	} {
		g := read(t, text)
		if got := first(g); got != want {
			t.Errorf("%q is about %q, want %q", text, got, want)
		}
	}
	exact, err := NewLexicon(LexiconOptions{ExactWords: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := first(exact.Parse("latncy", evaluationNow)); got != "" {
		t.Errorf("with exact words, a misspelt one is about %q", got)
	}
}

func first(g Goal) Intent {
	if len(g.Intents) == 0 {
		return ""
	}
	return g.Intents[0].Intent
}

func TestALongTextIsCutBetweenLetters(t *testing.T) {
	l := evaluationLexicon(t)
	for _, letter := range []string{"x", "é", "€", "😀", "\xff"} {
		for n := MaxBytes - 4; n < MaxBytes+4; n++ {
			text := strings.Repeat(" ", n%4) + strings.Repeat(letter, n/len(letter))
			g := l.Parse(text, evaluationNow)
			if len(g.Text) > MaxBytes || g.Truncated != (len(text) > MaxBytes) || strings.ContainsRune(g.Text, '\ufffd') {
				t.Fatalf("of %d bytes of %q, %d are read; truncated: %v", len(text), letter, len(g.Text), g.Truncated)
			}
		}
	}
	if g := l.Parse(strings.Repeat("x ", MaxBytes/2)+" latency", evaluationNow); first(g) != "" {
		t.Error("what is beyond the bound is read")
	}
}

func TestListsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		c := string(rune('a'+i%26)) + string(rune('a'+i/26))
		b.WriteString(" 'n" + c + "' my" + strings.ToUpper(c) + " by facet" + c + " not " + standardTypes[i%len(standardTypes)] + ";")
	}
	g := read(t, b.String())
	for _, n := range []int{len(g.Entities), len(g.Attributes), len(g.Facets), len(g.Excluded)} {
		if n != MaxGuesses {
			t.Errorf("a list has %d; want %d", n, MaxGuesses)
		}
	}
	if g := read(t, strings.Join(standardTypes, " ")); len(g.EventTypes) != MaxGuesses {
		t.Errorf("%d event types are read; want %d", len(g.EventTypes), MaxGuesses)
	}
}

func TestReadingIsTheSameEachTimeAndForAll(t *testing.T) {
	l, other := evaluationLexicon(t), evaluationLexicon(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for _, e := range readExamples(t) {
				if a, b := l.Parse(e.text, evaluationNow), other.Parse(e.text, evaluationNow); !reflect.DeepEqual(a, b) {
					t.Errorf("%q is read as %+v and as %+v", e.text, a, b)
				}
			}
		})
	}
	wait.Wait()
}

func TestConfidencesAreProbabilities(t *testing.T) {
	for _, e := range readExamples(t) {
		g := read(t, e.text)
		for i, guess := range g.Intents {
			if !(guess.Confidence > 0 && guess.Confidence < 1) || i > 0 && guess.Confidence > g.Intents[i-1].Confidence {
				t.Errorf("%q has the intents %v", e.text, g.Intents)
			}
		}
	}
}
