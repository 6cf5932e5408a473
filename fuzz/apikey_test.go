package fuzz

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/uds-platform/state/auth"
)

// FuzzAPIKey changes the text of a key, most often with a checksum that fits: it
// lets in exactly where it is what it was, and no error ever repeats it.
func FuzzAPIKey(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00", "\x01\x20\x41\x01", "\x02\x48\x01\x01", "\x03\x10\x05hello", "\x04\x10", "\x05\x03uds", "\x01\x04\x01\x00\x01\x04\x01\x01"} {
		f.Add([]byte(seed))
	}
	keys, err := auth.New(auth.Options{FailuresPerMinute: auth.NoLimit, TotalFailuresPerMinute: auth.NoLimit})
	if err != nil {
		f.Fatal(err)
	}
	plaintext, key, err := keys.Create(auth.Spec{Owner: "ada"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		text := bytes.Clone(plaintext)
		for range 4 {
			if s.more() {
				text = respelt(s, text)
			}
		}
		p, err := keys.Verify(string(text))
		q, err2 := keys.VerifyBytes(text)
		if err != err2 || p.ID != q.ID {
			t.Fatalf("Verify: %v, VerifyBytes: %v", err, err2)
		}
		if right := bytes.Equal(text, plaintext); right != (err == nil) || right && p.ID != key.ID {
			t.Fatalf("%q is right: %v; %v", text, right, err)
		}
		if err != nil && err != auth.ErrUnauthorized {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// respelt changes a text in one way.
func respelt(s *script, text []byte) []byte {
	kind, at := s.byte(), min(int(s.byte()), len(text))
	switch kind % 6 {
	case 0: // bits flipped
		if at < len(text) {
			text[at] ^= s.byte()
		}
	case 1: // the same, with a checksum that fits
		if at < len(text) {
			text[at] ^= s.byte()
		}
		text = withSum(text)
	case 2: // another letter
		if at < len(text) {
			text[at] = "abcdefghijklmnopqrstuvwxyz234567"[s.byte()&31]
		}
		text = withSum(text)
	case 3:
		text = append(text[:at:at], append([]byte(s.text()), text[at:]...)...)
	case 4:
		text = text[:at]
	default:
		text = []byte(s.text())
	}
	return text
}

// withSum gives a text that is long enough the checksum that belongs to it.
func withSum(text []byte) []byte {
	if len(text) != 80 {
		return text
	}
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(text[:73]))
	return append(text[:73], strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum))...)
}

// FuzzAPIKeyRecord reads any bytes as a record: what is accepted is written and
// read again as the same, and what is refused is not repeated.
func FuzzAPIKeyRecord(f *testing.F) {
	const valid = `{"id":"abcdefghijklmnop","hash":"` + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" + `","owner":"ada","scopes":["read","a:b"],"created":"2026-11-23T20:00:00Z"}`
	for _, seed := range []string{valid, "", "{", "null", "[]", `{"id":1}`, valid + valid, strings.Replace(valid, "ada", secret, 1), strings.Replace(valid, "owner", secret, 1),
		strings.Replace(valid, "2026", "2300", 1), strings.Replace(valid, `"created"`, `"expires":"2027-01-01T00:00:00.5+02:00","listed":true,"replaces":"bbbbbbbbbbbbbbbb","created"`, 1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var r auth.Record
		if err := r.UnmarshalJSON(line); err != nil {
			if !errors.Is(err, auth.ErrRecord) || strings.Contains(err.Error(), secret) {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again auth.Record
		if err := again.UnmarshalJSON(written); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if rewritten, err := json.Marshal(again); err != nil || !bytes.Equal(rewritten, written) {
			t.Fatalf("%s became %s, %v", written, rewritten, err)
		}
		keys, err := auth.New(auth.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := keys.Restore(r, again); err != nil {
			t.Fatal(err)
		}
	})
}
