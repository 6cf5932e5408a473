package nrqltext

import (
	"testing"

	"github.com/uds-platform/state/nrql"
)

func TestNamesAreQuotedWhereTheyNeedIt(t *testing.T) {
	for name, want := range map[string]string{
		"Transaction":        "Transaction",
		"error.class":        "error.class",
		"k8s.pod name":       "`k8s.pod name`",
		"2xx":                "`2xx`",
		"a`b":                "`a\\`b`",
		`back\slash`:         "`back\\\\slash`",
		"":                   "``",
		"Since":              "`Since`",
		"facet":              "`facet`",
		"select":             "`select`",
		"x FROM Secret":      "`x FROM Secret`",
		"max":                "max",
		"Überweisung":        "Überweisung",
		"x'); SHOW EVENT --": "`x'); SHOW EVENT --`",
	} {
		if got := Name(name); got != want {
			t.Errorf("%s is written %s, want %s", name, got, want)
		}
	}
	if got, want := String(`it's \`), `'it\'s \\'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzNameStaysOneName(f *testing.F) {
	for _, name := range []string{"Transaction", "a b", "from", "`", `\`, "a\\`b", "x, y", "/*", "--", "count(*)"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		q := nrql.Read("SELECT count(*) FROM " + Name(name) + " SINCE 1 hour ago")
		if q.Understood && len(q.EventTypes) != 1 {
			t.Errorf("%q reads %q", name, q.EventTypes)
		}
	})
}
