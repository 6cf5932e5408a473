package auth

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

func TestATextHasTheFormThatIsPromised(t *testing.T) {
	form := regexp.MustCompile(`^uds_[a-z2-7]{16}_[a-z2-7]{59}$`)
	seen := map[string]bool{}
	for range 200 {
		var text [textLen]byte
		id := newText(&text)
		s := string(text[:])
		if !form.MatchString(s) || s[4:20] != id.String() || seen[s] {
			t.Fatalf("%q with id %v", s, id)
		}
		seen[s] = true
		secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(s[21:73]))
		if err != nil || len(secret) != 32 {
			t.Fatalf("%q: %d bytes, %v", s, len(secret), err)
		}
		sum := crc32.ChecksumIEEE([]byte(s[:73]))
		want := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		if s[73:] != strings.ToLower(want) {
			t.Fatalf("%q: the checksum is %s", s, want)
		}
		var back [textLen]byte
		if !parse(s, &back) || back != text || !parse(text[:], &back) {
			t.Fatalf("%q is not parsed", s)
		}
	}
}

// Every other spelling is refused before anything is looked up: the hash covers the
// letters, so that none of these could be right.
func TestOnlyOneSpellingIsAKey(t *testing.T) {
	var text [textLen]byte
	newText(&text)
	s := string(text[:])
	refused := func(name, spelling string) {
		t.Helper()
		var to [textLen]byte
		if spelling != s && (parse(spelling, &to) || parse([]byte(spelling), &to)) {
			t.Errorf("%s: %q is accepted", name, spelling)
		}
	}
	for i := range s {
		for _, letter := range []byte("aq27AZ019_-=\x00\xff ") {
			refused("another letter", s[:i]+string(rune(letter))+s[i+1:])
			refused("another byte", s[:i]+string([]byte{letter})+s[i+1:])
		}
		refused("cut off", s[:i])
		refused("a letter less", s[:i]+s[i+1:])
	}
	refused("upper case", strings.ToUpper(s))
	refused("a space", " "+s)
	refused("a line end", s+"\n")
	refused("nothing", "")
	refused("very long", strings.Repeat(s, 1000))

	// The bits that are no use must be zero even where the checksum fits.
	last := strings.IndexByte(letters, text[sumAt-1])
	if last&15 != 0 {
		t.Fatalf("the last letter is %d", last)
	}
	text[sumAt-1] = letters[last|1]
	putSum(&text)
	refused("a bit that is no use", string(text[:]))
	text[sumAt-1] = s[sumAt-1]
	text[30] = '0'
	putSum(&text)
	refused("a digit that is none", string(text[:]))
}

func TestAPlaintextIsNotPrinted(t *testing.T) {
	k := keysOf(t, Options{})
	text, _, err := k.Create(Spec{Owner: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	logger, log := logged()
	logger.Info("a key", "text", text, "in", struct{ Text Plaintext }{text})
	printed := fmt.Sprintf("%v %s %q %x %X %d %+v %#v %v %s", text, text, text, text, text, text, text, text, struct{ P Plaintext }{text}, []any{&text}) +
		text.String() + text.LogValue().String() + log.String() + slog.AnyValue(text).String()
	if strings.Contains(printed, string(text[20:50])) || strings.Contains(printed, fmt.Sprintf("%x", string(text[20:50]))) || !strings.Contains(printed, redacted) {
		t.Errorf("printed: %s", printed)
	}
	for _, v := range []any{text, &text, map[string]any{"k": text}, []Plaintext{text}} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("encoded as %s", b)
		}
	}
	if _, err := text.MarshalText(); err != ErrPlaintext {
		t.Error(err)
	}
	if _, err := text.MarshalBinary(); err != ErrPlaintext {
		t.Error(err)
	}
	text.Wipe()
	if strings.Trim(string(text), "\x00") != "" {
		t.Error("not wiped")
	}
}
