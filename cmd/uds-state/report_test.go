package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/uds-platform/state"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	if got := percentile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 200).Draw(t, "values")
		p := rapid.Float64Range(0.01, 1).Draw(t, "p")
		var latencies []time.Duration
		for _, v := range values {
			latencies = append(latencies, time.Duration(v))
		}
		got := percentile(slices.Clone(latencies), p)
		below, upTo := 0, 0
		for _, l := range latencies {
			if l < got {
				below++
			}
			if l <= got {
				upTo++
			}
		}
		n := float64(len(latencies))
		if !slices.Contains(latencies, got) || float64(upTo) < p*n-1e-9 || float64(below) >= p*n+1e-9 {
			t.Fatalf("p%.2f of %v is %v", 100*p, latencies, got)
		}
	})
}

// answers builds the records of one session that asks one query after the other.
func answers(recorded ...record) []record {
	var now time.Duration
	for i := range recorded {
		now += recorded[i].took
		recorded[i].ended = now
	}
	return recorded
}

func TestSavedTime(t *testing.T) {
	const a, b = 1, 2
	for _, c := range []struct {
		name string
		all  []record
		want time.Duration
	}{
		{"nothing", nil, 0},
		{"sent saves nothing", answers(record{query: a, took: 100, outcome: sent}), 0},
		{"memory saves the difference", answers(
			record{query: a, took: 100, outcome: sent},
			record{query: a, took: 1, outcome: fromMemory},
			record{query: a, took: 2, outcome: fromMemory}), 99 + 98},
		{"the last known latency counts", answers(
			record{query: a, took: 100, outcome: sent},
			record{query: a, took: 300, outcome: sent},
			record{query: a, took: 0, outcome: fromMemory}), 300},
		{"a shared load counts with what it took in the end", answers(
			record{query: a, took: 60, outcome: collapsed},
			record{query: a, took: 100, outcome: sent}), 40},
		{"queries are told apart", answers(
			record{query: a, took: 100, outcome: sent},
			record{query: b, took: 1, outcome: fromMemory}), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := saved(c.all); got != c.want {
				t.Errorf("saved %d, want %d", got, c.want)
			}
		})
	}
}

func TestMergeAddsUp(t *testing.T) {
	start := time.Now()
	seed := maphash.MakeSeed()
	one, two := newRecorder(seed, start), newRecorder(seed, start)
	one.answered("q", start, 100*time.Millisecond, sent)
	two.answered("q", start.Add(90*time.Millisecond), 10*time.Millisecond, collapsed)
	two.answered("q", start.Add(200*time.Millisecond), 2*time.Microsecond, fromMemory)
	one.refused(fmt.Errorf("state: load of x: %w", &fault{message: "too bad"}))
	two.refused(&fault{message: "too bad"})
	two.refused(errors.New("worse"))
	two.interrupted = 1

	r := &report{}
	r.merge([]*recorder{one, two})
	if r.Asked != 6 || r.Memory != 1 || r.Collapsed != 1 || r.Sent != 1 || r.Failed != 3 || r.Interrupted != 1 {
		t.Errorf("merged %+v", r)
	}
	if want := []errorCount{{"too bad", 2}, {"worse", 1}}; !slices.Equal(r.Errors, want) {
		t.Errorf("errors %v, want %v", r.Errors, want)
	}
	if r.Hot != (latencies{Answers: 1, P50Micros: 2, P99Micros: 2}) || r.Cold != (latencies{Answers: 2, P50Micros: 10_000, P99Micros: 100_000}) {
		t.Errorf("hot %+v, cold %+v", r.Hot, r.Cold)
	}
	if want := (90*time.Millisecond + 100*time.Millisecond - 2*time.Microsecond).Seconds(); r.SavedSeconds != want {
		t.Errorf("saved %v s, want %v", r.SavedSeconds, want)
	}
	if live := tallyOf([]*recorder{one, two}); live.asked() != 6 || live[failed] != 3 || live[sent] != 1 {
		t.Errorf("the live tally is %v", live)
	}
}

func TestTable(t *testing.T) {
	r := &report{
		Server: "a test", StandIn: true, Sessions: 24, ElapsedSeconds: 15, EndedBy: endedByTime,
		Asked: 12345, Memory: 12000, Collapsed: 100, Sent: 240, Failed: 5, Interrupted: 3,
		Hot: latencies{12000, 0.25, 12.5}, Cold: latencies{340, 250_000, 4_500_000},
		Ahead:        aheadOf(state.WarmingStats{Prediction: state.PredictionStats{Issued: 90, Unneeded: 10, Used: 60, Late: 7, Misses: 140}}),
		SavedSeconds: 3725, HTTP: httpReport{Requests: 245, Retries: 2, Throttled: 1},
	}
	for i := range maxShownErrors + 2 {
		r.Errors = append(r.Errors, errorCount{Message: fmt.Sprintf("error %d", i), Count: 1})
	}
	var b bytes.Buffer
	if err := r.writeTable(&b); err != nil {
		t.Fatal(err)
	}
	table := b.String()
	for _, want := range []string{
		"24 discovery sessions for 15.0 s\nagainst a test\n",
		"asked                          12,345  100.0 %\n",
		"12,000   97.2 %     250 ns    12.5 µs\n",
		"340    2.8 %     250 ms     4.50 s\n",
		"time saved                     1h2m5s\n",
		"ahead: predicted                   80   75.0 % were asked for, 7 of them before they were there\n",
		"30.0 % of the waits averted or shortened\n", "10.0 % of what would have been sent, for nothing\n",
		"1×  error 7\n", "2  further ones", "3 queries were under way", "stand-in on loopback", "245 HTTP requests in all, 2 of them repeated, 1 answered 429",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}

func TestFormats(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d becomes %s, want %s", n, got, want)
		}
	}
	for seconds, want := range map[float64]string{0: "0.0 s", 59.94: "59.9 s", -1.5: "-1.5 s", 60: "1m0s"} {
		if got := formatSeconds(seconds); got != want {
			t.Errorf("%v s becomes %s, want %s", seconds, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	counts := tally{fromMemory: 1500, collapsed: 100, sent: 390, failed: 10}
	p := &progress{out: &b, duration: 15 * time.Second, tally: func() tally { return counts }}
	p.show(7 * time.Second)
	const line = " 7.0 of 15s  asked 2,000  memory 1,500 (75.0 %)  collapsed 100  sent 390  failed 10"
	if got := b.String(); got != line+"\n" {
		t.Errorf("got %q", got)
	}
	b.Reset()
	p.live = true
	p.show(7 * time.Second)
	done := make(chan struct{})
	close(done)
	p.run(done)
	if got := b.String(); got != clearLine+line+clearLine {
		t.Errorf("on a terminal %q", got)
	}
	if isTerminal(&b) {
		t.Error("a buffer is taken for a terminal")
	}
}
