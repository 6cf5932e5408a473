package state

import "fmt"

// Quality says how good an answer is, whatever it came from.
type Quality uint8

const (
	// Stale means that the value has outlived the time for which it is fresh,
	// and not yet the time for which it may be served after that. A newer one is
	// being fetched where the call brought a load to fetch it with.
	Stale Quality = iota + 1
	// Full means that the value is what was asked for, and fresh.
	Full
)

// String gives the quality's name in lower case.
func (q Quality) String() string {
	switch q {
	case Stale:
		return "stale"
	case Full:
		return "full"
	default:
		return fmt.Sprintf("quality %d", uint8(q))
	}
}

// MarshalText gives what String gives.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }
