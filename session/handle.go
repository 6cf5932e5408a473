package session

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// Handle names a session: 144 random bits in 24 characters of base64url, which
// say nothing. Who knows a handle still has to be its session's owner.
type Handle string

// Owner is who a session belongs to, such as the owner of an API key. It may be
// empty, where a server has but one user; at most 256 bytes.
type Owner string

const (
	handleBytes   = 18
	maxOwnerBytes = 256
	maxNameBytes  = 256
)

func newHandle() Handle {
	var random [handleBytes]byte
	rand.Read(random[:]) // never fails
	return Handle(base64.RawURLEncoding.EncodeToString(random[:]))
}

// wellFormed tells what may be a handle from what can't, so that others need not
// be asked for that.
func (h Handle) wellFormed() bool {
	if len(h) != base64.RawURLEncoding.EncodedLen(handleBytes) {
		return false
	}
	for i := range len(h) {
		c := h[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func (o Owner) check() error { return checkText("owner", string(o), 0, maxOwnerBytes) }

// checkName checks the name of something in a session.
func checkName(what, name string) error { return checkText(what, name, 1, maxNameBytes) }

func checkText(what, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return fmt.Errorf("%w: %s has %d bytes; want %d to %d", ErrValue, what, len(text), least, most)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: %s is not UTF-8", ErrValue, what)
	}
	return nil
}
