package state

import "context"

// Tracer sees where callers wait, so that a trace of a request can say what it
// waited for. Config.Tracer sets it; package telemetry has one for New Relic.
//
// It is asked where a caller begins to wait, and where one gets an error that
// nobody waited for; never for a hit. So what it costs is small beside what it
// sees, and without a Tracer it costs one comparison with nil.
//
// Its methods are called concurrently, never with a lock held, and must not
// panic, nor wait.
//
// Rejected: one interface with a method for each kind of wait (each new kind
// would break every Tracer), and to have it wrap the Querier (it would see the
// loads, which run in goroutines of their own and may outlive the request, and
// not the callers, of whom many wait for one load).
type Tracer interface {
	// Begin is called by a goroutine that is about to wait, with its own context.
	// The same goroutine calls End on the span when it has waited. A nil Span
	// means that nobody is to be told.
	Begin(ctx context.Context, op Operation) Span
	// Detach returns the context of a load, which runs in a goroutine of its own.
	// ctx has the values of the caller who started it, and the load's own end.
	// behind says that the caller does not wait for the load: it may outlive the
	// caller's request.
	Detach(ctx context.Context, behind bool) context.Context
}

// Span is one wait.
type Span interface {
	// End is called once, with the error that the caller gets, nil where it gets
	// a result. A caller need not get the error of WaitShared: where Redis does not
	// answer, the load does.
	End(err error)
}

// Wait says what a caller waits for.
type Wait uint8

const (
	// WaitNone is for an error that is there at once: a query that can't be run,
	// or an error that is remembered.
	WaitNone Wait = iota
	// WaitQuery is for the answer to a query, its place in the account's limits
	// included.
	WaitQuery
	// WaitLoad is for a result of an embedder's kind, or, in a State with Redis, for
	// that of a query: nobody knows yet whether it is Redis that has it, and the load
	// says by spans of its own for whom it waits.
	WaitLoad
	// WaitShared is for the store that instances share, or for another instance that
	// is loading the same.
	WaitShared
	// WaitSession is for a session that is not in this process.
	WaitSession
)

// String gives the wait's name in lower case.
func (w Wait) String() string {
	switch w {
	case WaitQuery:
		return "query"
	case WaitLoad:
		return "load"
	case WaitShared:
		return "shared"
	case WaitSession:
		return "session"
	}
	return "none"
}

// Operation is what a caller waits for.
type Operation struct {
	Wait Wait
	// Name is the kind's name, or that of the command or of the operation on
	// sessions. It is one of few, and holds no key.
	Name string
	// Collection is, of a WaitShared, what is asked for: a kind's name, or "session".
	Collection string
	// Joined says that another caller had started the load.
	Joined bool
}

// begin starts a span where there is a tracer; pass it to endSpan.
func begin(t Tracer, ctx context.Context, op Operation) Span {
	if t == nil {
		return nil
	}
	return t.Begin(ctx, op)
}

func endSpan(s Span, err error) {
	if s != nil {
		s.End(err)
	}
}

// refused shows an error that nobody waited for to the tracer.
func refused(t Tracer, ctx context.Context, kind string, err error) error {
	endSpan(begin(t, ctx, Operation{Wait: WaitNone, Name: kind}), err)
	return err
}

// awaits starts the span of a caller who has a seat.
func (fs *flights[T]) awaits(ctx context.Context, s seat) Span {
	if fs.tracer == nil {
		return nil
	}
	op := Operation{Wait: WaitLoad, Name: fs.kind.Name, Joined: s.source == Flight}
	if fs.kind.Name == queryKind && fs.sharing == nil {
		op.Wait = WaitQuery
	}
	return fs.tracer.Begin(ctx, op)
}

// asks starts the span of a load that waits for Redis, in the load's context. Where
// Redis is away nobody waits for it.
func (fs *flights[T]) asks(ctx context.Context, name string) Span {
	if fs.tracer == nil || fs.sharing.away() {
		return nil
	}
	return fs.tracer.Begin(ctx, Operation{Wait: WaitShared, Name: name, Collection: fs.kind.Name})
}

// asksOrigin starts the span of a load that Redis could not answer. What an
// embedder's load waits for is the embedder's to say.
func (fs *flights[T]) asksOrigin(ctx context.Context) Span {
	if fs.kind.Name != queryKind {
		return nil
	}
	return begin(fs.tracer, ctx, Operation{Wait: WaitQuery, Name: queryKind})
}

// detach is the context in which a flight's load runs.
func (fs *flights[T]) detach(f *flight) context.Context {
	if fs.tracer == nil {
		return f.ctx
	}
	return fs.tracer.Detach(f.ctx, f.behind)
}

// callerWaits marks the context of a caller who waits for a session.
type callerWaits struct{}

// awaitSession starts the span of a caller who waits for a session that is not here.
// What is done for nobody in particular, such as an exchange that a change asked for,
// has no mark and no span.
func (st *State) awaitSession(ctx context.Context) (context.Context, func(error)) {
	s := begin(st.config.Tracer, ctx, Operation{Wait: WaitSession, Name: "fetch"})
	if s == nil {
		return ctx, nil
	}
	return context.WithValue(ctx, callerWaits{}, true), s.End
}

// asks starts the span of an exchange that a caller waits for.
func (r *sessionReplica) asks(ctx context.Context) Span {
	if r.tracer == nil || !r.tier.Live() || ctx.Value(callerWaits{}) == nil {
		return nil
	}
	return r.tracer.Begin(ctx, Operation{Wait: WaitShared, Name: "merge", Collection: "session"})
}
