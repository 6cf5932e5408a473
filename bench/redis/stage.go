//go:build unix

package redis

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/internal/redistest"
)

// answer is what is kept and shared: about 100 bytes as CBOR.
type answer struct {
	Name  string
	Count int64
	When  time.Time
	More  map[string]any
}

func answerOf(name string) answer {
	return answer{Name: name, Count: math.MaxInt32, When: time.Unix(7, 9).UTC(), More: map[string]any{"a": int64(1), "b": 0.5}}
}

// instance is one State with a cache.
type instance struct {
	state *state.State
	cache *state.Cache[answer]
}

// open opens an instance on a server, or without one.
func (s *stage) open(ctx context.Context, server *redistest.Server, change ...func(*state.Config)) instance {
	var c state.Config
	if server != nil {
		c.Store, c.RedisURL = state.StoreRedis, state.RedisURL(server.URL())
	}
	for _, f := range change {
		f(&c)
	}
	st, err := state.Open(ctx, c)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = st.Close() })
	cache, err := state.NewCache[answer](st, state.Kind{Name: "answer", TTL: time.Hour, StaleFor: time.Hour})
	if err != nil {
		s.Fatal(err)
	}
	i := instance{st, cache}
	if server != nil {
		i.awaitStore(s, state.StoreRedis)
	}
	return i
}

// awaitStore waits until an instance works with Redis, or without.
func (i instance) awaitStore(s *stage, want state.Store) {
	redistest.Await(s, fmt.Sprintf("the store is %s", want), func() bool { return i.state.Health().Store == want })
}

// keyOf is the key of a number.
func (s *stage) keyOf(what string, n int) state.Key {
	key, err := state.NewKey(state.Scope{Account: 1}, what, n)
	if err != nil {
		s.Fatal(err)
	}
	return key
}

func (s *stage) keysOf(what string, count int) []state.Key {
	keys := make([]state.Key, count)
	for n := range keys {
		keys[n] = s.keyOf(what, n)
	}
	return keys
}
