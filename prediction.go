package state

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/warm"
)

// Call says who asks and for what, so that a State can tell what they will ask
// next. See WithCall.
type Call struct {
	// Session is who asks: any text of up to 256 bytes. Each session's calls are a
	// sequence of their own.
	Session string
	// Tool is the tool that was called, for all the queries that it sends. Where
	// it is empty, each query is a call of its own, known by its text with a gap in
	// place of the event type.
	Tool string
	// Subject is the event type that the tool is called on. Where it is empty, it
	// is the one that the call's first query reads, if that reads one.
	Subject string
}

// WithCall names the call that the queries with this ctx are part of. It is all
// that an embedder has to do to have the next ones predicted: one WithCall for
// each call of a tool.
//
// What is learned is the order of calls, of all sessions together, and which
// queries a tool sends, each with the event type that it was called on left out.
// So the first visit to an event type finds what holds for the others. What is
// predicted is loaded through Query, after all demand and within Warming.Share;
// where the predictions are wrong too often, nothing is loaded until they get
// better. A query that is part of a call costs some microseconds more.
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
		Timeout:  within(st.config.LoadTimeout, time.Millisecond, 24*time.Hour),
		Horizon:  within(st.config.CacheTTL, leastHorizon, longestHorizon),
		Logger:   st.config.Logger,
	})
}

// observe tells the predictor of a query of a call. What a refresh or a prefetch
// sends, nobody has asked for, though its ctx may name a call: that of whoever
// caused it.
func (st *State) observe(ctx context.Context, call *callUnderWay, account int, query string, e *entry[Rows]) {
	if st.predictor == nil || urgencyOf(ctx).now() != warm.Demand || strings.Contains(query, gap) {
		return
	}
	subject := call.Subject
	if subject == "" {
		subject = st.onlyEventType(query)
	}
	form := formOf(query, subject)
	first, tool := true, form.tool()
	if call.Tool != "" {
		first, tool = call.begun.CompareAndSwap(false, true), call.Tool
		st.repertoire.note(tool, form, first)
	}
	st.predictor.Observe(warm.Call{
		Session:   call.Session,
		Template:  warm.Template{Account: account, Tool: tool, Subject: subject},
		Item:      warm.Item{Account: account, Query: query},
		Missed:    e == nil || st.queries.flights.judge(e) < stale,
		Continues: !first,
	})
}

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
	p, err := st.questions.place(st.questions.read(item.Query), item.Account)
	if err != nil {
		return false
	}
	e, ok := st.queries.engine.GetQuietly(p.key.encoded)
	return ok && st.queries.flights.judge(e) >= stale
}
