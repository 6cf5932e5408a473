package remote

import (
	"fmt"
	"strconv"
	"time"
)

// What stands in Redis under a value's key is a header, which the scripts read,
// and a Frame, which they don't. Where the key was invalidated there is a header
// alone: a tombstone.
//
//	U1 | incarnation | floor | since | write | frame
//	 2 |          16 |    16 |    16 |    16 | the rest
//
// The numbers are decimal, padded with zeros: Lua's numbers are exact up to 2^53,
// which all of them stay below, and nothing depends on a server's collation.
const (
	headerMark   = "U1"
	numberDigits = 16
	stampBytes   = len(headerMark) + 4*numberDigits
	maxNumber    = 1<<53 - 1
	// maxValueBytes is how much of a value is read: a longer one is damaged then.
	maxValueBytes = 64 << 20
	maxFrameBytes = maxValueBytes - stampBytes
)

// stamp is a time by the ledger: what was loaded then knows of every
// invalidation up to the epoch, in that incarnation of the ledger. The zero stamp
// is before everything.
type stamp struct {
	incarnation uint64
	epoch       uint64
}

// header is what the scripts know of a value.
type header struct {
	incarnation uint64
	floor       uint64 // the epoch in which the key was last invalidated, 0 where it never was
	since       uint64 // the epoch in which the load began
	write       uint64 // of whoever wrote it, no two alike
}

func number(n uint64) string { return fmt.Sprintf("%0*d", numberDigits, n) }

// parseValue takes apart what stands in Redis. body is empty for a tombstone.
func parseValue(b string) (h header, body string, ok bool) {
	if len(b) < stampBytes || b[:len(headerMark)] != headerMark {
		return header{}, "", false
	}
	at := len(headerMark)
	for _, field := range []*uint64{&h.incarnation, &h.floor, &h.since, &h.write} {
		n, err := strconv.ParseUint(b[at:at+numberDigits], 10, 64)
		if err != nil || n > maxNumber {
			return header{}, "", false
		}
		*field = n
		at += numberDigits
	}
	return h, b[at:], true
}

// milliseconds is a lifetime as Redis takes it: at least one, since none is for
// ever.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}
