package snapshot

import "time"

// Status is how a Keeper is.
type Status struct {
	// File is the last snapshot that succeeded, Saved when it did, or zero where
	// none has. Its content is as of a moment Took before.
	File  string
	Saved time.Time
	Took  time.Duration
	Bytes int64
	// Records are in it; Refused were too large to be.
	Records, Refused int
	// Unsaved is how many changes have been counted since it was begun. An old
	// snapshot with none is as good as a new one.
	Unsaved int64
	// Taken and Failed count snapshots.
	Taken, Failed uint64
	// Running is since when one is being taken, or zero.
	Running time.Time
	// Failing is nil while all is well.
	Failing *Failing
	// Untidy is why old files could not be removed, or nil. They take room, and
	// are tried again.
	Untidy error
}

// Failing is why snapshots fail, since when, and for how many times in a row.
// What was saved before is still there.
type Failing struct {
	Since time.Time
	Times int
	Err   error
}

// Age is how long ago the last snapshot succeeded. ok is false where none has.
func (s Status) Age() (age time.Duration, ok bool) {
	if s.Saved.IsZero() {
		return 0, false
	}
	return time.Since(s.Saved), true
}
