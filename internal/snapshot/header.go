package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	headerSize = 64
	version    = 1
	// maxWriterBytes is the room for Header.Writer.
	maxWriterBytes = 32
)

// magic begins every file. Its line ends show a copy that was made as text.
var magic = [8]byte{0x8b, 'U', 'D', 'S', 'S', '\r', '\n', 0x1a}

// Header says where a file comes from.
type Header struct {
	Created time.Time
	// Writer is the program that wrote the file: at most 32 bytes, without zeros.
	Writer string
}

// Places in a header. Every version keeps them, so that each can tell an older
// program what it is.
const (
	versionAt = 8  // 2 bytes, and 2 unused
	markerAt  = 12 // 8 bytes
	createdAt = 20 // 8 bytes, nanoseconds since 1970
	writerAt  = 28 // 32 bytes
	sumAt     = 60 // 4 bytes
)

func (h Header) encode(mark marker) [headerSize]byte {
	var b [headerSize]byte
	copy(b[:], magic[:])
	binary.LittleEndian.PutUint16(b[versionAt:], version)
	for i, c := range mark {
		b[markerAt+i] = ^c // or a search for the marker would find the header
	}
	binary.LittleEndian.PutUint64(b[createdAt:], uint64(h.Created.UnixNano()))
	copy(b[writerAt:sumAt], h.Writer)
	binary.LittleEndian.PutUint32(b[sumAt:], checksum(b[:sumAt]))
	return b
}

func decodeHeader(b []byte) (Header, marker, error) {
	var mark marker
	switch {
	case len(b) < headerSize:
		return Header{}, mark, fmt.Errorf("%d bytes; want at least %d", len(b), headerSize)
	case !bytes.HasPrefix(b, magic[:]):
		return Header{}, mark, errors.New("not that of a snapshot") // and what else it is may be a secret
	case checksum(b[:sumAt]) != binary.LittleEndian.Uint32(b[sumAt:]):
		return Header{}, mark, errors.New("its checksum is wrong")
	}
	if v := binary.LittleEndian.Uint16(b[versionAt:]); v != version {
		return Header{}, mark, fmt.Errorf("%w: the file has version %d, and this program reads version %d", ErrVersion, v, version)
	}
	for i := range mark {
		mark[i] = ^b[markerAt+i]
	}
	return Header{
		Created: time.Unix(0, int64(binary.LittleEndian.Uint64(b[createdAt:]))),
		Writer:  string(bytes.TrimRight(b[writerAt:sumAt], "\x00")),
	}, mark, nil
}
