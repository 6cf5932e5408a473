package shard

import "fmt"

// Cause says why a value left the cache.
type Cause uint8

const (
	// CauseReplaced: a write gave the key another value.
	CauseReplaced Cause = iota + 1
	// CauseDeleted: Delete or Compute removed it, or a newer value for its key
	// was refused, so that it no longer holds.
	CauseDeleted
	// CauseEvicted: it went to make room.
	CauseEvicted
	// CauseExpired: its deadline had passed.
	CauseExpired
	// CauseCleared: Clear or Close removed it.
	CauseCleared
)

// String returns the cause as one lower-case word.
func (c Cause) String() string {
	switch c {
	case CauseReplaced:
		return "replaced"
	case CauseDeleted:
		return "deleted"
	case CauseEvicted:
		return "evicted"
	case CauseExpired:
		return "expired"
	case CauseCleared:
		return "cleared"
	}
	return fmt.Sprintf("Cause(%d)", uint8(c))
}
