package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the whole command and returns what it prints.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, fault bytes.Buffer
	code = run(t.Context(), args, &out, &fault)
	return code, out.String(), fault.String()
}

func onFixture(args ...string) []string {
	return append([]string{"-module", "testdata/fixture", "-lists", "lists"}, args...)
}

func TestEachVerdict(t *testing.T) {
	code, stdout, stderr := command(t, onFixture("-timeout", "3s")...)
	if code != exitFaulty || stderr != "" {
		t.Errorf("code %d, %s", code, stderr)
	}
	for _, want := range []string{
		"6 mutations: first",
		"killed  sum/negatives-count  by TestOf in ",
		"killed  sum/nothing-is-something  by TestOfNothing in ",
		"killed  sum/no-end  by TestOf, which did not end, in ",
		"SURVIVED  sum/zero-counts  all of TestOf passed in ",
		"UNCOMPILABLE  sum/no-program  ",
		"MISPLACED  sum/nowhere  all.mutations:31: nowhere: the old text is not in sum/sum.go",
		"3 of 6 mutations killed in ",
		"SURVIVED  sum/zero-counts (all.mutations:10)",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

func TestAllKilledIsSuccess(t *testing.T) {
	code, stdout, stderr := command(t, onFixture("-run", "sum/negatives", "-only", "sum")...)
	if code != exitKilled || !strings.Contains(stdout, "1 of 1 mutations killed") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
}

func TestMisuseIsExplained(t *testing.T) {
	for want, args := range map[string][]string{
		"-parallel is 0; want 1 to 64":       {"-parallel", "0"},
		"-timeout is 1ms; want 1s at least":  {"-timeout", "1ms"},
		"-run: error parsing regexp":         {"-run", "("},
		`there is no argument "shard"`:       {"shard"},
		"is in no module":                    {"-module", os.TempDir()},
		"flag provided but not defined: -no": {"-no"},
	} {
		if code, _, stderr := command(t, args...); code != exitMisused || !strings.Contains(stderr, want) {
			t.Errorf("%v: code %d, %s; want %q", args, code, stderr, want)
		}
	}
	for want, args := range map[string][]string{
		`none of 6 mutations is in folder "other"`: onFixture("-only", "other"),
		"no *.mutations in":                        {"-module", "testdata/fixture", "-lists", "sum"},
	} {
		if code, _, stderr := command(t, args...); code != exitFaulty || !strings.Contains(stderr, want) {
			t.Errorf("%v: code %d, %s; want %q", args, code, stderr, want)
		}
	}
	if code, _, stderr := command(t, "-h"); code != exitKilled || !strings.Contains(stderr, "-parallel") {
		t.Errorf("-h: code %d, %s", code, stderr)
	}
}

// A test that fails, or is not there, without any mutation proves nothing.
func TestBaselineMustPass(t *testing.T) {
	for test, want := range map[string]string{
		"TestBroken":  "in sum, TestBroken",
		"TestMissing": "there is no TestMissing in sum",
	} {
		lists := t.TempDir()
		list := "name: a\nwhy: b\nfile: sum/sum.go\ntest: TestOf " + test + "\n-sum +=\n+sum -=\n"
		if err := os.WriteFile(filepath.Join(lists, "all.mutations"), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		fixture, err := filepath.Abs("testdata/fixture")
		if err != nil {
			t.Fatal(err)
		}
		toLists, err := filepath.Rel(fixture, lists)
		if err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := command(t, "-module", "testdata/fixture", "-lists", toLists)
		if code != exitFaulty || !strings.Contains(stderr, errBaseline.Error()) || !strings.Contains(stderr, want) {
			t.Errorf("code %d, %s%s; want %q", code, stdout, stderr, want)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary) // Windows
	if code, stdout, stderr := command(t, onFixture("-run", "negatives")...); code != exitKilled {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind (%v)", left, err)
	}
}

func TestStoppedRunTellsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, fault bytes.Buffer
	if code := run(ctx, onFixture(), &out, &fault); code != exitFaulty || strings.Contains(out.String(), string(killed)) {
		t.Errorf("code %d\n%s%s", code, out.String(), fault.String())
	}
}
