package shard

import (
	"testing"
	"time"
)

// Whoever writes over a value that had expired has inserted one, whether the new one has
// a deadline or not.
func TestUpdateOfWhatHasExpiredIsAnInsert(t *testing.T) {
	for name, ttl := range map[string]time.Duration{"a minute": time.Minute, "for ever": Forever} {
		eachShape(t, name, func(t *testing.T, shape wordShape) {
			inBubble(t, func(t *testing.T) {
				c := newChecked(t, Options[string, int]{MaximumSize: 10, Tick: time.Minute, ExactExpiry: true})
				c.shape = shape
				c.SetWithTTL("a", 1, time.Second)
				time.Sleep(2 * time.Second)
				c.SetWithTTL("a", 2, ttl)
				if s := c.Stats(); s.Inserts != 2 || s.Updates != 0 || s.Expirations != 1 {
					t.Errorf("counted were %+v; want 2 inserts, no update and 1 expiration", s)
				}
			})
		})
	}
}

// An update that is nobody's business is counted all the same.
func TestUpdatesAreCounted(t *testing.T) {
	eachShape(t, "updates", func(t *testing.T, shape wordShape) {
		c := newChecked(t, Options[string, int]{MaximumSize: 10})
		c.shape = shape
		for i := range 5 {
			c.Set("a", i)
		}
		if s := c.Stats(); s.Inserts != 1 || s.Updates != 4 || s.Removals+s.Evictions+s.Expirations != 0 {
			t.Errorf("counted were %+v; want 1 insert and 4 updates", s)
		}
	})
}
