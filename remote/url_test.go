package remote

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestURLAccepted(t *testing.T) {
	for raw, redacted := range map[string]string{
		"":                                        "",
		"redis://localhost":                       "redis://localhost",
		"redis://localhost/":                      "redis://localhost/",
		"rediss://cache.example.com:6380/3":       "rediss://cache.example.com:6380/3",
		"valkey://[::1]:6379":                     "valkey://[::1]:6379",
		"valkeys://:hunter2@host":                 "valkeys://xxxxx@host",
		"redis://hunter2@host":                    "redis://xxxxx@host",
		"redis://user:hunter2@host:1/2":           "redis://xxxxx@host:1/2",
		"redis://user:hunter%2F2@host:1/2":        "redis://xxxxx@host:1/2",
		"redis://host?db=3&client_name=hunter2":   "redis://host",
		"unix:///run/redis.sock":                  "unix:///run/redis.sock",
		"unix://user:hunter2@/run/redis?db=1":     "unix://xxxxx@/run/redis",
		"redis://a/3?addr=b&master_set=m":         "redis://a/3",
		"redis://a?addr=[::1]&addr=[::1]:1":       "redis://a",
		"redis://a:1?addr=b:1&addr=c:1":           "redis://a:1",
		"redis://user:p@hunter2@host":             "redis://xxxxx@host",
		"rediss://h?dial_timeout=1s&skip_verify=": "rediss://h",
	} {
		u := URL(raw)
		if raw != "" {
			if _, fault := u.parse(); fault != "" {
				t.Errorf("%s %s", raw, fault)
			}
		}
		if got := u.Redacted(); got != redacted {
			t.Errorf("%s is redacted to %s: want %s", raw, got, redacted)
		}
	}
}

func TestURLRefused(t *testing.T) {
	for raw, want := range map[string]string{
		"redis":                          "does not start with one of",
		"hunter2":                        "does not start with one of",
		"localhost:6379":                 "does not start with one of",
		"http://hunter2@host":            "does not start with one of",
		"redis:hunter2":                  "does not start with one of",
		"redis://":                       "lacks a host",
		"redis://:6379":                  "lacks a host",
		"redis://:hunter2@":              "lacks a host",
		"redis://host:hunter2":           "is not a URL",
		"redis://:hunter2":               "is not a URL",
		"redis://host:0":                 "port outside 1 to 65535",
		"redis://host:65536":             "port outside 1 to 65535",
		"redis://user:12/hunter2@host":   "wrong place",
		"redis://user:12?hunter2@host":   "wrong place",
		"redis://user:12#hunter2@host":   "wrong place",
		"redis://user:hun%ter2@host":     "is not a URL",
		"redis://host/hunter2":           "not a database number",
		"redis://host/-1":                "not a database number",
		"redis://host/1/2":               "not a database number",
		"redis://host/1?db=2":            "names the database twice",
		"redis://host?db=hunter2":        "option db that is not a database number",
		"redis://host?hunter2=1":         "unknown option",
		"redis://host?password=hunter2":  "unknown option",
		"redis://host?a=%zz":             "options that cannot be read",
		"unix://run/hunter2.sock":        "has a host where a socket's",
		"unix://":                        "lacks the socket's path",
		"unix:///":                       "lacks the socket's path",
		"unix:///run/redis?hunter2=1":    "unknown option",
		"redis://host name":              "is not a URL",
		" redis://host":                  "does not start with one of",
		"redis://us er:hunter2@host":     "is not a URL",
		"redis://host/0#hunter2":         "wrong place",
		"redis://host:6379/2147483648":   "not a database number",
		"redis://host:6379/0?db=0&db=1":  "names the database twice",
		"redis://host?db=0&db=1":         "has the option db twice",
		"redis://host?addr=hunter2:x":    "option addr that is not a host and a port",
		"redis://host?addr=:1":           "option addr that is not",
		"redis://host?addr=h:":           "option addr that is not",
		"redis://host?addr=h:70000":      "option addr that is not",
		"redis://host?addr=::1":          "option addr that is not",
		"redis://host?addr=a/b":          "option addr that is not",
		"redis://host?client_cache=2":    "option client_cache that is not 0 or 1",
		"redis://host?client_name=a%20b": "option client_name that is not a name",
		"redis://host?master_set=":       "option master_set that is not a name",
		"redis://host?dial_timeout=5":    "option dial_timeout that is not a duration",
		"redis://host?dial_timeout=-1s":  "option dial_timeout that is not a duration",
		"redis://host?write_timeout=2h":  "option write_timeout that is not a duration",
		"redis://host?max_retries=101":   "option max_retries that is not a number from 0 to 100",
		"redis://host?max_retries=-1":    "option max_retries that is not a number",
		"redis://host?protocol=4":        "option protocol that is not 2 or 3",
		"rediss://h?skip_verify=hunter2": "option skip_verify that is not true or false",
		"redis://h?skip_verify=true":     "skip_verify, which only rediss and valkeys",
		"unix:///s?addr=h":               "which a socket can't have",
		"unix:///s?master_set=m":         "which a socket can't have",
		"redis://h/3?addr=i":             "database other than 0, which a cluster can't have",
		"redis://h?addr=i&db=3":          "database other than 0, which a cluster can't have",
		"unix:///run/redis.sock?db=main": "option db that is not a database number",
	} {
		_, fault := URL(raw).parse()
		if !strings.Contains(fault, want) {
			t.Errorf("%q: fault %q: want one with %q", raw, fault, want)
		}
		if strings.Contains(fault, "hunter2") || strings.Contains(URL(raw).Redacted(), "hunter2") {
			t.Errorf("%q: fault %q and redacted form %q give the secret away", raw, fault, URL(raw).Redacted())
		}
	}
}

func TestURLWithoutASchemeIsHiddenWhole(t *testing.T) {
	for raw, want := range map[URL]string{"redis": "xxxxx", "hunter2://": "xxxxx", "unix://": "unix://xxxxx"} {
		if got := raw.Redacted(); got != want {
			t.Errorf("%s is redacted to %s: want %s", string(raw), got, want)
		}
	}
}

// However the URL is printed, alone or within Options, the password stays
// inside.
func TestURLNeverPrintsItsPassword(t *testing.T) {
	o := Options{URL: "redis://user:hunter2@host"}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "url", o.URL, "options", o)
	}
	marshalled, err := json.Marshal(map[string]any{"url": o.URL, "urls": []URL{o.URL}})
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(marshalled)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, o.URL), fmt.Sprintf(verb, o), fmt.Sprintf(verb, &o))
	}
	for _, text := range printed {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("gives the password away: %s", text)
		}
		if !strings.Contains(text, "xxxxx") {
			t.Errorf("lacks the redacted form: %s", text)
		}
	}
}
