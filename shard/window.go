package shard

// WindowShare returns the share of the entries that the admission window may hold
// at present, from 0.01 to 0.8: it follows what is asked for. It says nothing
// of an unbounded cache, which admits everything.
func (c *Cache[K, V]) WindowShare() float64 { return c.balance.share() }
