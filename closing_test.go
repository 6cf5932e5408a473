package state

import (
	"context"
	"testing"
)

// Close empties the engine before it closes it. What comes in between is not
// kept either, neither a Set nor what a load brings.
func TestClosingCacheKeepsNothing(t *testing.T) {
	c := cacheOf[string](t, Kind{})
	c.flights.mu.Lock()
	c.flights.closed = true
	c.flights.mu.Unlock()

	if c.Set(keyOf(t, 1), "set") {
		t.Error("a Set was accepted")
	}
	res, err := c.Fetch(t.Context(), keyOf(t, 2), func(context.Context) (string, error) { return "loaded", nil })
	if err != nil || res.Value != "loaded" {
		t.Errorf("Fetch = %q, %v", res.Value, err)
	}
	if c.Len() != 0 {
		t.Errorf("%d results are kept", c.Len())
	}
}
