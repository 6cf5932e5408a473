package latency

import (
	"testing"
	"time"

	"github.com/uds-platform/state/bench/contest"
)

func TestAStormIsMeasuredOnEveryCacheThatEvicts(t *testing.T) {
	var samples []Sample
	p := Plan{Entries: 1 << 10, Turn: 10 * time.Millisecond, Rounds: 2, Statistics: true}
	if err := Run(p, func(s Sample) { samples = append(samples, s) }, t.Logf); err != nil {
		t.Fatal(err)
	}
	table := Table(samples, ClockCost())
	for _, name := range []string{contest.Ours, "otter", "theine", "ristretto", "golang-lru", contest.Empty} {
		rows := table.Select("cache", name)
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows", name, len(rows))
		}
		r := rows[0]
		p50, p99, p999, worst := r.Number("p50_ns"), r.Number("p99_ns"), r.Number("p999_ns"), r.Number("worst_ns")
		if !(p50 > 0 && p50 <= p99 && p99 <= p999 && p999 <= worst) {
			t.Errorf("%s: quantiles %v %v %v %v", name, p50, p99, p999, worst)
		}
		if r["rounds"] != "2" || !(r.Number("reads") > 0) || !(r.Number("writes_per_second") > 0) {
			t.Errorf("%s: %v", name, r)
		}
	}
	if r := table.Select("cache", "xsync.Map")[0]; r["left_out_because"] == "" {
		t.Error("a map that never evicts was measured")
	}
	if r := table.Select("cache", ClockName)[0]; !(r.Number("p50_ns") > 0) {
		t.Errorf("the clock: %v", r)
	}
}

// forgetful has nothing, and counts what is put back.
type forgetful struct{ sets int }

func (f *forgetful) Get(string) (uint64, bool) { return 0, false }
func (f *forgetful) Set(string, uint64)        { f.sets++ }
func (f *forgetful) Delete(string)             {}
func (f *forgetful) Len() int                  { return 0 }
func (f *forgetful) Settle()                   {}
func (f *forgetful) Close()                    {}

func TestWhatIsMissedIsPutBack(t *testing.T) {
	f, h := new(forgetful), new(histogram)
	hits, elapsed := read(f, make([]string, draws), 3, time.Millisecond, h)
	if hits != 0 || h.total == 0 || uint64(f.sets) != h.total {
		t.Errorf("%d hits, %d Gets, %d put back", hits, h.total, f.sets)
	}
	if elapsed < time.Millisecond {
		t.Errorf("ended after %v", elapsed)
	}
}
