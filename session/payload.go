package session

import (
	"encoding/binary"
	"fmt"
	"time"
)

// appendPayload appends a value just as the package's encoding writes it; what it
// does not know it leaves to that, which takes several times as long. What sessions
// have many of, it knows.
func (w *fieldWriter) appendPayload(b []byte, value any) []byte {
	switch v := value.(type) {
	case *Call:
		if !v.At.IsZero() {
			return appendCall(b, v)
		}
	case *Schema:
		if !v.ExploredAt.IsZero() {
			return appendSchema(b, v)
		}
	case *Result:
		if !v.FetchedAt.IsZero() {
			return appendResult(b, v)
		}
	case *time.Time:
		if !v.IsZero() {
			return appendTime(b, *v)
		}
	case *identity:
		if !v.Created.IsZero() && !v.Expires.IsZero() {
			b = appendText(append(b, cborMap|3, 1), v.Owner)
			b = appendTime(append(b, 2), v.Created)
			return appendTime(append(b, 3), v.Expires)
		}
	case *Goal:
		if len(v.Facts) == 0 {
			return appendText(append(b, cborMap|1, 1), v.Text)
		}
	case *tally:
		b = append(b, cborMap|3)
		b = appendText(append(b, 1), v.Tool)
		b = appendText(append(b, 2), v.EventType)
		return appendHead(append(b, 3), cborUnsigned, v.Count)
	case *string:
		return appendText(b, *v)
	case *any:
		if text, ok := (*v).(string); ok {
			return appendText(b, text)
		}
	}
	w.unknown.Reset()
	if err := encoding.MarshalToBuffer(value, &w.unknown); err != nil {
		panic(fmt.Sprintf("session: a checked %T can't be encoded: %v", value, err))
	}
	return append(b, w.unknown.Bytes()...)
}

// A struct is a map from the fields' numbers, in their order; what is empty, and may
// be left out, is.

func appendCall(b []byte, c *Call) []byte {
	b = append(b, cborMap|byte(3+one(c.EventType != "")+one(c.Duration != 0)+one(c.Failed)))
	b = appendText(append(b, 1), c.Tool)
	if c.EventType != "" {
		b = appendText(append(b, 2), c.EventType)
	}
	b = appendTime(append(b, 3), c.At)
	if c.Duration != 0 {
		b = appendInteger(append(b, 4), int64(c.Duration))
	}
	b = appendHead(append(b, 5), cborUnsigned, uint64(c.Source))
	if c.Failed {
		b = append(b, 6, cborTrue)
	}
	return b
}

func appendSchema(b []byte, s *Schema) []byte {
	b = append(b, cborMap|byte(3+one(len(s.Attributes) > 0)+one(s.Fingerprint != "")))
	b = appendInteger(append(b, 1), s.Account)
	b = appendText(append(b, 2), s.EventType)
	if len(s.Attributes) > 0 {
		b = appendHead(append(b, 3), cborArray, uint64(len(s.Attributes)))
		for _, attribute := range s.Attributes {
			b = appendText(b, attribute)
		}
	}
	if s.Fingerprint != "" {
		b = appendText(append(b, 4), s.Fingerprint)
	}
	return appendTime(append(b, 5), s.ExploredAt)
}

func appendResult(b []byte, v *Result) []byte {
	b = append(b, cborMap|byte(2+one(v.Tool != "")+one(v.EventType != "")+one(v.Duration != 0)+one(v.Quality != "")+one(v.Rows != 0)))
	b = appendText(append(b, 1), v.Key)
	if v.Tool != "" {
		b = appendText(append(b, 2), v.Tool)
	}
	if v.EventType != "" {
		b = appendText(append(b, 3), v.EventType)
	}
	b = appendTime(append(b, 4), v.FetchedAt)
	if v.Duration != 0 {
		b = appendInteger(append(b, 5), int64(v.Duration))
	}
	if v.Quality != "" {
		b = appendText(append(b, 6), v.Quality)
	}
	if v.Rows != 0 {
		b = appendInteger(append(b, 7), v.Rows)
	}
	return b
}

func one(there bool) int {
	if there {
		return 1
	}
	return 0
}

// CBOR's major types (RFC 8949, section 3.1), as they begin a byte, and two whole
// ones.
const (
	cborUnsigned = 0 << 5
	cborNegative = 1 << 5
	cborBytes    = 2 << 5
	cborText     = 3 << 5
	cborArray    = 4 << 5
	cborMap      = 5 << 5
	cborTimeTag  = 6 << 5 // a text as in RFC 3339 follows
	cborTrue     = 0xf5

	longestHead = 9 // bytes
)

// appendHead appends the head of a data item: its major type, and a number in the
// fewest bytes.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendInteger(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, cborNegative, uint64(-1-n))
	}
	return appendHead(b, cborUnsigned, uint64(n))
}

func appendText(b []byte, text string) []byte {
	return append(appendHead(b, cborText, uint64(len(text))), text...)
}

// appendTime writes a time in UTC as time.RFC3339Nano has it, in a third of what
// AppendFormat takes: a session is hardly more than times and names.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		text := t.Format(time.RFC3339Nano)
		return appendText(append(b, cborTimeTag), text)
	}
	hour, minute, second := t.Clock()
	fraction, digits := t.Nanosecond(), 9
	for ; digits > 0 && fraction%10 == 0; digits-- {
		fraction /= 10
	}
	length := len("2006-01-02T15:04:05Z")
	if digits > 0 {
		length += len(".") + digits
	}
	b = appendHead(append(b, cborTimeTag), cborText, uint64(length))
	b = append(appendPair(appendPair(b, year/100), year%100), '-')
	b = append(appendPair(b, int(month)), '-')
	b = append(appendPair(b, day), 'T')
	b = append(appendPair(b, hour), ':')
	b = append(appendPair(b, minute), ':')
	b = appendPair(b, second)
	if digits > 0 {
		b = append(b, ".000000000"[:1+digits]...)
		for at := len(b) - 1; fraction > 0; at-- {
			b[at] = '0' + byte(fraction%10)
			fraction /= 10
		}
	}
	return append(b, 'Z')
}

// appendPair writes a number below 100.
func appendPair(b []byte, n int) []byte { return append(b, '0'+byte(n/10), '0'+byte(n%10)) }
