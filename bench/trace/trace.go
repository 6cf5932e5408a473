// Package trace reads recorded accesses from files, in the formats that caches
// are commonly measured with.
//
// Whatever the objects are called in the file, they are numbered here by first
// appearance, and a trace is a sequence of such numbers. Files compressed by
// gzip or zstd are read as they are.
//
// A trace comes from somebody else, so its reader believes nothing: how many
// accesses are kept is bounded by the caller and by nothing that the file says,
// memory grows with what was really read, and what can't be understood is an
// error that says where.
package trace

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// ErrFormat is what a file that can't be understood gives.
var ErrFormat = errors.New("trace: bad format")

// Trace is a sequence of accesses.
type Trace struct {
	Name     string
	Accesses []uint32 // objects, numbered by first appearance
	Objects  int      // how many different ones there are
	Cut      bool     // the file had more than the limit
}

const (
	// MostAccesses is the most that can be kept of a file.
	MostAccesses = 1 << 28

	// longestLineBytes is the longest line of a text.
	longestLineBytes = 1 << 16

	// mostWindowBytes is how far back a zstd file may refer.
	mostWindowBytes = 64 << 20
)

// Read reads a file, at most so many accesses of it. The format may be Auto.
func Read(path string, format Format, limit int) (Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return Trace{}, fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	t, err := ReadFrom(f, filepath.Base(path), format, limit)
	if err != nil {
		return Trace{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ReadFrom is Read from an open file; by its name it guesses the format.
func ReadFrom(r io.Reader, name string, format Format, limit int) (Trace, error) {
	if limit < 1 || limit > MostAccesses {
		return Trace{}, fmt.Errorf("%w: a limit of %d accesses; want 1 to %d", ErrFormat, limit, MostAccesses)
	}
	plain, closing, err := decompress(r)
	if err != nil {
		return Trace{}, err
	}
	defer closing()
	if format == Auto {
		if format, err = guess(name, plain); err != nil {
			return Trace{}, err
		}
	}
	decode, ok := decoders[format]
	if !ok {
		return Trace{}, fmt.Errorf("%w: there is no format %q; want one of %s", ErrFormat, format, strings.Join(Formats(), ", "))
	}
	n := numbering{limit: limit, numbers: map[uint64]uint32{}}
	if err := decode(plain, n.add); err != nil && !errors.Is(err, errLimit) {
		return Trace{}, err
	}
	if len(n.accesses) == 0 {
		return Trace{}, fmt.Errorf("%w: no accesses", ErrFormat)
	}
	return Trace{Name: ShortName(name), Accesses: n.accesses, Objects: len(n.numbers), Cut: n.cut}, nil
}

// ShortName is a file's name without the endings that tell its format.
func ShortName(name string) string {
	short := filepath.Base(name)
	for {
		ending := filepath.Ext(short)
		if ending == "" || ending == short || !knownEnding(ending) {
			return short
		}
		short = strings.TrimSuffix(short, ending)
	}
}

// errLimit ends a decoder that has filled the limit.
var errLimit = errors.New("trace: limit reached")

// numbering gives objects numbers in the order of their appearance.
type numbering struct {
	limit    int
	cut      bool
	numbers  map[uint64]uint32
	accesses []uint32
}

func (n *numbering) add(object uint64) error {
	if len(n.accesses) == n.limit {
		n.cut = true
		return errLimit
	}
	number, ok := n.numbers[object]
	if !ok {
		number = uint32(len(n.numbers))
		n.numbers[object] = number
	}
	n.accesses = append(n.accesses, number)
	return nil
}

// decompress looks at how the file begins, not at what it is called.
func decompress(r io.Reader) (*bufio.Reader, func(), error) {
	raw := bufio.NewReaderSize(r, 1<<16)
	magic, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("trace: %w", err)
	}
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return bufio.NewReaderSize(z, 1<<16), func() {}, nil
	case strings.HasPrefix(string(magic), "\x28\xb5\x2f\xfd"):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(mostWindowBytes))
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return bufio.NewReaderSize(z, 1<<16), z.Close, nil
	}
	return raw, func() {}, nil
}
