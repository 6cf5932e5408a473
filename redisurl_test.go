package state

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestRedisURLAccepted(t *testing.T) {
	for raw, redacted := range map[string]string{
		"":                                       "",
		"redis://localhost":                      "redis://localhost",
		"redis://localhost/":                     "redis://localhost/",
		"rediss://cache.example.com:6380/3":      "rediss://cache.example.com:6380/3",
		"valkey://[::1]:6379":                    "valkey://[::1]:6379",
		"valkeys://:hunter2@host":                "valkeys://xxxxx@host",
		"redis://hunter2@host":                   "redis://xxxxx@host",
		"redis://user:hunter2@host:1/2":          "redis://xxxxx@host:1/2",
		"redis://user:hunter%2F2@host:1/2":       "redis://xxxxx@host:1/2",
		"redis://host?db=3&client_name=hunter2":  "redis://host",
		"unix:///run/redis.sock":                 "unix:///run/redis.sock",
		"unix://user:hunter2@/run/redis?db=1":    "unix://xxxxx@/run/redis",
		"redis://a:1?addr=b:1&addr=c:1":          "redis://a:1",
		"redis://user:p@hunter2@host":            "redis://xxxxx@host",
		"redis://h?dial_timeout=1s&skip_verify=": "redis://h",
	} {
		u := RedisURL(raw)
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

func TestRedisURLRefused(t *testing.T) {
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
		"unix:///run/redis.sock?db=main": "option db that is not a database number",
	} {
		_, fault := RedisURL(raw).parse()
		if !strings.Contains(fault, want) {
			t.Errorf("%q: fault %q: want one with %q", raw, fault, want)
		}
		if strings.Contains(fault, "hunter2") || strings.Contains(RedisURL(raw).Redacted(), "hunter2") {
			t.Errorf("%q: fault %q and redacted form %q give the secret away", raw, fault, RedisURL(raw).Redacted())
		}
	}
}

func TestRedisURLWithoutASchemeIsHiddenWhole(t *testing.T) {
	for raw, want := range map[RedisURL]string{"redis": "xxxxx", "hunter2://": "xxxxx", "unix://": "unix://xxxxx"} {
		if got := raw.Redacted(); got != want {
			t.Errorf("%s is redacted to %s: want %s", string(raw), got, want)
		}
	}
}

// However the URL is printed, alone or within a Config, the password stays
// inside.
func TestRedisURLNeverPrintsItsPassword(t *testing.T) {
	cfg := Config{RedisURL: "redis://user:hunter2@host"}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "url", cfg.RedisURL, "config", cfg)
	}
	marshalled, err := json.Marshal(map[string]any{"url": cfg.RedisURL, "urls": []RedisURL{cfg.RedisURL}})
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(marshalled)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, cfg.RedisURL), fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg))
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
