package auth

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrRecord is matched by the error of a record that cannot be read. It names the
// field and what would be right, never what was there: that may be a secret in the
// wrong place.
var ErrRecord = errors.New("auth: bad record")

// Record is a key as it is kept: its hash, and no plaintext. A line of a file and
// the payload of a snapshot are its JSON:
//
//	{"id":"…","hash":"64 hexadecimal digits","owner":"ada","scopes":["read"],"created":"2026-11-23T20:00:00Z"}
//
// and, where they apply, expires, revoked and lastUsed (times as in RFC 3339),
// replaces (an id) and listed (true).
type Record struct {
	Key
	Hash Hash
}

// Hash is the SHA-256 of a key's secret, of its letters.
type Hash [32]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// recordJSON is a Record as JSON has it.
type recordJSON struct {
	ID       ID         `json:"id"`
	Hash     string     `json:"hash"`
	Owner    string     `json:"owner"`
	Scopes   []string   `json:"scopes,omitempty"`
	Created  time.Time  `json:"created"`
	Expires  *time.Time `json:"expires,omitempty"`
	Revoked  *time.Time `json:"revoked,omitempty"`
	LastUsed *time.Time `json:"lastUsed,omitempty"`
	Replaces *ID        `json:"replaces,omitempty"`
	Listed   bool       `json:"listed,omitempty"`
}

// maxRecordBytes is more than any record that is valid needs.
const maxRecordBytes = 16 << 10

// MarshalJSON returns the record in one line.
func (r Record) MarshalJSON() ([]byte, error) {
	j := recordJSON{ID: r.ID, Hash: r.Hash.String(), Owner: r.Owner, Scopes: r.Scopes, Created: r.Created.UTC(),
		Expires: optional(r.Expires), Revoked: optional(r.Revoked), LastUsed: optional(r.LastUsed), Listed: r.Listed}
	if r.Replaces != (ID{}) {
		j.Replaces = &r.Replaces
	}
	return json.Marshal(j)
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// UnmarshalJSON reads a record, and refuses what it would not have written. The
// error matches ErrRecord.
func (r *Record) UnmarshalJSON(line []byte) error {
	read, err := readRecord(line)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	*r = read
	return nil
}

// recordFields reads each field, so that an error can name it and say nothing else.
var recordFields = []struct {
	name     string
	want     string
	required bool
	read     func(*Record, []byte) error
}{
	{"id", "16 of the letters a to z and 2 to 7", true, func(r *Record, b []byte) error { return json.Unmarshal(b, &r.ID) }},
	{"hash", "64 hexadecimal digits in lower case, the SHA-256 of the secret", true, readHash},
	{"owner", "1 to 200 bytes of text without control characters", true, readOwner},
	{"scopes", "a list of at most 64 words of letters, digits and . _ : * / -", false, readScopes},
	{"created", "a time such as 2026-11-23T20:00:00Z", true, func(r *Record, b []byte) error { return readTime(b, &r.Created) }},
	{"expires", "a time such as 2026-11-23T20:00:00Z", false, func(r *Record, b []byte) error { return readTime(b, &r.Expires) }},
	{"revoked", "a time such as 2026-11-23T20:00:00Z", false, func(r *Record, b []byte) error { return readTime(b, &r.Revoked) }},
	{"lastUsed", "a time such as 2026-11-23T20:00:00Z", false, func(r *Record, b []byte) error { return readTime(b, &r.LastUsed) }},
	{"replaces", "an id", false, func(r *Record, b []byte) error { return json.Unmarshal(b, &r.Replaces) }},
	{"listed", "true or false", false, func(r *Record, b []byte) error { return json.Unmarshal(b, &r.Listed) }},
}

func readRecord(line []byte) (r Record, err error) {
	if len(line) > maxRecordBytes {
		return r, fmt.Errorf("%d bytes; want at most %d", len(line), maxRecordBytes)
	}
	fields, err := readObject(line)
	if err != nil {
		return r, err
	}
	known := 0
	for _, field := range recordFields {
		value, ok := fields[field.name]
		switch {
		case !ok && field.required:
			return Record{}, fmt.Errorf("%s is missing; want %s", field.name, field.want)
		case !ok:
			continue
		case string(value) == "null" || field.read(&r, value) != nil:
			return Record{}, fmt.Errorf("%s cannot be read; want %s", field.name, field.want)
		}
		known++
	}
	if known < len(fields) {
		return Record{}, fmt.Errorf("a field is not known; want %s", strings.Join(fieldNames(), ", "))
	}
	return r, nil
}

func fieldNames() (names []string) {
	for _, field := range recordFields {
		names = append(names, field.name)
	}
	return names
}

// readObject splits a JSON object into its fields. A field that comes twice is
// refused: whoever reads the file may believe the other one.
func readObject(line []byte) (map[string]json.RawMessage, error) {
	bad := errors.New("not a JSON object, or more than one")
	d := json.NewDecoder(bytes.NewReader(line))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, bad
	}
	fields := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, bad
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, bad
		}
		text := name.(string) // or Token had failed
		if _, twice := fields[text]; twice {
			return nil, errors.New("a field comes twice")
		}
		fields[text] = value
	}
	if _, err := d.Token(); err != nil || d.More() {
		return nil, bad
	}
	if rest := line[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return nil, bad
	}
	return fields, nil
}

func readHash(r *Record, b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	if len(text) != 2*len(r.Hash) || text != strings.ToLower(text) {
		return ErrRecord
	}
	_, err := hex.Decode(r.Hash[:], []byte(text))
	return err
}

func readOwner(r *Record, b []byte) error {
	if err := json.Unmarshal(b, &r.Owner); err != nil {
		return err
	}
	return checkOwner(r.Owner)
}

func readScopes(r *Record, b []byte) (err error) {
	if err := json.Unmarshal(b, &r.Scopes); err != nil {
		return err
	}
	if r.Scopes, err = checkedScopes(r.Scopes); err != nil {
		return err
	}
	if slices.Equal(r.Scopes, []string{}) {
		r.Scopes = nil
	}
	return nil
}

// readTime reads a time that fits 64 bits of nanoseconds since 1970, and is not
// zero, which stands for none.
func readTime(b []byte, t *time.Time) error {
	if err := json.Unmarshal(b, t); err != nil {
		return err
	}
	if t.Year() < 1970 || t.Year() > 2261 || t.UnixNano() <= 0 {
		return ErrRecord
	}
	*t = t.UTC()
	return nil
}
