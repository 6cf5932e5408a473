package state

import (
	"fmt"
	"os"
	"time"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

var (
	// ErrNoSnapshot is matched by ReadSnapshot's error for a file that is no snapshot,
	// or of which nothing can be read.
	ErrNoSnapshot = snapshot.ErrHeader
	// ErrNewerSnapshot is matched by ReadSnapshot's error for a file of a newer version.
	ErrNewerSnapshot = snapshot.ErrVersion
)

// SnapshotRecord is one intact record of a snapshot. One of Session, Saving, Learned,
// Habits, Keepsake and Fault says what it is.
type SnapshotRecord struct {
	// Session is as it was, whether or not its time is up; where Deleted is true
	// nothing is left of it but its handle.
	Session *session.Session
	Deleted bool
	// Saving is one of the hottest queries.
	Saving *warm.Saving
	// Learned is what followed a call.
	Learned *warm.Learned
	// Habits are what a tool usually sends.
	Habits *ToolHabits
	// Keepsake names the one that the record is of.
	Keepsake string
	// Fault is why the record is of no use, though its bytes are as they were written.
	Fault error
	// Bytes is its length.
	Bytes int
}

// ToolHabits are how many of the latest calls of a tool were counted, and how many
// forms of queries they sent.
type ToolHabits struct {
	Tool  string
	Calls int
	Forms int
}

// SnapshotReport says what a snapshot's file has, and what it has lost.
type SnapshotReport struct {
	Created time.Time
	Writer  string // the program
	Bytes   int64
	// Records were intact. Missing are known to be lost between them; those at the end
	// of a file that was cut off are not known.
	Records int
	Missing uint64
	// Refused were intact, and of no use.
	Refused int
	// Complete is true where every record that was written is there.
	Complete bool
	// Skipped is how many stretches of the file hold nothing intact, and Damages says
	// of the first 64 where they are and why.
	Skipped int
	Damages []string
}

// ReadSnapshot visits what is intact in a file that a State with a SnapshotFolder has
// written, one record at a time, until visit returns false. It may be called for a
// folder that is in use. What is lost is in the report and is no error.
//
// The error matches ErrNoSnapshot or ErrNewerSnapshot, or is the file system's.
// Whatever the file holds, reading it takes the memory of its largest record, of 16
// MiB at most, a few times over.
func ReadSnapshot(path string, visit func(SnapshotRecord) bool) (SnapshotReport, error) {
	info, err := os.Stat(path)
	if err != nil {
		return SnapshotReport{}, err
	}
	if !info.Mode().IsRegular() { // to open a pipe may take for ever
		return SnapshotReport{}, fmt.Errorf("%s: %w: not a regular file", path, ErrNoSnapshot)
	}
	file, err := snapshot.Open(path, 0)
	if err != nil {
		return SnapshotReport{}, err
	}
	defer file.Close()
	refused := 0
	for r, err := range file.Records() {
		if err != nil {
			continue // it is in the report
		}
		one := readSnapshotRecord(r)
		if one.Fault != nil {
			refused++
		}
		if !visit(one) {
			break
		}
	}
	found := file.Report()
	report := SnapshotReport{
		Created: found.Header.Created, Writer: found.Header.Writer, Bytes: info.Size(),
		Records: found.Records, Missing: found.Missing, Refused: refused,
		Complete: found.Complete, Skipped: found.Skipped,
	}
	for i := range found.Damages {
		report.Damages = append(report.Damages, found.Damages[i].Error())
	}
	return report, nil
}

func readSnapshotRecord(r snapshot.Record) SnapshotRecord {
	one := SnapshotRecord{Bytes: len(r.Payload)}
	switch r.Type {
	case sessionRecord:
		one.Session, one.Deleted, one.Fault = session.Read(r.Payload)
	case savingRecord:
		var saving warm.Saving
		if saving, one.Fault = readSaving(r.Payload); one.Fault == nil {
			one.Saving = &saving
		}
	case learnedRecord:
		one.Fault = restored(r.Payload, func(l warm.Learned) error {
			one.Learned = &l
			return nil
		})
	case habitsRecord:
		one.Fault = restored(r.Payload, func(h keptHabits) error {
			one.Habits = &ToolHabits{Tool: h.Tool, Calls: h.Calls, Forms: len(h.Forms)}
			return nil
		})
	case keepsakeRecord:
		var kept keptRecord
		one.Fault = codec.Unmarshal(r.Payload, &kept)
		one.Keepsake, one.Bytes = kept.Name, len(kept.Payload)
	default:
		one.Fault = fmt.Errorf("%w: %d", errRecordType, r.Type)
	}
	return one
}
