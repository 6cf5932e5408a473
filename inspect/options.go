package inspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

// ErrOptions is matched by the error of bad Options. It names every fault.
var ErrOptions = errors.New("inspect: bad options")

// Source is the state that is shown. *state.State is one.
//
// All methods are called concurrently, and should return at once.
type Source interface {
	// Health says how the state is, and what each kind has counted.
	Health() state.Health
	// Hottest returns what saved the most waiting, most first.
	Hottest(n int) []warm.Saving
	// Lifetime says how old an answer is that is kept, and how long it will be.
	Lifetime(account int, nrql string) (state.Lifetime, bool)
	// WindowShares returns the size of each kind's admission window, as a share.
	WindowShares() map[string]float64
}

// Sessions are the sessions that are shown. *session.Store is one.
type Sessions interface {
	List(ctx context.Context, owner session.Owner, after session.Handle, limit int) (session.Page, error)
	Stats() session.Stats
	Len() int
	// Volatile is true where new sessions live in this process's memory alone.
	Volatile() bool
}

// Options say who may look, and what there is to see beside the Source. Exactly
// one of Keys, Authorize and Open must be set; everything else may be left out.
type Options struct {
	// Keys lets in who has an API key with Scope, as auth.Keys.Require does, and
	// browsers that give the key as the password of HTTP's basic authentication.
	Keys *auth.Keys
	// Scope is what a key of Keys must be allowed; empty for any key.
	Scope string
	// Authorize lets in those for whom it returns nil. What it returns else is
	// logged, and not shown.
	Authorize func(*http.Request) error
	// Open lets in everybody on this machine: whose address is loopback, who names
	// this server by localhost or a loopback address (so that no web page can, by
	// a name of its own that it lets point here), and who comes through no proxy.
	Open bool

	// Reveal shows the texts of queries and goals, in place of a hash and a length.
	// Rows, values, preferences and handles are never shown.
	Reveal bool

	// Sessions are shown where they are set.
	Sessions Sessions
	// Owners says whose sessions a request may see. Nil means those of the API
	// key's owner with Keys, and else those of the empty owner, which is a server's
	// only one.
	Owners func(*http.Request) []session.Owner
	// Marks returns what a session's timeline shows beside its calls, such as
	// suggestions taken, conflicts and restores.
	Marks func(*session.Session) []Mark

	// Meter has measured the queries to NRDB. Without one, latency and saved time
	// are not shown.
	Meter *Meter
	// History has what was counted over time. Nil means that the handler keeps one
	// of its own, which knows of what happened while somebody looked.
	History *History

	// Interval is how often a page is brought up to date: 100 ms to 1 minute. Zero
	// means 2 s.
	Interval time.Duration
	// Streams is how many pages may be live at a time: 1 to 10,000. Zero means 16.
	Streams int
	// Stop, if set, ends the live pages' streams when it is closed, so that
	// http.Server.Shutdown need not wait for them.
	Stop <-chan struct{}

	// Logger hears of requests that were refused. Nil means silence.
	Logger *slog.Logger
	// Now reads the time. Nil means time.Now.
	Now func() time.Time
}

const (
	defaultInterval = 2 * time.Second
	leastInterval   = 100 * time.Millisecond
	mostInterval    = time.Minute
	defaultStreams  = 16
	mostStreams     = 10_000
)

// filled returns the options with their defaults, or every fault at once.
func (o Options) filled(source Source) (Options, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if source == nil {
		fault("the source is nil; want a *state.State or the like")
	}
	switch ways := o.ways(); {
	case ways == 0:
		fault("nobody may look; want one of Keys, Authorize and Open")
	case ways > 1:
		fault("%d of Keys, Authorize and Open are set; want one", ways)
	}
	if o.Scope != "" && o.Keys == nil {
		fault("Scope is %.40q without Keys; want both, or no Scope", o.Scope)
	}
	if o.Interval == 0 {
		o.Interval = defaultInterval
	}
	if o.Interval < leastInterval || o.Interval > mostInterval {
		fault("Interval is %v; want %v to %v, or 0 for %v", o.Interval, leastInterval, mostInterval, defaultInterval)
	}
	if o.Streams == 0 {
		o.Streams = defaultStreams
	}
	if o.Streams < 1 || o.Streams > mostStreams {
		fault("Streams is %d; want 1 to %d, or 0 for %d", o.Streams, mostStreams, defaultStreams)
	}
	if o.Owners == nil {
		o.Owners = ownerOfKey
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(faults) > 0 {
		return Options{}, fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
	}
	return o, nil
}

// ways is how many ways of being let in there are.
func (o *Options) ways() (n int) {
	for _, set := range []bool{o.Keys != nil, o.Authorize != nil, o.Open} {
		if set {
			n++
		}
	}
	return n
}

// ownerOfKey is the owner of the API key that a request was let in for, or the
// empty one where it needed none.
func ownerOfKey(r *http.Request) []session.Owner {
	p, _ := auth.FromContext(r.Context())
	return []session.Owner{session.Owner(p.Owner)}
}
