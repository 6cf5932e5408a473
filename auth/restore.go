package auth

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// lastYear is the last whole one that 64 bits of nanoseconds reach.
const lastYear = 2261

// maxFaults bounds how many faults one error names.
const maxFaults = 10

// Export yields every key as a record, for a snapshot: hashes, and no plaintext.
// Keys from a file are among them, since they may have been revoked here.
func (k *Keys) Export() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, e := range k.everything() {
			r := e.record()
			if e.fixed.Listed && !e.shortened() {
				r.Expires = time.Time{} // the file knows, and may change its mind
			}
			if !yield(r) {
				return
			}
		}
	}
}

func (k *Keys) everything() []*entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.AppendSeq(slices.Collect(maps.Values(*k.table.Load())), maps.Values(k.withheld))
}

// Restore adds records of a snapshot, before or after anything else. Where a key is
// there already, the two are merged: it is revoked if either was, expires as the
// earlier did, and was used when the later was. So records may come twice and in any
// order. Those of keys from a file let nobody in before LoadFile has found them
// there.
//
// The error matches ErrConflict, for records whose hash is not that of the key with
// their id, or ErrLimit. All others are restored nevertheless.
func (k *Keys) Restore(records ...Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	table := maps.Clone(*k.table.Load())
	var faults []error
	for _, r := range records {
		e := cmp.Or(table[r.ID], k.withheld[r.ID])
		switch {
		case e != nil:
			if err := e.merge(r); err != nil {
				faults = append(faults, err)
			}
		case newEntry(r).forgettable(now):
		case len(table)+len(k.withheld) >= k.options.MaxKeys:
			faults = append(faults, fmt.Errorf("%w: no room for %v; MaxKeys is %d", ErrLimit, r.ID, k.options.MaxKeys))
		case r.Listed:
			k.withheld[r.ID] = newWithheld(r)
		default:
			table[r.ID] = newEntry(r.owned())
		}
	}
	k.table.Store(&table)
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Errorf("and %d more", more))
	}
	return errors.Join(faults...)
}

// owned returns the record with scopes that nobody else holds.
func (r Record) owned() Record {
	r.Scopes = slices.Clone(r.Scopes)
	slices.Sort(r.Scopes)
	return r
}

// newWithheld keeps what was done to a key from a file: an end that Export has
// named is one that the file did not give it.
func newWithheld(r Record) *entry {
	e := newEntry(r.owned())
	e.fixed.Expires = time.Time{}
	return e
}

// merge takes over what was done to a key elsewhere. The caller holds mu.
func (e *entry) merge(r Record) error {
	if e.fixed.Hash != r.Hash {
		return fmt.Errorf("%w: %v", ErrConflict, r.ID)
	}
	earlier(&e.revoked, nanoseconds(r.Revoked))
	earlier(&e.expires, nanoseconds(r.Expires))
	later(&e.used, nanoseconds(r.LastUsed))
	return nil
}
