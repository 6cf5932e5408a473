package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

func TestARecordingHasEveryCallInOrder(t *testing.T) {
	d := demoAgainst(standInFor(t, standin.Options{}))
	d.options.record = filepath.Join(t.TempDir(), "calls.jsonl")
	r, err := d.run(t.Context(), shown)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(d.options.record)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	calls, sessions := 0, make(map[int]bool)
	lines := bufio.NewScanner(file)
	for before := int64(0); lines.Scan(); calls++ {
		var c call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("line %d: %v", calls+1, err)
		}
		if c.Query == "" || c.At < before-1 { // two that come together may swap
			t.Errorf("line %d: %+v after %d ms", calls+1, c, before)
		}
		before = c.At
		sessions[c.Session] = true
	}
	if calls != r.Asked || len(sessions) != r.Sessions {
		t.Errorf("recorded %d calls of %d sessions; the run had %d of %d", calls, len(sessions), r.Asked, r.Sessions)
	}
}

func TestARecordingThatCannotBeMadeIsAnError(t *testing.T) {
	d := demoAgainst(standInFor(t, standin.Options{}))
	d.options.record = filepath.Join(t.TempDir(), "missing", "calls.jsonl")
	if _, err := d.run(t.Context(), shown); !errors.Is(err, errUsage) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
