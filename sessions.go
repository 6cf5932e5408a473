package state

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/merge"
	"github.com/uds-platform/state/remote"
	"github.com/uds-platform/state/session"
)

// SessionHealth is how the sessions of a State are.
type SessionHealth struct {
	// Sessions is how many there are, those of other instances included as far as
	// they are known here.
	Sessions int `json:"sessions"`
	// Volatile says that new sessions are in this process's memory alone: Redis is away
	// or not configured, and no snapshots succeed.
	Volatile bool `json:"volatile"`
	// Stats count what should not happen, or not often.
	Stats session.Stats `json:"stats"`
}

// Sessions are what each discovery session has learned; see package session. With
// StoreRedis instances share them, and with Config.SnapshotFolder they are there again
// after a restart.
//
// They end after Config.SessionTTL without use, and at the latest after 24 hours, or
// after SessionTTL where that is longer. The Store is closed with the State.
func (st *State) Sessions() *session.Store { return st.sessions }

func (st *State) openSessions() error {
	o := session.Options{IdleTimeout: st.config.SessionTTL, Logger: st.config.Logger}
	if st.shared != nil {
		o.Replica = &sessionReplica{tier: st.shared.tier}
	}
	keeper, err := st.newKeeper()
	if err != nil {
		return err
	}
	if keeper != nil {
		o.Changed = keeper.changed
	}
	sessions, err := session.New(o)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	st.sessions, st.keeper = sessions, keeper
	return nil
}

func (st *State) sessionHealth() SessionHealth {
	st.keeper.tellSessions()
	return SessionHealth{Sessions: st.sessions.Len(), Volatile: st.sessions.Volatile(), Stats: st.sessions.Stats()}
}

// sessionReplica is Redis as the sessions see it: a HASH a session, merged by one
// script, and a topic on which the script tells of changes.
//
// Its requests go through the tier's breaker and bound like all others, but may take
// as long as the sessions' own timeout: nobody who changes a session waits for them.
type sessionReplica struct{ tier *remote.Tier }

const (
	sessionTopic = "session"
	// sessionStart begins the names of sessions' hashes. Braces have a cluster keep
	// together what belongs to one session.
	sessionStart = "s:{"
	// sessionEvents is how many events may wait to be heard; one more, and all is
	// compared.
	sessionEvents = 4096
	// replicaWait is how long one request may take, where the sessions don't want it
	// sooner.
	replicaWait = 5 * time.Second
)

func sessionKey(id string) string { return sessionStart + id + "}" }

// mergeSession is idempotent, as a merge is.
var mergeSession = remote.NewScript(merge.Script)

// run runs a job within the time that ctx has, which the sessions always bound.
func (r *sessionReplica) run(ctx context.Context, job remote.Job) error {
	return r.tier.RunWithin(ctx, replicaWait, job)
}

// Merge is session.Replica's.
func (r *sessionReplica) Merge(ctx context.Context, request merge.Request) (reply merge.Reply, err error) {
	id := request.ID
	request.ID = sessionTopic + " " + id // what is published begins with it, and so has its topic
	answers := make(chan merge.Reply, 1) // the job may go on when the caller has left
	err = r.run(ctx, func(ctx context.Context, c *remote.Conn) error {
		answer, err := c.Eval(ctx, mergeSession, []string{c.Key(sessionKey(id))}, request.Args(c.Channel()))
		if err != nil {
			return err
		}
		reply, err := merge.ReadReply(texts(answer))
		if err == nil {
			answers <- reply
		}
		return err
	})
	if err != nil {
		return merge.Reply{}, err
	}
	return <-answers, nil
}

// texts are the elements of a list of texts; none of anything else.
func texts(answer any) []string {
	list, _ := answer.([]any)
	parts := make([]string, 0, len(list))
	for _, a := range list {
		text, ok := a.(string)
		if !ok {
			return nil
		}
		parts = append(parts, text)
	}
	return parts
}

// Each is session.Replica's.
func (r *sessionReplica) Each(ctx context.Context, visit func(id string, mark merge.Mark) bool) error {
	scan := remote.NewScan(sessionStart)
	for more := true; more; {
		step := make(chan []markedSession, 1)
		err := r.run(ctx, func(ctx context.Context, c *remote.Conn) error {
			names, left, err := scan.Next(ctx, c)
			if err != nil {
				return err
			}
			found, err := markedSessions(ctx, c, names)
			if err != nil {
				return err
			}
			more = left
			step <- found
			return nil
		})
		if err != nil {
			return err
		}
		for _, s := range <-step {
			if !visit(s.id, s.mark) {
				return nil
			}
		}
	}
	return nil
}

// markedSessions reads the marks of sessions.
func markedSessions(ctx context.Context, c *remote.Conn, names []string) ([]markedSession, error) {
	var found []markedSession
	for _, name := range names {
		id, ok := strings.CutSuffix(strings.TrimPrefix(name, sessionStart), "}")
		if !ok {
			continue
		}
		fields, err := c.ReadFields(ctx, c.Key(name), "_inc", "_v")
		if err != nil {
			return nil, err
		}
		version, err := strconv.ParseUint(fields["_v"], 10, 64)
		if err != nil || fields["_inc"] == "" {
			continue // gone meanwhile, or nobody's session
		}
		found = append(found, markedSession{id, merge.Mark{Incarnation: fields["_inc"], Version: version}})
	}
	return found, nil
}

type markedSession struct {
	id   string
	mark merge.Mark
}

// Listen is session.Replica's.
func (r *sessionReplica) Listen(ctx context.Context, hear func(merge.Event)) error {
	var missed atomic.Bool
	events := make(chan merge.Event, sessionEvents)
	offer := func(e merge.Event) {
		select {
		case events <- e:
		default:
			missed.Store(true) // who takes one out sees it
		}
	}
	cancel, err := r.tier.Subscribe(sessionTopic, remote.Subscriber{
		Message: func(payload string) {
			if n, err := merge.ReadNotice(payload); err == nil {
				offer(merge.Event{Kind: merge.Changed, Notice: n})
			}
		},
		// What came between may be that Redis failed over and has lost the latest.
		Resync: func() { offer(merge.Event{Kind: merge.Failover}) },
	})
	if err != nil {
		return err
	}
	defer cancel()
	if r.tier.Live() {
		hear(merge.Event{Kind: merge.Gap})
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			hear(e)
			if missed.Swap(false) {
				hear(merge.Event{Kind: merge.Gap})
			}
		}
	}
}
