package snapshot

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestARecordThatIsRefusedLeavesNoTrace(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, Header{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind Type
		size int
		want string
	}{
		{1, 11, "type 1, 11 bytes; want at most 10"},
		{0, 1, "type 0 is the footer's; want 1 or more"},
	} {
		if err := w.Append(tc.kind, make([]byte, tc.size)); !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("type %d, %d bytes: %v", tc.kind, tc.size, err)
		}
	}
	if err := errors.Join(w.Append(1, make([]byte, 10)), w.Close()); err != nil {
		t.Fatal(err)
	}
	if records, report, err := readAll(t, file.Bytes()); err != nil || len(records) != 1 || !report.Complete {
		t.Errorf("%d records, %+v, %v", len(records), report, err)
	}
	if err := w.Append(1, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	if err := w.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("Close after Close: %v", err)
	}
}

func TestTheNumberOfRecordsIsBounded(t *testing.T) {
	w, err := NewWriter(io.Discard, Header{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.count = math.MaxUint32 - 1
	if err := w.Append(1, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(1, nil); !errors.Is(err, ErrRecord) {
		t.Errorf("one more than there are sequence numbers: %v", err)
	}
}

func TestAHeaderIsChecked(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 33), "a\x00b"} {
		if _, err := NewWriter(io.Discard, Header{Writer: name}, 0); !errors.Is(err, ErrOptions) {
			t.Errorf("writer %q: %v", name, err)
		}
	}
	for most, ok := range map[int]bool{-1: false, 0: true, 1: true, 1 << 30: true, 1<<30 + 1: false} {
		if _, err := NewWriter(io.Discard, Header{}, most); ok != (err == nil) || err != nil && !errors.Is(err, ErrOptions) {
			t.Errorf("a maximum of %d: %v", most, err)
		}
	}
}

// fullAfter takes so many bytes.
type fullAfter struct{ left int }

var errFull = errors.New("full")

func (f *fullAfter) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestAWriteThatFailsIsNeverForgotten(t *testing.T) {
	for _, room := range []int{0, 1, 100, writeBufferBytes, 2*writeBufferBytes + 5} {
		w, err := NewWriter(&fullAfter{room}, Header{}, 0)
		for range 3 * writeBufferBytes / 1024 {
			if err == nil {
				err = w.Append(1, make([]byte, 1024))
			}
		}
		for range 2 {
			if closing := w.Close(); !errors.Is(closing, errFull) {
				t.Errorf("room for %d: Close = %v", room, closing)
			}
		}
		if room <= 2*writeBufferBytes && !errors.Is(err, errFull) {
			t.Errorf("room for %d: Append = %v", room, err)
		}
	}
}

func TestAnAppendAllocatesNothing(t *testing.T) {
	w, err := NewWriter(io.Discard, Header{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, 700)
	if n := testing.AllocsPerRun(1000, func() { _ = w.Append(1, payload) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
