package state

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/remote"
)

// shared is what the caches of a State have in common with those of other
// instances: the tier of values in Redis, and what is heard through it. A State that
// keeps everything in memory has none.
//
// It is the tier's Listener. What it does there takes the mutex of one cache for a
// few map operations, or writes down that something happened, as an invalidation by
// tags does anyway; so the tier's goroutine is never held up.
//
//	Fetch ── miss ──► flight ──► visit ──► tier.Get ──► lease ──► load
//	                    │                                           │
//	                    ▼ land, while the fill is valid             ▼
//	                 engine ◄── InvalidateKey, epochs ── tier ◄── Put, behind
//
// The order of an invalidation is: Redis first (which ends what is being filled, and
// refuses what is there), then the memory here. So whoever begins to load after the
// memory was cleared finds nothing old in Redis either.
type shared struct {
	tier  *remote.Tier
	tags  *tagTable
	clock *coarseClock
	trust *trust
	log   *slog.Logger
	wait  time.Duration // INVARIANT: that of the tier's options.
	// kindOf finds a cache by its kind's name, nil where there is none.
	kindOf func(name string) kind

	schemas *sharedSchemas

	stop    context.Context
	end     context.CancelFunc
	mu      sync.Mutex
	closed  bool // INVARIANT: guarded by mu; once true, running is not added to.
	running sync.WaitGroup
}

// openShared opens the tier, which joins when Redis is there.
func (st *State) openShared() error {
	if st.config.Store != StoreRedis {
		return nil
	}
	s := &shared{
		tags: st.tags, clock: st.clock, log: st.config.Logger, wait: st.config.RedisWait, kindOf: st.kindOf,
		trust: newTrust(st.tags, max(st.config.RedisMaxUnverified, 0)),
	}
	s.stop, s.end = context.WithCancel(context.Background())
	s.schemas = newSharedSchemas(st)
	tier, err := remote.Open(st.config.remoteOptions(), s)
	if err != nil {
		s.end()
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.tier, st.shared = tier, s // which Close ends from now on
	return s.schemas.start(tier)
}

func (c *Config) remoteOptions() remote.Options {
	return remote.Options{
		URL: c.RedisURL, TLS: c.RedisTLS, KeyPrefix: c.RedisKeyPrefix, Wait: c.RedisWait,
		SentinelUser: c.RedisSentinelUser, SentinelPassword: c.RedisSentinelPassword,
		MaxUnverified: c.RedisMaxUnverified, PoolSize: c.RedisPoolSize, MaxRetries: c.RedisMaxRetries, Logger: c.Logger,
	}
}

// close ends the tier, once what is being written behind was handed to it. The error
// says what other instances will not hear of.
func (s *shared) close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.running.Wait()
	err := s.tier.Close()
	if !first || err == nil {
		return nil
	}
	left := s.tier.Health().Stats
	if left.Invalidations+left.Jobs == 0 {
		return nil // values can be loaded again
	}
	return fmt.Errorf("state: close: %w", err)
}

// spawn runs f aside, unless it is closed.
func (s *shared) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(f)
	return true
}

// InvalidateKey is called when somebody else has written or invalidated a key.
func (s *shared) InvalidateKey(key string) {
	name, n, ok := parseKeyName(key)
	if !ok {
		return // of another program that has the same prefix
	}
	if k := s.kindOf(name); k != nil {
		k.forget(n)
	}
}

// InvalidateTags is called when somebody else has invalidated tags. One that can't be
// read may be any: then everything is to be compared with Redis, which knows.
func (s *shared) InvalidateTags(names []string) {
	var dropped, aged []Tag
	for _, name := range names {
		tag, isAged, ok := tagOf(name)
		switch {
		case !ok:
			s.trust.doubt(s.clock.exact.Now())
		case isAged:
			aged = append(aged, tag)
		default:
			dropped = append(dropped, tag)
		}
	}
	s.tags.drop(dropped...)
	s.tags.age(aged...)
}

// Gap is called when something may not have been heard.
func (s *shared) Gap() { s.trust.lose(s.clock.exact.Now()) }

// Verified is called when all is heard again.
func (s *shared) Verified() { s.trust.restore(s.clock.exact.Now()) }

// drop has tags end elsewhere. It is called before they end here. A nil one does
// nothing.
func (s *shared) drop(tags []Tag) {
	if s != nil && len(tags) > 0 {
		s.tier.Invalidate(nil, sharedNames(tags))
	}
}

// age has tags age elsewhere, as drop.
func (s *shared) age(tags []Tag) {
	if s != nil && len(tags) > 0 {
		s.tier.Invalidate(nil, agedNames(tags))
	}
}

// away says whether results can't be compared with Redis now.
func (s *shared) away() bool { return !s.tier.Live() }

// health is the tier's; nil without one.
func (s *shared) health() *remote.Health {
	if s == nil {
		return nil
	}
	h := s.tier.Health()
	return &h
}

// kindOf finds a cache by its kind's name.
func (st *State) kindOf(name string) kind {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.kinds[name]
}

// releaseAfter is for how long a lease is kept once its value was handed over to be
// written: others look for the value when it ends.
const releaseAfter = 50 * time.Millisecond

// releaseLater gives a lease back when the value is most likely written.
func (s *shared) releaseLater(release func()) {
	_ = clock.Sleep(s.stop, releaseAfter)
	release()
}
