package remote

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// URL is the address of a Redis or Valkey server, with its password:
//
//	redis://[user:password@]host[:port][/database][?option=value…]     rediss: the same over TLS
//	valkey://…  valkeys://…                                            the same two by their other name
//	unix://[user:password@]/path/to/socket[?db=database&option=value…]
//
// Its options:
//
//	addr=host[:port]           another node of the cluster, or another sentinel; may be repeated
//	master_set=name            the hosts are sentinels, which know the master by this name
//	db=number                  the database, 0 in a cluster
//	client_name=name           how the server lists the connections
//	dial_timeout=duration      default 500ms
//	write_timeout=duration     how long an answer may take, default 1s
//	max_retries=number         instead of Options.MaxRetries; 0 for none
//	skip_verify[=true|false]   with rediss: take any certificate
//	protocol=2|3               2 where the server has no RESP 3; there is no tracking then
//	client_cache=0|1           0 for no tracking
//
// It is a type of its own for the password's sake: however a URL is
// printed, logged or marshalled, and however the options that hold it are, only
// the redacted form comes out. string(u) is the way to the whole.
//
// It is validated here rather than by the Redis client because the client
// ignores an option it does not know, and quotes the URL in its errors.
type URL string

var schemes = []string{"redis", "rediss", "unix", "valkey", "valkeys"}

// hidden stands for a part of a URL that is, or might be, secret.
const hidden = "xxxxx"

// Format prints the redacted form for every verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.Redacted()) }

// MarshalText gives the redacted form.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.Redacted()), nil }

// Redacted is the URL with user and password replaced, and without its options.
// Of a URL that has a fault only the scheme is shown: where a password's '/',
// '?' or '#' is not escaped, parts of it stand where host, path and options
// belong.
func (u URL) Redacted() string {
	if u == "" {
		return ""
	}
	parsed, fault := u.parse()
	if fault == "" {
		return shownURL(parsed)
	}
	if scheme, _, found := strings.Cut(string(u), "://"); found && slices.Contains(schemes, scheme) {
		return scheme + "://" + hidden
	}
	return hidden
}

func shownURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(hidden)
	}
	return shown.String()
}

// misplaced tells whether a '#', or an '@' behind the host, shows that a
// password is not escaped.
func misplaced(u *url.URL) bool {
	return strings.ContainsRune(u.Path, '@') || strings.ContainsRune(u.RawQuery, '@') || u.Fragment != ""
}

// Fault says what is wrong with the URL, and is empty where nothing is. It never
// quotes a part that may be secret.
func (u URL) Fault() string {
	_, fault := u.parse()
	return fault
}

// parse takes the URL apart, or says what is wrong with it. The fault never
// quotes a part that may be secret.
func (u URL) parse() (parsed *url.URL, fault string) {
	scheme, _, found := strings.Cut(string(u), "://")
	if !found || !slices.Contains(schemes, scheme) {
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
	if !isPort(u.Port()) {
		return "has a port outside 1 to 65535"
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

func isPort(port string) bool {
	if port == "" { // the usual one
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && 1 <= n && n <= 65535
}
