package contest

// settleEvery is how many writes a cache is given before it is waited for while
// it is filled: less than the smallest buffer that drops what doesn't fit.
const settleEvery = 1024

// Fill sets every key, without haste. Caches that refuse new keys, or evict
// early, get a second chance for each that isn't there.
func Fill[K Key](c Cache[K], keys []K) {
	for i, key := range keys {
		c.Set(key, uint64(i))
		if i%settleEvery == settleEvery-1 {
			c.Settle()
		}
	}
	c.Settle()
	for i, key := range keys {
		if _, ok := c.Get(key); !ok {
			c.Set(key, uint64(i))
		}
		if i%settleEvery == settleEvery-1 {
			c.Settle()
		}
	}
	c.Settle()
}
