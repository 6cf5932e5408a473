package auth

import (
	"errors"
	"fmt"
	"log/slog"
)

const redacted = "[API key]"

// ErrPlaintext is returned to encoders that were handed a Plaintext.
var ErrPlaintext = errors.New("auth: an API key is not to be encoded")

// Plaintext is the text of a new key, which exists once. It prints as [API key]
// with every verb of fmt and in every logger, and encoders of JSON and text refuse
// it. Whoever wants the text converts it to []byte or string, or writes it
// somewhere; and calls Wipe.
type Plaintext []byte

// Wipe overwrites the text. It is no use to copies, such as strings.
func (p Plaintext) Wipe() { clear(p) }

// Format has fmt print no key.
func (p Plaintext) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// String returns no key.
func (p Plaintext) String() string { return redacted }

// LogValue has log/slog print no key.
func (p Plaintext) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns ErrPlaintext.
func (p Plaintext) MarshalText() ([]byte, error) { return nil, ErrPlaintext }

// MarshalJSON returns ErrPlaintext.
func (p Plaintext) MarshalJSON() ([]byte, error) { return nil, ErrPlaintext }

// MarshalBinary returns ErrPlaintext, to gob and CBOR.
func (p Plaintext) MarshalBinary() ([]byte, error) { return nil, ErrPlaintext }
