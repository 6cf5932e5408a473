package shard

import (
	"testing"
	"time"
)

// Between a deadline and the tick that clears the entry away it is still in the
// table, and no operation finds it there. Each one has a cache of its own, since
// some clear away what they meet.
func TestNoOperationFindsWhatHasExpired(t *testing.T) {
	for name, finds := range map[string]func(c *Cache[string, int]) bool{
		"Get":        func(c *Cache[string, int]) bool { _, ok := c.Get("a"); return ok },
		"GetQuietly": func(c *Cache[string, int]) bool { _, ok := c.GetQuietly("a"); return ok },
		"TTL":        func(c *Cache[string, int]) bool { _, ok := c.TTL("a"); return ok },
		"SetTTL":     func(c *Cache[string, int]) bool { return c.SetTTL("a", time.Hour) },
		"Delete":     func(c *Cache[string, int]) bool { _, ok := c.Delete("a"); return ok },
		"SetIfAbsent": func(c *Cache[string, int]) bool {
			_, set := c.SetIfAbsent("a", 2)
			return !set
		},
		"Compute": func(c *Cache[string, int]) (found bool) {
			c.Compute("a", func(_ int, there bool) (int, Op) { found = there; return 0, Keep })
			return found
		},
		"All": func(c *Cache[string, int]) (found bool) {
			c.All()(func(string, int) bool { found = true; return true })
			return
		},
		"Hottest": func(c *Cache[string, int]) (found bool) {
			c.Hottest()(func(string, int) bool { found = true; return true })
			return
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newChecked(t, Options[string, int]{MaximumSize: 10, DefaultTTL: time.Second, Tick: time.Minute, ExactExpiry: true})
				c.Set("a", 1)
				time.Sleep(time.Second)
				if c.Len() != 1 {
					t.Fatal("the entry has been cleared away: this test proves nothing")
				}
				if finds(c) {
					t.Error("found a value at its deadline")
				}
			})
		})
	}
}

// The path that every Get takes compares deadlines too. The wheel, which would
// clear the entry away, stands still while its owner is away.
func TestGetGoesByTheCoarseClock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newChecked(t, Options[string, int]{MaximumSize: 10, DefaultTTL: time.Second})
		c.Set("a", 1)
		resume := suspendOwners(t, c)
		sleep(time.Second + 2*time.Millisecond)
		if _, ok := c.Get("a"); ok || c.Len() != 1 {
			t.Errorf("Get found a value past its deadline: %v; entries: %d", ok, c.Len())
		}
		resume()
	})
}
