package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/uds-platform/state/shard"
)

const benchSessions = 10_000

func benchStore(b *testing.B) (*Store, []*Session) {
	st := open(b, Options{})
	sessions := make([]*Session, benchSessions)
	for i := range sessions {
		sessions[i] = create(b, st, Owner(fmt.Sprint("owner", i%100)), func(d *Draft) error {
			for j := range 5 {
				if err := d.Explore(Schema{Account: 1, EventType: fmt.Sprint("Event", j), Attributes: []string{"a", "b"}}); err != nil {
					return err
				}
				if err := d.Set(fmt.Sprint("value", j), "something"); err != nil {
					return err
				}
				if err := d.Record(Call{Tool: "query", EventType: "Event1", Source: Hit}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.ResetTimer()
	return st, sessions
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

// BenchmarkUpdate changes sessions of which each is one goroutine's.
func BenchmarkUpdate(b *testing.B) {
	for name, change := range map[string]func(*Draft) error{
		"call":   func(d *Draft) error { return d.Record(Call{Tool: "query", EventType: "Event1", Source: Hit}) },
		"value":  func(d *Draft) error { return d.Set("value3", "another") },
		"schema": func(d *Draft) error { return d.Explore(Schema{Account: 1, EventType: "Event3"}) },
	} {
		b.Run(name, func(b *testing.B) {
			st, sessions := benchStore(b)
			ctx := context.Background()
			var workers atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := int(workers.Add(1)) * 1000; pb.Next(); i++ {
					s := sessions[i%benchSessions]
					if _, err := st.Update(ctx, s.owner, s.handle, change); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkRecord(b *testing.B) {
	_, sessions := benchStore(b)
	b.ReportAllocs()
	var r recorder
	for i := 0; b.Loop(); i++ {
		r.record(&sessions[i%benchSessions].content)
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
