package auth

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"unsafe"
)

// maskedKey is a key that the test can look for without having it: every byte is
// changed, until the heap has been written to disk.
type maskedKey struct {
	letters [textLen]byte
	raw     [secretBytes]byte
}

const mask = 0x5a

func masked(text []byte) (m maskedKey) {
	for i, b := range text {
		m.letters[i] = b ^ mask
	}
	var bits, held uint
	next := 0
	for _, letter := range text[secretAt:][:secretLen] {
		bits, held = bits<<5|uint(valueOf[letter]), held+5
		if held >= 8 && next < secretBytes {
			held -= 8
			m.raw[next] = byte(bits>>held) ^ mask
			next++
		}
	}
	return m
}

func (m maskedKey) text() (secret, raw []byte) {
	for i := range m.letters {
		m.letters[i] ^= mask
	}
	for i := range m.raw {
		m.raw[i] ^= mask
	}
	return m.letters[secretAt:][:16], m.raw[:16] // some of it is too much
}

// heapDump returns everything that is on the heap, garbage that was not collected
// included, and on the stacks.
func heapDump(t *testing.T) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	debug.WriteHeapDump(f.Fd())
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return dump
}

// When a key has been made, handed on and wiped, and used in every way, no part of
// it is in memory. The collector is off, so that a copy that was dropped is found as
// well. A second key whose text is kept shows that the search finds what is there.
func TestNoPlaintextIsInMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	logger, log := logged()
	k := keysOf(t, Options{Logger: logger})
	gone := useAndWipe(t, k)
	kept, _, err := k.Create(Spec{Owner: "kept"})
	if err != nil {
		t.Fatal(err)
	}
	there := masked(kept)

	dump := heapDump(t)
	secret, raw := gone.text()
	if bytes.Contains(dump, secret) || bytes.Contains(dump, raw) {
		t.Errorf("in memory: letters %v, bits %v", bytes.Contains(dump, secret), bytes.Contains(dump, raw))
	}
	if secret, _ := there.text(); !bytes.Contains(dump, secret) {
		t.Error("a key that is in memory is not found: this tests nothing")
	}
	if !bytes.Contains(dump, []byte("kept")) || log.Len() == 0 || bytes.Contains(log.Bytes(), secret) {
		t.Errorf("log: %s", log)
	}
	kept.Wipe() // and keeps it alive until here
}

// useAndWipe does with a key what can be done.
func useAndWipe(t *testing.T, k *Keys) maskedKey {
	t.Helper()
	text, key, err := k.Create(Spec{Owner: "ada", Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	borrowed := unsafe.String(&text[0], len(text)) // a string that can be wiped
	use := func(want error) {
		t.Helper()
		_, direct := k.Verify(borrowed)
		_, raw := k.VerifyBytes(text)
		_, counted := k.VerifyFrom("192.0.2.1:5", borrowed)
		if direct != want || raw != want || counted != want {
			t.Fatalf("%v, %v, %v; want %v", direct, raw, counted, want)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{borrowed} // without the scheme, which would take a copy
		r.Header["X-Api-Key"] = []string{borrowed}
		k.Require(nothing{}, "read").ServeHTTP(httptest.NewRecorder(), r)
	}
	use(nil)
	for r := range k.Export() {
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	}
	text[secretAt] = letters[valueOf[text[secretAt]]^1] // wrong, and misspelt
	use(ErrUnauthorized)
	putSum((*[textLen]byte)(text)) // wrong
	use(ErrUnauthorized)
	text[secretAt] = letters[valueOf[text[secretAt]]^1]
	putSum((*[textLen]byte)(text))
	if err := k.Revoke(key.ID); err != nil {
		t.Fatal(err)
	}
	use(ErrRevoked)
	m := masked(text)
	text.Wipe()
	return m
}
