package snapshot

import (
	"bytes"
	"io"
)

// windowBytes is how much is read at once.
const windowBytes = 256 << 10

// window shows parts of a file, one at a time, through a buffer that is as large
// as the largest part asked for. It reads forwards without a copy, and looks
// back where a record turns out to be damaged; hence ReaderAt, and not a stream.
type window struct {
	source io.ReaderAt
	size   int64
	buffer []byte
	start  int64 // where buffer[0] is in the file
}

// at returns the bytes at an offset, until the next call. The caller has checked
// that the file has them.
func (w *window) at(offset int64, length int) ([]byte, error) {
	if from := offset - w.start; from >= 0 && from+int64(length) <= int64(len(w.buffer)) {
		return w.buffer[from:][:length], nil
	}
	want := int(min(int64(max(length, windowBytes)), w.size-offset))
	if cap(w.buffer) < want {
		w.buffer = make([]byte, want)
	}
	n, err := w.source.ReadAt(w.buffer[:want], offset)
	w.start, w.buffer = offset, w.buffer[:n]
	if n >= length {
		return w.buffer[:length], nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF // the file is shorter than it was
	}
	return nil, err
}

// rest returns as much as the buffer has from an offset on, at least a frame. The
// caller has checked that the file has that. So to look on from one byte further
// costs no reading, however often it is done.
func (w *window) rest(offset int64) ([]byte, error) {
	if _, err := w.at(offset, frameSize); err != nil {
		return nil, err
	}
	return w.buffer[offset-w.start:], nil
}

// find returns where the next intact frame begins, at offset or after, or the
// file's end.
func (w *window) find(offset int64, mark marker) (int64, error) {
	for offset+frameSize <= w.size {
		part, err := w.rest(offset)
		if err != nil {
			return w.size, err
		}
		last := len(part) - frameSize // where a frame may begin
		for at := 0; at <= last; at++ {
			next := bytes.Index(part[at:], mark[:])
			if next < 0 || at+next > last {
				break
			}
			at += next
			if _, ok := decodeFrame(part[at:], mark); ok {
				return offset + int64(at), nil
			}
		}
		offset += int64(last) + 1
	}
	return w.size, nil
}
