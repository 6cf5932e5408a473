package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// listing writes a file of records and other lines.
func listing(t *testing.T, path string, lines ...any) {
	t.Helper()
	var b strings.Builder
	for _, line := range lines {
		text, ok := line.(string)
		if !ok {
			encoded, err := json.Marshal(line)
			if err != nil {
				t.Fatal(err)
			}
			text = string(encoded)
		}
		fmt.Fprintln(&b, text)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// foreign returns a key that was made elsewhere: its text and its record.
func foreign(t *testing.T, spec Spec) (string, Record) {
	t.Helper()
	k := keysOf(t, Options{})
	text, _ := made(t, k, spec)
	return text, lines(t, k)[0]
}

func TestKeysComeFromAFileAndGoWithIt(t *testing.T) {
	logger, log := logged()
	k, path := keysOf(t, Options{Logger: logger}), filepath.Join(t.TempDir(), "keys")
	own, _ := made(t, k, Spec{Owner: "own"})
	a, first := foreign(t, Spec{Owner: "ada", Scopes: []string{"read"}})
	b, second := foreign(t, Spec{Owner: "bob"})
	listing(t, path, "# who may ask", "", first, "  ", second)
	load := func() {
		t.Helper()
		if err := k.LoadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	load()
	if p := verifies(t, k, a, nil); p.Owner != "ada" || !p.Can("read") {
		t.Errorf("%+v", p)
	}
	verifies(t, k, b, nil)
	listing(t, path, second)
	load()
	verifies(t, k, a, ErrUnauthorized)
	verifies(t, k, b, nil)
	verifies(t, k, own, nil)
	second.Owner = "barbara"
	listing(t, path, second, first)
	load()
	verifies(t, k, a, nil)
	if p := verifies(t, k, b, nil); p.Owner != "barbara" {
		t.Errorf("%+v", p)
	}
	if strings.Contains(log.String(), second.Hash.String()) {
		t.Error("a hash is logged")
	}
}

func TestARevocationOutlivesTheFile(t *testing.T) {
	k, path := keysOf(t, Options{}), filepath.Join(t.TempDir(), "keys")
	text, r := foreign(t, Spec{})
	rotated, s := foreign(t, Spec{Expires: time.Now().Add(time.Hour)})
	load := func(records ...any) {
		t.Helper()
		listing(t, path, records...)
		if err := k.LoadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	load(r, s)
	if err := k.Revoke(r.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Rotate(s.ID, 0, time.Time{}); err != nil {
		t.Fatal(err)
	}
	ended := func(name string) {
		t.Helper()
		if _, err := k.Verify(text); err != ErrRevoked {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := k.Verify(rotated); err != ErrExpired {
			t.Errorf("%s: %v", name, err)
		}
	}
	load(r, s)
	ended("read again")
	load()
	verifies(t, k, text, ErrUnauthorized)
	load(r, s)
	ended("gone and back")

	// And a restart, whichever comes first.
	kept := lines(t, k)
	for _, fileFirst := range []bool{true, false} {
		k = keysOf(t, Options{})
		if fileFirst {
			load(r, s)
		}
		if err := k.Restore(kept...); err != nil {
			t.Fatal(err)
		}
		if !fileFirst {
			verifies(t, k, text, ErrUnauthorized) // it may be gone from the file
			load(r, s)
		}
		ended(fmt.Sprint("after a restart, the file first: ", fileFirst))
	}
	k = keysOf(t, Options{})
	listing(t, path, r)
	if err := errors.Join(k.Restore(kept...), k.LoadFile(path), k.Revoke(s.ID)); err != nil {
		t.Errorf("a withheld key cannot be revoked: %v", err)
	}
	load(r, s)
	verifies(t, k, rotated, ErrRevoked)
}

// What only the file has said, it may take back.
func TestAFileMayChangeItsMind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, path := keysOf(t, Options{}), filepath.Join(t.TempDir(), "keys")
		text, r := foreign(t, Spec{Expires: time.Now().Add(time.Hour)})
		listing(t, path, r)
		if err := k.LoadFile(path); err != nil {
			t.Fatal(err)
		}
		verifies(t, k, text, nil)
		kept := lines(t, k)
		time.Sleep(time.Hour)
		verifies(t, k, text, ErrExpired)
		r.Expires = time.Now().Add(time.Hour)
		listing(t, path, r)
		restarted := keysOf(t, Options{})
		if err := errors.Join(k.LoadFile(path), restarted.Restore(kept...), restarted.LoadFile(path)); err != nil {
			t.Fatal(err)
		}
		verifies(t, k, text, nil)
		verifies(t, restarted, text, nil)
		if key, _ := restarted.Key(r.ID); key.LastUsed.IsZero() || !key.Listed {
			t.Errorf("%+v", key)
		}
	})
}

func TestEveryFaultOfAFileIsNamedAndNothingOfItRepeated(t *testing.T) {
	k, path := keysOf(t, Options{}), filepath.Join(t.TempDir(), "keys")
	text, good := foreign(t, Spec{Owner: "ada"})
	listing(t, path, good)
	if err := k.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string {
		changed := strings.Replace(string(encoded), from, to, 1)
		if changed == string(encoded) {
			t.Fatalf("%s has no %s", encoded, from)
		}
		return changed
	}
	const secret = "topsecret"
	for line, want := range map[string]string{
		text:                               "line 2: not a JSON object",
		change(good.Hash.String(), secret): "line 2: hash cannot be read; want 64 hexadecimal digits",
		change(good.Hash.String(), text):   "line 2: hash cannot be read",
		change(good.ID.String(), secret):   "line 2: id cannot be read; want 16 of the letters",
		change(`"owner":"ada"`, `"owner":["`+secret+`"]`):                       "line 2: owner cannot be read; want 1 to 200 bytes",
		change(`"owner":"ada"`, `"`+secret+`":1`):                               "line 2: owner is missing; want 1 to 200 bytes",
		change(`"owner":"ada"`, `"owner":"a","owner":"b"`):                      "line 2: a field comes twice",
		change(`"owner":"ada"`, `"owner":null`):                                 "line 2: owner cannot be read",
		change(`"owner":"ada"`, `"owner":"a","`+secret+`":"`+secret+`"`):        "line 2: a field is not known; want id, hash, owner, scopes, created",
		change(`"owner":"ada"`, `"owner":"a","scopes":["`+secret+` !"]`):        "line 2: scopes cannot be read; want a list",
		change(`"owner":"ada"`, `"owner":"a","expires":"`+secret+`"`):           "line 2: expires cannot be read; want a time such as",
		change(`"owner":"ada"`, `"owner":"a","revoked":"0001-01-01T00:00:00Z"`): "line 2: revoked cannot be read",
		change(`"owner":"ada"`, `"owner":"a","listed":"`+secret+`"`):            "line 2: listed cannot be read; want true or false",
		string(encoded) + string(encoded):                                       "line 2: not a JSON object, or more than one",
		string(encoded) + secret:                                                "line 2: not a JSON object, or more than one",
		string(encoded[:40]):                                                    "line 2: not a JSON object",
		string(encoded):                                                         "line 2: id is that of line 1; want each once",
		`["` + secret + `"]`:                                                    "line 2: not a JSON object",
		`{"id":"` + strings.Repeat("x", maxRecordBytes) + `"`:                   "line 2: ",
	} {
		listing(t, path, good, line)
		err := k.LoadFile(path)
		says(t, err, ErrFile, path, want)
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), good.Hash.String()) || strings.Contains(err.Error(), text[secretAt:]) {
			t.Errorf("%v repeats what is in the file", err)
		}
	}
	listing(t, path, "{}", good, "[]")
	says(t, k.LoadFile(path), ErrFile, "line 1: id is missing", "line 3: not a JSON object")
	verifies(t, k, text, nil) // nothing has changed
}

func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	k, path := keysOf(t, Options{}), filepath.Join(t.TempDir(), "keys")
	_, r := foreign(t, Spec{})
	listing(t, path, r)
	for mode, ok := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o610: false, 0o644: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		err := k.LoadFile(path)
		if ok && err != nil {
			t.Errorf("mode %o: %v", mode, err)
		}
		if !ok {
			says(t, err, ErrFile, fmt.Sprintf("its mode is %04o; want 0600", mode))
		}
	}
	says(t, k.LoadFile(filepath.Dir(path)), ErrFile, "not a file")
	says(t, k.LoadFile(path+"?"), fs.ErrNotExist, path)
}

