package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
	sessions "github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

// What nobody may see in what is printed.
const (
	secretOwner      = "ada.lovelace@example.com"
	secretGoal       = "who was fired at Initech"
	secretValue      = "a value of a result"
	secretPreference = "a preference's value"
	secretLiteral    = "customer-4711"
	secretAlias      = "transport-session-token"
	secretKeepsake   = "something of the embedder's"
)

var secretQuery = "SELECT count(*) FROM Transaction WHERE customer = '" + secretLiteral + "'"

// writtenSnapshot is a snapshot with something of everything.
func writtenSnapshot(t *testing.T) (path string, handles []string) {
	t.Helper()
	folder := t.TempDir()
	st, err := state.Open(t.Context(), state.Config{
		SnapshotFolder: folder,
		Keepsakes: []state.Keepsake{{
			Name:    "habits",
			Records: func(yield func([]byte) bool) { yield([]byte(secretKeepsake)) },
			Restore: func([]byte) error { return nil },
		}},
		Querier: querierFunc(func() (state.Rows, error) { return state.Rows{{"count": 1.0}}, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s, err := st.Sessions().Create(t.Context(), secretOwner, func(d *sessions.Draft) error {
			return errors.Join(
				d.SetGoal(sessions.Goal{Text: secretGoal, Facts: map[string]any{"text": secretGoal}}),
				d.Explore(sessions.Schema{Account: 1, EventType: "Transaction", Attributes: []string{"duration"}}),
				d.SetCurrentSchema(1, "Transaction"),
				d.SetPreference("style", secretPreference),
				d.Set("step", secretValue),
				d.Note(sessions.Result{Key: secretQuery, Tool: "query_nrql", Rows: 3}),
				d.Record(sessions.Call{Tool: "profile", EventType: "Transaction", Duration: time.Second, Source: sessions.Miss}))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Sessions().Alias(t.Context(), secretOwner, s.Handle(), secretAlias); err != nil {
			t.Fatal(err)
		}
		handles = append(handles, string(s.Handle()))
	}
	if err := st.Sessions().Delete(t.Context(), secretOwner, sessions.Handle(handles[0])); err != nil {
		t.Fatal(err)
	}
	st.RestoreHottest([]warm.Saving{{Item: warm.Item{Account: 7, Query: secretQuery}, Saved: time.Hour}})
	for _, tool := range []string{"explore", "profile"} {
		ctx := state.WithCall(t.Context(), state.Call{Session: secretAlias, Tool: tool, Subject: "Transaction"})
		if _, err := st.Query(ctx, 1, secretQuery); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.snapshot"))
	if err != nil || len(files) == 0 {
		t.Fatal("no snapshot", err)
	}
	return slices.Max(files), handles
}

type querierFunc func() (state.Rows, error)

func (f querierFunc) QueryNRQL(context.Context, int, string) (state.Rows, error) { return f() }

type printedSnapshot struct {
	Records []map[string]any
	Summary struct {
		Complete                           bool
		Records, Missing, Refused, Skipped int
		Kinds                              map[string]int
		Damages                            []string
	}
}

func TestASnapshotIsPrintedWithoutWhatItKeepsForOthers(t *testing.T) {
	path, handles := writtenSnapshot(t)
	code, stdout, stderr := command(t, nil, "snapshot", path)
	if code != exitOK || stderr != "" {
		t.Fatalf("code %d, %s", code, stderr)
	}
	for _, secret := range append(handles, secretOwner, secretGoal, secretValue, secretPreference, secretLiteral, secretAlias, secretKeepsake) {
		if strings.Contains(stdout, secret) {
			t.Errorf("%q is printed", secret)
		}
	}
	var printed printedSnapshot
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	s := printed.Summary
	for _, kind := range []string{"session", "tombstone", "hottest", "learned", "tool", "keepsake"} {
		if s.Kinds[kind] == 0 {
			t.Errorf("no record is a %s: %v", kind, s.Kinds)
		}
	}
	if !s.Complete || s.Kinds["session"] != 9 || s.Kinds["tombstone"] != 1 || s.Missing+s.Refused+s.Skipped != 0 {
		t.Errorf("%+v", s)
	}
	for _, want := range []string{
		`"eventType":"Transaction"`, `"preferences":["style"]`, `"values":["step"]`, `"source":"miss"`, `"tool":"profile"`,
		`"handle":"` + handles[1][:shownOfHandle] + `…"`, `"owner":"#`, `"name":"habits"`, `"savedSeconds":3`,
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%s is not printed in\n%s", want, stdout)
		}
	}
}

func TestOfADamagedSnapshotTheRestIsPrinted(t *testing.T) {
	path, _ := writtenSnapshot(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content[:len(content)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := command(t, nil, "snapshot", path)
	if code != exitFailure || !strings.Contains(stderr, "the snapshot is damaged") || !strings.Contains(stderr, "1 are known to be missing") {
		t.Errorf("code %d, %s", code, stderr)
	}
	var printed printedSnapshot
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	s := printed.Summary
	if s.Complete || s.Missing != 1 || s.Skipped != 3 || len(s.Damages) != 3 || len(printed.Records) != s.Records || s.Records < 10 {
		t.Errorf("%d lines, %+v", len(printed.Records), s)
	}
}

func TestWhatIsNoSnapshotIsRefused(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat(secretValue, 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no file":    {[]string{}, exitUsage, "want one FILE"},
		"two files":  {[]string{"a", "b"}, exitUsage, "want one FILE"},
		"a flag":     {[]string{"--all", "a"}, exitUsage, "not defined: -all"},
		"is missing": {[]string{filepath.Join(folder, "none")}, exitFailure, "no such file"},
		"a folder":   {[]string{folder}, exitFailure, "not a regular file"},
		"a device":   {[]string{os.DevNull}, exitFailure, "not a regular file"},
		"a text":     {[]string{text}, exitFailure, "no readable header"},
	} {
		code, stdout, stderr := command(t, nil, append([]string{"snapshot"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" || strings.Contains(stderr, secretValue) {
			t.Errorf("%s: code %d, %q, %q", name, code, stdout, stderr)
		}
	}
	if code, stdout, _ := command(t, nil, "snapshot", "--help"); code != exitOK || stdout != snapshotUsage {
		t.Errorf("--help: code %d, %q", code, stdout)
	}
}
