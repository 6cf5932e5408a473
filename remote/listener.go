package remote

// Listener hears what happens to the values that a cache in front of the tier
// holds. The tier calls it from one goroutine, one call after the other, and
// hears nothing else meanwhile: a listener must not wait, and must not call
// methods of the Tier that do.
//
// Before it is called, every Fill is ended that the call concerns, apart from
// InvalidateTags; Fill says what this is for. And whoever calls Tier.Invalidate
// tells the tier first and drops what they hold afterwards, so that a load that
// begins in between does not find in Redis what was just dropped.
type Listener interface {
	// InvalidateKey says that the key's value has changed: another instance wrote
	// or deleted it, it expired in Redis, or Redis evicted it.
	InvalidateKey(key string)
	// InvalidateTags says that another instance invalidated everything that has
	// one of the tags and was loaded up to now. That includes loads under way: their
	// tags are not known, so their fills stay valid, and who stores what they bring
	// has to see whether one of its tags was invalidated since they began.
	InvalidateTags(tags []string)
	// Gap says that changes may have been missed: whatever is held is unverified
	// from now on. It may be served as such for Options.MaxUnverified at most, and
	// a value that Get returns once Verified was called takes its place.
	Gap()
	// Verified says that all changes are heard again. What was there before stays
	// unverified until it is compared with what Get returns.
	Verified()
}
