package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	// ErrUnauthorized is the error of every key that does not let in. It says no
	// more than that.
	ErrUnauthorized = errors.New("auth: no valid API key")
	// ErrExpired and ErrRevoked say why a key does not, to who has proved that it
	// was theirs. They match ErrUnauthorized as well.
	ErrExpired = fmt.Errorf("%w: it has expired", ErrUnauthorized)
	ErrRevoked = fmt.Errorf("%w: it was revoked", ErrUnauthorized)
	// ErrNotFound is returned for an id that no key has.
	ErrNotFound = errors.New("auth: no such key")
	// ErrLimit is matched by the error of a key that there is no room for.
	ErrLimit = errors.New("auth: too many keys")
	// ErrSpec is matched by the error of a bad Spec. It names each field.
	ErrSpec = errors.New("auth: bad key")
	// ErrConflict is matched by the error of records that contradict a key.
	ErrConflict = errors.New("auth: two keys with one id")
)

// ID is the public part of a key. It may be logged.
type ID [idLen]byte

func (id ID) String() string { return string(id[:]) }

// MarshalText returns the id's letters.
func (id ID) MarshalText() ([]byte, error) { return id[:], nil }

// UnmarshalText reads what MarshalText writes.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != idLen || strings.Trim(string(text), letters) != "" {
		return fmt.Errorf("not an id; want %d of the letters a to z and 2 to 7", idLen)
	}
	copy(id[:], text)
	return nil
}

// Spec is what a new key is for.
type Spec struct {
	// Owner is who is let in: 1 to 200 bytes of text, without control characters.
	// Sessions and results that differ by permission belong to it.
	Owner string
	// Scopes are what it may do: at most 64 words of up to 64 letters, digits and
	// . _ : * / -, in any order. They are compared as they are; a * means nothing.
	Scopes []string
	// Expires is when the key ends, or zero for never.
	Expires time.Time
}

const (
	maxOwnerBytes = 200
	maxScopes     = 64
	maxScopeBytes = 64
	scopeLetters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:*/-"
)

// Key is what is known of a key: everything but the secret.
type Key struct {
	ID      ID
	Owner   string
	Scopes  []string
	Created time.Time
	// Expires, Revoked and LastUsed are zero where they do not apply. LastUsed is
	// right to a minute.
	Expires, Revoked, LastUsed time.Time
	// Replaces is the key that this one was rotated from, or zero.
	Replaces ID
	// Listed is true for a key from a file.
	Listed bool
}

// Live reports whether the key lets in at a moment.
func (k Key) Live(at time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || at.Before(k.Expires))
}

// Principal is who was let in. It can be copied and kept; the zero one can nothing.
type Principal struct {
	ID    ID
	Owner string
	// scopes is sorted and shared, and so not to be seen.
	scopes *[]string
}

// Can reports whether the key has a scope.
func (p Principal) Can(scope string) bool {
	if p.scopes == nil {
		return false
	}
	_, found := slices.BinarySearch(*p.scopes, scope)
	return found
}

// Scopes returns them, sorted.
func (p Principal) Scopes() []string {
	if p.scopes == nil {
		return nil
	}
	return slices.Clone(*p.scopes)
}

// checkedScopes returns them sorted, each once, or what is wrong with them. What is
// wrong is not quoted: it may be a key, in the wrong place.
func checkedScopes(scopes []string) ([]string, error) {
	if len(scopes) > maxScopes {
		return nil, fmt.Errorf("scopes has %d words; want at most %d", len(scopes), maxScopes)
	}
	for i, scope := range scopes {
		if scope == "" || len(scope) > maxScopeBytes || strings.Trim(scope, scopeLetters) != "" {
			return nil, fmt.Errorf("scopes has a bad word, number %d; want 1 to %d letters, digits and . _ : * / -", i+1, maxScopeBytes)
		}
	}
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted), nil
}

func checkOwner(owner string) error {
	control := func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
	if owner == "" || len(owner) > maxOwnerBytes || !utf8.ValidString(owner) || strings.ContainsFunc(owner, control) {
		return fmt.Errorf("owner is not usable; want 1 to %d bytes of text without control characters", maxOwnerBytes)
	}
	return nil
}
