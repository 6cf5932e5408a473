package snapshot

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options say where a Keeper keeps what, and how often. Only Folder is required;
// another field left at zero has the default that its comment names.
type Options struct {
	// Folder is made, for the owner alone, when the first snapshot is taken. It
	// must be writable for nobody else: whoever can write it can forge a snapshot.
	Folder string
	// Name begins the name of every file: letters, digits, - and _, "state".
	Name string
	// Generations is how many files are kept: 1 to 1000, 3.
	Generations int
	// Interval is the longest from one snapshot to the start of the next, where
	// something has changed: 100 milliseconds to 24 hours, 30 seconds. Up to a
	// tenth of it is taken off by chance, so that instances don't write at once.
	Interval time.Duration
	// Changes is how many changes have a snapshot taken before the interval is
	// over: 1 to 2^30, 10,000.
	Changes int
	// MaxRecordBytes is the largest payload: 1 to 2^30, DefaultMaxRecordBytes.
	// Larger ones are left out and counted.
	MaxRecordBytes int
	// Taken is called after each snapshot with its error, by the keeper's goroutine.
	// Nil means nobody.
	Taken func(error)
	// Writer stands in the header of every file: at most 32 bytes.
	Writer string
	// Logger hears when snapshots begin to fail and when they succeed again, and
	// what was damaged at a load; never what is in a record. Silent by default.
	Logger *slog.Logger

	files fileSystem // disk, but in tests
}

const (
	defaultName        = "state"
	defaultGenerations = 3
	maxGenerations     = 1000
	defaultInterval    = 30 * time.Second
	leastInterval      = 100 * time.Millisecond
	mostInterval       = 24 * time.Hour
	defaultChanges     = 10_000
	maxChanges         = 1 << 30
	nameLetters        = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	maxNameBytes       = 64
)

// filled returns the options with their defaults, or every fault in one error.
func (o Options) filled() (Options, error) {
	var faults []error
	check := func(good bool, field string, value any, want string) {
		if !good {
			faults = append(faults, fmt.Errorf("%s is %v; want %s", field, value, want))
		}
	}
	fill(&o.Name, defaultName)
	fill(&o.Generations, defaultGenerations)
	fill(&o.Interval, defaultInterval)
	fill(&o.Changes, defaultChanges)
	check(o.Folder != "", "Folder", `""`, "the path of a folder")
	check(strings.Trim(o.Name, nameLetters) == "" && len(o.Name) <= maxNameBytes, "Name", fmt.Sprintf("%q", o.Name),
		fmt.Sprintf("at most %d letters, digits, - and _, or nothing for %q", maxNameBytes, defaultName))
	check(o.Generations >= 1 && o.Generations <= maxGenerations, "Generations", o.Generations,
		fmt.Sprintf("1 to %d, or 0 for %d", maxGenerations, defaultGenerations))
	check(o.Interval >= leastInterval && o.Interval <= mostInterval, "Interval", o.Interval,
		fmt.Sprintf("%v to %v, or 0 for %v", leastInterval, mostInterval, defaultInterval))
	check(o.Changes >= 1 && o.Changes <= maxChanges, "Changes", o.Changes,
		fmt.Sprintf("1 to %d, or 0 for %d", maxChanges, defaultChanges))
	check(len(o.Writer) <= maxWriterBytes && !strings.ContainsRune(o.Writer, 0), "Writer", fmt.Sprintf("%q", o.Writer),
		fmt.Sprintf("at most %d bytes without zeros", maxWriterBytes))
	if most, err := checkedMost(o.MaxRecordBytes); err != nil {
		check(false, "MaxRecordBytes", o.MaxRecordBytes, fmt.Sprintf("1 to %d, or 0 for %d", mostRecordBytes, DefaultMaxRecordBytes))
	} else {
		o.MaxRecordBytes = most
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.files == nil {
		o.files = disk{}
	}
	if len(faults) > 0 {
		return Options{}, fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
	}
	return o, nil
}

func fill[T comparable](field *T, standard T) {
	var unset T
	if *field == unset {
		*field = standard
	}
}
