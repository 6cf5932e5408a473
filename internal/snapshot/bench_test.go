package snapshot

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// sessionCount and about 500 bytes each are what a large server has.
const sessionCount = 100_000

// encodeSession stands for a codec, and is quicker than any: what the framing
// costs is not hidden behind it.
func encodeSession(b []byte, i int) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(i))
	for field := range 16 {
		b = append(b, byte(field))
		b = binary.AppendUvarint(b, uint64(i)*uint64(field))
		b = append(b, "a value of thirty-two characters"[:20+i%12]...)
	}
	return b
}

// bare is the least that anything can do: encode and write, and sync.
func bare(b *testing.B, path string) int64 {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(f, writeBufferBytes)
	var scratch []byte
	size := int64(0)
	for i := range sessionCount {
		scratch = encodeSession(scratch[:0], i)
		size += int64(len(scratch))
		if _, err := out.Write(scratch); err != nil {
			b.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return size
}

func sessions(yield func(Type, []byte) bool) {
	var scratch []byte
	for i := range sessionCount {
		scratch = encodeSession(scratch[:0], i)
		if !yield(1, scratch) {
			return
		}
	}
}

// Both are done in turn, since a machine is never the same for long. The ratio is
// the median of those of the turns.
func BenchmarkSnapshotOf100000Sessions(b *testing.B) {
	k := keeper(b, Options{Folder: b.TempDir(), Generations: 1})
	path := filepath.Join(b.TempDir(), "bare")
	var ratios []float64
	var bareTime, snapshotTime time.Duration
	for b.Loop() {
		begin := time.Now()
		b.SetBytes(bare(b, path))
		one := time.Since(begin)
		if err := os.Remove(path); err != nil {
			b.Fatal(err)
		}
		begin = time.Now()
		if _, err := k.store.write([]Source{sessions}); err != nil {
			b.Fatal(err)
		}
		another := time.Since(begin)
		bareTime, snapshotTime = bareTime+one, snapshotTime+another
		ratios = append(ratios, float64(another)/float64(one))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(float64(bareTime.Milliseconds())/float64(len(ratios)), "bare-ms")
	b.ReportMetric(float64(snapshotTime.Milliseconds())/float64(len(ratios)), "snapshot-ms")
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{64, 500, 4096} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			w, err := NewWriter(discard{}, Header{}, 0)
			if err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Append(1, payload); err != nil {
					w.count = 0
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	w, err := NewWriter(&file, Header{}, 0)
	if err != nil {
		b.Fatal(err)
	}
	for kind, payload := range sessions {
		if err := w.Append(kind, payload); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()), 0)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range r.Records() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
