package session

import (
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
