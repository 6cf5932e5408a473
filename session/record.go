package session

import (
	"fmt"
	"iter"
	"sync"

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
// Restore takes. Nobody waits for it: each session is as it was at some moment
// meanwhile.
func (st *Store) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for s := range st.live.Values() {
			if !yield(s.record()) {
				return
			}
		}
	}
}

// recorder writes records. What it needs for one it uses again for the next.
//
// It writes each field where it belongs at once, in the order in which the session
// has them: a map of fields, sorted, would take five times as long as the content's
// bare encoding does.
type recorder struct {
	writer fieldWriter
	fields []byte
	count  uint64
}

var recorders = sync.Pool{New: func() any {
	r := &recorder{}
	r.writer.emit = r.add
	return r
}}

func (s *Session) record() []byte {
	r := recorders.Get().(*recorder)
	defer recorders.Put(r)
	r.fields, r.count = r.fields[:0], 0
	if len(s.others) > 0 && s.grave == nil {
		for name, value := range s.fieldsSince(merge.Stamp{}) {
			r.add([]byte(name), []byte(value))
		}
	} else {
		r.writer.write(&s.content)
	}
	out := make([]byte, 0, len(r.fields)+len(s.handle)+4*longestHead)
	out = appendHead(out, cborArray, 3)
	out = appendHead(out, cborUint, recordVersion)
	out = append(appendHead(out, cborText, uint64(len(s.handle))), s.handle...)
	out = appendHead(out, cborMap, r.count)
	return append(out, r.fields...)
}

// add adds a field.
func (r *recorder) add(name, value []byte) {
	r.count++
	r.fields = append(appendHead(r.fields, cborBytes, uint64(len(name))), name...)
	r.fields = append(appendHead(r.fields, cborBytes, uint64(len(value))), value...)
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
