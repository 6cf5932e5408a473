package state

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

func TestLoaderPanicBecomesAnError(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		value any
		is    error
		text  string
	}{
		"text":  {"secret sauce", nil, "secret sauce"},
		"error": {broken, broken, "broken"},
		"nil":   {nil, nil, "nil"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				st := open(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				cache, err := NewCache[string](st, Kind{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				key, release := keyOf(t, 1), make(chan struct{})
				load := func(context.Context) (string, error) {
					<-release
					panic(c.value)
				}
				one, two := fetching(t.Context(), cache, key, load), fetching(t.Context(), cache, key, load)
				synctest.Wait()
				close(release)
				for _, ch := range []<-chan answer[string]{one, two} {
					got := <-ch
					if !errors.Is(got.err, ErrLoaderPanic) || !strings.Contains(got.err.Error(), c.text) {
						t.Errorf("error %v: want ErrLoaderPanic with %q", got.err, c.text)
					}
					if c.is != nil && !errors.Is(got.err, c.is) {
						t.Errorf("error %v does not match the panic's value", got.err)
					}
				}
				if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "kind=test") ||
					!strings.Contains(text, "load_test.go") || strings.Contains(text, "secret sauce") {
					t.Errorf("log %q: want the stack, and not the value", text)
				}
				wantValue(t, fetchNow(cache, key, constant("b")), "b", Origin)
			})
		})
	}
}

func TestLoaderExitBecomesAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cacheOf[string](t, Kind{})
		key, release := keyOf(t, 1), make(chan struct{})
		load := func(context.Context) (string, error) {
			<-release
			runtime.Goexit()
			return "never", nil
		}
		one, two := fetching(t.Context(), c, key, load), fetching(t.Context(), c, key, load)
		synctest.Wait()
		close(release)
		for _, ch := range []<-chan answer[string]{one, two} {
			if got := <-ch; !errors.Is(got.err, ErrLoaderExited) {
				t.Errorf("error %v: want ErrLoaderExited", got.err)
			}
		}
		wantValue(t, fetchNow(c, key, constant("b")), "b", Origin)
	})
}

func TestNilLoadIsAnError(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	if _, err := c.Fetch(t.Context(), keyOf(t, 1), nil); !errors.Is(err, ErrLoaderPanic) {
		t.Errorf("error %v: want ErrLoaderPanic", err)
	}
}
