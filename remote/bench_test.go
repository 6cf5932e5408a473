//go:build unix

package remote

import (
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

// BenchmarkGet is a read that hits, beside what the client alone takes for it and
// parsing the frame.
func BenchmarkGet(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	a := live(b, s.URL())
	a.load("k", string(make([]byte, 1024)), "account/1", "kind")
	a.awaitFlushed()
	a.awaitValue("k", string(make([]byte, 1024)))
	client := a.client()
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			text, err := client.Do(b.Context(), client.B().Get().Key("t:v:k").Build()).ToString()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := ParseFrame([]byte(text[stampBytes:])); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tier", func(b *testing.B) {
		for b.Loop() {
			fill := a.BeginFill("k")
			if _, found, err := a.Get(b.Context(), fill); !found || err != nil {
				b.Fatal(found, err)
			}
			fill.End()
		}
	})
}

// BenchmarkInvalidation is from Invalidate on one instance to InvalidateKey on
// another.
func BenchmarkInvalidation(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	one, other := live(b, s.URL()), live(b, s.URL())
	for b.Loop() {
		fill := other.BeginFill("k")
		one.Invalidate([]string{"k"}, nil)
		<-fill.Changed()
		fill.End()
	}
}

// BenchmarkGetWhileAway is what a miss pays for a Redis that is known not to
// answer.
func BenchmarkGetWhileAway(b *testing.B) {
	s := redistest.Start(b, redistest.Options{})
	a := live(b, s.URL(), func(o *Options) { o.Wait = 5 * time.Millisecond })
	s.Shutdown()
	redistest.Await(b, "it is away", func() bool { return !a.Live() })
	for b.Loop() {
		fill := a.BeginFill("k")
		_, _, _ = a.Get(b.Context(), fill)
		fill.End()
	}
}
