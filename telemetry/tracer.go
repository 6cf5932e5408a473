package telemetry

import (
	"context"

	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
)

const (
	// nrdbHost is what NRDB is called in traces: External/nrdb/….
	nrdbHost    = "nrdb"
	nrdbLibrary = "NerdGraph"
)

// insideLoad marks the context of a load, whose errors its waiters notice.
type insideLoad struct{}

// Begin is state.Tracer's: a segment of the transaction in ctx, where there is one
// that has not ended.
func (a *Adapter) Begin(ctx context.Context, op state.Operation) state.Span {
	txn := transactionOf(ctx)
	if txn == nil {
		return nil
	}
	s := &span{adapter: a, txn: txn, op: op, inside: ctx.Value(insideLoad{}) != nil}
	if op.Wait != state.WaitNone {
		s.segment = segmentOf(op, txn.StartSegmentNow())
	}
	return s
}

// Detach is state.Tracer's: a load has a view of its own of the caller's
// transaction, and none where the caller does not wait for it.
func (a *Adapter) Detach(ctx context.Context, behind bool) context.Context {
	txn := transactionOf(ctx)
	if txn == nil || behind {
		return withoutTransaction(ctx)
	}
	return newrelic.NewContext(context.WithValue(ctx, insideLoad{}, true), txn.NewGoroutine())
}

// segment is any of the agent's.
type segment interface {
	AddAttribute(key string, value any)
	End()
}

func segmentOf(op state.Operation, start newrelic.SegmentStartTime) segment {
	switch {
	case op.Wait == state.WaitShared:
		return &newrelic.DatastoreSegment{
			StartTime: start, Product: newrelic.DatastoreRedis, Collection: op.Collection, Operation: op.Name,
		}
	case op.Wait == state.WaitSession:
		return &newrelic.Segment{StartTime: start, Name: "state/session/" + op.Name}
	case op.Joined:
		return &newrelic.Segment{StartTime: start, Name: "state/join/" + op.Name}
	case op.Wait == state.WaitQuery:
		return &newrelic.ExternalSegment{StartTime: start, Host: nrdbHost, Library: nrdbLibrary, Procedure: op.Name}
	}
	return &newrelic.Segment{StartTime: start, Name: "state/load/" + op.Name}
}

// span is one wait on a transaction.
type span struct {
	adapter *Adapter
	txn     *newrelic.Transaction
	op      state.Operation
	segment segment // nil where nobody waited
	inside  bool    // a load that somebody waits for
}

// End is state.Span's. A transaction may end while a caller of its own waits, such
// as one that went on after a time limit; the agent would log an error for what
// comes after that.
func (s *span) End(err error) {
	if s.txn.IsEnded() {
		return
	}
	if s.segment != nil {
		if err != nil {
			s.segment.AddAttribute("error.class", s.classOf(err))
		}
		s.segment.End()
	}
	if !s.inside && !s.ofStore() {
		s.adapter.notice(s.txn, err)
	}
}

// ofStore says that an error is a store's, which did not answer: what a caller gets
// without it need not be one, a State says in its health that a store is away, and
// there would be one error for each call meanwhile.
func (s *span) ofStore() bool {
	return s.op.Wait == state.WaitShared || s.op.Wait == state.WaitSession
}

func (s *span) classOf(err error) string {
	class := classOf(err)
	if class == otherClass && s.ofStore() {
		return storeClass
	}
	return class
}
