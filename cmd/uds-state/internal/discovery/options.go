package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/session/goal"
	"github.com/uds-platform/state/warm"
)

// State is the part of a state.State that the tools use.
type State interface {
	Query(ctx context.Context, account int, nrql string) (state.Result[state.Rows], error)
	QueryPreview(ctx context.Context, account int, nrql string) (state.Preview[state.Rows], error)
	StorePreview(account int, nrql string, rows state.Rows, t state.PreviewTerms) (bool, error)
	ObserveSchema(account int, eventType, fingerprint string) bool
	Preload(ctx context.Context, items []warm.Item, progress func(warm.PreloadSummary)) (*warm.Preload, error)
}

// Sessions is the part of a session.Store that the tools use.
type Sessions interface {
	Create(ctx context.Context, owner session.Owner, init func(*session.Draft) error) (*session.Session, error)
	Get(ctx context.Context, owner session.Owner, handle session.Handle) (*session.Session, error)
	Update(ctx context.Context, owner session.Owner, handle session.Handle, change func(*session.Draft) error) (*session.Session, error)
	Delete(ctx context.Context, owner session.Owner, handle session.Handle) error
	List(ctx context.Context, owner session.Owner, after session.Handle, limit int) (session.Page, error)
}

// Options say what a Server works on. State, Sessions, Owner and Accounts are
// required; the rest has defaults.
type Options struct {
	State    State
	Sessions Sessions
	// Owner says whose a request is. An error refuses it.
	Owner func(*mcp.CallToolRequest) (session.Owner, error)
	// Accounts may be explored; the first one is what start_discovery takes unless
	// told.
	Accounts []int
	// IdleTimeout and Lifetime are those of the sessions, for the tools'
	// descriptions.
	IdleTimeout, Lifetime time.Duration
	// MaxCalls is how many calls are answered at a time: 1 to 100,000; 256. Four
	// times as many may wait for their turn, and the rest is told to come back.
	MaxCalls int
	// CallTimeout bounds a call, waiting included: 1 s to 10 minutes; 2 minutes.
	CallTimeout time.Duration
	// Learned is what was taken after what, in discoveries before this Server, and
	// learns what is taken now; a new one where it is nil. It may outlive the Server.
	Learned *goal.Learner
	// Version is the program's.
	Version string
	// Logger hears of calls that failed by no fault of the client. It never hears
	// a handle, a goal or a query.
	Logger *slog.Logger
}

// ErrOptions is matched by New's error, which names every fault.
var ErrOptions = errors.New("discovery: bad options")

const (
	defaultMaxCalls    = 256
	mostMaxCalls       = 100_000
	defaultCallTimeout = 2 * time.Minute
	mostCallTimeout    = 10 * time.Minute
	mostAccount        = 1<<31 - 1
)

func (o Options) filled() (Options, error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if o.State == nil || o.Sessions == nil || o.Owner == nil {
		fault("State, Sessions and Owner are required")
	}
	if len(o.Accounts) == 0 || slices.Min(o.Accounts) < 1 || slices.Max(o.Accounts) > mostAccount {
		fault("Accounts is %v; want at least one, of 1 to %d", o.Accounts, mostAccount)
	}
	if o.IdleTimeout <= 0 || o.Lifetime < o.IdleTimeout {
		fault("IdleTimeout is %v and Lifetime %v; want those of the sessions", o.IdleTimeout, o.Lifetime)
	}
	if o.MaxCalls == 0 {
		o.MaxCalls = defaultMaxCalls
	}
	if o.MaxCalls < 1 || o.MaxCalls > mostMaxCalls {
		fault("MaxCalls is %d; want 1 to %d, or 0 for %d", o.MaxCalls, mostMaxCalls, defaultMaxCalls)
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = defaultCallTimeout
	}
	if o.CallTimeout < time.Second || o.CallTimeout > mostCallTimeout {
		fault("CallTimeout is %v; want 1s to %v, or 0 for %v", o.CallTimeout, mostCallTimeout, defaultCallTimeout)
	}
	if o.Learned == nil {
		o.Learned = &goal.Learner{}
	}
	if o.Version == "" {
		o.Version = "unknown"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if len(faults) > 0 {
		return o, fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
	}
	return o, nil
}
