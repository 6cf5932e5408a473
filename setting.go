package state

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// setting is one line of the table that the environment is read by and every
// Config is checked by. That there is one table means that a variable cannot be
// read but not listed, listed but not checked, or default to what the check
// refuses.
//
// The functions return what is wrong, worded to follow the name and value, or
// nothing.
type setting struct {
	Variable
	field   string                              // the field's name in Config
	want    string                              // what would be right
	secret  bool                                // the text may be shown as a RedisURL only
	parse   func(c *Config, text string) string // sets the field
	check   func(c *Config) string              // judges the field
	current func(c *Config) string              // the field as text, without secrets
	fill    func(c *Config)                     // sets the field to its default where it is zero
}

// read sets the field from the variable's text.
func (s setting) read(c *Config, text string) string {
	if problem := s.parse(c, text); problem != "" {
		return problem
	}
	return s.check(c)
}

// shownBytes bounds how much of a wrong value an error quotes.
const shownBytes = 64

func (s setting) shown(text string) string {
	if s.secret {
		return RedisURL(text).Redacted()
	}
	if len(text) > shownBytes {
		text = text[:shownBytes] + "…"
	}
	return strconv.Quote(text)
}

func (s setting) fault(name, value, problem string) error {
	return fmt.Errorf("%s=%s %s: want %s", name, value, problem, s.want)
}

var settings = []setting{
	storeSetting(
		"STATE_STORE_TYPE", "Store", StoreMemory,
		"Where state is kept: `memory`, or `redis` to share it with other instances as well; while Redis is away it works in memory and reports itself degraded."),
	durationWithin(
		"SESSION_TTL", "SessionTTL", 24*time.Hour, time.Second, longestSessionTTL, func(c *Config) *time.Duration { return &c.SessionTTL },
		"How long an idle session is kept. However much it is used, it ends after seven days, or this where it is longer."),
	countSetting(
		"STATE_MAXIMUM_SESSIONS", "MaximumSessions", 100_000, mostSessions, func(c *Config) *int { return &c.MaximumSessions },
		"The most sessions that there may be; one more is refused."),
	folderSetting(
		"STATE_SNAPSHOT_FOLDER", "SnapshotFolder", func(c *Config) *string { return &c.SnapshotFolder },
		"An absolute path of a folder of this process's own, where sessions and the hottest queries are kept over a restart."),
	durationWithin(
		"STATE_SNAPSHOT_INTERVAL", "SnapshotInterval", time.Minute, 100*time.Millisecond, 24*time.Hour, func(c *Config) *time.Duration { return &c.SnapshotInterval },
		"The longest from one snapshot to the next, where a session has changed."),
	durationSetting(
		"CACHE_TTL", "CacheTTL", 5*time.Minute, time.Millisecond, func(c *Config) *time.Duration { return &c.CacheTTL },
		"How long a cached result is served where its kind does not say; answers to queries hold by their time range."),
	durationSetting(
		"STATE_ERROR_TTL", "ErrorTTL", 30*time.Second, time.Millisecond, func(c *Config) *time.Duration { return &c.ErrorTTL },
		"How long a permanent error, such as that of a query with a syntax error, is remembered where its kind does not say."),
	countSetting(
		"STATE_MAXIMUM_SIZE", "MaximumSize", 10_000, 1<<30, func(c *Config) *int { return &c.MaximumSize },
		"The most results that one kind keeps where the kind does not say."),
	durationSetting(
		"STATE_LOAD_TIMEOUT", "LoadTimeout", 2*time.Minute, time.Millisecond, func(c *Config) *time.Duration { return &c.LoadTimeout },
		"The longest that one load may take, waiting for the query limits included."),
	redisURLSetting(
		"REDIS_URL", "RedisURL",
		"The Redis server's address, with scheme `redis`, `rediss`, `unix`, `valkey` or `valkeys`. Needed by `STATE_STORE_TYPE=redis`; see [docs/redis.md](docs/redis.md)."),
	retriesSetting(
		"REDIS_MAX_RETRIES", "RedisMaxRetries", 3, 100,
		"How often a failed write to Redis is tried again; 0 for never."),
	countSetting(
		"REDIS_POOL_SIZE", "RedisPoolSize", 10, 10_000, func(c *Config) *int { return &c.RedisPoolSize },
		"Bounds the connections to Redis, which commands share: 1 is one, 2 or 3 are two, 4 to 7 four, from 8 on eight."),
	durationWithin(
		"STATE_REDIS_WAIT", "RedisWait", 50*time.Millisecond, time.Millisecond, 10*time.Second, func(c *Config) *time.Duration { return &c.RedisWait },
		"The longest that a miss waits for Redis before it goes on without."),
	neverSetting(
		"STATE_REDIS_MAX_UNVERIFIED", "RedisMaxUnverified", 30*time.Second, time.Millisecond, time.Hour,
		func(c *Config) *time.Duration { return &c.RedisMaxUnverified },
		"The longest that a result is served while Redis is away, since other instances may have invalidated it; 0 for not at all."),
	prefixSetting(
		"STATE_REDIS_PREFIX", "RedisKeyPrefix", "state:",
		"What every key and channel in Redis begins with; the same for all instances that share state."),
	countSetting(
		"STATE_QUERY_CONCURRENCY", "QueryConcurrency", 25, 10_000, func(c *Config) *int { return &c.QueryConcurrency },
		"The most queries of one account that this process has under way at once."),
	countSetting(
		"STATE_QUERIES_PER_MINUTE", "QueriesPerMinute", 3_000, 1_000_000, func(c *Config) *int { return &c.QueriesPerMinute },
		"The most queries of one account that this process starts in any minute."),
	agePerRefreshSetting(
		"STATE_AGE_PER_REFRESH", "QueryAgePerRefresh", 150*time.Minute,
		"How much age of an answer callers see, in sum, before a query is spent on a newer one; 0 to refresh whenever an answer is stale."),
	countSetting(
		"STATE_REFRESH_CONCURRENCY", "RefreshConcurrency", 8, 10_000, func(c *Config) *int { return &c.RefreshConcurrency },
		"The most refreshes of stale results under way at once, of all kinds and accounts."),
	warmShareSetting(
		"STATE_WARM_SHARE", "Warming.Share", 0.2,
		"How many loads in the background each demand load earns, to refresh popular results before they end and to load what is predicted; 0 for neither."),
	preloadSetting(
		"STATE_PRELOAD_FILE", "Warming.Preload",
		"A file with queries to load at the start, in the background: a line each, with account and query, or a JSON list."),
}

