package goal

import (
	"strings"
	"testing"
)

// hostileTexts are those that a careless reader takes quadratic time for.
var hostileTexts = map[string]string{
	"quotes": strings.Repeat("'", MaxBytes), "open quotes": strings.Repeat(" 'a\n", MaxBytes), "cues": strings.Repeat("between ", MaxBytes),
	"from to": strings.Repeat("from 3 days ago to ", MaxBytes), "by": strings.Repeat("by the ", MaxBytes), "not": strings.Repeat("not ", MaxBytes),
	"commas": "by host" + strings.Repeat(", host", MaxBytes), "one word": strings.Repeat("a", MaxBytes), "percentiles": strings.Repeat("percentile ", MaxBytes),
	"marks": strings.Repeat("a-", MaxBytes), "numbers": strings.Repeat("1", MaxBytes), "dates": strings.Repeat("2026-11-03 ", MaxBytes),
	"letters": strings.Repeat("x ", MaxBytes), "capitals": strings.Repeat("aB", MaxBytes), "typos": strings.Repeat("laetncy ", MaxBytes), "skipped": "by" + strings.Repeat(" the", MaxBytes),
	"many skipped": strings.Repeat("by the the the the the the ", MaxBytes),
}

// What is looked at is counted, since timings say nothing on a busy machine: no
// text takes more steps than it has tokens, and none allocates without bound.
func TestWorkIsBoundedByTheText(t *testing.T) {
	for name, text := range hostileTexts {
		cutText, _ := cut(text)
		tokens := tokenise(cutText)
		if len(tokens) > MaxBytes {
			t.Errorf("%s: %d tokens", name, len(tokens))
		}
		g := Goal{Text: cutText}
		r := reader{lexicon: usual(), goal: &g, tokens: tokens, calendar: calendar{tokens: tokens, now: evaluationNow}}
		for r.at < len(tokens) {
			before := r.at
			if r.step(); r.at <= before {
				t.Fatalf("%s: no step forward from token %d, %q", name, before, tokens[before].raw)
			}
		}
		if len(r.evidence) > len(standardEntries)+MaxGuesses {
			t.Errorf("%s: %d pieces of evidence", name, len(r.evidence))
		}
	}
}

// A text of any length takes the memory of a few thousand tokens.
func TestMemoryIsBounded(t *testing.T) {
	for name, text := range hostileTexts {
		if n := testing.AllocsPerRun(1, func() { usual().Parse(text, evaluationNow) }); n > 3*MaxBytes {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