func TestAFileIsBounded(t *testing.T) {
	k, path := keysOf(t, Options{MaxKeys: 2}), filepath.Join(t.TempDir(), "keys")
	_, a := foreign(t, Spec{})
	_, b := foreign(t, Spec{})
	_, c := foreign(t, Spec{})
	listing(t, path, a, b, c)
	says(t, k.LoadFile(path), ErrLimit, "MaxKeys is 2")
	_, _ = made(t, k, Spec{})
	listing(t, path, a, b)
	says(t, k.LoadFile(path), ErrLimit, "3 with those that are there")
	if k.Len() != 1 {
		t.Errorf("%d keys", k.Len())
	}
	if err := os.Truncate(path, maxFileBytes+1); err != nil {
		t.Fatal(err)
	}
	says(t, k.LoadFile(path), ErrFile, "more than 33554432 bytes")
	bad := make([]any, 100)
	for i := range bad {
		bad[i] = "bad"
	}
	listing(t, path, bad...)
	if err := k.LoadFile(path); strings.Count(err.Error(), "line ") != maxFaults {
		t.Errorf("%v", err)
	}
}

func TestAKeyMadeHereMayMoveToTheFile(t *testing.T) {
	k, path := keysOf(t, Options{}), filepath.Join(t.TempDir(), "keys")
	text, key := made(t, k, Spec{})
	r := lines(t, k)[0]
	other := r
	other.Hash[0] ^= 1
	listing(t, path, other)
	says(t, k.LoadFile(path), ErrConflict, key.ID.String())
	verifies(t, k, text, nil)
	listing(t, path, r)
	if err := k.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	verifies(t, k, text, nil)
	listing(t, path)
	if err := k.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	verifies(t, k, text, ErrUnauthorized)
}
