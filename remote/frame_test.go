package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/codec"
)

var loaded = time.Date(2026, 11, 23, 1, 2, 3, 456789012, time.UTC)

func sampleFrame() Frame {
	return Frame{
		Codec: CBOR, Quality: 2, Settled: true, Type: 7,
		WrittenAt: loaded, SoftDeadline: loaded.Add(time.Minute), HardDeadline: loaded.Add(time.Hour),
		Tags:    []FrameTag{{"account 1"}, {"event type Transaction"}},
		Payload: []byte("\x64text"),
	}
}

func framed(t testing.TB, f Frame) []byte {
	t.Helper()
	data, err := AppendFrame(nil, &f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sealed puts a right checksum after a body.
func sealed(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

func TestAFrameComesBackAsItWas(t *testing.T) {
	for name, change := range map[string]func(*Frame){
		"as it is":     func(*Frame) {},
		"no tags":      func(f *Frame) { f.Tags = nil },
		"not settled":  func(f *Frame) { f.Settled = false },
		"no payload":   func(f *Frame) { f.Payload = []byte{} },
		"for ever":     func(f *Frame) { f.HardDeadline = time.Unix(0, math.MaxInt64).UTC() },
		"for a moment": func(f *Frame) { f.SoftDeadline, f.HardDeadline = f.WrittenAt, f.WrittenAt },
		"at the bounds": func(f *Frame) {
			f.Tags = nil
			for range MaxTags {
				f.Tags = append(f.Tags, FrameTag{strings.Repeat("x", MaxTagBytes)})
			}
		},
	} {
		in := sampleFrame()
		change(&in)
		data, err := AppendFrame([]byte("before"), &in)
		if err != nil || !strings.HasPrefix(string(data), "before") {
			t.Errorf("%s: %q, %v", name, data, err)
			continue
		}
		out, err := ParseFrame(data[len("before"):])
		if err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%s: came back as %+v, %v", name, out, err)
		}
	}
}

func TestAFrameThatCannotBeReadIsNotWritten(t *testing.T) {
	for name, change := range map[string]func(*Frame){
		"no codec":         func(f *Frame) { f.Codec = 0 },
		"unknown codec":    func(f *Frame) { f.Codec = codecs },
		"too many tags":    func(f *Frame) { f.Tags = make([]FrameTag, MaxTags+1) },
		"tag without name": func(f *Frame) { f.Tags[0].Name = "" },
		"long tag":         func(f *Frame) { f.Tags[0].Name = strings.Repeat("x", MaxTagBytes+1) },
		"no times":         func(f *Frame) { f.WrittenAt, f.SoftDeadline, f.HardDeadline = time.Time{}, time.Time{}, time.Time{} },
		"year 3000":        func(f *Frame) { f.HardDeadline = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"soft after hard":  func(f *Frame) { f.SoftDeadline = f.HardDeadline.Add(1) },
		"written too late": func(f *Frame) { f.WrittenAt = f.SoftDeadline.Add(1) },
	} {
		f := sampleFrame()
		change(&f)
		if data, err := AppendFrame([]byte("before"), &f); !errors.Is(err, ErrFrameInvalid) || string(data) != "before" {
			t.Errorf("%s: %q, %v: want ErrFrameInvalid", name, data, err)
		}
	}
}

// Whatever bit is wrong, and wherever a frame is cut off, it is not served.
func TestADamagedFrameIsRefused(t *testing.T) {
	data := framed(t, sampleFrame())
	for i := range data {
		for bit := range 8 {
			damaged := append([]byte(nil), data...)
			damaged[i] ^= 1 << bit
			want := ErrFrameCorrupt
			if i == 0 {
				want = ErrFrameVersion
			}
			if _, err := ParseFrame(damaged); !errors.Is(err, want) {
				t.Fatalf("bit %d of byte %d: %v: want %v", bit, i, err, want)
			}
		}
		if _, err := ParseFrame(data[:i]); !errors.Is(err, ErrFrameCorrupt) {
			t.Fatalf("the first %d bytes: %v", i, err)
		}
	}
}

func TestAForgedFrameIsRefused(t *testing.T) {
	const flags, hard, tags, tagLength = 3, 28, 36, frameHeaderBytes + 8
	for name, c := range map[string]struct {
		forge func(body []byte) []byte
		want  error
	}{
		"newer version":    {func(b []byte) []byte { b[0] = frameVersion + 1; return b }, ErrFrameVersion},
		"unknown codec":    {func(b []byte) []byte { b[1] = byte(codecs); return b }, ErrFrameCodec},
		"unknown flag":     {func(b []byte) []byte { b[flags] |= 2; return b }, ErrFrameCorrupt},
		"hard before soft": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[hard:], 1); return b }, ErrFrameCorrupt},
		"tags without end": {func(b []byte) []byte { b[tags] = 255; return b }, ErrFrameCorrupt},
		"more tags":        {func(b []byte) []byte { b[tags] = 4; return b }, ErrFrameCorrupt},
		"a reserved byte":  {func(b []byte) []byte { b[tagLength-1] = 1; return b }, ErrFrameCorrupt},
		"an empty tag":     {func(b []byte) []byte { b[tagLength], b[tagLength+1] = 0, 0; return b }, ErrFrameCorrupt},
		"a tag past end":   {func(b []byte) []byte { b[tagLength], b[tagLength+1] = 255, 3; return b }, ErrFrameCorrupt},
		"a tag past bounds": {func(b []byte) []byte {
			b[tags], b[tagLength], b[tagLength+1] = 1, 1, 4
			return append(b, make([]byte, 2000)...)
		}, ErrFrameCorrupt},
		"65 tags": {func(b []byte) []byte {
			b[tags] = MaxTags + 1
			return append(b[:frameHeaderBytes], strings.Repeat("\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00x", MaxTags+1)...)
		}, ErrFrameCorrupt},
		"half a header": {func(b []byte) []byte { return b[:10] }, ErrFrameCorrupt},
		"a tag cut off": {func(b []byte) []byte { b[tags] = 3; return b[:frameHeaderBytes+33] }, ErrFrameCorrupt},
		"only a header": {func(b []byte) []byte { return b[:frameHeaderBytes] }, ErrFrameCorrupt},
	} {
		data := framed(t, sampleFrame())
		if _, err := ParseFrame(sealed(c.forge(data[:len(data)-checksumBytes]))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v: want %v", name, err, c.want)
		}
	}
}

