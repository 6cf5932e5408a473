package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/shard"
)

const (
	benchSessions = 2_000
	// A session that has been at work for a while: every window is as full as it gets
	// in practice, and the timeline as full as it gets at all.
	benchSchemas = 20
	benchResults = 50
	benchCalls   = 300
	benchTools   = 8
)

// benchStore holds sessions of about 60 KiB each.
func benchStore(b *testing.B) (*Store, []*Session) {
	st := open(b, Options{})
	sessions := make([]*Session, benchSessions)
	for i := range sessions {
		sessions[i] = create(b, st, Owner(fmt.Sprint("owner", i%100)), fillDraft)
	}
	b.ResetTimer()
	return st, sessions
}

func fillDraft(d *Draft) error {
	var errs []error
	attributes := []string{"appName", "duration", "error", "host", "httpResponseCode", "name", "timestamp", "userAgentName"}
	for j := range benchSchemas {
		errs = append(errs, d.Explore(Schema{Account: 1234567, EventType: fmt.Sprint("Event", j), Attributes: attributes, Fingerprint: "5b8f2c0d"}))
	}
	for j := range benchResults {
		errs = append(errs, d.Note(Result{
			Key: fmt.Sprint("1234567/SELECT count(*) FROM Event", j), Tool: "query", EventType: fmt.Sprint("Event", j%benchSchemas),
			Duration: 300 * time.Millisecond, Quality: "full", Rows: 100,
		}))
	}
	for j := range benchCalls {
		errs = append(errs, d.Record(Call{
			Tool: fmt.Sprint("tool", j%benchTools), EventType: fmt.Sprint("Event", j%benchSchemas),
			Duration: time.Duration(j) * time.Millisecond, Source: Hit,
		}))
	}
	for j := range 5 {
		errs = append(errs, d.SetPreference(fmt.Sprint("preference", j), "something"), d.Set(fmt.Sprint("value", j), "something"))
	}
	errs = append(errs, d.SetGoal(Goal{Text: "why are checkouts slow since noon?"}), d.SetCurrentSchema(1234567, "Event3"))
	return errors.Join(errs...)
}

func BenchmarkGet(b *testing.B) {
	st, sessions := benchStore(b)
	ctx := context.Background()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(benchSessions); pb.Next(); i++ {
			s := sessions[i%benchSessions]
			if _, err := st.Get(ctx, s.owner, s.handle); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEngineGet is what BenchmarkGet is compared with.
func BenchmarkEngineGet(b *testing.B) {
	_, sessions := benchStore(b)
	c, err := shard.New(shard.Options[string, *Session]{Unbounded: true, DefaultTTL: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for _, s := range sessions {
		c.Set(string(s.handle), s)
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := rand.IntN(benchSessions); pb.Next(); i++ {
			if _, ok := c.Get(string(sessions[i%benchSessions].handle)); !ok {
				b.Fatal("missing")
			}
		}
	})
}

// BenchmarkUpdate changes sessions of which each is one goroutine's, as an MCP server
// would: one small change a call.
func BenchmarkUpdate(b *testing.B) {
	changes := []struct {
		name   string
		change func(*Draft) error
	}{
		{"call", func(d *Draft) error { return d.Record(Call{Tool: "tool3", EventType: "Event3", Source: Hit}) }},
		{"preference", func(d *Draft) error { return d.SetPreference("preference3", "another") }},
		{"value", func(d *Draft) error { return d.Set("value3", "another") }},
		{"schema", func(d *Draft) error {
			return d.Explore(Schema{Account: 1234567, EventType: "Event3", Fingerprint: "5b8f2c0d"})
		}},
		{"result", func(d *Draft) error {
			return d.Note(Result{Key: "1234567/SELECT count(*) FROM Event3", Tool: "query", EventType: "Event3", Quality: "full"})
		}},
		{"nothing", func(*Draft) error { return nil }},
	}
	for _, c := range changes {
		b.Run(c.name, func(b *testing.B) { updateInParallel(b, c.change) })
	}
}

func updateInParallel(b *testing.B, change func(*Draft) error) {
	st, sessions := benchStore(b)
	ctx := context.Background()
	var workers atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := int(workers.Add(1)) * benchSessions / runtime.GOMAXPROCS(0)
		for ; pb.Next(); i++ {
			s := sessions[i%benchSessions]
			if _, err := st.Update(ctx, s.owner, s.handle, change); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// BenchmarkRecord encodes sessions as a snapshot does.
func BenchmarkRecord(b *testing.B) {
	_, sessions := benchStore(b)
	b.ReportAllocs()
	r, size := newRecorder(), 0
	for i := 0; b.Loop(); i++ {
		size = len(r.record(&sessions[i%benchSessions].content))
	}
	b.ReportMetric(float64(size), "bytes")
}

// BenchmarkRecordCost encodes sessions as records and as bare CBOR of the same
// content, turn by turn, and reports the median of the ratios. Bare is what a
// program would write that has no need to merge: one Marshal of a plain struct.
func BenchmarkRecordCost(b *testing.B) {
	_, sessions := benchStore(b)
	plain := make([]plainSession, len(sessions))
	for i, s := range sessions {
		plain[i] = s.plain()
	}
	const each = 10
	r := newRecorder()
	var ratios []float64
	for i := 0; b.Loop(); i += each {
		start := time.Now()
		for j := range each {
			r.record(&sessions[(i+j)%benchSessions].content)
		}
		records := time.Since(start)
		start = time.Now()
		for j := range each {
			if _, err := encoding.Marshal(&plain[(i+j)%benchSessions]); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, float64(records)/float64(time.Since(start)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "record/bare")
}

// plainSession is a session's content without what merging needs.
type plainSession struct {
	Handle      string
	Owner       string
	Created     time.Time
	Expires     time.Time
	Touched     time.Time
	Goal        Goal
	Current     string
	Explored    []Schema
	Preferences map[string]string
	Values      map[string]any
	Results     []Result
	Calls       []Call
	Patterns    []Pattern
}

func (s *Session) plain() plainSession {
	goal, _ := s.Goal()
	current, _ := s.CurrentSchema()
	return plainSession{
		Handle: string(s.Handle()), Owner: string(s.Owner()), Created: s.Created(), Expires: s.Expires(), Touched: s.LastUsed(),
		Goal: goal, Current: current.EventType, Explored: s.Explored(), Preferences: s.Preferences(), Values: s.Values(),
		Results: s.Results(), Calls: s.Timeline(), Patterns: s.Patterns(),
	}
}

func BenchmarkRestore(b *testing.B) {
	_, sessions := benchStore(b)
	records := make([][]byte, len(sessions))
	total := 0
	for i, s := range sessions {
		records[i] = s.record()
		total += len(records[i])
	}
	b.ReportAllocs()
	st := open(b, Options{})
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if i%len(records) == 0 && i > 0 {
			b.StopTimer()
			st.Close()
			st = open(b, Options{})
			b.StartTimer()
		}
		if _, err := st.Restore(records[i%len(records)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(total)/float64(len(records)), "bytes/record")
}
