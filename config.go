package state

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/remote"
)

// ErrConfig is matched by every error about a configuration, from FromEnv, Open
// and NewCache.
var ErrConfig = errors.New("state: bad configuration")

// Store says where state is kept.
type Store string

const (
	// StoreMemory keeps everything in this process.
	StoreMemory Store = "memory"
	// StoreRedis also shares it with other processes through Redis.
	StoreRedis Store = "redis"
)

// NoRetries is the RedisMaxRetries of a client that never tries again.
const NoRetries = -1

// Config is what Open needs to know. The zero Config works: it keeps everything
// in memory, with every default that Variables lists.
//
// A field left at zero takes its default. Every other value is checked, and
// Open reports all that are wrong in one error.
type Config struct {
	// Store is StoreMemory unless set.
	Store Store
	// SessionTTL is how long an idle session is kept. A second to 30 days.
	SessionTTL time.Duration
	// MaximumSessions is the most sessions that there may be, those of other
	// instances included. 1 to 10,000,000.
	MaximumSessions int
	// SessionsPerOwner is how many of them one owner may have. 1 to
	// MaximumSessions; 0 means as many.
	SessionsPerOwner int
	// SnapshotFolder is where sessions, the hottest queries and what was learned are
	// written, so that they outlive this process: an absolute path, which one process
	// has for its own. Without one nothing is.
	SnapshotFolder string
	// SnapshotInterval is the longest from one snapshot to the next, where a session
	// has changed; so a process that is killed loses that much. 100 ms to 24 h.
	SnapshotInterval time.Duration
	// Keepsakes are the embedder's own, kept in the same snapshots.
	Keepsakes []Keepsake
	// CacheTTL is how long a cached result is served where its kind does not
	// say; for answers to queries, Freshness says it. At least a millisecond.
	CacheTTL time.Duration
	// ErrorTTL is how long a permanent error is remembered where its kind does
	// not say. At least a millisecond.
	ErrorTTL time.Duration
	// MaximumSize is the most results that one kind keeps where the kind does
	// not say. 1 to 2^30.
	MaximumSize int
	// LoadTimeout is the longest that one load may take, waiting for the query
	// limits included, where the kind does not say. At least a millisecond.
	LoadTimeout time.Duration

	// RedisURL is required by StoreRedis.
	RedisURL RedisURL
	// RedisMaxRetries is how often a failed Redis command is tried again. 1 to
	// 100, or NoRetries.
	RedisMaxRetries int
	// RedisPoolSize bounds the connections to Redis. 1 to 10,000; see remote.Options.
	RedisPoolSize int
	// RedisWait is the longest that a miss waits for Redis. 1 ms to 10 s.
	RedisWait time.Duration
	// RedisMaxUnverified is the longest that a result is served of which it is not
	// known whether another instance has invalidated it, because Redis is away. 1 ms to
	// an hour, or Never for not at all.
	RedisMaxUnverified time.Duration
	// RedisKeyPrefix begins every key and channel in Redis: 1 to 64 printable
	// characters, no space, brace, or glob character. Instances that share state have
	// the same.
	RedisKeyPrefix string
	// RedisTLS is for a rediss or valkeys URL: private authorities, a client's
	// certificate. Nil means the system's authorities.
	RedisTLS *tls.Config
	// RedisSentinelUser and RedisSentinelPassword are for the sentinels themselves,
	// where the URL names sentinels; its own are the servers'.
	RedisSentinelUser     string
	RedisSentinelPassword remote.Secret

	// Querier runs the queries of State.Query. Without one, Query answers
	// ErrNoQuerier.
	Querier Querier
	// QueryConcurrency is the most queries of one account under way at once. 1
	// to 10,000.
	QueryConcurrency int
	// QueriesPerMinute is the most queries of one account started in any
	// minute. 1 to 1,000,000; each costs 8 to 16 bytes for a minute.
	QueriesPerMinute int

	// Freshness says how long the answers to queries hold, by their time ranges.
	// Its zero fields have the defaults that package nrql names.
	Freshness nrql.Policy

	// QueryAgePerRefresh is the Kind.AgePerRefresh of the answers to queries: at
	// least a second, or Never for a refresh whenever one is stale.
	QueryAgePerRefresh time.Duration

	// RefreshConcurrency is the most refreshes of stale results under way at
	// once, of all kinds and accounts, and of results that are about to be stale as
	// many, up to 1,000. 1 to 10,000.
	RefreshConcurrency int

	// Warming says what is loaded before anybody waits for it.
	Warming Warming

	// Tracer sees where callers wait; nil for none. See Tracer.
	Tracer Tracer

	// Logger hears what an operator should know. Nothing is logged without one.
	// It never hears a key's parts, a query or a secret.
	Logger *slog.Logger
}

