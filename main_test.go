package state

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// What the Redis client starts to look at its servers again, or to end connections that
// it does not need any more, sleeps for some seconds after it is closed, and then ends.
const (
	clientsNap       = "github.com/redis/rueidis.(*call).DelayDo.func1"
	clientsLastSleep = "github.com/redis/rueidis.(*clusterClient)._refresh.func2"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(victimFolder); folder != "" {
		victim(folder) // never returns
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(clientsNap), goleak.IgnoreAnyFunction(clientsLastSleep))
}

// open opens a State that is closed with the test.
func open(t testing.TB, cfg Config) *State {
	t.Helper()
	st, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// cacheOf makes a cache in a State of its own.
func cacheOf[T any](t testing.TB, k Kind) *Cache[T] {
	t.Helper()
	if k.Name == "" {
		k.Name = "test"
	}
	c, err := NewCache[T](open(t, Config{}), k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keyOf makes a key of account 1.
func keyOf(t testing.TB, parts ...any) Key {
	t.Helper()
	key, err := NewKey(Scope{Account: 1}, "test", parts...)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
