package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

// Frame is a value as it lies in Redis, with what must be known to serve it: what
// it is, when it was written, until when it holds and what it depends on.
//
// The problem: Redis is shared with other versions of the program, with other
// programs, and with whoever has its password. What comes back may be of another
// type, written by a newer version, cut off or forged. None of it may be served,
// or be more than a miss.
//
// The bytes, integers little-endian:
//
//	version      1 byte
//	codec        1 byte
//	quality      1 byte
//	flags        1 byte     1: settled
//	type         8 bytes
//	written at   8 bytes    nanoseconds since 1970, as are the deadlines
//	soft         8 bytes
//	hard         8 bytes
//	tags         1 byte     how many; of each: 8 zeros, the length of its name (2), its name
//	payload      what is left
//	checksum     4 bytes    CRC-32C (RFC 3720) of all that
//
// The version comes first and for ever: what follows it is only known of one's
// own. A flag or a zero of a tag that is set is refused: a later program may mean
// something by it. The checksum finds what is damaged, not what is forged: whoever
// may write to Redis may write any value.
//
// Rejected: CBOR for the whole. A reader would decode the payload to learn that
// it is out of date. Rejected: only Redis' own expiry. It can't tell fresh from
// stale, it counts from when the write arrived, and a clock that was put back
// prolongs it.
type Frame struct {
	// Codec says what Payload is.
	Codec Codec
	// Quality is the embedder's word for how good the value is.
	Quality uint8
	// Settled says that the value can't change any more.
	Settled bool
	// Type is codec.Fingerprint of the value's Go type.
	Type uint64
	// WrittenAt is when the value was loaded, SoftDeadline until when it is fresh,
	// and HardDeadline until when it may be served. They are kept to the
	// nanosecond, in the years 1678 to 2262. INVARIANT: none is before the one
	// before it.
	WrittenAt, SoftDeadline, HardDeadline time.Time
	// Tags are what the value depends on: MaxTags of them at most.
	Tags []FrameTag
	// Payload is the encoded value. In a parsed frame it is part of what was
	// parsed.
	Payload []byte
}

// FrameTag is something that a value depends on. When it was last invalidated stands
// in the ledger, and not here: whoever writes the value may not have heard of it.
type FrameTag struct {
	Name string // 1 to MaxTagBytes bytes
}

const (
	// MaxTags is how many tags a frame may have.
	MaxTags = 64
	// MaxTagBytes is how long a tag's name may be.
	MaxTagBytes = 1024

	frameVersion     = 1
	frameHeaderBytes = 37
	checksumBytes    = 4
	tagBytes         = 10 // before its name
	settledFlag      = 1
)

var (
	// ErrFrameInvalid is the error of a frame that can't be written.
	ErrFrameInvalid = errors.New("remote: this frame can't be written")
	// ErrFrameCorrupt is the error of bytes that are not a frame, or not whole.
	ErrFrameCorrupt = errors.New("remote: this is no frame, or a damaged one")
	// ErrFrameVersion is the error of a frame of another version of the format.
	ErrFrameVersion = errors.New("remote: a frame of another version")
	// ErrFrameCodec is the error of a payload in a codec that is not known here.
	ErrFrameCodec = errors.New("remote: a payload in an unknown codec")
	// ErrFrameType is the error of a payload that is of another type than was asked
	// for.
	ErrFrameType = errors.New("remote: a value of another type")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendFrame appends the frame's bytes to dst. An error matches
// ErrFrameInvalid; dst is then returned as it was.
func AppendFrame(dst []byte, f *Frame) ([]byte, error) {
	if err := f.check(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, frameVersion, byte(f.Codec), f.Quality, f.flags())
	dst = binary.LittleEndian.AppendUint64(dst, f.Type)
	for _, t := range [...]time.Time{f.WrittenAt, f.SoftDeadline, f.HardDeadline} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(t.UnixNano()))
	}
	dst = append(dst, byte(len(f.Tags)))
	for _, tag := range f.Tags {
		dst = binary.LittleEndian.AppendUint64(dst, 0)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(tag.Name)))
		dst = append(dst, tag.Name...)
	}
	dst = append(dst, f.Payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli)), nil
}

func (f *Frame) flags() byte {
	if f.Settled {
		return settledFlag
	}
	return 0
}

