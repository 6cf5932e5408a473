package fuzz

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
)

// FuzzConfig gives Open any configuration: it names each field that is wrong, or
// opens a State that works.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x01\x05memory\x01\x00\x05\x00\x09\x02\x00\x00",
		"\x01\x04redis\x05redis://:hunter2@host/0\x03\x01\x01\x05\x04",
		"\xff\xff\x01\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		c := drawConfig(s)
		st, err := state.Open(t.Context(), c)
		checkNamed(t, err, wrongConfig(&c), "Config.")
		if err != nil {
			return
		}
		defer st.Close()
		k := drawKind(s)
		cache, err := state.NewCache[string](st, k)
		checkNamed(t, err, wrongKind(&k), "Kind.")
		if err != nil {
			return
		}
		key, err := state.TextKey(1, "name", k.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !cache.Set(key, "value") || cache.Len() != 1 {
			t.Fatalf("a kind %+v keeps nothing", k)
		}
	})
}

// drawConfig leaves out most of what would make the cache for queries large.
func drawConfig(s *script) state.Config {
	set := s.byte()
	c := state.Config{Store: choose(s, "", state.StoreMemory, state.StoreRedis, state.Store(s.text()))}
	if set&1 != 0 {
		c.RedisURL = drawRedisURL(s)
	}
	if set&2 != 0 {
		c.SessionTTL, c.CacheTTL = time.Duration(s.integer()), time.Duration(s.integer())
	}
	if set&4 != 0 {
		c.LoadTimeout = time.Duration(s.integer())
	}
	if set&8 != 0 {
		c.RedisMaxRetries, c.RedisPoolSize = machineInt(s.integer()), machineInt(s.integer())
	}
	if set&16 != 0 {
		c.QueryConcurrency, c.QueriesPerMinute = machineInt(s.integer()), machineInt(s.integer())
	}
	c.MaximumSize = drawEntries(s)
	return c
}

func drawKind(s *script) state.Kind {
	k := state.Kind{Name: s.text(), MaximumSize: drawEntries(s)}
	if s.bool() {
		k.TTL, k.LoadTimeout = time.Duration(s.integer()), time.Duration(s.integer())
	}
	return k
}

// outside says whether a field that is set is not in its range.
func outside[T ~int | ~int64](n, least, most T) bool { return n != 0 && (n < least || n > most) }

const longest = time.Duration(1<<63 - 1)

func wrongConfig(c *state.Config) map[string]bool {
	return map[string]bool{
		"Store":            c.Store != "" && c.Store != state.StoreMemory && c.Store != state.StoreRedis,
		"SessionTTL":       outside(c.SessionTTL, time.Second, 30*24*time.Hour),
		"CacheTTL":         outside(c.CacheTTL, time.Millisecond, longest),
		"MaximumSize":      outside(c.MaximumSize, 1, 1<<30),
		"LoadTimeout":      outside(c.LoadTimeout, time.Millisecond, longest),
		"RedisURL":         c.RedisURL != "" && !acceptable(string(c.RedisURL)) || c.RedisURL == "" && c.Store == state.StoreRedis,
		"RedisMaxRetries":  outside(c.RedisMaxRetries, -1, 100),
		"RedisPoolSize":    outside(c.RedisPoolSize, 1, 10_000),
		"QueryConcurrency": outside(c.QueryConcurrency, 1, 10_000),
		"QueriesPerMinute": outside(c.QueriesPerMinute, 1, 1_000_000),
	}
}

func wrongKind(k *state.Kind) map[string]bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return map[string]bool{
		"Name":        k.Name == "" || len(k.Name) > 64 || strings.Trim(k.Name, allowed) != "" || hasInside(k.Name, allowed),
		"TTL":         outside(k.TTL, time.Millisecond, longest),
		"MaximumSize": outside(k.MaximumSize, 1, 1<<30),
		"LoadTimeout": outside(k.LoadTimeout, time.Millisecond, longest),
	}
}

// hasInside reports whether a byte of text is not among those allowed.
func hasInside(text, allowed string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(allowed, r) }) >= 0
}

// checkNamed: the error names exactly the wrong fields, and there is none where
// none is wrong.
func checkNamed(t *testing.T, err error, wrong map[string]bool, prefix string) {
	t.Helper()
	any := false
	for field, bad := range wrong {
		any = any || bad
		named := err != nil && (strings.Contains(err.Error(), "\n"+prefix+field+"=") || strings.Contains(err.Error(), "\n"+prefix+field+" is not set"))
		if named != bad {
			t.Fatalf("%s%s is wrong: %v, named: %v, in: %v", prefix, field, bad, named, err)
		}
	}
	if any != errors.Is(err, state.ErrConfig) || !any && err != nil {
		t.Fatalf("something is wrong: %v, and the error is %v", any, err)
	}
}

// FuzzEnvironment gives FromEnv any variables: what it accepts, Open accepts,
// and what it refuses, it names, without a secret.
func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x01\x06memory\x06\x0310s\x0b\x011\x00",
		"\x00\x05redis\x05\x17redis://:hunter2@host/0",
		"\x05\x13http://hunter2@host\x02\x03-5m\x06\x03101",
	} {
		f.Add([]byte(seed))
	}
	clearEnvironment(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		variables := state.Variables()
		set := map[string]string{}
		for range s.below(len(variables)) {
			v := variables[s.below(len(variables))]
			set[v.Name] = drawVariable(s, v)
		}
		for name, value := range set {
			t.Setenv(name, value)
		}
		c, err := state.FromEnv()
		if err != nil {
			checkRefusal(t, c, err)
			return
		}
		if c.MaximumSize > 1<<20 {
			return // that Open would take the memory for it is FuzzConfig's
		}
		st, err := state.Open(t.Context(), c)
		if err != nil {
			t.Fatalf("Open refuses what FromEnv made of %v: %v", set, err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// clearEnvironment keeps what the machine has set out of the test.
func clearEnvironment(f *testing.F) {
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		known := strings.HasPrefix(name, "STATE_")
		for _, v := range state.Variables() {
			known = known || v.Name == name
		}
		if known {
			f.Setenv(name, value) // restores it afterwards
			os.Unsetenv(name)
		}
	}
}

func drawVariable(s *script, v state.Variable) string {
	switch s.below(6) {
	case 0:
		return v.Default
	case 1:
		return fmt.Sprint(s.integer())
	case 2:
		return time.Duration(s.integer()).String()
	case 3:
		return string(choose(s, state.StoreMemory, state.StoreRedis))
	case 4:
		return strings.ReplaceAll(string(drawRedisURL(s)), "\x00", "")
	default:
		return strings.ReplaceAll(s.text(), "\x00", "")
	}
}

func checkRefusal(t *testing.T, c state.Config, err error) {
	if !errors.Is(err, state.ErrConfig) || !reflect.DeepEqual(c, state.Config{}) {
		t.Fatalf("%+v, %v; want the zero Config and ErrConfig", c, err)
	}
	named := strings.Contains(err.Error(), "REDIS_URL is not set")
	for _, v := range state.Variables() {
		named = named || strings.Contains(err.Error(), "\n"+v.Name+"=")
	}
	if !named {
		t.Fatalf("the error names no variable: %v", err)
	}
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(line, "REDIS_URL=") && strings.Contains(line, secret) {
			t.Fatalf("the error gives a secret away: %v", err)
		}
	}
}
