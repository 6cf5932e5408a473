package state

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The two shapes in which existing code has its cache.
var (
	_ interface {
		Get(key string) (any, bool)
		Set(key string, value any, ttl time.Duration) error
		Delete(key string) error
		Clear()
	} = (*Untyped)(nil)
	_ interface {
		Get(ctx context.Context, key string) (any, bool)
		Set(ctx context.Context, key string, value any, ttl time.Duration) error
		Delete(ctx context.Context, key string) error
		Clear(ctx context.Context) error
	} = UntypedWithContext{}
)

func untyped(t *testing.T, st *State, name string, scope Scope) *Untyped {
	t.Helper()
	u, err := NewUntyped(st, Kind{Name: name, TTL: time.Minute, StaleFor: time.Hour}, scope)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUntypedKeepsValuesForTheirTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := untyped(t, open(t, Config{}), "old", Scope{Account: 1})
		with, ctx := u.WithContext(), t.Context()
		for key, ttl := range map[string]time.Duration{"default": 0, "short": time.Second, "long": time.Hour} {
			if err := u.Set(key, key, ttl); err != nil {
				t.Fatal(err)
			}
			if err := with.Set(ctx, "ctx "+key, key, ttl); err != nil {
				t.Fatal(err)
			}
		}
		want := func(key string, found bool) {
			t.Helper()
			for _, full := range []string{key, "ctx " + key} {
				value, ok := u.Get(full)
				same, okToo := with.Get(ctx, full)
				if ok != found || okToo != found || same != value || found && value != key {
					t.Errorf("%s: %v, %v and %v, %v: want %v", full, value, ok, same, okToo, found)
				}
			}
		}
		want("short", true)
		time.Sleep(2 * time.Second)
		want("short", false) // and not stale
		want("default", true)
		time.Sleep(time.Minute)
		want("default", false)
		want("long", true)
		if err := u.Delete("long"); err != nil {
			t.Error(err)
		}
		if err := with.Delete(ctx, "ctx long"); err != nil {
			t.Error(err)
		}
		if err := u.Delete("never there"); err != nil {
			t.Error(err)
		}
		want("long", false)
	})
}

func TestUntypedClearAndStats(t *testing.T) {
	u := untyped(t, open(t, Config{}), "old", Scope{Account: 1})
	for _, clear := range []func() error{
		func() error { u.Clear(); return nil },
		func() error { return u.WithContext().Clear(t.Context()) },
	} {
		if err := u.Set("a", 1, 0); err != nil {
			t.Fatal(err)
		}
		if err := clear(); err != nil {
			t.Fatal(err)
		}
		if value, ok := u.Get("a"); ok {
			t.Errorf("%v is there", value)
		}
	}
	s, err := u.WithContext().Stats(t.Context())
	if err != nil || s != u.Stats() || s.Name != "old" {
		t.Errorf("stats %+v, %v", s, err)
	}
}

func TestUntypedRefusals(t *testing.T) {
	st := open(t, Config{})
	for _, scope := range []Scope{{}, {Account: -1}, {Account: 1, Principal: strings.Repeat("x", 1000)}} {
		if _, err := NewUntyped(st, Kind{Name: "old"}, scope); !errors.Is(err, ErrBadKey) {
			t.Errorf("%+v: error %v: want ErrBadKey", scope, err)
		}
	}
	if _, err := NewUntyped(st, Kind{}, Scope{Account: 1}); !errors.Is(err, ErrConfig) {
		t.Errorf("error %v: want ErrConfig", err)
	}
	u := untyped(t, st, "old", Scope{Account: 1})
	long := strings.Repeat("x", MaxKeyBytes)
	if _, ok := u.Get(long); ok {
		t.Error("a key that is too long has a value")
	}
	if err := errors.Join(u.Set(long, 1, 0), u.Delete(long)); !errors.Is(err, ErrBadKey) {
		t.Errorf("error %v: want ErrBadKey", err)
	}
	if err := u.Set("a", 1, 0); err != nil {
		t.Fatal(err)
	}
	if err := u.Set("a", 2, -1); !errors.Is(err, ErrNotKept) {
		t.Errorf("error %v: want ErrNotKept", err)
	}
	if value, ok := u.Get("a"); ok {
		t.Errorf("%v is there", value)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := u.Set("a", 1, 0); !errors.Is(err, ErrNotKept) {
		t.Errorf("error %v: want ErrNotKept", err)
	}
}

func TestUntypedKeepsItsScope(t *testing.T) {
	st := open(t, Config{})
	own := untyped(t, st, "own", Scope{Account: 1, Principal: "analyst"})
	if err := own.Set("a", 1, 0); err != nil {
		t.Fatal(err)
	}
	everyone, err := TextKey(1, "own", "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := own.cache.Get(everyone); ok {
		t.Error("the principal is not in the key")
	}
	if value, ok := own.Get("a"); !ok || value != 1 {
		t.Errorf("got %v, %v", value, ok)
	}
	st.Invalidate(AccountTag(1))
	if value, ok := own.Get("a"); ok {
		t.Errorf("%v is there after its account was invalidated", value)
	}
}
