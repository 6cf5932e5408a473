package goal

import (
	"errors"
	"fmt"
	"iter"

	"github.com/uds-platform/state/internal/codec"
)

// ErrRecord is matched by the error of a record that can't be Records'.
var ErrRecord = errors.New("goal: not a record of what was learned")

// maxRecordBytes is more than any line of a Learner's takes.
const maxRecordBytes = 1 << 10

// Records yields what was counted, a line a record, for a snapshot: it and
// RestoreRecord are what state.Keepsake asks for. What was yielded may be used again
// when yield has returned.
func (l *Learner) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, t := range l.Learned() {
			record, err := codec.Marshal(t)
			if err == nil && !yield(record) {
				return
			}
		}
	}
}

// RestoreRecord adds what a record of Records says. It does not hold on to it. The
// error matches ErrRecord, and nothing is added then; whatever comes, and however
// often, the Learner's bounds hold.
func (l *Learner) RestoreRecord(record []byte) error {
	if len(record) > maxRecordBytes {
		return fmt.Errorf("%w: it has %d bytes; want at most %d", ErrRecord, len(record), maxRecordBytes)
	}
	var t Taken
	if err := codec.Unmarshal(record, &t); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if fault := t.fault(); fault != "" {
		return fmt.Errorf("%w: %s", ErrRecord, fault)
	}
	l.Restore([]Taken{t})
	return nil
}
