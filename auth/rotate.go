package auth

import (
	"errors"
	"fmt"
	"time"
)

// MaxOverlap is the longest that Rotate leaves the old key alive.
const MaxOverlap = 90 * 24 * time.Hour

// Rotate makes a key that takes the place of another, with its owner and scopes,
// and ends the old one after the overlap: 0 to MaxOverlap. Of keys that were
// rotated one from the other at most two are alive: where the old one has itself
// replaced a key, that one ends at once. The error matches ErrNotFound,
// ErrRevoked, ErrExpired, ErrSpec or ErrLimit, and then nothing has changed.
func (k *Keys) Rotate(id ID, overlap time.Duration, expires time.Time) (Plaintext, Key, error) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	old := (*k.table.Load())[id]
	if old == nil {
		return nil, Key{}, fmt.Errorf("%w: %v", ErrNotFound, id)
	}
	err := checkExpiry(expires, now)
	if overlap < 0 || overlap > MaxOverlap {
		err = errors.Join(err, fmt.Errorf("overlap is %v; want 0 to %v", overlap, MaxOverlap))
	}
	if err != nil {
		return nil, Key{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if err := old.state(now.UnixNano()); err != nil {
		return nil, Key{}, err
	}
	record := Record{Key: Key{Owner: old.fixed.Owner, Scopes: old.principal.Scopes(), Created: moment(now.UnixNano()), Expires: expires, Replaces: id}}
	text, key, err := k.create(record, now)
	if err != nil {
		return nil, Key{}, err
	}
	earlier(&old.expires, now.Add(overlap).UnixNano())
	if before := (*k.table.Load())[old.fixed.Replaces]; before != nil {
		earlier(&before.expires, now.UnixNano())
	}
	k.options.Logger.Info("an API key was rotated", "old", id, "id", key.ID, "owner", key.Owner, "overlap", overlap)
	return text, key, nil
}
