package snapshot

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
)

// writeBufferBytes makes a system call worth its while.
const writeBufferBytes = 256 << 10

// Writer writes a snapshot in one pass. It is not safe for concurrent use.
//
// Contract: only what Close has returned nil for is complete. An error of the
// underlying writer is returned by every later call; a record that is refused
// leaves no trace.
type Writer struct {
	out   *bufio.Writer
	head  [headerSize]byte
	mark  marker
	frame [frameSize]byte // the last one, here so that it is not allocated
	most  int             // the largest payload
	count uint32          // INVARIANT: the records appended, and the next one's sequence.
	sum   uint32          // of all frames
	bytes int64
	err   error
}

// NewWriter begins a snapshot. maxRecordBytes is the largest payload that Append
// takes, or 0 for DefaultMaxRecordBytes.
func NewWriter(w io.Writer, h Header, maxRecordBytes int) (*Writer, error) {
	if len(h.Writer) > maxWriterBytes || strings.ContainsRune(h.Writer, 0) {
		return nil, fmt.Errorf("%w: Writer is %q; want at most %d bytes without zeros", ErrOptions, h.Writer, maxWriterBytes)
	}
	most, err := checkedMost(maxRecordBytes)
	if err != nil {
		return nil, err
	}
	s := &Writer{out: bufio.NewWriterSize(w, writeBufferBytes), most: most}
	rand.Read(s.mark[:]) // which never fails
	s.head = h.encode(s.mark)
	s.write(s.head[:])
	return s, s.err
}

// checkedMost fills in the default of a largest payload.
func checkedMost(maxRecordBytes int) (int, error) {
	if maxRecordBytes < 0 || maxRecordBytes > mostRecordBytes {
		return 0, fmt.Errorf("%w: MaxRecordBytes is %d; want 1 to %d, or 0 for %d", ErrOptions, maxRecordBytes, mostRecordBytes, DefaultMaxRecordBytes)
	}
	if maxRecordBytes == 0 {
		return DefaultMaxRecordBytes, nil
	}
	return maxRecordBytes, nil
}

// Append adds a record. The payload may be used again when Append has returned.
// It is linear in the payload and allocates nothing.
func (w *Writer) Append(t Type, payload []byte) error {
	switch {
	case w.err != nil:
		return w.err
	case t == footerType:
		return fmt.Errorf("%w: type 0 is the footer's; want 1 or more", ErrRecord)
	case len(payload) > w.most:
		return fmt.Errorf("%w: type %d, %d bytes; want at most %d", ErrRecord, t, len(payload), w.most)
	case w.count == math.MaxUint32:
		return fmt.Errorf("%w: a snapshot holds at most %d records", ErrRecord, w.count)
	}
	w.append(t, payload)
	return w.err
}

func (w *Writer) append(t Type, payload []byte) {
	f := frame{sequence: w.count, kind: t, length: uint32(len(payload)), payloadSum: checksum(payload)}
	f.encode(w.frame[:], w.mark)
	w.write(w.frame[:])
	w.write(payload)
	w.sum = crc32.Update(w.sum, castagnoli, w.frame[:])
	w.count++
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.out.Write(b)
	w.bytes += int64(len(b))
}

// Close writes the footer and what is buffered. It does not close the underlying
// writer. A second Close returns ErrClosed.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	var footer [footerSize]byte
	binary.LittleEndian.PutUint64(footer[:], uint64(w.count))
	binary.LittleEndian.PutUint32(footer[8:], w.sum)
	records := w.count
	w.append(footerType, footer[:])
	w.count = records
	w.write(w.head[:])
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err != nil {
		return w.err
	}
	w.err = ErrClosed
	return nil
}

// Records returns how many records were appended.
func (w *Writer) Records() int { return int(w.count) }

// Bytes returns how long the file is so far.
func (w *Writer) Bytes() int64 { return w.bytes }
