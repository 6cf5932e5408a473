package session

import (
	"fmt"
	"iter"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/uds-platform/state/internal/merge"
)

// recordVersion is the first item of every record. A record of another version is
// refused; a field that is not known is kept.
const recordVersion = 1

// record is a session in a snapshot: its fields, just as the replica has them.
// Deadlines in it are wall-clock times.
type record struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Handle  string
	Fields  map[cbor.ByteString]cbor.ByteString
}

// Records returns an iterator over all sessions and tombstones, each as bytes that
// Restore takes, and that hold until the next. Nobody waits for it: each session is
// as it was when it began, or a moment later. Beside a list of 32 bytes a session it makes
// little garbage: one record, and tallies where calls are still to be counted.
func (st *Store) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		r := newRecorder()
		for _, a := range st.byAge() {
			if !yield(r.record(&a.session.content)) {
				return
			}
		}
	}
}

// aged is a session, and when it was made; a zero stamp where it is a tombstone.
type aged struct {
	made    merge.Stamp
	session *Session
}

// byAge lists what there is in the order in which it was made, in which it lies in memory too,
// more or less. To walk through it as it comes, which is in the order of the handles'
// hashes, takes twice as long: nearly every read waits for memory, and throws out what
// others have there.
func (st *Store) byAge() []aged {
	all := make([]aged, 0, st.live.Len())
	for s := range st.live.Values() {
		a := aged{session: s}
		if s.identity != nil {
			a.made = s.identity.stamp
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b aged) int { return compareStamps(a.made, b.made) })
	return all
}

// Restore brings a session back from a record, or a tombstone, by merging it with
// what is here already: so the order does not matter, nor whether others have told
// of a newer state before. It reports whether there is a session then; one whose
// time is up is dropped. The error matches ErrRecord, and then nothing has
// changed; what a record takes of memory is bounded by its length.
func (st *Store) Restore(data []byte) (alive bool, err error) {
	handle, fields, err := readRecord(data)
	if err != nil {
		return false, err
	}
	st.join(handle, fields, nil)
	s, ok := st.live.GetQuietly(string(handle))
	return ok && s.servable, nil
}

func readRecord(data []byte) (Handle, merge.Fields, error) {
	var r record
	if err := decoding.Unmarshal(data, &r); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if r.Version != recordVersion {
		return "", nil, fmt.Errorf("%w: version %d; want %d", ErrRecord, r.Version, recordVersion)
	}
	if !Handle(r.Handle).wellFormed() {
		return "", nil, fmt.Errorf("%w: its handle is none", ErrRecord)
	}
	fields := make(merge.Fields, len(r.Fields))
	for name, value := range r.Fields {
		if _, err := merge.Read(string(name), string(value)); err != nil {
			return "", nil, fmt.Errorf("%w: %w", ErrRecord, err)
		}
		fields[string(name)] = string(value)
	}
	return Handle(r.Handle), fields, nil
}
