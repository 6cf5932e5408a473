package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// objects is what every generated file says; renumbered, it is wanted.
var (
	objects = []uint64{0, 7, 8, 9, 0, 7, 1 << 20, 8}
	wanted  = []uint32{0, 1, 2, 3, 0, 1, 4, 2}
)

func each(write func(b *bytes.Buffer, object uint64)) []byte {
	var b bytes.Buffer
	for _, object := range objects {
		write(&b, object)
	}
	return b.Bytes()
}

func generated() map[string][]byte {
	return map[string][]byte{
		"ours.trace":      each(func(b *bytes.Buffer, o uint64) { b.Write(binary.AppendUvarint(nil, o)) }),
		"keys.txt":        each(func(b *bytes.Buffer, o uint64) { fmt.Fprintf(b, "/page/%d?x=y z\r\n", o) }),
		"lirs.trc":        append([]byte("*\n"), each(func(b *bytes.Buffer, o uint64) { fmt.Fprintf(b, "%d\n*\n", o) })...),
		"lirs.trace":      append([]byte("*\n"), each(func(b *bytes.Buffer, o uint64) { fmt.Fprintf(b, " %d\n", o) })...),
		"arc.lis":         []byte("0 1 0 0\n7 3 0 1\n0 1 0 2\n7 1 0 3\n1048576 1 0 4\n\n8 1"),
		"cache2k.trc.bin": each(func(b *bytes.Buffer, o uint64) { b.Write(binary.BigEndian.AppendUint32(nil, uint32(o))) }),
		"a.be64":          each(func(b *bytes.Buffer, o uint64) { b.Write(binary.BigEndian.AppendUint64(nil, o)) }),
		"b.le64":          each(func(b *bytes.Buffer, o uint64) { b.Write(binary.LittleEndian.AppendUint64(nil, o)) }),
		"c.be32":          each(func(b *bytes.Buffer, o uint64) { b.Write(binary.BigEndian.AppendUint32(nil, uint32(o))) }),
		"d.le32":          each(func(b *bytes.Buffer, o uint64) { b.Write(binary.LittleEndian.AppendUint32(nil, uint32(o))) }),
		"e.oracleGeneral.bin": each(func(b *bytes.Buffer, o uint64) {
			b.Write(binary.LittleEndian.AppendUint32(nil, 12345))
			b.Write(binary.LittleEndian.AppendUint64(nil, o))
			b.Write(binary.LittleEndian.AppendUint32(nil, 4096))
			b.Write(binary.LittleEndian.AppendUint64(nil, ^uint64(0)))
		}),
	}
}

