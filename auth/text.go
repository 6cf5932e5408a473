package auth

import (
	"crypto/rand"
	"hash/crc32"
)

// A key's text: prefix, id, _, secret, checksum, without anything else.
const (
	prefix      = "uds_"
	idBytes     = 10
	idLen       = 16 // 80 bits, 5 a letter
	secretBytes = 32
	secretLen   = 52 // 256 bits, and 4 that are 0
	sumLen      = 7  // 32 bits, and 3 that are 0
	textLen     = len(prefix) + idLen + 1 + secretLen + sumLen

	idAt     = len(prefix)
	secretAt = idAt + idLen + 1
	sumAt    = secretAt + secretLen
)

// letters are RFC 4648's for base 32, in lower case. In base 64 a double click
// would stop at a minus; base 62 needs numbers of 256 bits, which leave copies of
// the secret where nobody can wipe them.
const letters = "abcdefghijklmnopqrstuvwxyz234567"

// valueOf has what each letter stands for, and 0xff for what is none.
var valueOf = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i := range len(letters) {
		values[letters[i]] = byte(i)
	}
	return values
}()

// encode writes bytes as letters, the last one filled up with zeros. dst has room
// for exactly that many.
func encode(dst, src []byte) {
	var bits, held uint
	next := 0
	for i := range dst {
		if held < 5 && next < len(src) {
			bits, held = bits<<8|uint(src[next]), held+8
			next++
		}
		if held < 5 { // the last letter
			bits, held = bits<<(5-held), 5
		}
		held -= 5
		dst[i] = letters[bits>>held&31]
		bits &= 1<<held - 1
	}
}

// newText fills text with a new key. The id is not secret; what else it was made of
// is wiped.
func newText(text *[textLen]byte) (id ID) {
	var raw [idBytes + secretBytes]byte
	rand.Read(raw[:]) // which never fails
	copy(text[:], prefix)
	encode(text[idAt:][:idLen], raw[:idBytes])
	text[idAt+idLen] = '_'
	encode(text[secretAt:][:secretLen], raw[idBytes:])
	wipe(raw[:])
	putSum(text)
	copy(id[:], text[idAt:])
	return id
}

func putSum(text *[textLen]byte) {
	sum := checksum(text[:sumAt])
	encode(text[sumAt:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// checksum is crc32.ChecksumIEEE. That calls what suits the processor through a
// variable, so the compiler has its argument on the heap, where a copy of every key
// would stay.
func checksum(text []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range text {
		sum = crc32.IEEETable[byte(sum)^b] ^ sum>>8
	}
	return ^sum
}

// parse copies a text, where it is the one spelling of a key: of the right form,
// with the checksum that belongs to it, and zeros in the bits that are no use.
// It says nothing of whether there is such a key.
func parse[T string | []byte](from T, text *[textLen]byte) bool {
	if len(from) != textLen {
		return false
	}
	copy(text[:], from)
	if string(text[:idAt]) != prefix || text[idAt+idLen] != '_' {
		return false
	}
	wrong := valueOf[text[sumAt-1]] & 15 // the secret's bits that are no use
	for _, part := range [...][]byte{text[idAt:][:idLen], text[secretAt:][:secretLen]} {
		for _, letter := range part {
			wrong |= valueOf[letter] & 0xe0
		}
	}
	if wrong != 0 {
		return false
	}
	sum := [sumLen]byte(text[sumAt:])
	putSum(text)
	return sum == [sumLen]byte(text[sumAt:])
}

// wipe overwrites what was secret. It is a call, so that no compiler may find that
// nobody reads the zeros.
//
//go:noinline
func wipe(b []byte) { clear(b) }
