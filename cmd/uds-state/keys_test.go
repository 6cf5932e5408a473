package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/auth"
)

func TestAKeyIsShownOnceAndKeptAsAHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	code, text, stderr := command(t, nil, "keys", "create", "--file", path, "--owner", "ada", "--scopes", "discover,inspect", "--expires", "24h")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	text = strings.TrimSpace(text)
	keys, err := auth.New(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	p, err := keys.Verify(text)
	if err != nil || p.Owner != "ada" || !p.Can(scopeDiscover) || !p.Can(scopeInspect) {
		t.Errorf("the key lets in %+v, %v", p, err)
	}
	k, _ := keys.Key(p.ID)
	if left := time.Until(k.Expires); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("it holds for %v", left)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := command(t, nil, "keys", "list", "--file", path)
	secret := strings.Split(text, "_")[2]
	for name, shown := range map[string]string{"the file": string(content), "list": list, "stderr": stderr} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s has the key: %s", name, shown)
		}
	}
	if !strings.Contains(list, "ada") || !strings.Contains(list, p.ID.String()) || !strings.Contains(list, "live until") {
		t.Errorf("listed %s", list)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestTheRestOfAKeysFileStays(t *testing.T) {
	path, texts := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("# who may connect\n\n"+strings.TrimSuffix(string(first), "\n")), 0o600); err != nil {
		t.Fatal(err) // without an end to the last line
	}
	if code, _, stderr := command(t, nil, "keys", "create", "--file", path, "--owner", "bob"); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	id := strings.Split(texts[0], "_")[1]
	if code, _, stderr := command(t, nil, "keys", "revoke", "--file", path, id); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	if len(lines) != 4 || lines[0] != "# who may connect" || lines[1] != "" || !strings.Contains(lines[2], `"revoked"`) || !strings.Contains(lines[3], `"owner":"bob"`) {
		t.Errorf("the file has\n%s", content)
	}
	if _, list, _ := command(t, nil, "keys", "list", "--file", path); strings.Count(list, "revoked") != 1 {
		t.Errorf("listed %s", list)
	}
	keys, err := auth.New(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Verify(texts[0]); !errors.Is(err, auth.ErrRevoked) {
		t.Errorf("the revoked key: %v", err)
	}
}

func TestTwoWhoChangeTheKeysAtOnceLoseNothing(t *testing.T) {
	path, _ := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = editKeys(path, func(*keysFile) error {
		code, out, stderr := command(t, nil, "keys", "create", "--file", path, "--owner", "bob")
		if code != exitFailure || out != "" || !strings.Contains(stderr, "somebody else is changing the keys") {
			t.Errorf("exit %d: %s %s", code, out, stderr)
		}
		return errors.New("given up")
	})
	if err == nil || err.Error() != "given up" {
		t.Errorf("the first one: %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("an edit that failed left %s, %v", after, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMistakesWithKeysExitWithTwo(t *testing.T) {
	path, texts := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no action", []string{"keys"}, exitUsage, "one of create, list and revoke"},
		{"another action", []string{"keys", "delete"}, exitUsage, `unknown action "delete"`},
		{"no file", []string{"keys", "list"}, exitUsage, "--file is missing"},
		{"no such file", []string{"keys", "list", "--file", path + "x"}, exitFailure, "no such file"},
		{"no owner", []string{"keys", "create", "--file", path}, exitUsage, "owner is not usable"},
		{"a bad scope", []string{"keys", "create", "--file", path, "--owner", "a", "--scopes", "a b"}, exitUsage, "scopes has a bad word"},
		{"expired at birth", []string{"keys", "create", "--file", path, "--owner", "a", "--expires", "-1h"}, exitUsage, "--expires is -1h0m0s"},
		{"no id", []string{"keys", "revoke", "--file", path}, exitUsage, "revoke needs the id"},
		{"a key for an id", []string{"keys", "revoke", "--file", path, texts[0]}, exitUsage, "not an id"},
		{"an unknown id", []string{"keys", "revoke", "--file", path, "aaaaaaaaaaaaaaaa"}, exitFailure, "no such key"},
		{"a key too many", []string{"keys", "list", "--file", path, texts[0]}, exitUsage, "unexpected argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, stderr := command(t, nil, c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) || out != "" {
				t.Errorf("exit %d, stdout %q, stderr %q", code, out, stderr)
			}
			if strings.Contains(stderr, texts[0]) {
				t.Error("the key is shown")
			}
		})
	}
}
