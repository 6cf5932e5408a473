package state

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/remote"
)

const (
	// sessionTopic is what notices of sessions are published under, and where their
	// HASHes are.
	sessionTopic = "session"
	sessionKeys  = "session:"
	// heardSessions is how many notices may wait to be heard. Whoever misses one
	// compares everything.
	heardSessions = 1024
	// A step of a walk over all sessions is tried so often before the walk fails, and
	// left alone in between, for longer than the tier's breaker stays open.
	stepAttempts = 5
	stepPause    = 200 * time.Millisecond
)

// sessionReplica is Redis as package session wants it: one HASH a session, which one
// script merges in one step, and notices of what has changed.
//
// It is thin: what must not be lost is kept by the session store, which sends it
// again until that has worked. So it asks by Tier.Run, which refuses at once while
// Redis is away, and not by Deliver, which would keep a second queue of the same.
//
//	Merge  ──► Run ──► script ──► HASH state:session:HANDLE
//	                      └──► publish ──► Subscribe ──► Listen ──► hear
//	Each   ──► Run, Run, … ──► SCAN and HMGET, a few hundred keys each
//
// Every return of the connection is told as a Gap, after which everything is compared:
// what a client sees of a failover is that its connections went and came back, and what
// Redis could be asked (its run, the ledger's incarnation) need not have changed where
// only the last writes are gone.
//
// Accepted: a sweep looks at every key of the database, values included, since SCAN
// knows no types; and where several programs share a prefix, they share sessions.
//
// Rejected: a set of all handles (a second thing that has to agree with the first,
// and in a cluster one key that everybody writes).
type sessionReplica struct {
	tier   *remote.Tier
	script *remote.Script
	tracer Tracer // the State's; nil where there is none
}

func newSessionReplica(tier *remote.Tier, tracer Tracer) *sessionReplica {
	return &sessionReplica{tier: tier, script: remote.NewScript(merge.Script), tracer: tracer}
}

// Merge is one run of the script.
func (r *sessionReplica) Merge(ctx context.Context, request merge.Request) (merge.Reply, error) {
	// A job that nobody waits for any more goes on, so nothing is shared with it that
	// is read after a failure.
	answer := new(merge.Reply)
	span := r.asks(ctx)
	err := r.tier.Run(ctx, func(ctx context.Context, conn *remote.Conn) error {
		key := conn.Key(sessionKeys + request.ID)
		published := request
		published.ID = conn.Message(sessionTopic, request.ID) // begins the notice
		parts, err := conn.Eval(ctx, r.script, []string{key}, published.Args(conn.Channel()))
		if err != nil {
			return err
		}
		texts, err := textsOf(parts)
		if err != nil {
			return err
		}
		*answer, err = merge.ReadReply(texts)
		return err
	})
	endSpan(span, err)
	if err != nil {
		return merge.Reply{}, err
	}
	return *answer, nil
}

// textsOf reads a script's answer, which is a list of strings.
func textsOf(answer any) ([]string, error) {
	list, ok := answer.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: %T; want a list", merge.ErrReply, answer)
	}
	texts := make([]string, len(list))
	for i, part := range list {
		if texts[i], ok = part.(string); !ok {
			return nil, fmt.Errorf("%w: part %d is %T; want a string", merge.ErrReply, i, part)
		}
	}
	return texts, nil
}

// Each visits every session in Redis, a few hundred keys at a time.
func (r *sessionReplica) Each(ctx context.Context, visit func(id string, mark merge.Mark) bool) error {
	var at remote.Position
	for !at.Done() {
		found, next, err := r.step(ctx, at)
		if err != nil {
			return err
		}
		for _, hash := range found {
			if mark, ok := markOf(hash.Values); ok && !visit(hash.Name, mark) {
				return nil
			}
		}
		at = next
	}
	return nil
}

// markOf reads the two fields that are the HASH's own.
func markOf(values []string) (merge.Mark, bool) {
	version, err := strconv.ParseUint(values[1], 10, 64)
	return merge.Mark{Incarnation: values[0], Version: version}, err == nil && values[0] != ""
}

// step is tried again where there is no answer: a walk is long, an answer may be
// late, and the next walk is a minute away. It is not where everything is to be
// walked over again anyway, once Redis is back.
func (r *sessionReplica) step(ctx context.Context, at remote.Position) (found []remote.Hash, next remote.Position, err error) {
	type result struct {
		found []remote.Hash
		next  remote.Position
	}
	for range stepAttempts {
		answer := new(result)
		err = r.tier.Run(ctx, func(ctx context.Context, conn *remote.Conn) (err error) {
			answer.found, answer.next, err = conn.ScanHashes(ctx, at, sessionKeys, "_inc", "_v")
			return err
		})
		if err == nil {
			return answer.found, answer.next, nil
		}
		if !r.tier.Live() || !(errors.Is(err, remote.ErrAway) || errors.Is(err, remote.ErrBusy)) {
			return nil, at, err
		}
		if clock.Sleep(ctx, stepPause) != nil {
			return nil, at, ctx.Err()
		}
	}
	return nil, at, err
}

// Listen hears until Redis is away. Called again, it waits until that is back: what
// hear is called with first says that there is somebody to be heard.
func (r *sessionReplica) Listen(ctx context.Context, hear func(merge.Event)) error {
	notices := make(chan merge.Notice, heardSessions)
	// Each has room for one.
	back, away, missed := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
	cancel, err := r.tier.Subscribe(sessionTopic, remote.Subscriber{
		Message: func(payload string) {
			notice, err := merge.ReadNotice(payload)
			if err != nil {
				return // a sweep finds what it may have meant
			}
			select {
			case notices <- notice:
			default:
				nudge(missed)
			}
		},
		Gap:    func() { nudge(away) },
		Resync: func() { nudge(back) },
	})
	if err != nil {
		return err
	}
	defer cancel()
	if r.tier.Live() {
		nudge(back) // nobody will say so
	}
	listening := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-away:
			if listening {
				return remote.ErrAway
			}
		case <-back:
			if r.tier.Live() {
				listening = true
				hear(merge.Event{Kind: merge.Gap})
			}
		case <-missed:
			if listening {
				hear(merge.Event{Kind: merge.Gap})
			}
		case notice := <-notices:
			if listening {
				hear(merge.Event{Kind: merge.Changed, Notice: notice})
			}
		}
	}
}

// nudge leaves a message where there is none yet.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
