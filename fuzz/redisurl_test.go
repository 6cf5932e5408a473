package fuzz

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
)

// FuzzRedisURL composes URLs round a secret, well and badly: however they, or a
// Config with them, are printed, the secret is not in it. What is accepted is
// what net/url and a few rules accept.
func FuzzRedisURL(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x00\x00\x04user\x00\x00\x04host\x00",
		"\x01\x01\x00\x021/\x02?x\x00\x04host\x05:6379\x02/0",
		"\x02\x00\x00\x00\x00\x00\x09/run/sock\x03?db",
		"\x00\x02\x03a:b\x01#\x01@\x01h\x00",
		"\x03\x00\x00\x00\x01%\x01h\x0b?addr=b:1&db",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		u := drawRedisURL(&script{rest: data})
		accepted := acceptable(string(u))
		printed := []string{u.Redacted(), fmt.Sprintf("%v %s %q %x %d %+v %#v", u, u, u, u, u, u, &u), marshalled(t, u), marshalled(t, state.Config{RedisURL: u}.RedisURL)}
		st, err := state.Open(t.Context(), state.Config{RedisURL: u, MaximumSize: 1})
		if accepted != (err == nil) && u != "" {
			t.Fatalf("%s acceptable: %v, error: %v", string(u), accepted, err)
		}
		if err != nil {
			printed = append(printed, err.Error())
		} else if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		printed = append(printed, fmt.Sprintf("%+v", state.Config{RedisURL: u}))
		for _, text := range printed {
			if strings.Contains(text, secret) {
				t.Fatalf("%s is printed as %s", string(u), text)
			}
		}
	})
}

// drawRedisURL returns scheme://user:password@rest with the secret in the
// password, some of it escaped and some not, and anything else elsewhere; or
// any text without the secret.
func drawRedisURL(s *script) state.RedisURL {
	without := func(text string) string { return strings.ReplaceAll(text, secret, "") }
	if s.below(8) == 7 {
		return state.RedisURL(without(s.text()))
	}
	scheme := choose(s, "redis", "rediss", "unix", "valkey", "valkeys", "http", "")
	before, after := s.text(), s.text()
	password := before + secret + after
	if s.bool() {
		password = url.QueryEscape(before) + secret + url.QueryEscape(after)
	}
	rest := without(s.text())
	if s.bool() {
		rest = choose(s, "host", "host:6379", "[::1]:1", "", "/run/socket") +
			choose(s, "", "/", "/3", "/x", "?db=1", "?db=x", "?addr=h:1&client_name=n", "/1?db=1", "?unknown=1", "#x", "?addr="+s.text(), "?dial_timeout="+s.text(), "?max_retries="+s.text(),
				"?protocol=2&client_cache=0", "?skip_verify", "?addr=h&db=1", "/1?addr=h&master_set=m")
	}
	return state.RedisURL(scheme + "://" + s.text() + ":" + password + "@" + rest)
}

func marshalled(t *testing.T, u state.RedisURL) string {
	text, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// optionPatterns are the forms of the options' values; reasonable bounds the
// numbers in them.
var optionPatterns = map[string]*regexp.Regexp{
	"addr":          regexp.MustCompile(`^([^\s/:\[\]]+|\[[^\s/]+\])(:[0-9]{1,5})?$`),
	"client_cache":  regexp.MustCompile(`^[01]$`),
	"client_name":   regexp.MustCompile(`^[!-~]+$`),
	"db":            regexp.MustCompile(`^[0-9]+$`),
	"dial_timeout":  regexp.MustCompile(`.`),
	"master_set":    regexp.MustCompile(`^[!-~]+$`),
	"max_retries":   regexp.MustCompile(`^[0-9]+$`),
	"protocol":      regexp.MustCompile(`^[23]$`),
	"skip_verify":   regexp.MustCompile(`^(|0|1|t|f|T|F|true|false|TRUE|FALSE|True|False)$`),
	"write_timeout": regexp.MustCompile(`.`),
}

func reasonable(name, value string) bool {
	switch name {
	case "db":
		return databaseNumber(value)
	case "dial_timeout", "write_timeout":
		d, err := time.ParseDuration(value)
		return err == nil && d >= time.Millisecond && d <= time.Minute
	case "max_retries":
		digits := strings.TrimLeft(value, "0")
		return len(digits) < 3 || digits == "100"
	case "addr":
		port := value[strings.LastIndex(value, ":")+1:]
		if strings.HasSuffix(value, "]") || port == value {
			return true
		}
		n, err := strconv.Atoi(port)
		return err == nil && n >= 1 && n <= 65535
	}
	return true
}

// acceptable says which URLs must be accepted.
func acceptable(raw string) bool {
	scheme, _, found := strings.Cut(raw, "://")
	if !found || !slices.Contains([]string{"redis", "rediss", "unix", "valkey", "valkeys"}, scheme) {
		return raw == ""
	}
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return false
	}
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return false
	}
	for name, values := range options {
		pattern, known := optionPatterns[name]
		if !known || len(values) > 1 && name != "addr" {
			return false
		}
		if slices.ContainsFunc(values, func(v string) bool { return !pattern.MatchString(v) || !reasonable(name, v) }) {
			return false
		}
	}
	several, sentinel := options.Has("addr"), options.Has("master_set")
	if scheme == "unix" && (several || sentinel) || options.Has("skip_verify") && scheme != "rediss" && scheme != "valkeys" {
		return false
	}
	if several && !sentinel && strings.Trim(u.Path+options.Get("db"), "/0") != "" {
		return false
	}
	if scheme == "unix" {
		return u.Host == "" && u.Path != "" && u.Path != "/"
	}
	port, err := strconv.Atoi(u.Port())
	if u.Port() != "" && (err != nil || port < 1 || port > 65535) {
		return false
	}
	database := strings.TrimPrefix(u.Path, "/")
	return u.Hostname() != "" && (database == "" || databaseNumber(database) && !options.Has("db"))
}

// databaseNumber: digits, and below 2^31.
func databaseNumber(text string) bool {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return false
	}
	digits := strings.TrimLeft(text, "0")
	return len(digits) < 10 || len(digits) == 10 && digits <= "2147483647"
}
