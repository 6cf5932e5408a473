package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how accesses are written down.
type Format string

// The formats.
const (
	Auto     Format = "auto"     // by the file's name
	Varint   Format = "varint"   // unsigned varints, one an access
	Text     Format = "text"     // one key a line, whatever it is
	ARC      Format = "arc"      // a line `start count …`: count blocks from start on
	LIRS     Format = "lirs"     // one number a line; lines that begin with * are marks
	Uint64BE Format = "uint64be" // big-endian, as the Corda traces are
	Uint64LE Format = "uint64le"
	Uint32BE Format = "uint32be" // as the cache2k traces are
	Uint32LE Format = "uint32le"
	Oracle   Format = "oracle" // libCacheSim's oracleGeneral records
)

// access is what a decoder tells of each access that it finds.
type access func(object uint64) error

var decoders = map[Format]func(*bufio.Reader, access) error{
	Varint:   varints,
	Text:     text,
	ARC:      arc,
	LIRS:     lirs,
	Uint64BE: fixed(8, bigEndian),
	Uint64LE: fixed(8, littleEndian),
	Uint32BE: fixed(4, bigEndian),
	Uint32LE: fixed(4, littleEndian),
	Oracle:   fixed(oracleBytes, oracleObject),
}

// Formats returns the names of all formats.
func Formats() []string {
	names := []string{string(Auto)}
	for _, f := range slices.Sorted(maps.Keys(decoders)) {
		names = append(names, string(f))
	}
	return names
}

// endings say what files of a name hold.
var endings = map[string]Format{
	".txt":           Text,
	".lis":           ARC,
	".trc":           LIRS,
	".lirs":          LIRS,
	".be64":          Uint64BE,
	".le64":          Uint64LE,
	".be32":          Uint32BE,
	".le32":          Uint32LE,
	".oraclegeneral": Oracle,
}

// plainEndings say nothing of the format.
var plainEndings = []string{".gz", ".zst", ".bin", ".trace"}

func knownEnding(ending string) bool {
	ending = strings.ToLower(ending)
	_, ok := endings[ending]
	return ok || slices.Contains(plainEndings, ending)
}

// guess finds the format by the endings of a name, compressions left aside. Two
// formats share the ending .trace: ours, and the text of the LIRS traces. Ours
// begins with object 0 or 1, and text with neither of those bytes. And
// cache2k's .trc.bin is not the text that .trc is.
func guess(name string, plain *bufio.Reader) (Format, error) {
	rest := strings.ToLower(name)
	rest = strings.TrimSuffix(strings.TrimSuffix(rest, ".gz"), ".zst")
	switch {
	case strings.HasSuffix(rest, ".trc.bin"):
		return Uint32BE, nil
	case strings.HasSuffix(rest, ".trace"):
		first, err := plain.Peek(1)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if len(first) == 1 && first[0] > 1 {
			return LIRS, nil
		}
		return Varint, nil
	}
	rest = strings.TrimSuffix(rest, ".bin")
	if f, ok := endings[filepath.Ext(rest)]; ok {
		return f, nil
	}
	return "", fmt.Errorf("%w: nothing in the name %q tells the format; say which of %s", ErrFormat, name, strings.Join(Formats(), ", "))
}
