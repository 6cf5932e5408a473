package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/snapshot"
)

// FuzzSnapshot writes records, damages the file, puts forged frames into it, and
// reads it. The model reads it byte by byte, with the format written down a
// second time: the same records must be found.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x03\x01\x05hello\x02\x00\x03\x03abc\x00",
		"\x02\x01\x05hello\x02\x05world\x01\x00\x50\x01",
		"\x02\x01\x05hello\x02\x05world\x01\x01\x60\x00\x09",
		"\x02\x01\x05hello\x02\x05world\x02\x02\x60\x00\x09\x05\x61\x00\x01\x00\x00\x07\x03",
		"\x03\x01\x05hello\x02\x05world\x01\x01x\x03\x03\x40\x00\x20\x80\x00\x04\x00\x00\x03",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		file := drawSnapshot(t, s)
		for range 8 {
			if s.more() {
				file = damaged(s, file)
			}
		}
		want := modelOf(file)
		r, err := snapshot.NewReader(bytes.NewReader(file), int64(len(file)), maxFuzzedRecord)
		if want.readable != (err == nil) || err != nil && !errors.Is(err, snapshot.ErrHeader) {
			t.Fatalf("a header can be read: %v; error: %v", want.readable, err)
		}
		if err != nil {
			return
		}
		var got []string
		for record, err := range r.Records() {
			if err == nil {
				got = append(got, string(binary.LittleEndian.AppendUint32(nil, uint32(record.Type)))+string(record.Payload))
			}
		}
		if want.promised <= 8*len(file) && !slices.Equal(got, want.records) {
			t.Fatalf("got %q, want %q", got, want.records)
		}
		if report := r.Report(); report.Complete && report.Missing > 0 || report.Records != len(got) {
			t.Fatalf("%+v", report)
		}
	})
}

// maxFuzzedRecord is small, so that scripts pass it.
const maxFuzzedRecord = 200

// drawSnapshot writes some records.
func drawSnapshot(t *testing.T, s *script) []byte {
	var file bytes.Buffer
	w, err := snapshot.NewWriter(&file, snapshot.Header{Created: time.Unix(1, 0)}, maxFuzzedRecord)
	if err != nil {
		t.Fatal(err)
	}
	for range s.below(12) {
		kind, payload := snapshot.Type(s.byte()), s.text()
		if err := w.Append(kind, []byte(payload)); (err == nil) != (kind > 0 && len(payload) <= maxFuzzedRecord) {
			t.Fatalf("Append(%d, %d bytes) = %v", kind, len(payload), err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// damaged changes a file in one way.
func damaged(s *script, file []byte) []byte {
	kind := s.byte()
	at := min(s.size(), len(file))
	switch kind % 6 {
	case 0: // cut off
		return file[:at]
	case 1: // bits flipped
		if at < len(file) {
			file[at] ^= s.byte()
		}
		return file
	case 2: // bytes gone
		return slices.Delete(file, at, min(at+s.size(), len(file)))
	case 3: // bytes added
		return slices.Insert(file, at, []byte(s.text())...)
	case 4: // a stretch twice
		from := min(s.size(), len(file))
		return slices.Insert(file, at, bytes.Clone(file[from:min(from+s.size(), len(file))])...)
	default: // a frame that is valid but for what it says
		return slices.Insert(file, at, forgedFrame(s, file)...)
	}
}

func forgedFrame(s *script, file []byte) []byte {
	b := make([]byte, 28)
	if mark, ok := markOf(file); ok {
		copy(b, mark)
	}
	binary.LittleEndian.PutUint32(b[8:], uint32(s.integer()))
	binary.LittleEndian.PutUint32(b[12:], uint32(s.byte()))
	binary.LittleEndian.PutUint32(b[16:], uint32(s.integer()))
	binary.LittleEndian.PutUint32(b[20:], uint32(s.integer()))
	binary.LittleEndian.PutUint32(b[24:], castagnoli(b[:24]))
	return b
}

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// headerMark returns the marker in a header that is good.
func headerMark(b []byte) ([]byte, bool) {
	if !bytes.HasPrefix(b, []byte("\x8bUDSS\r\n\x1a\x01\x00")) || castagnoli(b[:60]) != binary.LittleEndian.Uint32(b[60:]) {
		return nil, false
	}
	mark := bytes.Clone(b[12:20])
	for i := range mark {
		mark[i] ^= 0xff
	}
	return mark, true
}

func markOf(file []byte) ([]byte, bool) {
	if len(file) < 64 {
		return nil, false
	}
	if mark, ok := headerMark(file[:64]); ok {
		return mark, true
	}
	return headerMark(file[len(file)-64:])
}

type snapshotModel struct {
	readable bool
	records  []string
	promised int // by frames whose payload is another
}

// modelOf tries every byte for a frame.
func modelOf(file []byte) (m snapshotModel) {
	mark, ok := markOf(file)
	if !ok {
		return m
	}
	m.readable = true
	next := uint64(0)
	for at := 0; at+28 <= len(file); {
		b := file[at:]
		sequence, kind := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
		length, rest := uint64(binary.LittleEndian.Uint32(b[16:])), uint64(len(b)-28)
		valid := bytes.HasPrefix(b, mark) && castagnoli(b[:24]) == binary.LittleEndian.Uint32(b[24:]) &&
			uint64(sequence) >= next && length <= rest && (kind > 0 && length <= maxFuzzedRecord || kind == 0 && length == 12)
		if valid && castagnoli(b[28:28+length]) != binary.LittleEndian.Uint32(b[20:]) {
			m.promised += int(length)
			valid = false
		}
		if !valid {
			at++
			continue
		}
		if kind == 0 {
			break
		}
		m.records = append(m.records, string(b[12:16])+string(b[28:28+length]))
		next = uint64(sequence) + 1
		at += 28 + int(length)
	}
	return m
}
