package remote

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// urlOption is an option of a URL: what its value must be, and what it is for.
type urlOption struct {
	want  string // as in "is not …"
	valid func(value string) bool
	take  func(a *address, value string)
}

// urlOptions are those that there are, by name.
var urlOptions = map[string]urlOption{
	"addr": {
		want:  "a host and a port",
		valid: func(v string) bool { host, port, ok := splitAddr(v); return ok && host != "" && isPort(port) },
		take: func(a *address, v string) {
			host, port, _ := splitAddr(v)
			a.nodes = append(a.nodes, joinAddr(host, port))
		},
	},
	"client_cache": {
		want:  "0 or 1",
		valid: func(v string) bool { return v == "0" || v == "1" },
		take:  func(a *address, v string) { a.untracked = v == "0" },
	},
	"client_name": {
		want:  "a name without spaces",
		valid: isName,
		take:  func(a *address, v string) { a.clientName = v },
	},
	"db": {
		want:  "a database number",
		valid: isDatabase,
		take:  func(a *address, v string) { a.database, _ = strconv.Atoi(v) },
	},
	"dial_timeout": {
		want:  "a duration from 1ms to 1m, such as 500ms",
		valid: isTimeout,
		take:  func(a *address, v string) { a.dialTimeout, _ = time.ParseDuration(v) },
	},
	"master_set": {
		want:  "a name without spaces",
		valid: isName,
		take:  func(a *address, v string) { a.masterSet = v },
	},
	"max_retries": {
		want:  "a number from 0 to 100",
		valid: func(v string) bool { n, err := strconv.ParseUint(v, 10, 8); return err == nil && n <= maxRetriesLimit },
		take:  func(a *address, v string) { n, _ := strconv.Atoi(v); a.retries = &n },
	},
	"protocol": {
		want:  "2 or 3",
		valid: func(v string) bool { return v == "2" || v == "3" },
		take:  func(a *address, v string) { a.resp2 = v == "2" },
	},
	"skip_verify": {
		want:  "true or false",
		valid: func(v string) bool { _, err := strconv.ParseBool(v); return v == "" || err == nil },
		take:  func(a *address, v string) { skip, err := strconv.ParseBool(v); a.anyCertificate = skip || err != nil },
	},
	"write_timeout": {
		want:  "a duration from 1ms to 1m, such as 1s",
		valid: isTimeout,
		take:  func(a *address, v string) { a.answerTimeout, _ = time.ParseDuration(v) },
	},
}

// optionNames are the names of all, in order.
func optionNames() []string {
	names := make([]string, 0, len(urlOptions))
	for name := range urlOptions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func optionFault(u *url.URL) string {
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "has options that cannot be read"
	}
	for name := range options {
		if _, known := urlOptions[name]; !known { // The name is not quoted: it may be the rest of a password.
			return "has an unknown option (known are " + strings.Join(optionNames(), ", ") + ")"
		}
	}
	for _, name := range optionNames() {
		values := options[name]
		if len(values) > 1 && name != "addr" {
			return "has the option " + name + " twice"
		}
		for _, value := range values {
			if !urlOptions[name].valid(value) {
				return "has an option " + name + " that is not " + urlOptions[name].want
			}
		}
	}
	return contradiction(u, options)
}

// contradiction tells of options that are each right but not together.
func contradiction(u *url.URL, options url.Values) string {
	if u.Scheme == "unix" && (options.Has("addr") || options.Has("master_set")) {
		return "has an option addr or master_set, which a socket can't have"
	}
	if options.Has("skip_verify") && u.Scheme != "rediss" && u.Scheme != "valkeys" {
		return "has an option skip_verify, which only rediss and valkeys can have"
	}
	database := strings.TrimPrefix(u.Path, "/")
	if u.Scheme == "unix" || database == "" {
		database = options.Get("db")
	}
	if options.Has("addr") && !options.Has("master_set") && strings.Trim(database, "0") != "" {
		return "has an option addr and a database other than 0, which a cluster can't have"
	}
	return ""
}

// splitAddr takes host, host:port, [host] or [host]:port apart.
func splitAddr(addr string) (host, port string, ok bool) {
	if strings.ContainsAny(addr, " \t\r\n/") {
		return "", "", false
	}
	if inner, found := strings.CutPrefix(addr, "["); found && strings.HasSuffix(inner, "]") {
		return inner[:len(inner)-1], "", true
	}
	if !strings.Contains(addr, ":") {
		return addr, "", true
	}
	host, port, err := net.SplitHostPort(addr)
	return host, port, err == nil && port != ""
}

const usualPort = "6379"

func joinAddr(host, port string) string {
	if port == "" {
		port = usualPort
	}
	return net.JoinHostPort(host, port)
}

// isDatabase accepts the numbers that a Redis server may give its databases:
// digits only, no sign.
func isDatabase(s string) bool {
	_, err := strconv.ParseUint(s, 10, 31)
	return err == nil
}

// isName accepts what Redis does as a connection's name.
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

func isTimeout(s string) bool {
	d, err := time.ParseDuration(s)
	return err == nil && time.Millisecond <= d && d <= time.Minute
}
