package remote

import (
	"fmt"
	"math"

	"github.com/klauspost/compress/s2"

	"github.com/uds-platform/state/internal/codec"
)

// Codec says how a payload is encoded.
type Codec uint8

const (
	// CBOR is package codec's encoding.
	CBOR Codec = iota + 1
	// CompressedCBOR is the same in a block of S2, which is Snappy's successor.
	CompressedCBOR

	codecs
)

func (c Codec) known() bool { return 0 < c && c < codecs }

// A payload is compressed from smallBytes on, and where that leaves seven eighths
// of it at most. It is left as it is where it would become smaller by more than
// maxRatio, so that nobody needs to read such: a few bytes that claim to be
// gigabytes are refused, and reading allocates no more than maxRatio × what came.
const (
	smallBytes = 1 << 10
	maxRatio   = 64
)

// Pack encodes a value as the frame's payload, and says so in Codec and Type.
// fingerprint is codec.Fingerprint of the value's type, which takes too long to
// work out for each value. An error matches codec.ErrEncode.
func (f *Frame) Pack(value any, fingerprint uint64) error {
	payload, err := codec.Marshal(value)
	if err != nil {
		return err
	}
	f.Type, f.Codec, f.Payload = fingerprint, CBOR, payload
	if len(payload) < smallBytes || len(payload) > math.MaxInt32 {
		return nil
	}
	if block := s2.Encode(nil, payload); len(block) <= len(payload)/8*7 && len(payload) <= maxRatio*len(block) {
		f.Codec, f.Payload = CompressedCBOR, block
	}
	return nil
}

// Unpack decodes the payload into what into points at. fingerprint is
// codec.Fingerprint of that type. An error matches ErrFrameType, ErrFrameCodec or
// ErrFrameCorrupt.
func (f *Frame) Unpack(into any, fingerprint uint64) error {
	if f.Type != fingerprint {
		return ErrFrameType
	}
	payload, err := f.plain()
	if err != nil {
		return err
	}
	if err := codec.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("%w: %w", ErrFrameCorrupt, err)
	}
	return nil
}

// plain is the payload as CBOR.
func (f *Frame) plain() ([]byte, error) {
	switch f.Codec {
	case CBOR:
		return f.Payload, nil
	case CompressedCBOR:
		length, err := s2.DecodedLen(f.Payload)
		if err != nil || length > maxRatio*len(f.Payload) {
			return nil, fmt.Errorf("%w: its payload claims a length that it can't have", ErrFrameCorrupt)
		}
		payload, err := s2.Decode(nil, f.Payload)
		if err != nil {
			return nil, fmt.Errorf("%w: its payload can't be decompressed: %w", ErrFrameCorrupt, err)
		}
		return payload, nil
	default:
		return nil, fmt.Errorf("%w: %d", ErrFrameCodec, f.Codec)
	}
}
