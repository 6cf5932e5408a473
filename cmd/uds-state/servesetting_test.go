package main

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
)

func TestMistakesWithServeExitWithTwo(t *testing.T) {
	const secret = "uds_SECRET"
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{name: "an unknown flag", args: []string{"--port", "1"}, want: "not defined: -port"},
		{name: "an argument", args: []string{"now"}, want: `unexpected argument "now"`},
		{name: "no port", args: []string{"--http", "127.0.0.1", "--insecure-no-auth"}, want: "an address with a port"},
		{name: "a bad port", args: []string{"--http", "127.0.0.1:http", "--insecure-no-auth"}, want: "an address with a port"},
		{name: "no keys", args: []string{"--http", "127.0.0.1:0"}, want: "--http needs --keys FILE"},
		{name: "open to all", args: []string{"--http", ":8080", "--insecure-no-auth"}, want: "loopback addresses alone"},
		{name: "open to the network", args: []string{"--http", "192.0.2.1:8080", "--insecure-no-auth"}, want: "loopback addresses alone"},
		{name: "open by name", args: []string{"--http", "example.com:8080", "--insecure-no-auth"}, want: "loopback addresses alone"},
		{name: "open by variable", args: []string{"--http", "0.0.0.0:1"}, env: map[string]string{"UDS_INSECURE_NO_AUTH": "true"}, want: "loopback addresses alone"},
		{name: "both", args: []string{"--http", "127.0.0.1:0", "--insecure-no-auth", "--keys", "f"}, want: "contradict each other"},
		{name: "keys on stdio", args: []string{"--keys", "f"}, want: "are for HTTP"},
		{name: "no such keys", args: []string{"--http", "127.0.0.1:0", "--keys", "/nowhere/keys"}, want: "no such file"},
		{name: "no calls", args: []string{"--max-calls", "0"}, want: "--max-calls is 0, it must be between 1 and 100000"},
		{name: "no time", args: []string{"--call-timeout", "1ms"}, want: "--call-timeout is 1ms"},
		{name: "two mistakes", args: []string{"--max-calls", "0", "--owner-sessions", "0"}, want: "--owner-sessions is 0"},
		{name: "a bad account", args: []string{"--accounts", "1,x"}, want: "want account numbers"},
		{name: "accounts of the stand-in", args: []string{"--accounts", "1,2"}, want: "--accounts is for New Relic"},
		{name: "a secret in the wrong variable", env: map[string]string{"UDS_MAX_CALLS": secret}, want: "UDS_MAX_CALLS can't be read"},
		{name: "a bad region", env: map[string]string{envAPIKey: secret, envAccountID: "1", envRegion: "MOON"}, want: "want US or EU"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := command(t, c.env, append([]string{"serve"}, c.args...)...)
			if code != exitUsage || !strings.Contains(stderr, c.want) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if strings.Contains(stderr, secret) {
				t.Errorf("the secret is shown: %s", stderr)
			}
		})
	}
}

func TestFlagsWinOverVariables(t *testing.T) {
	env := map[string]string{"UDS_MAX_CALLS": "7", "UDS_CALL_TIMEOUT": "9s", "UDS_ACCOUNTS": "3, 4"}
	o, err := parseServe([]string{"--max-calls", "8"}, process{getenv: func(name string) string { return env[name] }})
	if err != nil || o.maxCalls != 8 || o.callTimeout != 9*time.Second || o.accounts.String() != "3,4" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestHelpHasEverySetting(t *testing.T) {
	code, stdout, _ := command(t, nil, "serve", "--help")
	if code != exitOK {
		t.Fatalf("exit %d", code)
	}
	want := []string{envAPIKey, envAccountID, envRegion, envLicenseKey, envAppName, "/mcp", "/livez", "/healthz", "/readyz", "/metrics", "/debug/state/"}
	var o serveOptions
	o.flags().VisitAll(func(f *flag.Flag) { want = append(want, "--"+f.Name, variableOf(f.Name)) })
	for _, v := range state.Variables() {
		want = append(want, v.Name)
	}
	for _, w := range want {
		if !strings.Contains(stdout, w) {
			t.Errorf("%s is not in the help", w)
		}
	}
}

func TestOnlyLoopbackIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "localhost": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example.com": false, "127.0.0.1.example.com": false,
	} {
		if got := loopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
