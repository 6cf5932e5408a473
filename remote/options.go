package remote

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// ErrOptions is matched by the error of options that can't be right. It names
// every fault.
var ErrOptions = errors.New("remote: bad options")

// Options say where Redis is and what it may cost. URL is needed, the rest has
// defaults.
type Options struct {
	// URL says where Redis is: one server, a cluster or sentinels.
	URL URL
	// TLS is for a rediss or valkeys URL: private authorities, a client's
	// certificate. Nil means the system's authorities.
	TLS *tls.Config
	// SentinelUser and SentinelPassword are for the sentinels themselves, which
	// are asked for the master; those of URL are for the servers.
	SentinelUser     string
	SentinelPassword Secret
	// KeyPrefix begins every key and channel, so that several programs can share a
	// server: 1 to 64 printable characters, no space, brace, or glob character.
	// Empty means state:.
	KeyPrefix string

	// Wait is the longest that a reader waits for Redis, 1 ms to 10 s. Zero means
	// 50 ms.
	Wait time.Duration
	// InFlight is the most reads under way at once, 1 to 511: beyond it a read is a
	// miss. Half a connection's queue is left to those who write. Zero means 256.
	InFlight int
	// DirtyEntries is the most writes that wait for Redis, 1 to 10,000,000. Beyond
	// it the oldest write of a cache is dropped. Zero means 10,000.
	DirtyEntries int
	// DirtyBytes is the most that they take, 1 KiB to 1 TiB. Zero means 64 MiB.
	DirtyBytes int64
	// DrainTimeout is how long Close may take to write what waits, up to a minute;
	// negative for not at all. Zero means 2 s.
	DrainTimeout time.Duration
	// MaxUnverified is the longest that a value is served of which it is not known
	// whether it was invalidated, because Redis is away: up to an hour, or negative
	// for not at all. Zero means 30 s.
	MaxUnverified time.Duration

	// PoolSize is REDIS_POOL_SIZE, 1 to 10,000: how many connections a server may be
	// asked for by commands that need one of their own. Ordinary commands share
	// connections, of which there are as many as the power of two below it, at most
	// 8. Zero means 10.
	PoolSize int
	// MaxRetries is REDIS_MAX_RETRIES: how often a command is tried again that
	// does no harm when it is run twice, 1 to 100 or negative for never. Zero means
	// 3. max_retries in the URL comes before it.
	MaxRetries int

	// Logger hears what an operator should know, never a value or a secret. Nil
	// means nobody.
	Logger *slog.Logger
}

// Secret is text that does not show when it is printed or marshalled.
type Secret string

// Format prints nothing of the secret for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.shown())) }

// MarshalText gives nothing of the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return hidden
}

const maxRetriesLimit = 100

// validated returns the options with their defaults, or an error that matches
// ErrOptions and names every fault.
func (o Options) validated() (Options, error) {
	var f faults
	f.url(o.URL, o.TLS)
	if o.KeyPrefix == "" {
		o.KeyPrefix = "state:"
	}
	if !isPrefix(o.KeyPrefix) {
		f.add("KeyPrefix %q: want 1 to 64 printable characters, none of them a space or one of {}*?[]\\", o.KeyPrefix)
	}
	bounded(&f, "Wait", &o.Wait, 50*time.Millisecond, time.Millisecond, 10*time.Second)
	bounded(&f, "InFlight", &o.InFlight, 256, 1, 511)
	bounded(&f, "DirtyEntries", &o.DirtyEntries, 10_000, 1, 10_000_000)
	bounded(&f, "DirtyBytes", &o.DirtyBytes, 64<<20, 1<<10, 1<<40)
	orNever(&f, "DrainTimeout", &o.DrainTimeout, 2*time.Second, time.Minute)
	orNever(&f, "MaxUnverified", &o.MaxUnverified, 30*time.Second, time.Hour)
	bounded(&f, "PoolSize", &o.PoolSize, 10, 1, 10_000)
	orNever(&f, "MaxRetries", &o.MaxRetries, 3, maxRetriesLimit)
	if retries := o.URL.address().retries; retries != nil {
		o.MaxRetries = *retries
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, f.err()
}

func isPrefix(s string) bool {
	return len(s) <= 64 && isName(s) && !strings.ContainsAny(s, `{}*?[]\`)
}

// faults are all that is wrong with options.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

func (f *faults) url(u URL, config *tls.Config) {
	if u == "" {
		f.add("URL is not set: want one such as redis://localhost:6379")
		return
	}
	if fault := u.Fault(); fault != "" {
		f.add("URL %v %s", u, fault)
		return
	}
	if config != nil && !u.address().encrypted {
		f.add("TLS is set, and the URL %v has no TLS: want rediss or valkeys", u)
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrOptions, errors.Join(f...))
}

// bounded gives an option its default where it is zero, and complains where it
// is out of bounds.
func bounded[N ~int | ~int64](f *faults, name string, value *N, standard, least, most N) {
	if *value == 0 {
		*value = standard
	}
	if *value < least || *value > most {
		f.add("%s %v: want %v to %v", name, *value, least, most)
	}
}

// orNever is bounded for an option of which a negative number means none: it
// becomes 0.
func orNever[N ~int | ~int64](f *faults, name string, value *N, standard, most N) {
	if *value < 0 {
		*value = 0
		return
	}
	bounded(f, name, value, standard, 1, most)
}
