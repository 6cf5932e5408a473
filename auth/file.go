package auth

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
)

// ErrFile is matched by the error of a file of keys that cannot be used. It names
// the file, and where it is one line's fault the line and the field; never what is
// there.
var ErrFile = errors.New("auth: bad file of keys")

// maxFileBytes bounds what is read: enough for 100,000 keys.
const maxFileBytes = 32 << 20

// LoadFile reads keys from a file of records, one in a line, as Record describes
// them. Empty lines and those that begin with # are skipped. Nobody but its owner may
// have access to it: mode 0600 or 0400.
//
// It may be called again, when the file has changed. What it says then replaces what
// it said before, at once and as a whole: a key that is not in it any more lets
// nobody in. Keys that were made by Create are not touched, unless the file has them too, which
// makes them the file's. What was revoked, or ended by Rotate, stays so whatever the
// file says. Where anything is wrong with the file,
// nothing changes, and the error, which matches ErrFile, names every fault.
func (k *Keys) LoadFile(path string) error {
	records, err := readFile(path, k.options.MaxKeys)
	if err == nil {
		err = k.replaceListed(records)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	k.options.Logger.Info("API keys were read", "file", path, "keys", len(records))
	return nil
}

// readFile reads what may be read, and bounds it.
func readFile(path string, maxKeys int) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, whatever the name means now
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("its mode is %04o; want 0600, so that nobody else can read or change it", info.Mode().Perm())
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(content) > maxFileBytes {
		return nil, fmt.Errorf("more than %d bytes", maxFileBytes)
	}
	return readLines(content, maxKeys)
}

// withoutPath has the path said once.
func withoutPath(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// readLines reads every line, so that all faults are found in one go.
func readLines(content []byte, maxKeys int) (records []Record, err error) {
	var faults []error
	lines := make(map[ID]int)
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		r, err := readRecord(line)
		if first, twice := lines[r.ID]; err == nil && twice {
			err = fmt.Errorf("id is that of line %d; want each once", first)
		}
		if err != nil {
			if faults = append(faults, fmt.Errorf("line %d: %w", number, err)); len(faults) >= maxFaults {
				break
			}
			continue
		}
		lines[r.ID] = number
		r.Listed = true
		records = append(records, r)
	}
	if len(records) > maxKeys {
		faults = append(faults, fmt.Errorf("%w: %d; MaxKeys is %d", ErrLimit, len(records), maxKeys))
	}
	return records, errors.Join(faults...)
}

// replaceListed makes the records the only ones from a file.
func (k *Keys) replaceListed(records []Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := *k.table.Load()
	table, withheld := maps.Clone(before), maps.Clone(k.withheld)
	for id, e := range before {
		if e.fixed.Listed {
			delete(table, id)
			withheld[id] = e
		}
	}
	for _, r := range records {
		known := cmp.Or(table[r.ID], withheld[r.ID])
		if known != nil && !known.fixed.Listed && known.fixed.Hash != r.Hash {
			return fmt.Errorf("%w: %v", ErrConflict, r.ID)
		}
		table[r.ID] = relisted(r, known)
		delete(withheld, r.ID)
	}
	maps.DeleteFunc(withheld, func(_ ID, e *entry) bool { return !e.changed() })
	if n := len(table) + len(withheld); n > k.options.MaxKeys {
		return fmt.Errorf("%w: %d with those that are there; MaxKeys is %d", ErrLimit, n, k.options.MaxKeys)
	}
	k.withheld = withheld
	k.table.Store(&table)
	return nil
}

// relisted returns the key of a record in a file that is read again. What the file
// says of it holds, but for what was done to it here.
func relisted(r Record, known *entry) *entry {
	e := newEntry(r)
	if known == nil || known.fixed.Hash != r.Hash { // or another key, that has its id
		return e
	}
	earlier(&e.revoked, known.revoked.Load())
	if known.shortened() || !known.fixed.Listed {
		earlier(&e.expires, known.expires.Load())
	}
	later(&e.used, known.used.Load())
	return e
}

// shortened reports whether a key from a file has been given an earlier end here
// than the file gives it.
func (e *entry) shortened() bool {
	return e.fixed.Listed && e.expires.Load() != nanoseconds(e.fixed.Expires)
}

// changed reports whether something was done to a key from a file that has to hold
// if it comes back.
func (e *entry) changed() bool { return e.revoked.Load() != 0 || e.shortened() }
