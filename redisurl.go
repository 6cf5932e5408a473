package state

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// RedisURL is the address of a Redis or Valkey server, with its password:
//
//	redis://[user:password@]host[:port][/database][?option=value…]     rediss: the same over TLS
//	valkey://…  valkeys://…                                            the same two by their other name
//	unix://[user:password@]/path/to/socket[?db=database&option=value…]
//
// It is a type of its own for the password's sake: however a RedisURL is
// printed, logged or marshalled, and however the Config that holds it is, only
// the redacted form comes out. string(u) is the way to the whole.
//
// It is validated here rather than by the Redis client because the client
// ignores an option it does not know, and quotes the URL in its errors.
type RedisURL string

var (
	redisSchemes = []string{"redis", "rediss", "unix", "valkey", "valkeys"}
	redisOptions = []string{
		"addr", "client_cache", "client_name", "db", "dial_timeout", "master_set", "max_retries", "protocol", "skip_verify",
		"write_timeout",
	}
)

// redisHidden stands for a part of a URL that is, or might be, secret.
const redisHidden = "xxxxx"

// Format prints the redacted form for every verb.
func (u RedisURL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.Redacted()) }

// MarshalText gives the redacted form.
func (u RedisURL) MarshalText() ([]byte, error) { return []byte(u.Redacted()), nil }

// Redacted is the URL with user and password replaced, and without its options.
// Of a URL that has a fault only the scheme is shown: where a password's '/',
// '?' or '#' is not escaped, parts of it stand where host, path and options
// belong.
func (u RedisURL) Redacted() string {
	if u == "" {
		return ""
	}
	parsed, fault := u.parse()
	if fault == "" {
		return shownURL(parsed)
	}
	if scheme, _, found := strings.Cut(string(u), "://"); found && slices.Contains(redisSchemes, scheme) {
		return scheme + "://" + redisHidden
	}
	return redisHidden
}

func shownURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(redisHidden)
	}
	return shown.String()
}

// misplaced tells whether a '#', or an '@' behind the host, shows that a
// password is not escaped.
func misplaced(u *url.URL) bool {
	return strings.ContainsRune(u.Path, '@') || strings.ContainsRune(u.RawQuery, '@') || u.Fragment != ""
}

// parse takes the URL apart, or says what is wrong with it. The fault never
// quotes a part that may be secret.
func (u RedisURL) parse() (parsed *url.URL, fault string) {
	scheme, _, found := strings.Cut(string(u), "://")
	if !found || !slices.Contains(redisSchemes, scheme) {
		return nil, "does not start with one of redis://, rediss://, unix://, valkey:// and valkeys://"
	}
	parsed, err := url.Parse(string(u))
	if err != nil { // The error itself may quote the password.
		return nil, "is not a URL (a password's special characters must be percent-encoded)"
	}
	if misplaced(parsed) {
		return nil, "has an '@' or '#' in the wrong place (a password's special characters must be percent-encoded)"
	}
	if scheme == "unix" {
		return parsed, socketFault(parsed)
	}
	return parsed, addressFault(parsed)
}

func socketFault(u *url.URL) string {
	if u.Host != "" {
		return "has a host where a socket's absolute path belongs (unix:///path has three slashes)"
	}
	if u.Path == "" || u.Path == "/" {
		return "lacks the socket's path"
	}
	return optionFault(u)
}

func addressFault(u *url.URL) string {
	if u.Hostname() == "" {
		return "lacks a host"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "has a port outside 1 to 65535"
		}
	}
	database := strings.TrimPrefix(u.Path, "/")
	if database != "" && !isDatabase(database) {
		return "has a path that is not a database number"
	}
	if database != "" && u.Query().Has("db") {
		return "names the database twice, as its path and as the option db"
	}
	return optionFault(u)
}

func optionFault(u *url.URL) string {
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "has options that cannot be read"
	}
	for name := range options {
		if !slices.Contains(redisOptions, name) { // The name is not quoted: it may be the rest of a password.
			return "has an unknown option (known are " + strings.Join(redisOptions, ", ") + ")"
		}
	}
	if options.Has("db") && !isDatabase(options.Get("db")) {
		return "has an option db that is not a database number"
	}
	return ""
}

// isDatabase accepts the numbers that a Redis server may give its databases:
// digits only, no sign.
func isDatabase(s string) bool {
	_, err := strconv.ParseUint(s, 10, 31)
	return err == nil
}
