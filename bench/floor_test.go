package main

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/uds-platform/state/bench/stat"
	"github.com/uds-platform/state/bench/workload"
	"github.com/uds-platform/state/shard"
)

const (
	floorEntries  = 1 << 15
	floorAccesses = 1 << 20
)

// record is what a cache keeps beside a value of a word, if it is to evict and to
// expire: a link, a state, a deadline.
type record struct {
	value uint64
	_     [5]uint64
}

// BenchmarkFloor tells what part of a Get's way behind a bare map is the memory that
// an entry takes: it reads, turn by turn, from an xsync.Map of words, from one of
// pointers to records, and from our cache, and reports the medians of the ratios. The
// keys that are asked for are the very strings that are stored, as in the program, or
// others that are equal, as where a key comes with a request.
func BenchmarkFloor(b *testing.B) {
	b.Run("keys=same", func(b *testing.B) { benchmarkFloor(b, func(key string) string { return key }) })
	b.Run("keys=equal", func(b *testing.B) { benchmarkFloor(b, strings.Clone) })
}

func benchmarkFloor(b *testing.B, asked func(string) string) {
	keys, drawn := floorKeys(b)
	words := xsync.NewMap[string, uint64](xsync.WithPresize(floorEntries))
	records := xsync.NewMap[string, *record](xsync.WithPresize(floorEntries))
	ours, err := shard.New(shard.Options[string, uint64]{MaximumSize: floorEntries})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	for i, key := range keys {
		words.Store(key, uint64(i))
		records.Store(key, &record{})
		ours.Set(key, uint64(i))
	}
	for i, key := range drawn {
		drawn[i] = asked(key)
	}
	var recordWord, oursRecord, oursWord []float64
	for b.Loop() {
		word := floorTurn(func(at int) uint64 { value, _ := words.Load(drawn[at]); return value })
		rec := floorTurn(func(at int) uint64 { r, _ := records.Load(drawn[at]); return r.value })
		our := floorTurn(func(at int) uint64 { value, _ := ours.Get(drawn[at]); return value })
		recordWord, oursRecord, oursWord = append(recordWord, rec/word), append(oursRecord, our/rec), append(oursWord, our/word)
	}
	b.ReportMetric(stat.SpreadOf(recordWord).Median, "records/words")
	b.ReportMetric(stat.SpreadOf(oursRecord).Median, "ours/records")
	b.ReportMetric(stat.SpreadOf(oursWord).Median, "ours/words")
}

// version is one value of an updated record.
type version struct{ value uint64 }

// BenchmarkUpdateFloor tells what an update takes at the least where each value is a version
// of its own: hash the key, make a version, swap it in. The records are found by their number, so
// there is no table in it, no key to compare, and no policy; but an allocation, which we don't
// make where a value is a number.
func BenchmarkUpdateFloor(b *testing.B) {
	keys, drawn := floorKeys(b)
	numbers := make(map[string]int, len(keys))
	ours, err := shard.New(shard.Options[string, uint64]{MaximumSize: floorEntries})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	type line struct {
		latest atomic.Pointer[version]
		_      [56]byte
	}
	lines := make([]*line, len(keys))
	for i, key := range keys {
		numbers[key] = i
		lines[i] = new(line)
		ours.Set(key, uint64(i))
	}
	asked := make([]*line, len(drawn))
	for i, key := range drawn {
		asked[i] = lines[numbers[key]]
	}
	var oursFloor []float64
	for b.Loop() {
		floor := floorTurn(func(at int) uint64 {
			latest := &asked[at].latest
			latest.CompareAndSwap(latest.Load(), &version{value: uint64(at)})
			return xxhash.Sum64String(drawn[at])
		})
		our := floorTurn(func(at int) uint64 { ours.Set(drawn[at], uint64(at)); return 0 })
		oursFloor = append(oursFloor, our/floor)
	}
	b.ReportMetric(stat.SpreadOf(oursFloor).Median, "ours/floor")
}

// BenchmarkScalingFloor tells how much more two cores can write than one where some keys are
// written far more often than others: it has one goroutine and then two hash a key and read or
// store a word in the cache line that the hash leads to, without a key to compare, a policy or a
// count; and does the same with ours. It reports the medians of the ratios, turn by turn.
func BenchmarkScalingFloor(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("one core scales to nothing")
	}
	for _, d := range []string{workload.Zipf, workload.Uniform} {
		for _, percent := range []int{25, 50, 100} {
			b.Run(d+"/writes="+strconv.Itoa(percent), func(b *testing.B) { benchmarkScalingFloor(b, d, percent) })
		}
	}
}

func benchmarkScalingFloor(b *testing.B, distribution string, percent int) {
	type line struct {
		word atomic.Uint64
		_    [56]byte
	}
	keys, drawn := floorKeysOf(b, distribution)
	lines := make([]line, floorEntries)
	ours, err := shard.New(shard.Options[string, uint64]{MaximumSize: floorEntries})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	for i, key := range keys {
		ours.Set(key, uint64(i))
	}
	writes := func(at int) bool { return uint32(at)*2654435769>>7%100 < uint32(percent) }
	bare := func(at int) uint64 {
		word := &lines[xxhash.Sum64String(drawn[at])%floorEntries].word
		if writes(at) {
			word.Store(uint64(at))
			return 0
		}
		return word.Load()
	}
	cached := func(at int) uint64 {
		if writes(at) {
			ours.Set(drawn[at], uint64(at))
			return 0
		}
		value, _ := ours.Get(drawn[at])
		return value
	}
	var bareGain, oursGain []float64
	for b.Loop() {
		bareGain = append(bareGain, floorGain(bare))
		oursGain = append(oursGain, floorGain(cached))
	}
	b.ReportMetric(stat.SpreadOf(bareGain).Median, "bare-gain")
	b.ReportMetric(stat.SpreadOf(oursGain).Median, "our-gain")
}

// floorGain returns how many times as much two cores do as one.
func floorGain(do func(at int) uint64) float64 {
	one := floorTurnOf(1, do)
	two := floorTurnOf(2, do)
	return 2 * one / two
}

// floorKeys returns keys and accesses to them.
func floorKeys(b *testing.B) (keys, drawn []string) { return floorKeysOf(b, workload.Zipf) }

func floorKeysOf(b *testing.B, distribution string) (keys, drawn []string) {
	keys = make([]string, floorEntries)
	for i := range keys {
		keys[i] = "account:1234567:schema:event-type-" + strconv.Itoa(i)
	}
	drawn, err := workload.Draw(keys, floorAccesses, distribution, 1)
	if err != nil {
		b.Fatal(err)
	}
	return keys, drawn
}

// floorTurn has every core, and floorTurnOf so many, do something at every place of a sequence, each beginning
// elsewhere, and returns how long that took.
func floorTurn(do func(at int) uint64) float64 { return floorTurnOf(runtime.GOMAXPROCS(0), do) }

func floorTurnOf(cores int, do func(at int) uint64) float64 {
	var workers sync.WaitGroup
	start := time.Now()
	for worker := range cores {
		workers.Go(func() {
			var sum uint64
			for i := range floorAccesses {
				sum += do((i + worker*floorAccesses/2) & (floorAccesses - 1))
			}
			runtime.KeepAlive(sum)
		})
	}
	workers.Wait()
	return float64(time.Since(start))
}
