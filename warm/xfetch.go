package warm

import (
	"math"
	"time"
)

// Due says whether a result is to be refreshed now, ahead of its expiry: XFetch
// (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
// Prevention", VLDB 2015). Each hit draws a random number of its own, and no two
// instances need to talk for one of them, and seldom more, to be early.
//
// delta is how long the load took last; beta is 1, or more to be earlier; random
// is uniform in [0, 1). With r left before the expiry, Due is true with
// probability exp(-r / (beta × delta)), and certainly once the expiry has come. A
// delta of zero or less is never early.
func Due(now, expiry time.Time, delta time.Duration, beta, random float64) bool {
	return due(float64(expiry.Sub(now)), float64(delta), beta, random)
}

// due is Due with what is left, all in nanoseconds.
func due(left, delta, beta, random float64) bool {
	if left <= 0 {
		return true
	}
	// 1 - random is in (0, 1], so the logarithm is finite.
	return delta > 0 && -delta*beta*math.Log(1-random) >= left
}
