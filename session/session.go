package session

import "time"

// Session is a session as it was at one moment. It never changes, and shares
// nothing that can be written to, so it may be kept and read by any number of
// goroutines; a newer one is got by Get. It is changed by Update alone.
type Session struct {
	content
}

// deadline is when a session ends that nobody uses any more. A touch may have
// been left out for touchInterval, so that much is added.
func (c *content) deadline(idle, touchInterval time.Duration) time.Time {
	if c.grave != nil {
		return c.grave.deadline
	}
	idleEnd := c.LastUsed().Add(idle + touchInterval)
	if expires := c.Expires(); expires.Before(idleEnd) {
		return expires
	}
	return idleEnd
}

// classify works out what Get goes by.
func (c *content) classify(idle, touchInterval time.Duration) {
	c.owner, c.servable, c.closing = "", false, false
	if c.identity == nil {
		return
	}
	c.owner = Owner(c.identity.value.Owner)
	c.servable = c.grave == nil
	c.closing = c.Expires().Before(c.LastUsed().Add(2 * (idle + touchInterval)))
}
