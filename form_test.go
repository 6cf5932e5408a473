package state

import (
	"strings"
	"testing"
)

func TestFormHasAGapWhereTheEventTypeIsRead(t *testing.T) {
	for _, tc := range []struct{ text, subject, want, other, filled string }{
		{"SELECT count(*) FROM Transaction", "Transaction", "SELECT count(*) FROM _", "PageView", "SELECT count(*) FROM PageView"},
		{"from  `Transaction` select Transaction", "Transaction", "from  `_` select Transaction", "PageView", "from  `PageView` select Transaction"},
		{"SELECT a FROM T WHERE b IN (FROM T SELECT b)", "T", "SELECT a FROM _ WHERE b IN (FROM _ SELECT b)", "U", "SELECT a FROM U WHERE b IN (FROM U SELECT b)"},
		{"SELECT a FROM Log WHERE b = 'Log'", "Log", "SELECT a FROM _ WHERE b = 'Log'", "My Log", "SELECT a FROM `My Log` WHERE b = 'Log'"},
		{"SELECT a FROM Logs, Log", "Log", "SELECT a FROM Logs, Log", "X", "SELECT a FROM Logs, Log"},
		{"SELECT a FROM Log", "Log", "SELECT a FROM _", "9lives", "SELECT a FROM `9lives`"},
		{"SELECT xFROM Log", "Log", "SELECT xFROM Log", "X", "SELECT xFROM Log"},
		{"SELECT a FROMLog", "Log", "SELECT a FROMLog", "X", "SELECT a FROMLog"},
		{"Log", "Log", "Log", "X", "Log"},
		{"SHOW EVENT TYPES", "", "SHOW EVENT TYPES", "X", "SHOW EVENT TYPES"},
		{"SELECT a FROM Größe", "Größe", "SELECT a FROM _", "Länge", "SELECT a FROM Länge"},
	} {
		f := formOf(tc.text, tc.subject)
		if got := strings.ReplaceAll(string(f), gap, "_"); got != tc.want {
			t.Errorf("%q without %s is %q: want %q", tc.text, tc.subject, got, tc.want)
		}
		if got, ok := f.fill(tc.other); !ok || got != tc.filled {
			t.Errorf("%q with %s is %q, %v: want %q", f, tc.other, got, ok, tc.filled)
		}
		if got, ok := f.fill(tc.subject); tc.subject != "" && (!ok || got != tc.text) {
			t.Errorf("%q with its own subject is %q, %v: want %q", f, got, ok, tc.text)
		}
	}
}

// Names come from accounts. One that can't be written is not filled in.
func TestFormIsNotFilledWithJustAnything(t *testing.T) {
	f := formOf("SELECT a FROM T", "T")
	for _, subject := range []string{"", "`", "a` WHERE `b", `a\`, "a\x00"} {
		if text, ok := f.fill(subject); ok {
			t.Errorf("with %q it is %q", subject, text)
		}
	}
}

func TestFormSurvivesBeingATool(t *testing.T) {
	f := formOf("SELECT a FROM T", "T")
	if got, ok := formOfTool(f.tool()); !ok || got != f {
		t.Errorf("%q, %v: want %q", got, ok, f)
	}
	if _, ok := formOfTool("explore"); ok {
		t.Error("a tool's name is taken for a form")
	}
}
