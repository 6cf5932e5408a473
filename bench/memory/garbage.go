package memory

import (
	"context"
	"fmt"
	"runtime"

	"github.com/uds-platform/state/bench/contest"
	"github.com/uds-platform/state/bench/workload"
)

// The operations whose garbage is counted.
const (
	Reads   = "read"
	Updates = "update"
	Inserts = "insert" // of new keys into a full cache
)

// GarbageSample is what one operation allocates on average.
type GarbageSample struct {
	Peer      string
	Operation string
	TTL       bool
	Lacks     string
	Bytes     float64
	Objects   float64
}

// MeasureGarbage counts what operations allocate.
func MeasureGarbage(ctx context.Context, p Plan, keep func(GarbageSample), say func(format string, args ...any)) error {
	all := workload.Strings(p.GarbageEntries + p.GarbageOperations)
	keys, fresh := all[:p.GarbageEntries], all[p.GarbageEntries:]
	for _, expiring := range []bool{false, true} {
		for _, peer := range selected(p.Peers) {
			if ctx.Err() != nil {
				return ErrTime
			}
			o := contest.Options{Capacity: len(keys), EntryBytes: workload.MeanBytes(keys) + 8, Statistics: p.Statistics}
			if expiring {
				o.TTL = ttl
			}
			for _, operation := range []string{Reads, Updates, Inserts} {
				s := GarbageSample{Peer: peer.Name, Operation: operation, TTL: expiring}
				s.Lacks = peer.Features.Lacks(contest.Task{Options: o, Evicts: operation == Inserts})
				if s.Lacks == "" {
					if err := count(peer, o, keys, fresh, &s); err != nil {
						return err
					}
				}
				keep(s)
			}
		}
		say("garbage: TTL %v", expiring)
	}
	return nil
}

func count(peer contest.Peer[string], o contest.Options, keys, fresh []string, s *GarbageSample) error {
	c, err := peer.New(o)
	if err != nil {
		return fmt.Errorf("making %s: %w", peer.Name, err)
	}
	defer c.Close()
	contest.Fill(c, keys)
	runtime.GC()
	bytes, objects := allocated()
	for i, key := range fresh {
		switch s.Operation {
		case Reads:
			c.Get(keys[i%len(keys)])
		case Updates:
			c.Set(keys[i%len(keys)], uint64(i))
		case Inserts:
			c.Set(key, uint64(i))
		}
	}
	c.Settle()
	bytesAfter, objectsAfter := allocated()
	s.Bytes = float64(bytesAfter-bytes) / float64(len(fresh))
	s.Objects = float64(objectsAfter-objects) / float64(len(fresh))
	return nil
}
