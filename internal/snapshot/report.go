package snapshot

import (
	"fmt"
	"log/slog"
)

// maxDamages bounds how many stretches a Report describes; it counts them all.
const maxDamages = 64

// Report says what was found in a file.
type Report struct {
	// File is the path, where there is one.
	File   string
	Header Header
	// Records is how many were intact.
	Records int
	// Missing is how many are known to be lost between them. Those lost at the end
	// of a file without a footer are not known.
	Missing uint64
	// Refused is how many were intact, but not what Keeper.Load's restore could
	// use.
	Refused int
	// Footer is true where the footer was found, and Complete where besides every
	// record that was written is there.
	Footer, Complete bool
	// Damages describes the first 64 of the stretches that were skipped, and
	// Skipped counts all of them.
	Damages []Damage
	Skipped int
	// Unreadable are newer generations than File that could not be used.
	Unreadable []error
}

// Damage is a stretch of a file that holds no intact record. As an error it
// matches ErrDamaged.
type Damage struct {
	Offset, Bytes int64
	// Type is that of the record, where its frame is intact, and else 0.
	Type   Type
	Reason string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("%v: %d bytes at %d: %s", ErrDamaged, d.Bytes, d.Offset, d.Reason)
}

func (d *Damage) Unwrap() error { return ErrDamaged }

// skipped notes a stretch, and the type of the record there where it is known.
func (r *Reader) skipped(from, to int64, kind Type, reason string) *Damage {
	d := &Damage{Offset: from, Bytes: to - from, Type: kind, Reason: reason}
	r.report.Skipped++
	if len(r.report.Damages) < maxDamages {
		r.report.Damages = append(r.report.Damages, *d)
	}
	return d
}

// LogValue tells a logger what matters.
func (r Report) LogValue() slog.Value {
	attributes := []slog.Attr{
		slog.String("file", r.File), slog.Time("created", r.Header.Created),
		slog.Int("records", r.Records), slog.Uint64("missing", r.Missing), slog.Int("refused", r.Refused),
		slog.Bool("complete", r.Complete), slog.Int("damages", r.Skipped), slog.Int("unreadable", len(r.Unreadable)),
	}
	if len(r.Damages) > 0 {
		attributes = append(attributes, slog.String("first", r.Damages[0].Error()))
	}
	if len(r.Unreadable) > 0 {
		attributes = append(attributes, slog.String("newest", r.Unreadable[0].Error()))
	}
	return slog.GroupValue(attributes...)
}
