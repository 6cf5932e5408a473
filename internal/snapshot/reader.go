package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
)

// rereadFactor bounds the work that a forged file can cause: what frames promise
// and do not hold is read again for that many times the file's size, and then
// skipped. Damage by accident stays far below.
const rereadFactor = 8

// Reader reads what is intact in a snapshot. It is not safe for concurrent use.
//
// Contract: Records yields each record whose bytes are as they were written, in
// the order in which they were, and one *Damage for each stretch between them
// that it had to skip. It holds one record at a time in memory.
//
// Accepted: what a forged file can make it skip, see rereadFactor; and that a
// disk that fails to read, rather than to keep, ends the reading there.
type Reader struct {
	window
	header Header
	mark   marker
	most   int
	frame  [frameSize]byte // the last one
	report Report

	place    int64  // INVARIANT: grows with every turn of Records.
	sequence uint64 // INVARIANT: above that of every record yielded.
	sum      uint32 // of the frames yielded
	reread   int64  // payload bytes that turned out not to be what their frame says
	done     bool
}

// NewReader reads a snapshot's header, from the end of the file where the
// one at its start is damaged. maxRecordBytes is the largest payload that is
// read, or 0 for DefaultMaxRecordBytes. The error matches ErrHeader, ErrVersion or
// ErrOptions, or is the source's.
func NewReader(source io.ReaderAt, sizeBytes int64, maxRecordBytes int) (*Reader, error) {
	most, err := checkedMost(maxRecordBytes)
	if err != nil {
		return nil, err
	}
	r := &Reader{window: window{source: source, size: sizeBytes}, most: most, place: headerSize}
	if sizeBytes < headerSize {
		return nil, fmt.Errorf("%w: the file has %d bytes; want at least %d", ErrHeader, sizeBytes, headerSize)
	}
	first := r.readHeader(0)
	if first == nil || errors.Is(first, ErrVersion) {
		return r, first
	}
	last := r.readHeader(sizeBytes - headerSize)
	if errors.Is(last, ErrVersion) {
		return nil, last
	}
	if last != nil {
		return nil, fmt.Errorf("%w: at the start: %w; at the end: %w", ErrHeader, first, last)
	}
	r.place, err = r.find(0, r.mark) // which may be earlier than usual, where bytes are gone
	if err != nil {
		return nil, err
	}
	r.skipped(0, r.place, footerType, first.Error())
	return r, nil
}

func (r *Reader) readHeader(offset int64) error {
	b, err := r.at(offset, headerSize)
	if err != nil {
		return err
	}
	r.header, r.mark, err = decodeHeader(b)
	return err
}

// Header returns where the file comes from.
func (r *Reader) Header() Header { return r.header }

// Report returns what has been found so far; when Records has ended, all.
func (r *Reader) Report() Report {
	report := r.report
	report.Header = r.header
	return report
}

// Records yields the intact records, and a *Damage, with no record, for what was
// skipped; to go on is then as good as ever. It can be walked once.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for !r.done {
			record, damage := r.next()
			if damage != nil && !yield(Record{}, damage) {
				return
			}
			if damage == nil && !r.done && !yield(record, nil) {
				return
			}
		}
	}
}

// next reads the record at place, or skips to where one may be.
func (r *Reader) next() (Record, *Damage) {
	if r.place >= r.size {
		return Record{}, r.end(r.size, "the footer is missing")
	}
	f, payload, fault, err := r.read()
	if err != nil {
		return Record{}, r.end(r.place, err.Error())
	}
	if fault != "" {
		return Record{}, r.skip(f, fault)
	}
	r.place += frameSize + int64(f.length)
	r.report.Missing += uint64(f.sequence) - r.sequence
	r.sequence = uint64(f.sequence) + 1
	if f.kind == footerType {
		return Record{}, r.footer(f, payload)
	}
	f.encode(r.frame[:], r.mark)
	r.sum = crc32.Update(r.sum, castagnoli, r.frame[:])
	r.report.Records++
	return Record{Type: f.kind, Payload: payload}, nil
}

// read returns the frame and payload at place, or what is wrong with them. A
// length is believed once the frame's checksum is right, and only up to what the
// file has left.
func (r *Reader) read() (f frame, payload []byte, fault string, err error) {
	left := r.size - r.place
	if left < frameSize {
		return f, nil, "cut off", nil
	}
	b, err := r.at(r.place, frameSize)
	if err != nil {
		return f, nil, "", err
	}
	f, ok := decodeFrame(b, r.mark)
	switch {
	case !ok:
		return f, nil, "no frame where one belongs", nil
	case uint64(f.sequence) < r.sequence:
		return f, nil, "comes twice, or out of order", nil
	case int64(f.length) > left-frameSize:
		return f, nil, "cut off", nil
	case f.kind == footerType && f.length != footerSize:
		return f, nil, "a footer of the wrong length", nil
	case f.kind != footerType && int64(f.length) > int64(r.most):
		return f, nil, fmt.Sprintf("%d bytes; want at most %d", f.length, r.most), nil
	}
	b, err = r.at(r.place, frameSize+int(f.length))
	if err != nil {
		return f, nil, "", err
	}
	payload = b[frameSize:]
	if checksum(payload) != f.payloadSum {
		r.reread += int64(f.length)
		return f, nil, "the payload's checksum is wrong", nil
	}
	return f, payload, "", nil
}

// skip goes to the next intact frame. It looks for it inside the payload as well,
// since bytes may be missing and not only wrong.
func (r *Reader) skip(f frame, fault string) *Damage {
	from := r.place
	start := from + 1
	if r.reread > rereadFactor*r.size {
		start = min(from+frameSize+int64(f.length), r.size)
	}
	next, err := r.find(start, r.mark)
	if err != nil {
		return r.end(from, err.Error())
	}
	r.place = next
	return r.skipped(from, next, f.kind, fault)
}

// footer ends the reading and compares what was found with what was written.
func (r *Reader) footer(f frame, payload []byte) *Damage {
	r.done = true
	r.report.Footer = true
	count, sum := binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint32(payload[8:])
	r.report.Complete = r.report.Missing == 0 && count == uint64(r.report.Records) && sum == r.sum
	if rest := r.size - r.place; rest != headerSize {
		return r.skipped(r.place, r.size, footerType, "more or less than a header after the footer")
	}
	if r.report.Missing == 0 && !r.report.Complete {
		return r.skipped(r.place, r.place, footerType, "the footer counts other records")
	}
	b, err := r.at(r.place, headerSize)
	if err != nil {
		return r.skipped(r.place, r.size, footerType, err.Error())
	}
	if _, _, err := decodeHeader(b); err != nil {
		return r.skipped(r.place, r.size, footerType, err.Error())
	}
	return nil
}

func (r *Reader) end(from int64, fault string) *Damage {
	r.done = true
	r.place = r.size
	return r.skipped(from, r.size, footerType, fault)
}
