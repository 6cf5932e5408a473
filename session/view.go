package session

import "github.com/uds-platform/state/internal/merge"

// Read returns the session of a record as it was written, be its time up or not, for
// whoever wants to look at a snapshot. deleted is true for a tombstone, of which
// nothing is left but the handle; and where a part of a session had arrived and no
// more, it says neither whose it is nor when it was made. The error matches
// ErrRecord; a record costs what it costs Restore.
func Read(record []byte) (s *Session, deleted bool, err error) {
	handle, fields, err := readRecord(record)
	if err != nil {
		return nil, false, err
	}
	read, _ := (&content{handle: handle}).joinedWith(fields, fields, merge.Stamp{}, new(news))
	s = &Session{content: read}
	s.classify(0, 0)
	return s, s.grave != nil, nil
}
