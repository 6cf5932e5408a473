package state

import "fmt"

// Quality says how good an answer is, whatever it came from. Better ones are
// greater.
//
// A Stale value is better than a Narrow one, because it was right about all that
// was asked, a while ago; and that is better than a Sampled one, because it is
// right about a part, where a sample is an estimate of everything.
type Quality uint8

const (
	// Nothing means that there is no value.
	Nothing Quality = iota
	// Sampled means that not all events were read, and the value is an estimate.
	// Only previews are.
	Sampled
	// Narrow means that the value is about a narrower time range than was asked
	// for, or one that ends earlier. Only previews are.
	Narrow
	// Stale means that the value has outlived the time for which it is fresh,
	// and not yet the time for which it may be served after that. A newer one is
	// being fetched where the call brought a load to fetch it with.
	Stale
	// Full means that the value is what was asked for, and fresh.
	Full
)

var qualityNames = [...]string{"nothing", "sampled", "narrow", "stale", "full"}

// String gives the quality's name in lower case.
func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return fmt.Sprintf("quality %d", uint8(q))
}

// MarshalText gives what String gives.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }
