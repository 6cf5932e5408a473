package fuzz

import (
	"iter"
	"time"

	"github.com/uds-platform/state/shard"
)

// engine is a cache under test.
type engine[K shard.Key] interface {
	Get(K) (payload, bool)
	GetQuietly(K) (payload, bool)
	TTL(K) (time.Duration, bool)
	Set(K, payload) bool
	SetWithTTL(K, payload, time.Duration) bool
	SetIfAbsent(K, payload) (payload, bool)
	Compute(K, func(payload, bool) (payload, shard.Op)) (payload, bool)
	SetTTL(K, time.Duration) bool
	Delete(K) (payload, bool)
	All() iter.Seq2[K, payload]
	Hottest() iter.Seq2[K, payload]
	Coldest() iter.Seq2[K, payload]
	Keys() iter.Seq[K]
	Values() iter.Seq[payload]
	Len() int
	Cost() int64
	Stats() shard.Stats
	Resize(int) error
	ResizeCost(int64) error
	Clear()
	Close()
}

// newEngine returns a cache of payloads, which are too large to be changed in place, or
// one of pointers to them, which are not.
func newEngine[K shard.Key](o shard.Options[K, payload], inPlace bool) (engine[K], error) {
	if !inPlace {
		return shard.New(o)
	}
	cache, err := shard.New(shard.Options[K, *payload]{
		MaximumSize: o.MaximumSize, Unbounded: o.Unbounded, InitialSize: o.InitialSize, Segments: o.Segments,
		DefaultTTL: o.DefaultTTL, Tick: o.Tick, ExactExpiry: o.ExactExpiry, DisableStats: o.DisableStats,
		OnRemoval: func(key K, value *payload, cause shard.Cause) { o.OnRemoval(key, *value, cause) },
	})
	return pointers[K]{cache}, err
}

// pointers is a cache of pointers as one of what they point to.
type pointers[K shard.Key] struct{ *shard.Cache[K, *payload] }

// at is what a cache answers.
func at(p *payload, ok bool) (payload, bool) {
	if p == nil {
		return payload{}, ok
	}
	return *p, ok
}

func (c pointers[K]) Get(key K) (payload, bool)        { return at(c.Cache.Get(key)) }
func (c pointers[K]) GetQuietly(key K) (payload, bool) { return at(c.Cache.GetQuietly(key)) }
func (c pointers[K]) Delete(key K) (payload, bool)     { return at(c.Cache.Delete(key)) }
func (c pointers[K]) Set(key K, value payload) bool    { return c.Cache.Set(key, &value) }
func (c pointers[K]) SetWithTTL(key K, value payload, ttl time.Duration) bool {
	return c.Cache.SetWithTTL(key, &value, ttl)
}
func (c pointers[K]) SetIfAbsent(key K, value payload) (payload, bool) {
	return at(c.Cache.SetIfAbsent(key, &value))
}
func (c pointers[K]) Compute(key K, f func(payload, bool) (payload, shard.Op)) (payload, bool) {
	return at(c.Cache.Compute(key, func(old *payload, found bool) (*payload, shard.Op) {
		before, _ := at(old, found)
		value, op := f(before, found)
		return &value, op
	}))
}

func (c pointers[K]) All() iter.Seq2[K, payload]     { return pointedTo(c.Cache.All()) }
func (c pointers[K]) Hottest() iter.Seq2[K, payload] { return pointedTo(c.Cache.Hottest()) }
func (c pointers[K]) Coldest() iter.Seq2[K, payload] { return pointedTo(c.Cache.Coldest()) }
func (c pointers[K]) Values() iter.Seq[payload] {
	return func(yield func(payload) bool) {
		for _, value := range c.All() {
			if !yield(value) {
				return
			}
		}
	}
}

func pointedTo[K shard.Key](entries iter.Seq2[K, *payload]) iter.Seq2[K, payload] {
	return func(yield func(K, payload) bool) {
		for key, value := range entries {
			if !yield(key, *value) {
				return
			}
		}
	}
}