// event is like what a discovery query returns.
type event struct {
	Name  string
	Attrs map[string]any
}

var eventsType = codec.Fingerprint(reflect.TypeFor[[]event]())

func someEvents(n int) []event {
	events := make([]event, n)
	for i := range events {
		events[i] = event{fmt.Sprint("Transaction", i), map[string]any{"duration": float64(i) / 3, "host": fmt.Sprint("host-", i%7)}}
	}
	return events
}

func TestAValueComesBackFromItsFrame(t *testing.T) {
	for n, want := range map[int]Codec{0: CBOR, 3: CBOR, 1000: CompressedCBOR} {
		f, in := sampleFrame(), someEvents(n)
		if err := f.Pack(in, eventsType); err != nil || f.Codec != want {
			t.Fatalf("%d events: %v, codec %d: want %d", n, err, f.Codec, want)
		}
		parsed, err := ParseFrame(framed(t, f))
		if err != nil {
			t.Fatal(err)
		}
		var out []event
		if err := parsed.Unpack(&out, eventsType); err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%d events came back as %d, %v", n, len(out), err)
		}
	}
}

func TestPackRefusesWhatCannotBeEncoded(t *testing.T) {
	f := sampleFrame()
	if err := f.Pack(func() {}, 1); !errors.Is(err, codec.ErrEncode) {
		t.Errorf("%v: want ErrEncode", err)
	}
}

// A struct that has lost a field would decode without a word.
func TestAValueOfAnotherTypeIsRefused(t *testing.T) {
	type older struct{ Name string }
	f := sampleFrame()
	if err := f.Pack(someEvents(1), eventsType); err != nil {
		t.Fatal(err)
	}
	var out []older
	if err := codec.Unmarshal(f.Payload, &out); err != nil {
		t.Fatalf("it does not decode: then this shows nothing: %v", err)
	}
	if err := f.Unpack(&out, codec.Fingerprint(reflect.TypeFor[[]older]())); !errors.Is(err, ErrFrameType) {
		t.Errorf("%v: want ErrFrameType", err)
	}
}

func TestABadPayloadIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		codec   Codec
		payload string
		want    error
	}{
		"not CBOR":         {CBOR, "\xff", ErrFrameCorrupt},
		"another kind":     {CBOR, "\x01", ErrFrameCorrupt},
		"not S2":           {CompressedCBOR, "\x05\x00", ErrFrameCorrupt},
		"nothing":          {CompressedCBOR, "", ErrFrameCorrupt},
		"S2 of 4 GiB":      {CompressedCBOR, "\xff\xff\xff\xff\x0f\x00\x61", ErrFrameCorrupt},
		"an unknown codec": {codecs, "\x80", ErrFrameCodec},
	} {
		f := Frame{Codec: c.codec, Type: eventsType, Payload: []byte(c.payload)}
		var out []event
		if err := f.Unpack(&out, eventsType); !errors.Is(err, c.want) {
			t.Errorf("%s: %v: want %v", name, err, c.want)
		}
	}
}

// What compresses better than maxRatio is left as it is: it would be refused.
func TestEverythingPackedCanBeUnpacked(t *testing.T) {
	in := strings.Repeat("x", 1<<20)
	f := sampleFrame()
	if err := f.Pack(in, 1); err != nil || f.Codec != CBOR {
		t.Errorf("%v, codec %d: want %d", err, f.Codec, CBOR)
	}
	var out string
	if err := f.Unpack(&out, 1); err != nil || out != in {
		t.Error(err)
	}
}

func TestAClaimedLengthAllocatesNothing(t *testing.T) {
	f := Frame{Codec: CompressedCBOR, Type: 1, Payload: append([]byte("\x80\x80\x80\x40"), make([]byte, 1<<10)...)} // 128 MiB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var out any
	if err := f.Unpack(&out, 1); !errors.Is(err, ErrFrameCorrupt) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("%d bytes were allocated", bytes)
	}
}

func BenchmarkFrame(b *testing.B) {
	events := someEvents(1000)
	b.Run("pack", func(b *testing.B) {
		f := sampleFrame()
		var data []byte
		for b.Loop() {
			_ = f.Pack(events, eventsType)
			data, _ = AppendFrame(data[:0], &f)
		}
		b.ReportMetric(float64(len(data)), "bytes")
	})
	f := sampleFrame()
	_ = f.Pack(events, eventsType)
	data := framed(b, f)
	b.Run("unpack", func(b *testing.B) {
		for b.Loop() {
			parsed, _ := ParseFrame(data)
			var out []event
			_ = parsed.Unpack(&out, eventsType)
		}
	})
}
