package session

import (
	"encoding/binary"
	"math"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

const (
	// maxPairs and maxItems bound what a hostile record can make the decoder
	// allocate; no session that a Draft made comes near.
	maxPairs = 1 << 16
	maxItems = 1 << 16
)

var (
	encoding = mustEncoding()
	decoding = mustDecoding()
)

func mustEncoding() cbor.UserBufferEncMode {
	mode, err := cbor.EncOptions{
		Sort:          cbor.SortBytewiseLexical, // one value has one encoding, on every instance
		Time:          cbor.TimeRFC3339NanoUTC,
		TimeTag:       cbor.EncTagRequired,
		ShortestFloat: cbor.ShortestFloatNone,
	}.UserBufferEncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}

func mustDecoding() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		IntDec:           cbor.IntDecConvertSignedOrFail,
		UTF8:             cbor.UTF8RejectInvalid,
		DefaultMapType:   reflect.TypeFor[map[string]any](),
		MaxNestedLevels:  2*maxValueDepth + 4,
		MaxArrayElements: maxItems,
		MaxMapPairs:      maxPairs,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// The major types of CBOR that the frame of a record is made of (RFC 8949, 3.1).
const (
	cborUint  = 0 << 5
	cborBytes = 2 << 5
	cborText  = 3 << 5
	cborArray = 4 << 5
	cborMap   = 5 << 5

	longestHead = 9 // bytes
)

// appendHead appends the head of an item, in its one shortest form. The codec writes
// whole items only, and a record's parts come one by one.
func appendHead(to []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(to, major|byte(n))
	case n <= math.MaxUint8:
		return append(to, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(to, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(to, major|27), n)
}
