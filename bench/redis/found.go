//go:build unix

package redis

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/redis/rueidis"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/remote"
)

// found are Fetches of what another instance has loaded, beside what the client alone
// takes to read and decode the same.
func found(ctx context.Context, s *stage, p Plan) (report.Table, error) {
	server := redistest.Start(s, redistest.Options{})
	one, other := s.open(ctx, server), s.open(ctx, server)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr()}, DisableCache: true, AlwaysPipelining: true,
	})
	if err != nil {
		return report.Table{}, err
	}
	s.Cleanup(client.Close)
	keys := s.keysOf("found", p.Rounds*p.Misses)
	for _, key := range keys {
		if _, err := one.cache.Fetch(ctx, key, loaded("x")); err != nil {
			return report.Table{}, err
		}
	}
	// A Fetch returns before it has handed over what is to be written.
	var names []string
	redistest.Await(s, "Redis has every result", func() bool {
		names, err = client.Do(ctx, client.B().Keys().Pattern("*v:answer/*").Build()).AsStrSlice()
		return err == nil && len(names) == len(keys)
	})
	bare, ours := &contestant{name: "GET and decoding"}, &contestant{name: "Fetch"}
	for round := range p.Rounds {
		part := func(n int) int { return round*p.Misses + n }
		var times []float64
		for n := range p.Misses {
			began := time.Now()
			if err := read(ctx, client, names[part(n)]); err != nil {
				return report.Table{}, err
			}
			times = append(times, nanoseconds(began, 1))
		}
		bare.turn(times)
		times = nil
		for n := range p.Misses {
			began := time.Now()
			res, err := other.cache.Fetch(ctx, keys[part(n)], loaded("another"))
			times = append(times, nanoseconds(began, 1))
			if err != nil || res.Source != state.Shared {
				return report.Table{}, errors.Join(errLoaded, err)
			}
		}
		ours.turn(times)
	}
	return compared("redis-found", []*contestant{bare, ours}), nil
}

// headerBytes are before the frame: see package remote.
const headerBytes = 66

var fingerprint = codec.Fingerprint(reflect.TypeFor[answer]())

// read reads and decodes one value.
func read(ctx context.Context, client rueidis.Client, name string) error {
	text, err := client.Do(ctx, client.B().Get().Key(name).Build()).ToString()
	if err != nil {
		return err
	}
	if len(text) < headerBytes {
		return errLoaded
	}
	f, err := remote.ParseFrame([]byte(text[headerBytes:]))
	var value answer
	if err = errors.Join(err, f.Unpack(&value, fingerprint)); err != nil {
		return err
	}
	if value.Name != "x" {
		return errLoaded
	}
	return nil
}
