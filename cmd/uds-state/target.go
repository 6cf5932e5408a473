package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// The environment variables that choose and open the account.
const (
	envAPIKey    = "NEW_RELIC_API_KEY"
	envAccountID = "NEW_RELIC_ACCOUNT_ID"
	envRegion    = "NEW_RELIC_REGION"
)

// errEnvironment is wrapped by every complaint about an environment variable.
var errEnvironment = errors.New("environment")

// target is the NerdGraph that a run queries: New Relic's, or the stand-in.
type target struct {
	// name says in a table's title what was queried. It never contains the key.
	name    string
	standIn bool
	account int
	querier *nerdGraph
	server  *standin.Server // nil for New Relic's own
}

// openTarget connects to New Relic where the environment has a key and an
// account, and starts the stand-in where it has neither.
func openTarget(getenv func(string) string, seed uint64) (*target, error) {
	apiKey, accountID := getenv(envAPIKey), getenv(envAccountID)
	if apiKey == "" && accountID == "" {
		return openStandIn(standin.Options{Seed: seed, Latency: standin.NewLogNormal(seed)})
	}
	if apiKey == "" || accountID == "" {
		return nil, fmt.Errorf("%w: set both %s and %s to query New Relic, or neither to query the stand-in", errEnvironment, envAPIKey, envAccountID)
	}
	account, err := strconv.Atoi(accountID)
	if err != nil || account <= 0 {
		// Without the value: it may be the key, in the wrong variable.
		return nil, fmt.Errorf("%w: %s is not an account number", errEnvironment, envAccountID)
	}
	querier, err := newNerdGraph(apiKey, getenv(envRegion), "")
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errEnvironment, envRegion, err)
	}
	name := fmt.Sprintf("NerdGraph at %s, account %d", querier.host(), account)
	return &target{name: name, account: account, querier: querier}, nil
}

const (
	standInAPIKey  = "stand-in-key"
	standInAccount = 1
)

// openStandIn starts a stand-in and a querier that speaks to it.
func openStandIn(options standin.Options) (*target, error) {
	options.APIKey, options.Account = standInAPIKey, standInAccount
	server, err := standin.Start(options)
	if err != nil {
		return nil, err
	}
	querier, err := newNerdGraph(standInAPIKey, "", server.URL())
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return &target{
		name:    "a stand-in for NerdGraph on loopback (no New Relic account involved)",
		standIn: true,
		account: standInAccount,
		querier: querier,
		server:  server,
	}, nil
}

// Close ends the connections, and the stand-in if there is one.
func (t *target) Close() error {
	t.querier.Close()
	if t.server == nil {
		return nil
	}
	return t.server.Close()
}
