package snapshot

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// sizes of records: none, few bytes, more than a window, and some of each.
func sizes() []int {
	list := []int{0, 1, 27, 28, 29, 300, windowBytes + 1000, 5}
	for i := range 40 {
		list = append(list, i*i)
	}
	return append(list, windowBytes, 3)
}

func TestAnUndamagedFileIsReadAsItWasWritten(t *testing.T) {
	for _, list := range [][]int{nil, {0}, sizes()} {
		file, want := composed(t, list)
		records, report, err := readAll(t, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := same(records, want); err != nil {
			t.Error(err)
		}
		if !report.Complete || !report.Footer || report.Skipped != 0 || report.Missing != 0 {
			t.Errorf("%+v", report)
		}
		if report.Header.Writer != "a test" || !report.Header.Created.Equal(time.Unix(1_800_000_000, 7)) {
			t.Errorf("header %+v", report.Header)
		}
	}
}

// somewhere is often near an end, where the headers are.
func somewhere(random *rand.Rand, size int) int {
	switch near := random.IntN(3 * headerSize); random.IntN(4) {
	case 0:
		return near
	case 1:
		return size - 1 - near
	default:
		return random.IntN(size)
	}
}

// damage changes a file in one way, and says for any stretch of the original
// whether it is still there.
func damage(random *rand.Rand, file []byte) (name string, damaged []byte, whole func(start, end int) bool) {
	at := somewhere(random, len(file))
	length := min(1+random.IntN(1<<random.IntN(12)), len(file)-at)
	outside := func(start, end int) bool { return end <= at || start >= at+length }
	damaged = bytes.Clone(file)
	unchanged := func(start, end int) bool { return bytes.Equal(file[start:end], damaged[start:end]) }
	switch random.IntN(8) {
	case 0:
		return "cut off", damaged[:at], func(_, end int) bool { return end <= at }
	case 1:
		clear(damaged[at:][:length])
		return "zeroed", damaged, unchanged
	case 2:
		return "bytes gone", slices.Delete(damaged, at, at+length), outside
	case 3:
		noise := make([]byte, length)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		return "bytes added", slices.Insert(damaged, at, noise...), func(start, end int) bool { return end <= at || start >= at }
	case 4:
		from := random.IntN(len(file) - frameSize) // a stretch written to the wrong place, too short for a record
		copy(damaged[at:], file[from:][:frameSize-1])
		return "displaced", damaged, unchanged
	default:
		for range 1 + random.IntN(8) {
			damaged[somewhere(random, len(file))] ^= 1 << random.IntN(8)
		}
		return "bits flipped", damaged, unchanged
	}
}

// The records that are intact are exactly those that are found, whatever happens
// to the others.
func TestEveryIntactRecordIsFoundAndNoOther(t *testing.T) {
	file, written := composed(t, sizes())
	headerless := 0
	for seed := range uint64(1000) {
		name, damaged, whole := damage(rand.New(rand.NewPCG(seed, 1)), file)
		records, report, err := readAll(t, damaged)
		if !whole(0, headerSize) && !whole(len(file)-headerSize, len(file)) {
			headerless++
			if !errors.Is(err, ErrHeader) {
				t.Fatalf("seed %d, %s: %v, want ErrHeader", seed, name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d, %s: %v", seed, name, err)
		}
		var want []placed
		for _, r := range written {
			if whole(r.start, r.end) {
				want = append(want, r)
			}
		}
		if err := same(records, want); err != nil {
			t.Fatalf("seed %d, %s: %v", seed, name, err)
		}
		lost := len(written) - len(want)
		if report.Footer && report.Missing != uint64(lost) || !report.Footer && report.Missing > uint64(lost) {
			t.Fatalf("seed %d, %s: %d missing, want %d", seed, name, report.Missing, lost)
		}
		if report.Complete && lost > 0 {
			t.Fatalf("seed %d, %s: complete without %d records", seed, name, lost)
		}
		if !bytes.Equal(file, damaged) && report.Complete && report.Skipped == 0 {
			t.Fatalf("seed %d, %s: nobody was told", seed, name)
		}
	}
	if headerless == 0 || headerless > 200 {
		t.Errorf("%d of 1000 files were without headers: this tests little", headerless)
	}
}

// A displaced stretch may hold whole records of the same file.
func TestARecordThatComesTwiceIsReadOnce(t *testing.T) {
	file, written := composed(t, []int{10, 20, 30, 40})
	twice := slices.Insert(bytes.Clone(file), written[2].end, file[written[1].start:written[2].end]...)
	records, report, err := readAll(t, twice)
	if err != nil {
		t.Fatal(err)
	}
	if err := same(records, written); err != nil {
		t.Error(err)
	}
	if report.Skipped == 0 || !report.Complete || !strings.Contains(report.Damages[0].Reason, "twice") {
		t.Errorf("%+v", report)
	}
}

func TestARecordInsideAPayloadIsNoRecord(t *testing.T) {
	inner, _ := composed(t, []int{100, 200})
	var outer bytes.Buffer
	w, err := NewWriter(&outer, Header{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range [][]byte{inner, []byte("after")} {
		if err := w.Append(9, payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := outer.Bytes()
	file[headerSize+16] ^= 1 // the length of the record round the inner file
	records, report, err := readAll(t, file)
	if err != nil || len(records) != 1 || string(records[0].Payload) != "after" || report.Missing != 1 {
		t.Errorf("%d records, %+v, %v", len(records), report, err)
	}
}

// What follows a damaged record is found wherever it lies in the buffer.
func TestAFrameIsFoundAtEveryPlaceInTheWindow(t *testing.T) {
	for shift := -frameSize - 10; shift <= frameSize+10; shift++ {
		file, written := composed(t, []int{windowBytes - headerSize - frameSize + shift, 50})
		file[written[0].start] ^= 1
		records, _, err := readAll(t, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := same(records, written[1:]); err != nil {
			t.Errorf("shifted by %d: %v", shift, err)
		}
	}
}

func TestANewerVersionIsAnErrorThatSaysSo(t *testing.T) {
	file, _ := composed(t, []int{1, 2})
	raise := func(header []byte) {
		header[versionAt]++
		sum := checksum(header[:sumAt])
		header[sumAt], header[sumAt+1], header[sumAt+2], header[sumAt+3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	}
	raise(file[:headerSize])
	raise(file[len(file)-headerSize:])
	for _, name := range []string{"both headers", "the last"} {
		_, _, err := readAll(t, file)
		if !errors.Is(err, ErrVersion) || errors.Is(err, ErrHeader) || !strings.Contains(err.Error(), "version 2, and this program reads version 1") {
			t.Errorf("%s: %v", name, err)
		}
		file[0] ^= 1
	}
}

func TestWhatIsNoSnapshotIsRefused(t *testing.T) {
	for name, file := range map[string][]byte{
		"nothing":      nil,
		"a few bytes":  []byte("hello"),
		"text":         []byte(strings.Repeat("once upon a time ", 100)),
		"zeros":        make([]byte, 1000),
		"only a magic": append(magic[:], make([]byte, 1000)...),
	} {
		if _, _, err := readAll(t, file); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v, want ErrHeader", name, err)
		}
	}
	if _, err := NewReader(bytes.NewReader(nil), 0, -1); !errors.Is(err, ErrOptions) {
		t.Errorf("a negative maximum: %v", err)
	}
}

// forged returns a file that is all valid but for what the frames promise.
func forged(frames ...frame) []byte {
	mark := marker{1, 2, 3, 4, 5, 6, 7, 8}
	head := Header{}.encode(mark)
	file := head[:]
	for _, f := range frames {
		var b [frameSize]byte
		f.encode(b[:], mark)
		file = append(file, b[:]...)
	}
	return file
}

func TestALengthIsCheckedBeforeAnythingIsAllocated(t *testing.T) {
	padding := make([]byte, 64<<20)
	for name, file := range map[string][]byte{
		"more than there is": forged(frame{kind: 1, length: DefaultMaxRecordBytes}),
		"more than is read":  append(forged(frame{kind: 1, length: 60 << 20}), padding...),
		"the most":           append(forged(frame{kind: 1, length: math.MaxUint32}), padding...),
		"a long footer":      append(forged(frame{length: 12 << 20}), padding[:13<<20]...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		records, report, err := readAll(t, file)
		runtime.ReadMemStats(&after)
		if err != nil || len(records) > 0 || report.Complete {
			t.Errorf("%s: %d records, %+v, %v", name, len(records), report, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 2*windowBytes {
			t.Errorf("%s: %d bytes allocated, want at most %d", name, got, 2*windowBytes)
		}
	}
}

// A forged file may not make the reader read it once for each of its frames.
func TestFramesThatPromiseTooMuchAreBoundedWork(t *testing.T) {
	const n = 4000
	var frames []frame
	for i := range n {
		frames = append(frames, frame{sequence: uint32(i), kind: 1, length: uint32((n - 1 - i) * frameSize), payloadSum: 12345})
	}
	file := forged(frames...)
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range r.Records() {
		continue
	}
	if r.reread > (rereadFactor+1)*int64(len(file)) || r.report.Records > 0 {
		t.Errorf("%d bytes read for a file of %d", r.reread, len(file))
	}
}

func TestAFooterThatCountsOthersIsNotBelieved(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(1, []byte("one")); err != nil {
		t.Fatal(err)
	}
	w.sum++
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	records, report, err := readAll(t, out.Bytes())
	if err != nil || len(records) != 1 || report.Complete || report.Skipped != 1 || !report.Footer {
		t.Errorf("%d records, %+v, %v", len(records), report, err)
	}
}

// failing is a file of which a part cannot be read.
type failing struct {
	*bytes.Reader
	from int64
}

var errSector = errors.New("bad sector")

func (f failing) ReadAt(b []byte, offset int64) (int, error) {
	if offset+int64(len(b)) <= f.from {
		return f.Reader.ReadAt(b, offset)
	}
	n, _ := f.Reader.ReadAt(b[:max(f.from-offset, 0)], offset)
	return n, errSector
}

func TestADiskThatFailsToReadEndsTheReading(t *testing.T) {
	file, written := composed(t, []int{100, 100, 100, 100})
	at := written[2].start + 5
	r, err := NewReader(failing{bytes.NewReader(file), int64(at)}, int64(len(file)), 0)
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, err := range r.Records() {
		if err == nil {
			records++
		}
	}
	report := r.Report()
	if records != 2 || report.Complete || report.Skipped != 1 || report.Damages[0].Reason != errSector.Error() {
		t.Errorf("%d records, %+v", records, report)
	}
	if _, err := NewReader(failing{bytes.NewReader(file), 0}, int64(len(file)), 0); !errors.Is(err, ErrHeader) || !errors.Is(err, errSector) {
		t.Errorf("no header can be read: %v", err)
	}
	r, err = NewReader(bytes.NewReader(file[:300]), int64(len(file)), 0) // it has become shorter
	if err != nil {
		t.Fatal(err)
	}
	for range r.Records() {
		continue
	}
	if r.Report().Records != 1 {
		t.Errorf("%+v", r.Report())
	}
}

func TestAWalkThatStopsGoesOnWhereItWas(t *testing.T) {
	file, written := composed(t, []int{1, 2, 3})
	file[written[1].start] ^= 1
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // a record, the damage, a record, and then nothing
		for range r.Records() {
			break
		}
	}
	if report := r.Report(); report.Records != 2 || report.Missing != 1 || report.Skipped != 1 {
		t.Errorf("%+v", report)
	}
}
