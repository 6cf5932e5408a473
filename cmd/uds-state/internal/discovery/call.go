package discovery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/session"
)

// call is one call of a tool: whose it is, which discovery it belongs to, and what
// its queries were worth.
type call struct {
	ctx     context.Context
	server  *Server
	tool    string
	subject string // the event type, if any
	owner   session.Owner
	// discovery is as it was when the call began; nil for tools that need none.
	discovery *session.Session
	account   int
	began     time.Time

	// learned is what the session is to remember, besides the call.
	learned []func(*session.Draft) error
	// left says that the session is gone by the end of the call.
	left bool

	mu    sync.Mutex
	whole whole // INVARIANT: guarded by mu.
}

// accountValue is where a session has its account.
const accountValue = "account"

// begin finds out whose call it is and on which discovery.
func (s *Server) begin(ctx context.Context, tool string, request *mcp.CallToolRequest, in any) (*call, error) {
	owner, err := s.options.Owner(request)
	if err != nil {
		return nil, failf(Unauthorized, "it is not known who asks")
	}
	c := &call{ctx: ctx, server: s, tool: tool, owner: owner, began: time.Now()}
	if on, ok := in.(interface{ subject() string }); ok {
		c.subject = on.subject()
	}
	on, ok := in.(interface{ handle() string })
	if !ok {
		return c, nil
	}
	c.discovery, err = s.options.Sessions.Get(ctx, owner, session.Handle(on.handle()))
	if err != nil {
		return nil, err
	}
	account, _ := c.discovery.Value(accountValue)
	number, ok := account.(int64)
	c.account = int(number)
	if !ok || !s.allows(c.account) {
		return nil, failf(AccountNotAllowed, "this discovery is of an account that the server does not explore any more; start another")
	}
	c.ctx = state.WithCall(ctx, state.Call{Session: on.handle(), Tool: tool, Subject: c.subject})
	return c, nil
}

func (s *Server) allows(account int) bool {
	for _, a := range s.options.Accounts {
		if a == account {
			return true
		}
	}
	return false
}

// ask asks a query and waits for the answer.
func (c *call) ask(text string) (state.Rows, error) {
	res, err := c.server.options.State.Query(c.ctx, c.account, text)
	if err != nil {
		return nil, &queryError{err}
	}
	c.add(part{source: res.Source, quality: res.Quality, asOf: res.AsOf, window: windowAt(text, res.AsOf)})
	return res.Value, nil
}

// quicker is what to ask in the place of a query whose answer takes long, and what
// its answer lacks.
type quicker struct {
	text  string
	terms state.PreviewTerms
}

// glance asks a query, by the mode that the client chose. In fast mode it takes the
// best there is; where that is nothing, it asks the quicker query, if there is one,
// and leaves the answer behind for whoever comes next.
func (c *call) glance(mode, text string, instead *quicker) (state.Rows, error) {
	if mode != modeFast {
		return c.ask(text)
	}
	p, err := c.server.options.State.QueryPreview(c.ctx, c.account, text)
	if err != nil {
		return nil, &queryError{err}
	}
	if p.Quality > state.Nothing || instead == nil {
		c.add(part{source: max(p.Source, state.Memory), quality: p.Quality, asOf: p.AsOf, window: p.Window, sampleRate: p.SampleRate})
		return p.Value, nil
	}
	res, err := c.server.options.State.Query(c.ctx, c.account, instead.text)
	if err != nil {
		return nil, &queryError{err}
	}
	// It is no loss where it is not kept: there is a better one by now.
	_, _ = c.server.options.State.StorePreview(c.account, text, res.Value, instead.terms)
	quality, window := state.Sampled, windowAt(instead.text, res.AsOf)
	if instead.terms.SampleRate == 0 {
		quality = state.Narrow
	}
	c.add(part{source: res.Source, quality: quality, asOf: res.AsOf, window: window, sampleRate: instead.terms.SampleRate})
	return res.Value, nil
}

func windowAt(text string, at time.Time) nrql.Window {
	w, _ := nrql.Read(text).Window(at)
	return w
}

func (c *call) add(p part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole.add(p)
}

// warn notes a part of the answer that could not be had. It does not fail the call.
func (c *call) warn(what string, err error) {
	failure := c.server.failureOf(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.whole.warnings) < maxWarnings {
		c.whole.warnings = append(c.whole.warnings, what+": "+failure.Error())
	}
}

const (
	maxWarnings = 8
	// queriesAtOnce is how many queries one call has under way.
	queriesAtOnce = 4
)

// each runs a function for every index below n, few at a time, and waits for all. A
// panic in one of them is the caller's.
func (c *call) each(n int, run func(i int)) {
	var (
		all      sync.WaitGroup
		panicked atomic.Pointer[any]
	)
	places := make(chan struct{}, queriesAtOnce)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					panicked.Store(&r)
				}
				<-places
			}()
			run(i)
		})
	}
	all.Wait()
	if r := panicked.Load(); r != nil {
		panic(*r)
	}
}

// remember has the session learn something when the call has gone well.
func (c *call) remember(change func(*session.Draft) error) { c.learned = append(c.learned, change) }

// end writes the call on the session's timeline, and returns what its answer is
// worth.
func (c *call) end(failure error) Provenance {
	now := time.Now()
	c.mu.Lock()
	p := c.whole.provenance(c.tool, now)
	c.mu.Unlock()
	if c.discovery == nil || c.left {
		return p
	}
	c.server.options.Learned.Take(c.server.goalOf(c.discovery), c.previous(), c.tool)
	line := session.Call{Tool: c.tool, EventType: c.subject, At: c.began, Duration: now.Sub(c.began), Source: c.mark(), Failed: failure != nil}
	_, err := c.server.options.Sessions.Update(c.ctx, c.owner, c.discovery.Handle(), func(d *session.Draft) error {
		if failure == nil {
			for _, change := range c.learned {
				// What there is no room for is left out: the answer is none the worse.
				_ = change(d)
			}
		}
		return d.Record(line)
	})
	if err != nil && failure == nil {
		// Such as a discovery that was ended meanwhile, or a call that took all of
		// its time.
		p.Warnings = append(p.Warnings, "the discovery could not note this call: "+c.server.failureOf(err).Error())
	}
	return p
}

// mark is where the answer came from, as the timeline has it.
func (c *call) mark() session.Source {
	switch {
	case c.whole.quality == state.Stale:
		return session.StaleHit
	case c.whole.queries == 0 || c.whole.source == state.Memory:
		return session.Hit
	}
	return session.Miss
}

func (c *call) previous() string {
	timeline := c.discovery.Timeline()
	if len(timeline) == 0 {
		return ""
	}
	return timeline[len(timeline)-1].Tool
}
