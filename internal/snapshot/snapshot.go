package snapshot

import (
	"errors"
	"hash/crc32"
	"iter"
)

// Type says what a record holds. Types are chosen by those who write records;
// footerType is taken.
type Type uint32

// footerType is the type of the one record that Writer.Close adds.
const footerType Type = 0

// Record is one record of a snapshot.
type Record struct {
	Type Type
	// Payload holds until the next record is read, and is not to be changed.
	Payload []byte
}

// Source yields records to be kept. It is called from the keeper's goroutine
// while others change what it reads, and stops when yield returns false. The
// bytes may be used again when yield has returned.
type Source = iter.Seq2[Type, []byte]

var (
	// ErrHeader is matched by the error of a file that is no snapshot, or has lost
	// both its headers.
	ErrHeader = errors.New("snapshot: no readable header")
	// ErrVersion is matched by the error of a file that a newer version of this
	// package has written.
	ErrVersion = errors.New("snapshot: newer version")
	// ErrDamaged is matched by what Reader.Records yields in place of what it had
	// to skip.
	ErrDamaged = errors.New("snapshot: damaged")
	// ErrRecord is matched by the error of a record that cannot be written.
	ErrRecord = errors.New("snapshot: bad record")
	// ErrClosed is returned by what is closed.
	ErrClosed = errors.New("snapshot: closed")
	// ErrOptions is matched by the error of bad Options. It names each field, its
	// value and what would be right.
	ErrOptions = errors.New("snapshot: bad options")
)

// DefaultMaxRecordBytes is the largest payload that is written and read unless
// something else is asked for: 16 MiB.
const DefaultMaxRecordBytes = 16 << 20

// mostRecordBytes is the most that may be asked for: 1 GiB, which fits an int of 32
// bits with a frame before it.
const mostRecordBytes = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
