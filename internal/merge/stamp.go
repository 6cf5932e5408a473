package merge

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// StampLength is how many characters a stamp takes when written.
const StampLength = 24

// ErrStamp is matched by ParseStamp's error.
var ErrStamp = errors.New("merge: bad stamp")

// Stamp says when something was written, and by whom, so that any two writes can
// be put in one order everywhere. The zero Stamp is before all others.
//
// Written, it is 12 hexadecimal digits of milliseconds since 1970, 4 of a counter
// and 8 of the node, in lower case. So strings compare as stamps do, which Lua
// needs: its numbers have only 53 bits.
type Stamp struct {
	ticks uint64 // milliseconds << 16 | counter
	node  uint32
}

// counterBits is how much of a stamp's ticks is the counter.
const counterBits = 16

// StampAt returns the first stamp of a millisecond. Times before 1970 count as
// 1970, and those beyond 48 bits of milliseconds as the last of them.
func StampAt(t time.Time, node uint32) Stamp { return Stamp{ticks: ticksAt(t), node: node} }

func ticksAt(t time.Time) uint64 {
	return uint64(min(max(t.UnixMilli(), 0), 1<<(64-counterBits)-1)) << counterBits
}

// Time returns the stamp's time, in whole milliseconds.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s.ticks >> counterBits)) }

// IsZero is true for the Stamp that is before all others.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// After reports whether s is later than o.
func (s Stamp) After(o Stamp) bool {
	return s.ticks > o.ticks || s.ticks == o.ticks && s.node > o.node
}

// Append appends the 24 characters of a stamp.
func (s Stamp) Append(to []byte) []byte {
	var b [StampLength / 2]byte
	binary.BigEndian.PutUint64(b[:], s.ticks)
	binary.BigEndian.PutUint32(b[8:], s.node)
	return hex.AppendEncode(to, b[:])
}

// String returns the 24 characters of a stamp.
func (s Stamp) String() string {
	var written [StampLength]byte
	return string(s.Append(written[:0]))
}

// ParseStamp reads what String wrote. The error matches ErrStamp.
func ParseStamp(text string) (Stamp, error) {
	if len(text) != StampLength {
		return Stamp{}, fmt.Errorf("%w: %d characters; want %d hexadecimal digits", ErrStamp, len(text), StampLength)
	}
	ticks, ok := hexadecimal(text[:16])
	node, ok2 := hexadecimal(text[16:])
	if !ok || !ok2 {
		return Stamp{}, fmt.Errorf("%w: %.24q; want %d hexadecimal digits in lower case", ErrStamp, text, StampLength)
	}
	return Stamp{ticks: ticks, node: uint32(node)}, nil
}

// hexadecimal reads digits as Stamp writes them: lower case only, or one stamp
// would have two spellings.
func hexadecimal(text string) (value uint64, ok bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			value = value<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			value = value<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return value, true
}
