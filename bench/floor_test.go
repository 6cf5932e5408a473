package main

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	keys := make([]string, floorEntries)
	for i := range keys {
		keys[i] = "account:1234567:schema:event-type-" + strconv.Itoa(i)
	}
	drawn, err := workload.Draw(keys, floorAccesses, workload.Zipf, 1)
	if err != nil {
		b.Fatal(err)
	}
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
		word := floorTurn(drawn, func(key string) uint64 { value, _ := words.Load(key); return value })
		rec := floorTurn(drawn, func(key string) uint64 { r, _ := records.Load(key); return r.value })
		our := floorTurn(drawn, func(key string) uint64 { value, _ := ours.Get(key); return value })
		recordWord, oursRecord, oursWord = append(recordWord, rec/word), append(oursRecord, our/rec), append(oursWord, our/word)
	}
	b.ReportMetric(stat.SpreadOf(recordWord).Median, "records/words")
	b.ReportMetric(stat.SpreadOf(oursRecord).Median, "ours/records")
	b.ReportMetric(stat.SpreadOf(oursWord).Median, "ours/words")
}

// floorTurn has every core read all of them, each from elsewhere, and returns how long
// that took.
func floorTurn(drawn []string, get func(string) uint64) float64 {
	var readers sync.WaitGroup
	start := time.Now()
	for reader := range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			var sum uint64
			for i := range drawn {
				sum += get(drawn[(i+reader*floorAccesses/2)&(floorAccesses-1)])
			}
			runtime.KeepAlive(sum)
		})
	}
	readers.Wait()
	return float64(time.Since(start))
}
