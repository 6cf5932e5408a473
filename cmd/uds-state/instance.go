package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
	"github.com/uds-platform/state/inspect"
	sessions "github.com/uds-platform/state/session"
)

// instance is what one process serves: a state, its sessions and the tools over
// them, whatever the transport.
type instance struct {
	target   *target
	state    *state.State
	sessions *sessions.Store
	tools    *discovery.Server
	meter    *inspect.Meter // of the queries to NRDB, for the dashboard
	logger   *slog.Logger
}

// openInstance opens the state and what is over it. The target is the instance's
// from then on, also where there is an error.
func openInstance(
	ctx context.Context, t *target, o serveOptions, owner func(*mcp.CallToolRequest) (sessions.Owner, error), logger *slog.Logger,
) (_ *instance, err error) {
	n := &instance{target: t, logger: logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	cfg, err := state.FromEnv()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEnvironment, err)
	}
	if n.meter, err = inspect.NewMeter(t.querier); err != nil {
		return nil, err
	}
	cfg.Querier, cfg.Logger = n.meter, logger
	cfg.Warming.Chains = discovery.Chains()
	cfg.MaximumSessions, cfg.SessionsPerOwner = o.maxSessions, min(o.ownerSessions, o.maxSessions)
	if t.standIn {
		// Generated data must never reach a Redis that others read.
		cfg.Store = state.StoreMemory
	}
	if n.state, err = state.Open(ctx, cfg); err != nil {
		return nil, err
	}
	n.sessions = n.state.Sessions()
	idle, lifetime := n.sessions.Lifetimes()
	accounts := []int(o.accounts)
	if len(accounts) == 0 {
		accounts = []int{t.account}
	}
	n.tools, err = discovery.New(discovery.Options{
		State: n.state, Sessions: n.sessions, Owner: owner, Accounts: accounts,
		IdleTimeout: idle, Lifetime: lifetime,
		MaxCalls: o.maxCalls, CallTimeout: o.callTimeout, Version: version(), Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Close ends what is there, the last first.
func (n *instance) Close() error {
	if n.tools != nil {
		n.tools.Close()
	}
	var err error
	if n.state != nil {
		err = n.state.Close()
	}
	return errors.Join(err, n.target.Close())
}
