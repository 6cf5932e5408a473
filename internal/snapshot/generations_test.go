package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func names(t *testing.T, folder string) []string {
	t.Helper()
	list, err := disk{}.Names(folder)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestTheLastGenerationsAreKeptForTheOwnerAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "when needed")
	k := keeper(t, Options{Folder: folder, Name: "a-b", Generations: 2})
	if list, report, err := loaded(t, k); err != nil || list != nil || report.File != "" {
		t.Fatalf("a folder that is not there: %v, %+v, %v", list, report, err)
	}
	for _, text := range []string{"one", "two", "three"} {
		wrote(t, k, texts(text))
	}
	if got, want := names(t, folder), []string{"a-b-0000000000000002.snapshot", "a-b-0000000000000003.snapshot"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for path, want := range map[string]fs.FileMode{folder: 0o700, filepath.Join(folder, "a-b-0000000000000003.snapshot"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
	if list, report, err := loaded(t, k); err != nil || !slices.Equal(list, []string{"three"}) || !report.Complete {
		t.Errorf("%q, %+v, %v", list, report, err)
	}
}

func TestOnlyOwnFilesAreTouched(t *testing.T) {
	folder := t.TempDir()
	k := keeper(t, Options{Folder: folder, Generations: 1})
	foreign := []string{"notes", "other-0000000000000001.snapshot", "state-1.snapshot", "state-00000000000000001.snapshot", "state-000000000000000x.snapshot", "state-0000000000000001.snapshot.bak"}
	leftover := "state-0000000000000007.snapshot.tmp"
	for _, name := range append(foreign, leftover) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wrote(t, k, texts("one"))
	wrote(t, k, texts("two"))
	want := append(slices.Clone(foreign), "state-0000000000000002.snapshot")
	slices.Sort(want)
	if got := names(t, folder); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func overwrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderGenerationIsLoadedOnlyWhereNothingElseIsLeft(t *testing.T) {
	for name, tc := range map[string]struct {
		change     func([]byte) []byte
		want       []string
		unreadable int
	}{
		"a record damaged":   {func(b []byte) []byte { b[headerSize+frameSize] ^= 1; return b }, []string{"new 2"}, 0},
		"the header damaged": {func(b []byte) []byte { b[9] ^= 1; return b }, []string{"new 1", "new 2"}, 0},
		"cut off":            {func(b []byte) []byte { return b[:headerSize+frameSize+5+frameSize] }, []string{"new 1"}, 0},
		"both headers":       {func(b []byte) []byte { b[9] ^= 1; b[len(b)-1] ^= 1; return b }, []string{"old 1", "old 2"}, 1},
		"nothing intact":     {func(b []byte) []byte { return b[:headerSize+10] }, []string{"old 1", "old 2"}, 1},
		"empty":              {func(b []byte) []byte { return nil }, []string{"old 1", "old 2"}, 1},
		"empty, as written":  {func([]byte) []byte { b, _ := composed(t, nil); return b }, nil, 0},
	} {
		k := keeper(t, Options{Folder: t.TempDir()})
		wrote(t, k, texts("old 1", "old 2"))
		path := wrote(t, k, texts("new 1", "new 2"))
		overwrite(t, path, tc.change)
		list, report, err := loaded(t, k)
		if err != nil || !slices.Equal(list, tc.want) || len(report.Unreadable) != tc.unreadable {
			t.Errorf("%s: %q, %+v, %v", name, list, report, err)
		}
		if tc.unreadable > 0 && !strings.Contains(report.Unreadable[0].Error(), path) {
			t.Errorf("%s: %v does not name %s", name, report.Unreadable[0], path)
		}
		if tc.unreadable == 0 && report.File != path {
			t.Errorf("%s: loaded from %s", name, report.File)
		}
	}
}

func TestWhereNoGenerationIsReadableTheErrorNamesEach(t *testing.T) {
	k := keeper(t, Options{Folder: t.TempDir()})
	paths := []string{wrote(t, k, texts("one")), wrote(t, k, texts("two"))}
	for _, path := range paths {
		overwrite(t, path, func(b []byte) []byte { return b[:10] })
	}
	_, report, err := loaded(t, k)
	if !errors.Is(err, ErrHeader) || len(report.Unreadable) != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, path := range paths {
		if !strings.Contains(err.Error(), path) {
			t.Errorf("%v does not name %s", err, path)
		}
	}
	wrote(t, k, texts("three")) // and life goes on
	if list, _, err := loaded(t, k); err != nil || !slices.Equal(list, []string{"three"}) {
		t.Errorf("%q, %v", list, err)
	}
}

// A program that is older than its snapshots neither reads past them nor removes
// them.
func TestAFileOfANewerVersionIsNeitherPassedByNorRemoved(t *testing.T) {
	folder := t.TempDir()
	k := keeper(t, Options{Folder: folder})
	wrote(t, k, texts("old"))
	newer := wrote(t, k, texts("new"))
	overwrite(t, newer, func(b []byte) []byte {
		b[versionAt] = 2
		sum := checksum(b[:sumAt])
		b[sumAt], b[sumAt+1], b[sumAt+2], b[sumAt+3] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
		return b
	})
	if list, _, err := loaded(t, k); !errors.Is(err, ErrVersion) || list != nil || !strings.Contains(err.Error(), newer) {
		t.Errorf("%q, %v", list, err)
	}
	k = keeper(t, Options{Folder: folder, Generations: 1})
	wrote(t, k, texts("three"))
	wrote(t, k, texts("four"))
	if got, want := names(t, folder), []string{filepath.Base(newer), "state-0000000000000004.snapshot"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatRestoreCannotUseIsCounted(t *testing.T) {
	k := keeper(t, Options{Folder: t.TempDir()})
	wrote(t, k, texts("good", "bad", "good"))
	seen := 0
	report, err := k.Load(func(r Record) error {
		seen++
		if string(r.Payload) == "bad" {
			return errors.New("not this one")
		}
		return nil
	})
	if err != nil || seen != 3 || report.Records != 3 || report.Refused != 1 || !report.Complete {
		t.Errorf("%d seen, %+v, %v", seen, report, err)
	}
}

func TestTheLastNumberIsAnErrorThatSaysWhatToDo(t *testing.T) {
	folder := t.TempDir()
	k := keeper(t, Options{Folder: folder})
	if err := os.WriteFile(filepath.Join(folder, "state-9999999999999999.snapshot"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.store.write(nil); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Error(err)
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.snapshot")
	if _, err := Open(path, 0); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	file, written := composed(t, []int{5, 6})
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for record, err := range f.Records() {
		if err != nil || record.Type != written[n].kind {
			t.Errorf("%v, %v", record, err)
		}
		n++
	}
	if err := f.Close(); err != nil || n != 2 || f.Report().File != path {
		t.Errorf("%d records, %v", n, err)
	}
	if err := os.WriteFile(path, file[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, 0); !errors.Is(err, ErrHeader) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}
