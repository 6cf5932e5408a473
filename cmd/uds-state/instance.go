package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/inspect"
	sessions "github.com/uds-platform/state/session"
	"github.com/uds-platform/state/session/goal"
	"github.com/uds-platform/state/telemetry"
)

// setting is what an instance is opened with, and takes over.
type setting struct {
	serve  serveOptions
	target *target
	agent  *newrelic.Application // nil where nobody asked for it
	logger *slog.Logger
}

// instance is what one process serves: a state, its sessions and the tools over
// them, whatever the transport.
type instance struct {
	target   *target
	state    *state.State
	sessions *sessions.Store
	learned  *goal.Learner // how calls usually follow each other; in the state's snapshots
	tools    *discovery.Server
	meter    *inspect.Meter // of the queries to NRDB, for the dashboard
	agent    *newrelic.Application
	reports  *telemetry.Adapter // of the state, to the agent
	opened   time.Time
	logger   *slog.Logger
}

// openInstance opens the state and what is over it. What is in the setting is the
// instance's from then on, also where there is an error.
func openInstance(ctx context.Context, s setting, owner func(*mcp.CallToolRequest) (sessions.Owner, error)) (_ *instance, err error) {
	n := &instance{target: s.target, learned: &goal.Learner{}, agent: s.agent, opened: time.Now(), logger: s.logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.openState(ctx, s); err != nil {
		return nil, err
	}
	idle, lifetime := n.sessions.Lifetimes()
	accounts := []int(s.serve.accounts)
	if len(accounts) == 0 {
		accounts = []int{n.target.account}
	}
	n.tools, err = discovery.New(discovery.Options{
		State: n.state, Sessions: n.sessions, Owner: owner, Accounts: accounts,
		IdleTimeout: idle, Lifetime: lifetime, Learned: n.learned,
		MaxCalls: s.serve.maxCalls, CallTimeout: s.serve.callTimeout, Version: version(), Logger: n.logger,
	})
	if err != nil {
		return nil, err
	}
	if n.agent != nil {
		n.tools.MCP().AddReceivingMiddleware(traced(n.agent))
	}
	if err := n.reports.Watch(n.sources()); err != nil {
		return nil, err
	}
	return n, nil
}

// openState opens the state, its sessions and who reports them.
func (n *instance) openState(ctx context.Context, s setting) (err error) {
	cfg, err := state.FromEnv()
	if err != nil {
		return fmt.Errorf("%w: %w", errEnvironment, err)
	}
	if n.meter, err = inspect.NewMeter(n.target.querier); err != nil {
		return err
	}
	if n.reports, err = telemetry.New(telemetry.Options{Application: n.agent, Logger: n.logger}); err != nil {
		return err
	}
	cfg.Querier, cfg.Logger = n.meter, n.logger
	if n.agent != nil {
		cfg.Tracer = n.reports
	}
	cfg.Keepsakes = []state.Keepsake{{Name: "goal habits", Records: n.learned.Records(), Restore: n.learned.RestoreRecord}}
	cfg.Warming.Chains = discovery.Chains()
	cfg.MaximumSessions, cfg.SessionsPerOwner = s.serve.maxSessions, min(s.serve.ownerSessions, s.serve.maxSessions)
	if n.target.standIn {
		// Generated data must never reach a Redis that others read.
		cfg.Store = state.StoreMemory
	}
	if n.state, err = state.Open(ctx, cfg); err != nil {
		return err
	}
	n.sessions = n.state.Sessions()
	return nil
}

// Close ends what is there, the last first: the state takes its last snapshot, and
// then what has happened is reported for the last time.
func (n *instance) Close() error {
	if n.tools != nil {
		n.tools.Close()
	}
	var err error
	if n.state != nil {
		err = n.state.Close()
	}
	if n.reports != nil {
		err = errors.Join(err, n.reports.Close())
	}
	n.agent.Shutdown(agentEndTime)
	return errors.Join(err, n.target.Close())
}
