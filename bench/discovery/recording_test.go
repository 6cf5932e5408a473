package discovery

import (
	"strings"
	"testing"
)

func TestTheRecordingIsOfWholeSessions(t *testing.T) {
	scripts, err := Recorded()
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) < 100 {
		t.Errorf("%d sessions; want those of a busy server", len(scripts))
	}
	for i, s := range scripts {
		if len(s) < leastCalls || !strings.HasPrefix(s[0], "SHOW EVENT TYPES") {
			t.Errorf("session %d: %d calls, the first %q; want one that begins with a list", i, len(s), s[0])
		}
	}
}

func TestADamagedRecordingIsAnErrorThatNamesTheLine(t *testing.T) {
	good := `{"session":1,"query":"SELECT 1"}` + "\n"
	for bad, want := range map[string]string{
		good + "{\n":               "line 2",
		good + good + "{}\n":       "line 3 has no query",
		good + "[1]\n":             "line 2",
		strings.Repeat("x", 2<<20): "too long",
	} {
		if _, err := readScripts(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v; want %q", bad, err, want)
		}
	}
}
