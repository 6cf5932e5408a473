package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/remote"
)

// discovered is a struct that payloads are read into, with a place of each kind.
type discovered struct {
	Name  string
	At    time.Time
	Count uint16
	Rows  []map[string]any
	Next  *discovered
}

// FuzzFrame reads any bytes as what might lie in Redis. They are also given a
// right checksum, since nobody finds one by chance.
func FuzzFrame(f *testing.F) {
	for _, seed := range frameSeeds(f) {
		f.Add(seed)
		f.Add(seed[:len(seed)-4])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readFrame(t, data)
		readFrame(t, binary.LittleEndian.AppendUint32(bytes.Clone(data), crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))))
	})
}

// frameSeeds are frames of each codec, with and without tags.
func frameSeeds(f *testing.F) (seeds [][]byte) {
	now := time.Unix(1_795_000_000, 5)
	rows := make([]map[string]any, 100)
	for i := range rows {
		rows[i] = map[string]any{"appName": "checkout", "duration": float64(i), "n": int64(i)}
	}
	for _, value := range []any{nil, "text", discovered{Name: "x", At: now, Count: 1, Next: &discovered{}}, discovered{Rows: rows}} {
		frame := remote.Frame{
			Quality: 1, WrittenAt: now, SoftDeadline: now.Add(time.Minute), HardDeadline: now.Add(time.Hour),
			Tags: []remote.FrameTag{{Name: "account 1"}, {Name: "kind"}}[:len(seeds)%3],
		}
		if err := frame.Pack(value, 1); err != nil {
			f.Fatal(err)
		}
		data, err := remote.AppendFrame(nil, &frame)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, data)
	}
	return seeds
}

func readFrame(t *testing.T, data []byte) {
	frame, err := remote.ParseFrame(data)
	if err != nil {
		if !errors.Is(err, remote.ErrFrameCorrupt) && !errors.Is(err, remote.ErrFrameVersion) && !errors.Is(err, remote.ErrFrameCodec) {
			t.Errorf("error %v is none of those that a reader tells apart", err)
		}
		return
	}
	again, err := remote.AppendFrame(nil, &frame)
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("a frame was read that would be written as %x, %v: it is %x", again, err, data)
	}
	for _, into := range []any{new(any), new(discovered)} {
		if err := frame.Unpack(into, frame.Type); err != nil && !errors.Is(err, remote.ErrFrameCorrupt) {
			t.Errorf("unpacking: %v", err)
		}
	}
	if err := frame.Unpack(new(any), frame.Type+1); !errors.Is(err, remote.ErrFrameType) {
		t.Errorf("unpacking another type: %v", err)
	}
}

// FuzzCodec reads any bytes as a value. What can be read has one encoding, and is
// the same when it has been written and read again.
func FuzzCodec(f *testing.F) {
	for _, seed := range []string{
		"\xf6", "\x18\x2a", "\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "\xc0\x742026-11-23T01:02:03Z", "\x82\x61a\xa1\x61b\x41\x01",
		"\xa5dName\x61xbAt\xc0\x742026-11-23T01:02:03ZeCount\x07dRows\x81\xa1\x61a\xf5dNext\xf6", "\x9a\x7f\xff\xff\xff", "\xd9\xd9\xf7\x01",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		writeAgain[any](t, data)
		writeAgain[discovered](t, data)
		writeAgain[map[string]int64](t, data)
		writeAgain[[]time.Duration](t, data)
	})
}

func writeAgain[T any](t *testing.T, data []byte) {
	var first, second T
	if err := codec.Unmarshal(data, &first); err != nil {
		if !errors.Is(err, codec.ErrDecode) {
			t.Errorf("error %v: want ErrDecode", err)
		}
		return
	}
	encoded, err := codec.Marshal(first)
	if err != nil {
		t.Fatalf("%T %+v was read and can't be written: %v", first, first, err)
	}
	if err := codec.Unmarshal(encoded, &second); err != nil {
		t.Fatalf("%T %+v was written and can't be read: %v", first, first, err)
	}
	again, err := codec.Marshal(second)
	if err != nil || !bytes.Equal(again, encoded) {
		t.Errorf("%v became %v, %v (%x, %x)", first, second, err, encoded, again)
	}
}