func durationSetting(
	name, field string, standard, least time.Duration, of func(*Config) *time.Duration, meaning string,
) setting {
	return setting{
		Variable: Variable{Name: name, Default: shortDuration(standard), Meaning: meaning},
		field:    field,
		want:     fmt.Sprintf("a duration with its unit, such as 90s, 5m or 4h, and at least %v", least),
		parse: func(c *Config, text string) string {
			d, err := time.ParseDuration(text)
			if err != nil {
				return "is not a duration"
			}
			*of(c) = d
			return ""
		},
		check: func(c *Config) string {
			if *of(c) < least {
				return "is too short"
			}
			return ""
		},
		current: func(c *Config) string { return of(c).String() },
		fill: func(c *Config) {
			if *of(c) == 0 {
				*of(c) = standard
			}
		},
	}
}

// shortDuration writes 5m rather than 5m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func countSetting(name, field string, standard, most int, of func(*Config) *int, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Default: strconv.Itoa(standard), Meaning: meaning},
		field:    field,
		want:     fmt.Sprintf("a whole number from 1 to %d", most),
		parse: func(c *Config, text string) string {
			n, err := strconv.Atoi(text)
			if err != nil {
				return "is not a whole number in range"
			}
			*of(c) = n
			return ""
		},
		check: func(c *Config) string {
			if n := *of(c); n < 1 || n > most {
				return "is out of range"
			}
			return ""
		},
		current: func(c *Config) string { return strconv.Itoa(*of(c)) },
		fill: func(c *Config) {
			if *of(c) == 0 {
				*of(c) = standard
			}
		},
	}
}

// retriesSetting is a count whose 0 means none, in a Config whose 0 means the
// default: none is NoRetries there.
func retriesSetting(name, field string, standard, most int, meaning string) setting {
	s := countSetting(name, field, standard, most, func(c *Config) *int { return &c.RedisMaxRetries }, meaning)
	s.want = fmt.Sprintf("a whole number from 0 to %d", most)
	count := s.parse
	s.parse = func(c *Config, text string) string {
		if problem := count(c, text); problem != "" {
			return problem
		}
		if c.RedisMaxRetries < 0 {
			return "is out of range"
		}
		if c.RedisMaxRetries == 0 {
			c.RedisMaxRetries = NoRetries
		}
		return ""
	}
	s.check = func(c *Config) string {
		if n := c.RedisMaxRetries; n != NoRetries && (n < 1 || n > most) {
			return "is out of range"
		}
		return ""
	}
	return s
}

func storeSetting(name, field string, standard Store, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Default: string(standard), Meaning: meaning},
		field:    field,
		want:     "memory or redis",
		parse:    func(c *Config, text string) string { c.Store = Store(text); return "" },
		check: func(c *Config) string {
			if c.Store != StoreMemory && c.Store != StoreRedis {
				return "is not a kind of store"
			}
			return ""
		},
		current: func(c *Config) string { return strconv.Quote(string(c.Store)) },
		fill: func(c *Config) {
			if c.Store == "" {
				c.Store = standard
			}
		},
	}
}

func redisURLSetting(name, field, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Meaning: meaning},
		field:    field,
		want:     "a URL such as redis://user:password@host:6379/0, rediss://host or unix:///run/redis.sock",
		secret:   true,
		parse:    func(c *Config, text string) string { c.RedisURL = RedisURL(text); return "" },
		check: func(c *Config) string {
			if c.RedisURL == "" {
				return ""
			}
			return c.RedisURL.Fault()
		},
		current: func(c *Config) string { return c.RedisURL.Redacted() },
		fill:    func(*Config) {},
	}
}
