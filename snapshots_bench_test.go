package state

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/uds-platform/state/session"
)

const (
	benchedSessions = 100_000
	benchedOwner    = session.Owner("owner")
	// benchedGets are timed together: a Get takes about as long as to read the clock.
	benchedGets = 100
)

// plainSession is what somebody would encode who has nothing but sessions in mind.
type plainSession struct {
	Handle, Owner              string
	Created, LastUsed, Expires time.Time
	Goal                       session.Goal
	Explored                   []session.Schema
	Preferences                map[string]string
	Values                     map[string]any
	Results                    []session.Result
	Timeline                   []session.Call
	Patterns                   []session.Pattern
}

func plainOf(s *session.Session) *plainSession {
	goal, _ := s.Goal()
	return &plainSession{
		Handle: string(s.Handle()), Owner: string(s.Owner()), Created: s.Created(), LastUsed: s.LastUsed(), Expires: s.Expires(),
		Goal: goal, Explored: s.Explored(), Preferences: s.Preferences(), Values: s.Values(),
		Results: s.Results(), Timeline: s.Timeline(), Patterns: s.Patterns(),
	}
}

// benchedState has so many sessions, each of a discovery of some calls.
func benchedState(b *testing.B) (*State, []session.Handle, []*plainSession) {
	st := open(b, Config{SnapshotFolder: b.TempDir(), SnapshotInterval: 24 * time.Hour, MaximumSessions: benchedSessions})
	handles, plain := make([]session.Handle, benchedSessions), make([]*plainSession, benchedSessions)
	for i := range handles {
		s, err := st.Sessions().Create(b.Context(), benchedOwner, func(d *session.Draft) error {
			if err := d.SetGoal(session.Goal{Text: "why is checkout slow since this morning"}); err != nil {
				return err
			}
			for j := range 5 {
				name := fmt.Sprint("Event", (i+j)%50)
				if err := d.Explore(session.Schema{Account: 1, EventType: name, Attributes: []string{"duration", "name", "host"}}); err != nil {
					return err
				}
				if err := d.Record(session.Call{Tool: "profile", EventType: name, Duration: time.Duration(i) * time.Microsecond, Source: session.Hit}); err != nil {
					return err
				}
				if err := d.Set(fmt.Sprint("value", j), fmt.Sprint("something ", i)); err != nil {
					return err
				}
			}
			return d.Note(session.Result{Key: fmt.Sprint("key", i), Tool: "profile", Rows: int64(i), Quality: "full"})
		})
		if err != nil {
			b.Fatal(err)
		}
		handles[i], plain[i] = s.Handle(), plainOf(s)
	}
	return st, handles, plain
}

// bareSnapshot encodes, writes and syncs sessions, and nothing else.
func bareSnapshot(b *testing.B, path string, plain []*plainSession) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(f, 256<<10)
	for _, one := range plain {
		encoded, err := cbor.Marshal(one)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := out.Write(encoded); err != nil {
			b.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// A snapshot, and the bare encoding, writing and syncing of the same sessions, turn by
// turn: in any order, as whoever finds them by their handles has them, and in the order
// in which they were made and lie in memory. The ratios are the medians of those of the
// turns.
func BenchmarkSnapshotOf100000Sessions(b *testing.B) {
	st, _, made := benchedState(b)
	found := slices.Clone(made)
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	path := filepath.Join(b.TempDir(), "bare")
	var ratios, madeRatios, bareMillis, snapshotMillis []float64
	for b.Loop() {
		begin := time.Now()
		bareSnapshot(b, path, made)
		inOrder := time.Since(begin)
		begin = time.Now()
		bareSnapshot(b, path, found)
		bare := time.Since(begin)
		begin = time.Now()
		if err := st.snapshots.keeper.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(begin)
		ratios = append(ratios, float64(took)/float64(bare))
		madeRatios = append(madeRatios, float64(took)/float64(inOrder))
		bareMillis, snapshotMillis = append(bareMillis, bare.Seconds()*1000), append(snapshotMillis, took.Seconds()*1000)
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(madeRatios), "ratio-as-made")
	b.ReportMetric(median(bareMillis), "bare-ms")
	b.ReportMetric(median(snapshotMillis), "snapshot-ms")
	b.ReportMetric(float64(st.Health().Snapshots.Bytes)/1e6, "MB")
}

// How long Gets take while a snapshot is under way, and while none is, turn by turn.
func BenchmarkGetDuringASnapshot(b *testing.B) {
	st, handles, _ := benchedState(b)
	var ratios, quietMicros, busyMicros []float64
	at := 0
	for b.Loop() {
		var over atomic.Bool
		var took time.Duration
		go func() {
			begin := time.Now()
			if err := st.snapshots.keeper.Snapshot(b.Context()); err != nil {
				b.Error(err)
			}
			took = time.Since(begin)
			over.Store(true)
		}()
		busy := timedGets(b, st, handles, &at, over.Load)
		begin := time.Now()
		quiet := timedGets(b, st, handles, &at, func() bool { return time.Since(begin) >= took })
		ratios = append(ratios, busy/quiet)
		busyMicros, quietMicros = append(busyMicros, busy), append(quietMicros, quiet)
	}
	b.ReportMetric(median(ratios), "p99-ratio")
	b.ReportMetric(median(quietMicros), "p99-quiet-µs")
	b.ReportMetric(median(busyMicros), "p99-busy-µs")
}

// timedGets makes Gets until it is over, and returns how many microseconds 99 of 100
// batches of them take at the most.
func timedGets(b *testing.B, st *State, handles []session.Handle, at *int, over func() bool) float64 {
	ctx := b.Context()
	var took []time.Duration
	for !over() {
		begin := time.Now()
		for range benchedGets {
			*at = (*at + 7919) % len(handles) // a prime: every session's turn comes
			if _, err := st.Sessions().Get(ctx, benchedOwner, handles[*at]); err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)*99/100].Seconds() * 1e6
}

func median(figures []float64) float64 {
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// Opening a State that finds as many sessions.
func BenchmarkRestoreOf100000Sessions(b *testing.B) {
	st, _, _ := benchedState(b)
	if err := st.snapshots.keeper.Snapshot(b.Context()); err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "copy"), os.DirFS(st.config.SnapshotFolder)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		next, err := Open(b.Context(), Config{SnapshotFolder: filepath.Join(folder, "copy"), SnapshotInterval: 24 * time.Hour, MaximumSessions: benchedSessions})
		if err != nil {
			b.Fatal(err)
		}
		if n := next.Sessions().Len(); n != benchedSessions {
			b.Fatalf("%d sessions", n)
		}
		b.StopTimer()
		if err := next.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
