package merge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// Window is how many entries of a window are kept.
	Window = 256
	// MaxNameBytes bounds the name of a field.
	MaxNameBytes = 512
	// MaxPayloadBytes bounds what a field carries besides its stamps.
	MaxPayloadBytes = 128 << 10
	// MaxFields bounds how many fields one call may bring.
	MaxFields = 8192
	// Deleted is the name of the tombstone.
	Deleted = "_del"

	deadlineDigits = 12
)

// ErrField is matched by the errors of Check.
var ErrField = errors.New("merge: bad field")

// Fields are the state of one session, or a part of it that has changed: names and
// values as they lie in the Redis HASH.
type Fields map[string]string

// Class is by which rule a field is joined.
type Class byte

// The classes of fields; a name says which it is of.
const (
	Unknown   Class = 0
	Register  Class = 'r'
	Element   Class = 's'
	Entry     Class = 'w' // of a window
	Tombstone Class = '_'
)

// ClassOf reads a field's class off its name.
func ClassOf(name string) Class {
	switch {
	case name == Deleted:
		return Tombstone
	case len(name) < 3 || len(name) > MaxNameBytes || name[1] != ':':
		return Unknown
	case name[0] == byte(Register), name[0] == byte(Element):
		return Class(name[0])
	case name[0] == byte(Entry) && len(name) > 4 && 'a' <= name[2] && name[2] <= 'z' && name[3] == ':':
		return Entry
	}
	return Unknown
}

// NewRegister writes a register's value, or that of a window's entry.
func NewRegister(s Stamp, payload string) string { return s.String() + payload }

// NewElement writes the value of a set's element. What is removed carries no
// payload.
func NewElement(added, removed Stamp, payload string) string {
	if !added.After(removed) {
		payload = ""
	}
	return added.String() + removed.String() + payload
}

// NewTombstone writes the value of Deleted. After the deadline no copy of the
// session is alive anywhere, so that the tombstone may go as well.
func NewTombstone(s Stamp, deadline time.Time) string {
	return s.String() + fmt.Sprintf("%0*x", deadlineDigits, ticksAt(deadline)>>counterBits)
}

// Value is a field's value taken apart.
type Value struct {
	Stamp   Stamp // of a register, an entry or a tombstone; of an element, when it was added
	Removed Stamp // of an element
	Payload string
}

// Present is true for an element that is in its set.
func (v Value) Present() bool { return v.Stamp.After(v.Removed) }

// Deadline reads a tombstone's deadline.
func (v Value) Deadline() time.Time {
	millis, _ := hexadecimal(v.Payload)
	return time.UnixMilli(int64(millis))
}

// Read takes a field apart, and finds what is wrong with it. The error matches
// ErrField, and never holds the value.
func Read(name, value string) (Value, error) {
	class := ClassOf(name)
	if class == Unknown {
		return Value{}, fmt.Errorf("%w: name %.40q; want r:NAME, s:NAME, w:LETTER:NAME or %s, in at most %d bytes", ErrField, name, Deleted, MaxNameBytes)
	}
	stamps := 1
	if class == Element {
		stamps = 2
	}
	if len(value) < stamps*StampLength || len(value) > stamps*StampLength+MaxPayloadBytes {
		return Value{}, fmt.Errorf("%w: %.40q has %d bytes; want %d stamps of %d and a payload of at most %d", ErrField, name, len(value), stamps, StampLength, MaxPayloadBytes)
	}
	var v Value
	var err, err2 error
	v.Stamp, err = ParseStamp(value[:StampLength])
	v.Payload = value[StampLength:]
	if class == Element {
		v.Removed, err2 = ParseStamp(v.Payload[:StampLength])
		v.Payload = v.Payload[StampLength:]
	}
	switch {
	case err != nil || err2 != nil:
		return Value{}, fmt.Errorf("%w: %.40q: %w", ErrField, name, errors.Join(err, err2))
	case class == Element && !v.Present() && v.Payload != "":
		return Value{}, fmt.Errorf("%w: %.40q is removed but has a payload; want none", ErrField, name)
	case class == Tombstone && !isDeadline(v.Payload):
		return Value{}, fmt.Errorf("%w: the deadline of %s; want %d hexadecimal digits", ErrField, name, deadlineDigits)
	}
	return v, nil
}

func isDeadline(payload string) bool {
	_, ok := hexadecimal(payload)
	return ok && len(payload) == deadlineDigits
}

// Check reports what is wrong with fields, in one error that matches ErrField.
func (f Fields) Check() error {
	if len(f) > MaxFields {
		return fmt.Errorf("%w: %d fields; want at most %d", ErrField, len(f), MaxFields)
	}
	var faults []error
	for name, value := range f {
		if _, err := Read(name, value); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// Admit returns the fields that may be merged, and how many are refused: those
// stamped more than MaxAhead after now, and those that Check would refuse.
func (f Fields) Admit(now time.Time) (admitted Fields, refused int) {
	limit := ticksAt(now.Add(MaxAhead)) | (1<<counterBits - 1)
	admitted = make(Fields, len(f))
	for name, value := range f {
		v, err := Read(name, value)
		if err != nil || v.Stamp.ticks() > limit || v.Removed.ticks() > limit {
			refused++
			continue
		}
		admitted[name] = value
	}
	return admitted, refused
}

// Latest returns the latest stamp in the fields.
func (f Fields) Latest() Stamp {
	var latest Stamp
	for name, value := range f {
		v, err := Read(name, value)
		if err != nil {
			continue
		}
		for _, s := range [...]Stamp{v.Stamp, v.Removed} {
			if s.After(latest) {
				latest = s
			}
		}
	}
	return latest
}

// Canonical writes fields as bytes: two instances have merged the same exactly
// where these are the same. Each name and value is preceded by its length.
func (f Fields) Canonical() []byte {
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(f)) {
		out = fmt.Appendf(out, "%d:%s%d:%s", len(name), name, len(f[name]), f[name])
	}
	return out
}

// group returns the part of an entry's name that says which window it is of.
func group(name string) string { return name[:strings.IndexByte(name[2:], ':')+3] }
