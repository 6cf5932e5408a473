package trace

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

func varints(r *bufio.Reader, found access) error {
	for at := 0; ; at++ {
		object, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: access %d: %w", ErrFormat, at, err)
		}
		if err := found(object); err != nil {
			return err
		}
	}
}

// lines hands over each line that isn't blank, without the space around it.
func lines(r *bufio.Reader, each func(number int, line string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), longestLineBytes)
	number := 0
	for s.Scan() {
		number++
		line := strings.TrimSpace(s.Text())
		if line == "" {
			continue
		}
		if err := each(number, line); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%w: line %d: %w", ErrFormat, number+1, err)
	}
	return nil
}

// text keeps of each key only a hash of 64 bits: two of a million keys share one
// in one of 37 million traces.
func text(r *bufio.Reader, found access) error {
	return lines(r, func(_ int, line string) error { return found(xxhash.Sum64String(line)) })
}

func lirs(r *bufio.Reader, found access) error {
	return lines(r, func(number int, line string) error {
		if strings.HasPrefix(line, "*") {
			return nil
		}
		object, err := strconv.ParseUint(line, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrFormat, number, err)
		}
		return found(object)
	})
}

func arc(r *bufio.Reader, found access) error {
	return lines(r, func(number int, line string) error {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return fmt.Errorf("%w: line %d has %d fields; want `start count`", ErrFormat, number, len(fields))
		}
		start, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return fmt.Errorf("%w: line %d, start: %w", ErrFormat, number, err)
		}
		count, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			return fmt.Errorf("%w: line %d, count: %w", ErrFormat, number, err)
		}
		if count > math.MaxUint64-start {
			return fmt.Errorf("%w: line %d: %d blocks from %d on are more than there are", ErrFormat, number, count, start)
		}
		for i := range count {
			if err := found(start + i); err != nil {
				return err
			}
		}
		return nil
	})
}

// oracleBytes is the length of libCacheSim's record: time (4 bytes), object (8),
// size (4) and next access (8), packed, little-endian.
const oracleBytes = 24

func oracleObject(record []byte) uint64 { return binary.LittleEndian.Uint64(record[4:]) }

func bigEndian(record []byte) uint64 {
	if len(record) == 4 {
		return uint64(binary.BigEndian.Uint32(record))
	}
	return binary.BigEndian.Uint64(record)
}

func littleEndian(record []byte) uint64 {
	if len(record) == 4 {
		return uint64(binary.LittleEndian.Uint32(record))
	}
	return binary.LittleEndian.Uint64(record)
}

// fixed decodes records of one length.
func fixed(length int, object func(record []byte) uint64) func(*bufio.Reader, access) error {
	return func(r *bufio.Reader, found access) error {
		record := make([]byte, length)
		for at := 0; ; at++ {
			n, err := io.ReadFull(r, record)
			switch {
			case errors.Is(err, io.ErrUnexpectedEOF):
				return fmt.Errorf("%w: record %d has %d bytes of %d: %w", ErrFormat, at, n, length, err)
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("%w: record %d: %w", ErrFormat, at, err)
			}
			if err := found(object(record)); err != nil {
				return err
			}
		}
	}
}
