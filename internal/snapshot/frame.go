package snapshot

import (
	"bytes"
	"encoding/binary"
)

// marker begins every frame of a file, and of no other file.
type marker [8]byte

const (
	frameSize = 28
	// footerSize is the payload of the footer: a count and a checksum.
	footerSize = 12
)

// frame is what stands before a payload.
type frame struct {
	sequence   uint32 // from 0; the footer's is the number of records
	kind       Type
	length     uint32
	payloadSum uint32
}

// encode fills b, which has frameSize bytes. An array of its own would be
// allocated, since the checksum's implementation lets it escape.
func (f frame) encode(b []byte, mark marker) {
	copy(b, mark[:])
	binary.LittleEndian.PutUint32(b[8:], f.sequence)
	binary.LittleEndian.PutUint32(b[12:], uint32(f.kind))
	binary.LittleEndian.PutUint32(b[16:], f.length)
	binary.LittleEndian.PutUint32(b[20:], f.payloadSum)
	binary.LittleEndian.PutUint32(b[24:], checksum(b[:24]))
}

// decodeFrame reads a frame that is intact, or reports that it is not.
func decodeFrame(b []byte, mark marker) (frame, bool) {
	if len(b) < frameSize || !bytes.HasPrefix(b, mark[:]) || checksum(b[:24]) != binary.LittleEndian.Uint32(b[24:]) {
		return frame{}, false
	}
	return frame{
		sequence:   binary.LittleEndian.Uint32(b[8:]),
		kind:       Type(binary.LittleEndian.Uint32(b[12:])),
		length:     binary.LittleEndian.Uint32(b[16:]),
		payloadSum: binary.LittleEndian.Uint32(b[20:]),
	}, true
}