// check says why a frame can't be written: what could not be read back.
func (f *Frame) check() error {
	if !f.Codec.known() {
		return fmt.Errorf("%w: its codec %d is unknown", ErrFrameInvalid, f.Codec)
	}
	if len(f.Tags) > MaxTags {
		return fmt.Errorf("%w: it has %d tags, and may have %d", ErrFrameInvalid, len(f.Tags), MaxTags)
	}
	for _, tag := range f.Tags {
		if n := len(tag.Name); n == 0 || n > MaxTagBytes {
			return fmt.Errorf("%w: a tag has %d bytes, and must have 1 to %d", ErrFrameInvalid, n, MaxTagBytes)
		}
	}
	for _, t := range [...]time.Time{f.WrittenAt, f.SoftDeadline, f.HardDeadline} {
		if t.Before(earliest) || t.After(latest) {
			return fmt.Errorf("%w: a time of it is outside the years 1678 to 2262", ErrFrameInvalid)
		}
	}
	if !f.ordered() {
		return fmt.Errorf("%w: its times are out of order", ErrFrameInvalid)
	}
	return nil
}

var earliest, latest = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

func (f *Frame) ordered() bool {
	return !f.SoftDeadline.Before(f.WrittenAt) && !f.HardDeadline.Before(f.SoftDeadline)
}

// ParseFrame reads a frame, whose Payload is then part of data. An error matches
// ErrFrameCorrupt, ErrFrameVersion or ErrFrameCodec.
//
// It allocates nothing but the tags: their names, and 16 bytes for each, of which data
// has 11 at least.
func ParseFrame(data []byte) (Frame, error) {
	if len(data) == 0 {
		return Frame{}, fmt.Errorf("%w: it is empty", ErrFrameCorrupt)
	}
	if data[0] != frameVersion {
		return Frame{}, fmt.Errorf("%w: %d, where %d is known", ErrFrameVersion, data[0], frameVersion)
	}
	if len(data) < frameHeaderBytes+checksumBytes {
		return Frame{}, fmt.Errorf("%w: %d bytes are too few", ErrFrameCorrupt, len(data))
	}
	body := data[:len(data)-checksumBytes]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[len(body):]) {
		return Frame{}, fmt.Errorf("%w: the checksum is wrong", ErrFrameCorrupt)
	}
	f, tags := parseFrameHeader(body)
	if !f.Codec.known() {
		return Frame{}, fmt.Errorf("%w: %d", ErrFrameCodec, f.Codec)
	}
	if body[3]&^settledFlag != 0 {
		return Frame{}, fmt.Errorf("%w: flags %#x", ErrFrameCorrupt, body[3])
	}
	if !f.ordered() {
		return Frame{}, fmt.Errorf("%w: its times are out of order", ErrFrameCorrupt)
	}
	if err := f.parseTags(tags, body[frameHeaderBytes:]); err != nil {
		return Frame{}, err
	}
	return f, nil
}

// parseFrameHeader reads what has a fixed place. body has frameHeaderBytes at least.
func parseFrameHeader(body []byte) (f Frame, tags int) {
	at := func(offset int) time.Time {
		return time.Unix(0, int64(binary.LittleEndian.Uint64(body[offset:]))).UTC()
	}
	return Frame{
		Codec: Codec(body[1]), Quality: body[2], Settled: body[3]&settledFlag != 0, Type: binary.LittleEndian.Uint64(body[4:]),
		WrittenAt: at(12), SoftDeadline: at(20), HardDeadline: at(28),
	}, int(body[36])
}

// parseTags reads so many tags; what is left is the payload.
func (f *Frame) parseTags(count int, rest []byte) error {
	if count > MaxTags || count*(tagBytes+1) > len(rest) {
		return fmt.Errorf("%w: it can't have %d tags", ErrFrameCorrupt, count)
	}
	if count > 0 {
		f.Tags = make([]FrameTag, count)
	}
	for i := range f.Tags {
		if len(rest) < tagBytes {
			return fmt.Errorf("%w: a tag is cut off", ErrFrameCorrupt)
		}
		reserved, length := binary.LittleEndian.Uint64(rest), int(binary.LittleEndian.Uint16(rest[8:]))
		rest = rest[tagBytes:]
		if reserved != 0 {
			return fmt.Errorf("%w: a tag has %#x where zeros are", ErrFrameCorrupt, reserved)
		}
		if length == 0 || length > MaxTagBytes || length > len(rest) {
			return fmt.Errorf("%w: a tag can't have %d bytes", ErrFrameCorrupt, length)
		}
		f.Tags[i] = FrameTag{Name: string(rest[:length])}
		rest = rest[length:]
	}
	f.Payload = rest[:len(rest):len(rest)]
	return nil
}
