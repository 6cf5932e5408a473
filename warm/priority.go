package warm

import "fmt"

// Priority orders what is sent to NRDB. Where there is not room for all, the
// lower number goes first.
type Priority uint8

const (
	// Demand is a query that somebody waits for.
	Demand Priority = iota + 1
	// Refresh renews a popular result before it expires.
	Refresh
	// Prefetch loads what may be asked for next.
	Prefetch
)

// String gives the priority's name in lower case.
func (p Priority) String() string {
	switch p {
	case Demand:
		return "demand"
	case Refresh:
		return "refresh"
	case Prefetch:
		return "prefetch"
	default:
		return fmt.Sprintf("priority %d", uint8(p))
	}
}

// MarshalText gives what String gives.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