func zipped(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func zstandard(content []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return z.EncodeAll(content, nil)
}

func TestEveryFormatIsReadPlainAndCompressed(t *testing.T) {
	folder := t.TempDir()
	for name, content := range generated() {
		for ending, packed := range map[string][]byte{"": content, ".gz": zipped(content), ".zst": zstandard(content)} {
			path := filepath.Join(folder, name+ending)
			if err := os.WriteFile(path, packed, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Read(path, Auto, 1000)
			if err != nil || !slices.Equal(got.Accesses, wanted) || got.Objects != 5 || got.Cut {
				t.Errorf("%s: %+v, %v", path, got, err)
			}
		}
	}
}

func TestAFormatCanBeSaidWhereTheNameTellsNothing(t *testing.T) {
	content := generated()["a.be64"]
	if _, err := ReadFrom(bytes.NewReader(content), "mystery", Auto, 100); !errors.Is(err, ErrFormat) {
		t.Errorf("guessed: %v", err)
	}
	got, err := ReadFrom(bytes.NewReader(content), "mystery", Uint64BE, 100)
	if err != nil || !slices.Equal(got.Accesses, wanted) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadFrom(bytes.NewReader(content), "mystery", "ebcdic", 100); !errors.Is(err, ErrFormat) {
		t.Errorf("an unknown format: %v", err)
	}
}

func TestNamesLoseWhatTellsTheFormat(t *testing.T) {
	for name, want := range map[string]string{
		"oltp.trace.gz": "oltp", "w01.oracleGeneral.bin.zst": "w01", "P1.lis": "P1", "a/b/web07.trc.bin.gz": "web07", "v1.2": "v1.2", ".gz": ".gz",
	} {
		if got := ShortName(name); got != want {
			t.Errorf("%s is called %q, want %q", name, got, want)
		}
	}
}

func TestAFileIsReadToTheLimitAndNoFurther(t *testing.T) {
	content := generated()["b.le64"]
	for limit := 1; limit <= len(wanted); limit++ {
		got, err := ReadFrom(bytes.NewReader(content), "b.le64", Auto, limit)
		if err != nil || !slices.Equal(got.Accesses, wanted[:limit]) || got.Cut != (limit < len(wanted)) {
			t.Errorf("limit %d: %+v, %v", limit, got, err)
		}
	}
	for _, limit := range []int{0, -1, MostAccesses + 1} {
		if _, err := ReadFrom(bytes.NewReader(content), "b.le64", Auto, limit); !errors.Is(err, ErrFormat) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// endless never ends, as a compressed file of a few bytes may not.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestHostileFilesCostNoMoreThanTheLimit(t *testing.T) {
	const limit = 1000
	for name, r := range map[string]io.Reader{
		"huge.lis":    strings.NewReader("0 18446744073709551615"),
		"zeros.trace": endless(0),
		"stars.trc":   io.LimitReader(endless('*'), longestLineBytes-1),
	} {
		var got Trace
		var err error
		allocated := testing.AllocsPerRun(1, func() { got, err = ReadFrom(r, name, Auto, limit) })
		if allocated > 10*limit {
			t.Errorf("%s: %.0f allocations", name, allocated)
		}
		if err == nil && (len(got.Accesses) > limit || !got.Cut) {
			t.Errorf("%s: %d accesses, cut %v", name, len(got.Accesses), got.Cut)
		}
	}
}

func TestDamagedFilesAreErrorsThatSayWhere(t *testing.T) {
	whole := zipped(generated()["a.be64"])
	for name, c := range map[string]struct{ content, says string }{
		"empty.txt":           {"", "no accesses"},
		"short.be64":          {"12345678123", "record 1 has 3 bytes of 8"},
		"short.oracleGeneral": {strings.Repeat("x", 47), "record 1 has 23 bytes of 24"},
		"cut.trace":           {"\x00\x80", "access 1"},
		"over.trace":          {"\x00" + strings.Repeat("\xff", 11), "access 1"},
		"words.trc":           {"1\ntwo\n", "line 2"},
		"negative.lis":        {"5 1\n-5 1\n", "line 2, start"},
		"one.lis":             {"5\n", "line 1 has 1 fields"},
		"count.lis":           {"5 x\n", "line 1, count"},
		"beyond.lis":          {"18446744073709551615 2\n", "line 1"},
		"line.txt":            {"a\n" + strings.Repeat("b", longestLineBytes+1), "line 2"},
		"cut.be64.gz":         {string(whole[:len(whole)-9]), "record"},
		"head.be64.gz":        {"\x1f\x8bnonsense", ""},
		"noise.be64.zst":      {"\x28\xb5\x2f\xfdnonsense", ""},
	} {
		_, err := ReadFrom(strings.NewReader(c.content), name, Auto, 1000)
		if !errors.Is(err, ErrFormat) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
}

func TestAnAbsentFileIsSaidToBeAbsent(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "absent.txt"), Auto, 10); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// FuzzReadFrom checks that no input panics or passes the limit.
func FuzzReadFrom(f *testing.F) {
	for name, content := range generated() {
		f.Add(name, content)
		f.Add(name+".gz", zipped(content))
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		got, err := ReadFrom(bytes.NewReader(content), name, Auto, 100)
		if err == nil && (len(got.Accesses) == 0 || len(got.Accesses) > 100 || got.Objects > len(got.Accesses)) {
			t.Fatalf("%+v", got)
		}
	})
}
