package state

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/warm"
)

func TestFromEnvironDefaults(t *testing.T) {
	c, err := fromEnviron([]string{"PATH=/bin", "CACHE_TTL=", "NOT_A_PAIR"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = nil
	want := Config{
		Store: StoreMemory, SessionTTL: 24 * time.Hour, MaximumSessions: 100_000, SnapshotInterval: time.Minute, CacheTTL: 5 * time.Minute, ErrorTTL: 30 * time.Second, MaximumSize: 10_000,
		LoadTimeout: 2 * time.Minute, RedisMaxRetries: 3, RedisPoolSize: 10, RedisWait: 50 * time.Millisecond,
		RedisMaxUnverified: 30 * time.Second, RedisKeyPrefix: "state:", QueryConcurrency: 25, QueriesPerMinute: 3_000,
		QueryAgePerRefresh: 150 * time.Minute, RefreshConcurrency: 8,
		Warming: Warming{Share: 0.2},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

// The defaults that are documented are those that are used: each of them, set,
// changes nothing.
func TestDocumentedDefaultsAreTheDefaults(t *testing.T) {
	plain, err := fromEnviron(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var environ []string
	for _, v := range Variables() {
		environ = append(environ, v.Name+"="+v.Default)
		if v.Meaning == "" {
			t.Errorf("%s has no meaning", v.Name)
		}
	}
	explicit, err := fromEnviron(environ, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain.Logger, explicit.Logger = nil, nil
	if !reflect.DeepEqual(plain, explicit) {
		t.Errorf("documented %+v\nused       %+v", explicit, plain)
	}
}

func TestFromEnvironReadsEveryVariable(t *testing.T) {
	values := map[string]string{
		"STATE_STORE_TYPE": "redis", "SESSION_TTL": "1h", "STATE_MAXIMUM_SESSIONS": "77", "STATE_SNAPSHOT_FOLDER": "/var/lib/state", "STATE_SNAPSHOT_INTERVAL": "9s", "CACHE_TTL": "90s", "STATE_ERROR_TTL": "20s", "STATE_MAXIMUM_SIZE": "7", "STATE_LOAD_TIMEOUT": "8s",
		"REDIS_URL": "redis://h/1", "REDIS_MAX_RETRIES": "0", "REDIS_POOL_SIZE": "9", "STATE_REDIS_WAIT": "7ms",
		"STATE_REDIS_MAX_UNVERIFIED": "0", "STATE_REDIS_PREFIX": "p:", "STATE_QUERY_CONCURRENCY": "5",
		"STATE_QUERIES_PER_MINUTE": "6", "STATE_REFRESH_CONCURRENCY": "3", "STATE_LISTEN": ":80", "STATE_AGE_PER_REFRESH": "0",
		"STATE_WARM_SHARE": "0.5", "STATE_PRELOAD_FILE": preloadFile(t, "# the schemas\n7 SHOW EVENT TYPES\n"),
	}
	var environ []string
	for name, value := range values {
		environ = append(environ, name+"="+value)
	}
	c, err := fromEnviron(environ, []string{"STATE_LISTEN"})
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = nil
	want := Config{
		Store: StoreRedis, SessionTTL: time.Hour, MaximumSessions: 77, SnapshotFolder: "/var/lib/state", SnapshotInterval: 9 * time.Second, CacheTTL: 90 * time.Second, ErrorTTL: 20 * time.Second, MaximumSize: 7, LoadTimeout: 8 * time.Second,
		RedisURL: "redis://h/1", RedisMaxRetries: NoRetries, RedisPoolSize: 9, RedisWait: 7 * time.Millisecond,
		RedisMaxUnverified: Never, RedisKeyPrefix: "p:", QueryConcurrency: 5, QueriesPerMinute: 6,
		QueryAgePerRefresh: Never, RefreshConcurrency: 3,
		Warming: Warming{Share: 0.5, Preload: []warm.Item{{Account: 7, Query: "SHOW EVENT TYPES"}}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	for _, v := range Variables() {
		if _, ok := values[v.Name]; !ok {
			t.Errorf("%s is not covered by this test", v.Name)
		}
	}
	if err := c.validate(); err != nil {
		t.Errorf("Open would refuse what FromEnv accepted: %v", err)
	}
}

func TestFromEnvReadsTheEnvironment(t *testing.T) {
	for _, line := range os.Environ() {
		if name, _, _ := strings.Cut(line, "="); strings.HasPrefix(name, "STATE_") {
			t.Setenv(name, "")
		}
	}
	for _, v := range Variables() {
		t.Setenv(v.Name, "")
	}
	t.Setenv("CACHE_TTL", "77s")
	if c, err := FromEnv(); err != nil || c.CacheTTL != 77*time.Second {
		t.Errorf("got %v, %v", c.CacheTTL, err)
	}
	t.Setenv("CACHE_TTL", "77")
	if _, err := FromEnv(); !errors.Is(err, ErrConfig) {
		t.Errorf("error %v: want ErrConfig", err)
	}
}

func TestFromEnvironRefusals(t *testing.T) {
	for line, want := range map[string]string{
		"STATE_STORE_TYPE=Memory":                 `STATE_STORE_TYPE="Memory" is not a kind of store: want memory or redis`,
		"STATE_STORE_TYPE=redis":                  "REDIS_URL is not set: STATE_STORE_TYPE=redis needs one",
		"SESSION_TTL=1ms":                         `SESSION_TTL="1ms" is too short: want a duration with its unit, such as 90s, 5m or 4h, from 1s to 720h`,
		"CACHE_TTL=300":                           `CACHE_TTL="300" is not a duration`,
		"CACHE_TTL=0s":                            `CACHE_TTL="0s" is too short`,
		"CACHE_TTL=-5m":                           `CACHE_TTL="-5m" is too short`,
		"CACHE_TTL=300000h0m0s and so on":         "is not a duration",
		"CACHE_TTL=9999999999h":                   "is not a duration",
		"STATE_LOAD_TIMEOUT= ":                    `STATE_LOAD_TIMEOUT=" " is not a duration`,
		"STATE_MAXIMUM_SIZE=0":                    `STATE_MAXIMUM_SIZE="0" is out of range: want a whole number from 1 to 1073741824`,
		"STATE_MAXIMUM_SIZE=1073741825":           "is out of range",
		"STATE_MAXIMUM_SIZE=1e6":                  "is not a whole number",
		"STATE_MAXIMUM_SIZE=99999999999999999999": "is not a whole number in range",
		"REDIS_POOL_SIZE=10001":                   "want a whole number from 1 to 10000",
		"REDIS_MAX_RETRIES=-1":                    `REDIS_MAX_RETRIES="-1" is out of range: want a whole number from 0 to 100`,
		"REDIS_MAX_RETRIES=101":                   "is out of range",
		"REDIS_MAX_RETRIES=x":                     "is not a whole number",
		"STATE_QUERY_CONCURRENCY=0":               "is out of range",
		"STATE_QUERIES_PER_MINUTE=1000001":        "is out of range",
		"STATE_AGE_PER_REFRESH=10ms":              `STATE_AGE_PER_REFRESH="10ms" is too short: want a duration with its unit, such as 90s, 5m or 4h, and at least 1s, or 0`,
		"REDIS_URL=http://u:hunter2@host":         "REDIS_URL=xxxxx does not start with one of redis://",
		"REDIS_URL=redis://u:hunter2@host/x":      "REDIS_URL=redis://xxxxx has a path that is not a database number: want a URL such as",
		"STATE_CACHE_TTL=hunter2":                 "STATE_CACHE_TTL is not known: want one of STATE_AGE_PER_REFRESH, STATE_ERROR_TTL, STATE_LISTEN, STATE_LOAD_TIMEOUT, STATE_MAXIMUM_SESSIONS, STATE_MAXIMUM_SIZE,",
		"STATE_=":                                 "STATE_ is not known",
		"CACHE_TTL=" + strings.Repeat("7", 1000):  `CACHE_TTL="` + strings.Repeat("7", shownBytes) + `…" is not a duration`,
	} {
		c, err := fromEnviron([]string{line}, []string{"STATE_LISTEN"})
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v: want ErrConfig with %q", line, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error gives the secret away: %v", line, err)
		}
		if !reflect.DeepEqual(c, Config{}) {
			t.Errorf("%s: a Config came with the error", line)
		}
	}
}

func TestFromEnvironReportsAllFaultsAtOnce(t *testing.T) {
	var environ []string
	names := []string{"STATE_ONE", "STATE_TWO"}
	for _, v := range Variables() {
		names = append(names, v.Name)
	}
	for _, name := range names {
		environ = append(environ, name+"={wrong\x00") // no name of a thing has these
	}
	_, err := fromEnviron(environ, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range names {
		if n := strings.Count(err.Error(), "\n"+name+"=") + strings.Count(err.Error(), "\n"+name+" is"); n != 1 {
			t.Errorf("%s is reported %d times in:\n%v", name, n, err)
		}
	}
}

func TestConfigValidationReportsAllFaultsAtOnce(t *testing.T) {
	_, err := Open(t.Context(), Config{
		Store: "disk", SessionTTL: -1, MaximumSessions: -1, SnapshotFolder: "here", SnapshotInterval: 25 * time.Hour, CacheTTL: -1, ErrorTTL: -1, MaximumSize: -1, LoadTimeout: 1, RedisURL: "redis://u:hunter2@h:x",
		RedisMaxRetries: -2, RedisPoolSize: -1, RedisWait: -1, RedisMaxUnverified: 2 * time.Hour, RedisKeyPrefix: "a b", QueryConcurrency: -1, QueriesPerMinute: -1, RefreshConcurrency: -1, QueryAgePerRefresh: -2,
		Warming: Warming{Share: 2, Preload: []warm.Item{{Account: 1, Query: "SELECT 1"}, {Account: -7}}},
	})
	if !errors.Is(err, ErrConfig) {
		t.Fatalf("error %v: want ErrConfig", err)
	}
	for _, s := range settings {
		if !strings.Contains(err.Error(), "\nConfig."+s.field+"=") {
			t.Errorf("%s is not reported in:\n%v", s.field, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error gives the password away: %v", err)
	}
	_, err = Open(t.Context(), Config{Store: StoreRedis})
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "Config.RedisURL is not set") {
		t.Errorf("error %v: want ErrConfig for the lack of a URL", err)
	}
}

// The README's table lies between two markers and is exactly what the code
// reads.
func TestREADMEListsTheVariables(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- variables -->", "<!-- /variables -->"
	_, rest, found := strings.Cut(string(readme), begin)
	section, _, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("README.md lacks a section between %s and %s", begin, end)
	}
	if got, want := strings.TrimSpace(section), variablesTable(); got != want {
		t.Errorf("README.md has\n%s\nwant\n%s", got, want)
	}
}

// variablesTable renders Variables in Markdown.
func variablesTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n| --- | --- | --- |\n")
	for _, v := range Variables() {
		standard := "none"
		if v.Default != "" {
			standard = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, standard, v.Meaning)
	}
	return strings.TrimSpace(b.String())
}
