package session

import (
	"fmt"
	"iter"

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
// as it was at some moment meanwhile. Its garbage is one record, however many sessions
// there are.
func (st *Store) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		r := newRecorder()
		for s := range st.live.Values() {
			if !yield(r.record(&s.content)) {
				return
			}
		}
	}
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
