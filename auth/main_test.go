package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func keysOf(t testing.TB, o Options) *Keys {
	t.Helper()
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// made returns a new key, and its text for as long as the test runs.
func made(t testing.TB, k *Keys, spec Spec) (text string, key Key) {
	t.Helper()
	if spec.Owner == "" {
		spec.Owner = "ada"
	}
	plaintext, key, err := k.Create(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(plaintext), key
}

// verifies checks what a text is answered; nil means that it lets in.
func verifies(t testing.TB, k *Keys, text string, want error) Principal {
	t.Helper()
	p, err := k.Verify(text)
	if want == nil && err != nil || want != nil && err != want {
		t.Fatalf("Verify: %v, want %v", err, want)
	}
	if err != nil && (p.Owner != "" || p.ID != (ID{}) || p.Scopes() != nil) {
		t.Fatalf("%v comes with %+v", err, p)
	}
	again, err2 := k.VerifyBytes([]byte(text))
	if err2 != err || again.ID != p.ID {
		t.Fatalf("VerifyBytes: %v, want %v", err2, err)
	}
	return p
}

// lines returns what Export says, through JSON, as records.
func lines(t testing.TB, k *Keys) (records []Record) {
	t.Helper()
	for r := range k.Export() {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Record
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		records = append(records, back)
	}
	return records
}

// logged is a logger and what it has written.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

func says(t testing.TB, err, match error, want ...string) {
	t.Helper()
	if !errors.Is(err, match) {
		t.Fatalf("%v does not match %v", err, match)
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in %q", text, err)
		}
	}
}
