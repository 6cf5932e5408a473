package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// asProgram is the environment variable by which a test runs this binary as the
// program that it tests.
const asProgram = "UDS_STATE_TEST_AS_PROGRAM"

// What the Redis client starts to look at its servers again sleeps for up to a second
// after the client is closed, and then ends.
const clientsNap = "github.com/redis/rueidis.(*call).DelayDo.func1"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(clientsNap))
}

// command runs a command line with an environment of its own.
func command(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(t.Context(), args, process{
		getenv: func(name string) string { return env[name] },
		stdout: &out,
		stderr: &errOut,
	})
	return code, out.String(), errOut.String()
}

func TestMistakesExitWithTwo(t *testing.T) {
	const key = "NRAK-SECRET"
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{name: "no command", want: "usage: uds-state <command>"},
		{name: "unknown command", args: []string{"dmeo"}, want: `unknown command "dmeo"`},
		{name: "unknown flag", args: []string{"demo", "--fast"}, want: "not defined: -fast"},
		{name: "bad duration", args: []string{"demo", "--duration", "15"}, want: "invalid value"},
		{name: "no duration", args: []string{"demo", "--duration", "0s"}, want: "it must be positive"},
		{name: "no sessions", args: []string{"demo", "--sessions", "0"}, want: "it must be between 1 and 1000"},
		{name: "extra argument", args: []string{"demo", "now"}, want: `unexpected argument "now"`},
		{name: "key alone", args: []string{"demo"}, env: map[string]string{envAPIKey: key}, want: "or neither"},
		{name: "account alone", args: []string{"demo"}, env: map[string]string{envAccountID: "1"}, want: "or neither"},
		{name: "swapped", args: []string{"demo"}, env: map[string]string{envAPIKey: "1", envAccountID: key}, want: "is not an account number"},
		{name: "bad region", args: []string{"demo"}, env: map[string]string{envAPIKey: key, envAccountID: "1", envRegion: key}, want: "want US or EU"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := command(t, c.env, c.args...)
			if code != exitUsage || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if strings.Contains(stderr, key) {
				t.Errorf("the key is shown: %s", stderr)
			}
		})
	}
}

func TestHelpAndVersionGoToStdout(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"demo", "--help"}, {"version"}} {
		code, stdout, stderr := command(t, nil, args...)
		if code != exitOK || !strings.Contains(stdout, "uds-state") || stderr != "" {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

func TestDemoPrintsJSON(t *testing.T) {
	code, stdout, stderr := command(t, nil, "demo", "--json", "--sessions", "3", "--duration", "300ms")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if !r.StandIn || r.Sessions != 3 || r.EndedBy != endedByTime {
		t.Errorf("reported %+v", r)
	}
}

func TestBadKeyIsShownOnceAndFails(t *testing.T) {
	server, err := standin.Start(standin.Options{APIKey: "the-right-key", Account: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("NEW_RELIC_NERDGRAPH_BASE_URL", server.URL()) // which the official client reads
	env := map[string]string{envAPIKey: "the-wrong-key", envAccountID: "7", envRegion: "EU"}
	code, stdout, stderr := command(t, env, "demo", "--sessions", "8", "--duration", "1m")
	const words = "Bad API Key or no API Key provided"
	if code != exitFailure || strings.Count(stdout, words) != 1 || strings.Contains(stderr, words) {
		t.Errorf("exit %d, stdout\n%s\nstderr\n%s", code, stdout, stderr)
	}
	if !strings.Contains(stdout, "8×") || !strings.Contains(stdout, "until no session could go on") {
		t.Errorf("the table does not say that all sessions failed:\n%s", stdout)
	}
	if strings.Contains(stdout+stderr, "the-wrong-key") {
		t.Error("the key is shown")
	}
}
