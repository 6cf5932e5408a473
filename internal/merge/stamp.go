package merge

import (
	"encoding/binary"
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
//
// It takes 12 bytes, not the 16 of an uint64 and an uint32 together: a session keeps
// three stamps for everything that it knows.
type Stamp struct {
	high uint32 // of its ticks, which are milliseconds << 16 | counter
	low  uint32
	node uint32
}

// counterBits is how much of a stamp's ticks is the counter.
const counterBits = 16

// StampAt returns the first stamp of a millisecond. Times before 1970 count as
// 1970, and those beyond 48 bits of milliseconds as the last of them.
func StampAt(t time.Time, node uint32) Stamp { return newStamp(ticksAt(t), node) }

func newStamp(ticks uint64, node uint32) Stamp {
	return Stamp{high: uint32(ticks >> 32), low: uint32(ticks), node: node}
}

func (s Stamp) ticks() uint64 { return uint64(s.high)<<32 | uint64(s.low) }

func ticksAt(t time.Time) uint64 {
	return uint64(min(max(t.UnixMilli(), 0), 1<<(64-counterBits)-1)) << counterBits
}

// Time returns the stamp's time, in whole milliseconds.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s.ticks() >> counterBits)) }

// Node identifies the clock that made the stamp, in the stamp's last 8 characters.
func (s Stamp) Node() string {
	written := s.String()
	return written[len(written)-8:]
}

// IsZero is true for the Stamp that is before all others.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// After reports whether s is later than o.
func (s Stamp) After(o Stamp) bool {
	a, b := s.ticks(), o.ticks()
	return a > b || a == b && s.node > o.node
}

// Append appends the 24 characters of a stamp.
func (s Stamp) Append(to []byte) []byte {
	var written [StampLength]byte
	binary.BigEndian.PutUint64(written[0:], hexadecimalOf(s.high))
	binary.BigEndian.PutUint64(written[8:], hexadecimalOf(s.low))
	binary.BigEndian.PutUint64(written[16:], hexadecimalOf(s.node))
	return append(to, written[:]...)
}

// hexadecimalOf returns the 8 digits of a number, the first in the highest byte. It
// works on all at once: a snapshot writes some 50 stamps a session.
func hexadecimalOf(n uint32) uint64 {
	const each = 0x0101010101010101 // a one in each byte
	x := uint64(n)
	x = (x<<16 | x) & 0x0000ffff0000ffff
	x = (x<<8 | x) & 0x00ff00ff00ff00ff
	x = (x<<4 | x) & 0x0f0f0f0f0f0f0f0f
	letters := (x + 6*each) >> 4 & each // a one where it is 10 or more
	return x + '0'*each + letters*('a'-10-'0')
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
	return newStamp(ticks, uint32(node)), nil
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
