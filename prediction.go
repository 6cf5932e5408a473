package state

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// Call says who asks and for what, so that a State can tell what they will ask
// next. See WithCall.
type Call struct {
	// Session is who asks: any text of up to 255 bytes. Each session's calls are a
	// sequence of their own.
	Session string
	// Tool is the tool that was called, for all the queries that it sends. It may be
	// empty: then only the order of queries is learned, and not that of tools.
	Tool string
	// Subject is the event type that the tool is called on. Where it is empty, it
	// is the one that the call's first query reads, if that reads one.
	Subject string
}

// WithCall names the call that the queries with this ctx are part of. It is all
// that an embedder has to do to have the next ones predicted: one WithCall for
// each call of a tool.
//
// What is learned, of all sessions together, is the order of queries and of tools,
// and which queries a tool sends; all without the event type that they are about.
// So the first visit to an event type finds what holds for the others. What is
// predicted is loaded through Query, after all demand and within Warming.Share;
// where the predictions are wrong too often, nothing is loaded until they get
// better. A query that is part of a call costs a microsecond more.
//
// ctx must not be used for the next call too.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, &callUnderWay{Call: c})
}

type callKey struct{}

type callUnderWay struct {
	Call
	begun atomic.Bool // its first query was seen
}

func callOf(ctx context.Context) *callUnderWay {
	call, _ := ctx.Value(callKey{}).(*callUnderWay)
	return call
}

const (
	// prefetchPart of the queries that an account may have under way are
	// prefetches at the most: they give way to demand while they wait, and not once
	// they run.
	prefetchPart = 3
	// followedSequences is how many sequences of calls are followed at a time, two
	// for a session.
	followedSequences = 2048
	mostPrefetches    = 1000 // package warm's bound

	leastHorizon   = time.Second
	longestHorizon = 24 * time.Hour
)

// newPredictor makes the State's predictor, nil where nothing is to be warmed.
func (st *State) newPredictor() (*warm.Predictor, error) {
	w := &st.config.Warming
	if st.ahead == nil {
		return nil, nil
	}
	expander, chains := w.Expander, w.Chains
	if expander == nil {
		expander = warm.ExpanderFunc(st.expand)
	}
	if chains == nil {
		chains = []warm.Chain{warm.Discovery("list", "explore", "profile", "relate", "assess")}
	}
	return warm.NewPredictor(warm.PredictorOptions{
		Loader:   warm.LoaderFunc(st.loadAhead),
		Expander: expander,
		Budget:   st.ahead.budget,
		Chains:   chains,
		Sessions: followedSequences,
		InFlight: within(st.config.QueryConcurrency/prefetchPart, 1, mostPrefetches),
		Timeout:  within(st.config.LoadTimeout, time.Millisecond, 24*time.Hour),
		Horizon:  within(st.config.CacheTTL, leastHorizon, longestHorizon),
		Logger:   st.config.Logger,
	})
}

// observe tells the predictor of a query of a call. What a refresh or a prefetch
// sends, nobody has asked for, though its ctx may name a call: that of whoever
// caused it.
func (st *State) observe(ctx context.Context, call *callUnderWay, account int, query string, e *entry[Rows]) {
	if st.predictor == nil || limiter.UrgencyOf(ctx).Now() != warm.Demand || strings.Contains(query, gap) {
		return
	}
	missed := e == nil || st.queries.flights.judge(e) < stale
	first := call.Tool == "" || call.begun.CompareAndSwap(false, true)
	st.observer.offer(func() { st.learn(&call.Call, account, query, missed, first) })
}

// learn tells the predictor of a query, and has it load what it expects next.
//
// Queries and calls of tools are two sequences. Which query follows which is known
// soon, but not what follows one that nobody has sent before, as with the values
// of a join in it; which tool follows which is known even then.
func (st *State) learn(call *Call, account int, query string, missed, first bool) {
	subject := call.Subject
	if subject == "" {
		subject = st.onlyEventType(query)
	}
	form := formOf(query, subject)
	if call.Tool != "" {
		st.repertoire.note(call.Tool, form, first)
		if first {
			st.predictor.Observe(warm.Call{
				Session:  toolsOf + call.Session,
				Template: warm.Template{Account: account, Tool: call.Tool, Subject: subject},
			})
		}
	}
	st.predictor.Observe(warm.Call{
		Session:  call.Session,
		Template: warm.Template{Account: account, Tool: form.tool(), Subject: subject},
		Item:     warm.Item{Account: account, Query: query},
		Missed:   missed,
	})
}

// toolsOf tells a session's sequence of tools from that of its queries.
const toolsOf = "\x00"

func (st *State) onlyEventType(query string) string {
	if types := st.questions.read(query).query.EventTypes; len(types) == 1 {
		return types[0]
	}
	return ""
}

// expand turns a predicted call into queries: the tool's usual ones, or the one
// that is the tool, on the subject, as far as they are not in memory.
func (st *State) expand(after warm.Call, next warm.Template) (items []warm.Item) {
	forms := st.repertoire.usual(next.Tool)
	if f, ok := formOfTool(next.Tool); ok {
		forms = []form{f}
	}
	for _, f := range forms {
		text, ok := f.fill(next.Subject)
		item := warm.Item{Account: next.Account, Query: text}
		if ok && item != after.Item && !st.holds(item) {
			items = append(items, item)
		}
	}
	return items
}

// holds reports whether a query would be answered from memory.
func (st *State) holds(item warm.Item) bool {
	if checkQuery(item.Account, item.Query) != nil {
		return false
	}
	p, err := st.questions.place(st.questions.read(item.Query), item.Account)
	if err != nil {
		return false
	}
	e, ok := st.queries.engine.GetQuietly(p.key.encoded)
	return ok && st.queries.flights.judge(e) >= stale
}