// Variable is one environment variable that FromEnv reads.
type Variable struct {
	Name    string
	Default string
	Meaning string
}

// Variables lists every environment variable that FromEnv reads, in the order
// in which it reports their errors.
func Variables() []Variable {
	list := make([]Variable, len(settings))
	for i, s := range settings {
		list[i] = s.Variable
	}
	return list
}

// FromEnv reads a Config from the environment. A variable that is not set, or
// empty, has its default.
//
// One error, matching ErrConfig, names every variable that is wrong, its value
// (redacted where it holds a secret), what is wrong and what would be right;
// the Config is then the zero one. A STATE_ variable that is neither in
// Variables nor in own is reported too, since it is most often a misspelt one.
// own lists those that the embedding program reads itself.
func FromEnv(own ...string) (Config, error) {
	return fromEnviron(os.Environ(), own)
}

// fromEnviron reads a Config from environ, a list of NAME=value.
func fromEnviron(environ, own []string) (Config, error) {
	values := make(map[string]string, len(environ))
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	var (
		c      Config
		faults []error
	)
	for _, s := range settings {
		if text := values[s.Name]; text != "" {
			if problem := s.read(&c, text); problem != "" {
				faults = append(faults, s.fault(s.Name, s.shown(text), problem))
			}
		}
	}
	if c.Store == StoreRedis && values["REDIS_URL"] == "" {
		faults = append(faults, errors.New("REDIS_URL is not set: STATE_STORE_TYPE=redis needs one, such as redis://localhost:6379"))
	}
	faults = append(faults, unknownVariables(values, own)...)
	if len(faults) > 0 {
		return Config{}, configError(faults)
	}
	return c.withDefaults(), nil
}

// unknownVariables reports names only: a variable that nobody knows may hold
// anything.
func unknownVariables(values map[string]string, own []string) []error {
	known := slices.Clone(own)
	for _, s := range settings {
		if strings.HasPrefix(s.Name, "STATE_") {
			known = append(known, s.Name)
		}
	}
	slices.Sort(known)
	var unknown []string
	for name := range values {
		if strings.HasPrefix(name, "STATE_") && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	var faults []error
	for _, name := range unknown {
		faults = append(faults, fmt.Errorf("%s is not known: want one of %s", name, strings.Join(known, ", ")))
	}
	return faults
}

// validate reports every fault of a Config whose defaults are filled in.
func (c *Config) validate() error {
	var faults []error
	for _, s := range settings {
		if problem := s.check(c); problem != "" {
			faults = append(faults, s.fault("Config."+s.field, s.current(c), problem))
		}
	}
	if c.Store == StoreRedis && c.RedisURL == "" {
		faults = append(faults, errors.New("Config.RedisURL is not set: StoreRedis needs one, such as redis://localhost:6379"))
	}
	if err := c.Warming.chainFault(); err != nil {
		faults = append(faults, fmt.Errorf("Config.Warming: %w", err))
	}
	if err := c.keepsakeFault(); err != nil {
		faults = append(faults, err)
	}
	if err := c.Freshness.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("Config.Freshness: %w", err))
	}
	if len(faults) > 0 {
		return configError(faults)
	}
	return nil
}

func (c Config) withDefaults() Config {
	for _, s := range settings {
		s.fill(&c)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func configError(faults []error) error {
	return fmt.Errorf("%w:\n%w", ErrConfig, errors.Join(faults...))
}
