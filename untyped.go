package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotKept is matched by Untyped.Set's error where the value was not kept: its
// TTL is negative, it is too large, or the State is closed. What was kept for
// the key is then gone too.
var ErrNotKept = errors.New("state: not kept")

// Untyped is a cache for code that was written against a map with lifetimes:
// text for keys, any for values. It swaps such a cache without changing the code
// round it. New code wants NewCache, whose Fetch lets callers share a load.
//
// A value ends with its TTL and is never stale, since who gets it could not be
// told. It is shared, like any result: treat what it refers to as read-only.
// Keys are kept apart by the scope that NewUntyped was given, so one that names
// no account can't reach another account's values.
//
// All methods are safe for concurrent use, and none waits for more than a few
// map operations of others.
type Untyped struct {
	cache *Cache[any]
	scope Scope
}

// NewUntyped makes an untyped cache of one kind, for one scope. Its values stay in
// this process, as with Kind.LocalOnly: what is in an any is not known to be the same
// when it has been through Redis. Its errors are those of NewCache and, for the scope,
// of NewKey.
func NewUntyped(st *State, k Kind, scope Scope) (*Untyped, error) {
	if _, err := NewKey(scope, "scope"); err != nil {
		return nil, err
	}
	k.LocalOnly = true
	cache, err := NewCache[any](st, k)
	if err != nil {
		return nil, err
	}
	return &Untyped{cache: cache, scope: scope}, nil
}

func (u *Untyped) key(key string) (Key, error) {
	if u.scope.Principal == "" {
		return TextKey(u.scope.Account, u.cache.kind.Name, key)
	}
	return NewKey(u.scope, u.cache.kind.Name, key)
}

// Get returns the value that is kept for key.
func (u *Untyped) Get(key string) (value any, ok bool) {
	k, err := u.key(key)
	if err != nil {
		return nil, false
	}
	res, ok := u.cache.Get(k)
	return res.Value, ok
}

// Set keeps value for ttl, where 0 means Kind.TTL. The error matches ErrNotKept,
// or ErrBadKey for a key longer than MaxKeyBytes allows.
func (u *Untyped) Set(key string, value any, ttl time.Duration) error {
	k, err := u.key(key)
	if err != nil {
		return err
	}
	if !u.cache.SetWithTerms(k, value, Terms{FreshFor: ttl, StaleFor: Never}) {
		return fmt.Errorf("%w: %v for %v", ErrNotKept, k, ttl)
	}
	return nil
}

// Delete invalidates key's value. That there is none is no error.
func (u *Untyped) Delete(key string) error {
	k, err := u.key(key)
	if err != nil {
		return err
	}
	u.cache.Delete(k)
	return nil
}

// Clear invalidates every value.
func (u *Untyped) Clear() { u.cache.Clear() }

// Stats returns the cache's counters.
func (u *Untyped) Stats() KindStats { return u.cache.Stats() }

// WithContext returns the same cache for code that passes a context to every
// call and expects an error of each.
func (u *Untyped) WithContext() UntypedWithContext { return UntypedWithContext{u} }

// UntypedWithContext is an Untyped whose methods take a context. They do not look
// at it: no call waits for anything that a context could end.
type UntypedWithContext struct{ untyped *Untyped }

// Get is Untyped.Get.
func (u UntypedWithContext) Get(_ context.Context, key string) (value any, ok bool) {
	return u.untyped.Get(key)
}

// Set is Untyped.Set.
func (u UntypedWithContext) Set(_ context.Context, key string, value any, ttl time.Duration) error {
	return u.untyped.Set(key, value, ttl)
}

// Delete is Untyped.Delete.
func (u UntypedWithContext) Delete(_ context.Context, key string) error {
	return u.untyped.Delete(key)
}

// Clear is Untyped.Clear. The error is always nil.
func (u UntypedWithContext) Clear(context.Context) error {
	u.untyped.Clear()
	return nil
}

// Stats is Untyped.Stats. The error is always nil.
func (u UntypedWithContext) Stats(context.Context) (KindStats, error) {
	return u.untyped.Stats(), nil
}
