package charts

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/hits"
	"github.com/uds-platform/state/bench/latency"
	"github.com/uds-platform/state/bench/memory"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/bench/throughput"
)

// written writes one small table of each kind.
func written(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	reads := throughput.Cell{Workload: throughput.Workloads[0], Distribution: "zipf", Entries: 32768, Keys: "string"}
	var turns throughput.Results
	for _, peer := range []string{"otter", contest.Ours, contest.Empty} {
		turns.Add(throughput.Sample{Cell: reads, CPUs: 1, Peer: peer, Nanoseconds: []float64{60, 70, 80}})
		turns.Add(throughput.Sample{Cell: reads, CPUs: 2, Peer: peer, Nanoseconds: []float64{30, 40, 50}})
	}
	turns.Add(throughput.Sample{Cell: reads, CPUs: 2, Peer: "fastcache", Lacks: "a reason"})
	var replays hits.Results
	for _, c := range []hits.Cell{{Sequence: "oltp", Capacity: 1000}, {Sequence: "oltp", Capacity: 20_000}, {Sequence: "zipf", Generated: true, Capacity: 500}} {
		for _, name := range []string{contest.Ours, "otter", hits.LRU, hits.Optimum} {
			replays.Add(hits.Sample{Cell: c, Cache: name, HitShare: 0.5})
		}
	}
	quantiles := map[float64]float64{0.5: 100, 0.99: 1000, 0.999: 20_000, latency.Worst: 3e6}
	for _, table := range []report.Table{
		turns.Table(), turns.Scaling(), replays.Table(), replays.Summary(),
		latency.Table([]latency.Sample{{Peer: contest.Ours, All: quantiles, Rounds: []map[float64]float64{quantiles}}}, quantiles),
		memory.EntriesTable([]memory.EntrySample{{Peer: contest.Ours, Entries: 10_000, Held: 10_000, PerEntry: 115}, {Peer: "fastcache", Entries: 10_000, Held: 10_000, PerEntry: 3000}}),
		memory.GarbageTable([]memory.GarbageSample{{Peer: contest.Ours, Operation: memory.Reads, TTL: true}}),
		memory.CollectorTable([]memory.CollectorSample{{Peer: contest.Ours, Entries: 1_000_000, ForcedMilliseconds: 20, CPUShare: 0.1}}),
	} {
		if err := table.WriteCSV(folder); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestEveryTableIsDrawnAsWellFormedSVG(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	drawn, err := Draw(written(t), folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"collector.svg", "garbage.svg", "hits-generators.svg", "hits-summary.svg", "hits-traces.svg",
		"latency.svg", "memory.svg", "scaling.svg", "throughput-32768-string-zipf.svg",
	}
	if slices.Sort(drawn); !slices.Equal(drawn, want) {
		t.Errorf("drawn %q", drawn)
	}
	for _, name := range drawn {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(strings.NewReader(string(content)))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(string(content), ">"+contest.Ours+"<") {
			t.Errorf("%s doesn't name %s", name, contest.Ours)
		}
		for _, absent := range []string{contest.Empty, latency.ClockName, "NaN"} {
			if strings.Contains(string(content), absent) {
				t.Errorf("%s shows %s", name, absent)
			}
		}
	}
}

func TestAFolderWithoutResultsIsAnError(t *testing.T) {
	if _, err := Draw(t.TempDir(), t.TempDir()); !errors.Is(err, ErrNothing) {
		t.Errorf("%v", err)
	}
}

func TestEveryCacheHasAColourOfItsOwn(t *testing.T) {
	seen := map[any]string{}
	for _, cache := range order {
		c := colourOf(cache)
		if cache == hits.LRU || cache == hits.Optimum {
			continue // never beside the bare maps
		}
		if other, ok := seen[c]; ok {
			t.Errorf("%s and %s have the same colour", cache, other)
		}
		seen[c] = cache
	}
	if got := inOrder([]string{"unknown", "otter", contest.Ours}); !slices.Equal(got, []string{contest.Ours, "otter", "unknown"}) {
		t.Errorf("in order: %q", got)
	}
}

func TestBarsOfAGroupStandBesideEachOther(t *testing.T) {
	end := -0.5
	for place := range 4 {
		b := bars{place: place, of: 4}
		left, right := b.span(0)
		if left < end-1e-9 || right <= left {
			t.Errorf("bar %d spans %v to %v, the one before ends at %v", place, left, right, end)
		}
		end = right
	}
	if end > 0.5 {
		t.Errorf("the last bar ends at %v, in the next group", end)
	}
}

func TestTicksAreRoundAndNotTooMany(t *testing.T) {
	for _, top := range []float64{0.7, 3, 9.99, 35.4, 100, 520, 123456} {
		ticks := even{}.Ticks(0, top)
		if len(ticks) < 3 || len(ticks) > mostSteps+1 || ticks[0].Value != 0 {
			t.Errorf("up to %v: %v", top, ticks)
		}
	}
	if ticks := (decades{}).Ticks(10, 1000); len(ticks) != 3 || ticks[2].Label != "1 µs" || ticks[1].Label != "100 ns" {
		t.Errorf("decades: %v", ticks)
	}
}

func TestNumbersAreWrittenAsPeopleDo(t *testing.T) {
	for n, want := range map[string]string{"32768": "32 K", "1048576": "1 M", "1000000": "1 M", "10000": "10,000", "999": "999", "many": "many"} {
		if got := entriesInWords(n); got != want {
			t.Errorf("%s is %q, want %q", n, got, want)
		}
	}
}

func TestTheFloorOfALogarithmicChartIsADecade(t *testing.T) {
	b := barChart{figures: map[string][]bar{"a": {{value: 250}, noBar}, "b": {{value: 31}}}}
	if got := b.decadeBelow(); math.Abs(got-10) > 1e-9 {
		t.Errorf("floor %v, want 10", got)
	}
}
