package discovery

import (
	"context"
	"fmt"
	"time"

	"github.com/jellydator/ttlcache/v3"
	"github.com/viccon/sturdyc"

	"github.com/uds-platform/state"
)

// Call is one call of a session.
type Call struct {
	Session string
	Query   string
}

// contender is a way to get answers.
type contender interface {
	ask(ctx context.Context, c Call) (Answer, error)
	close()
}

// Contender names a way to get answers.
type Contender struct {
	Name string
	// Does says in a line how it is configured.
	Does string

	open func(ctx context.Context, o *origin) (contender, error)
}

// The names by which contenders are compared.
const (
	NoCache    = "no cache"
	PlainTTL   = "plain TTL"
	Sturdyc    = "sturdyc"
	OursPlain  = "state"
	Ours       = "state, predicting"
	plainTTL   = 5 * time.Minute
	everything = 100_000 // entries: more than there are answers
)

// Contenders are all there are, in the order of the table.
func Contenders() []Contender {
	return []Contender{
		{NoCache, "every call goes to NRDB", openNoCache},
		{PlainTTL, "ttlcache, 5 minutes, by the query's text", openPlainTTL},
		{Sturdyc, "5 minutes, shared loads, early refreshes between 4 and 5 minutes", openSturdyc},
		{OursPlain, "as it comes, and nobody says whose call it is: nothing is predicted", openOurs},
		{Ours, "with each query named as a call of its session", openPredicting},
	}
}

type noCache struct{ *origin }

func openNoCache(_ context.Context, o *origin) (contender, error) { return noCache{o}, nil }

func (c noCache) ask(ctx context.Context, call Call) (Answer, error) {
	return c.origin.ask(ctx, call.Query)
}
func (noCache) close() {}

// plainCache is what most servers have: look, else load, else store. Two callers
// who miss at the same time both load.
type plainCache struct {
	origin *origin
	cache  *ttlcache.Cache[string, Answer]
}

func openPlainTTL(_ context.Context, o *origin) (contender, error) {
	cache := ttlcache.New(
		ttlcache.WithTTL[string, Answer](plainTTL),
		ttlcache.WithCapacity[string, Answer](everything),
		ttlcache.WithDisableTouchOnHit[string, Answer](),
	)
	go cache.Start()
	return plainCache{o, cache}, nil
}

func (c plainCache) ask(ctx context.Context, call Call) (Answer, error) {
	if item := c.cache.Get(call.Query); item != nil {
		return item.Value(), nil
	}
	answer, err := c.origin.ask(ctx, call.Query)
	if err == nil {
		c.cache.Set(call.Query, answer, ttlcache.DefaultTTL)
	}
	return answer, err
}

func (c plainCache) close() { c.cache.Stop() }

// sturdycCache has the shards, the eviction percentage and the order of delays of
// sturdyc's README. Continuous evictions are off, as it advises where capacity is
// not short: they have no end, and here nothing is evicted.
type sturdycCache struct {
	origin *origin
	client *sturdyc.Client[Answer]
}

const (
	sturdycShards             = 10
	sturdycEvictionPercentage = 10
	sturdycLeastRefresh       = 4 * time.Minute
	sturdycMostRefresh        = plainTTL - 10*time.Second
	sturdycRetryDelay         = 10 * time.Millisecond
)

func openSturdyc(_ context.Context, o *origin) (contender, error) {
	client := sturdyc.New[Answer](everything, sturdycShards, plainTTL, sturdycEvictionPercentage,
		sturdyc.WithNoContinuousEvictions(),
		sturdyc.WithEarlyRefreshes(sturdycLeastRefresh, sturdycMostRefresh, plainTTL, sturdycRetryDelay))
	return sturdycCache{o, client}, nil
}

func (c sturdycCache) ask(ctx context.Context, call Call) (Answer, error) {
	return c.client.GetOrFetch(ctx, call.Query, func(ctx context.Context) (Answer, error) {
		return c.origin.ask(ctx, call.Query)
	})
}

func (sturdycCache) close() {}

// ours is a State as it comes.
type ours struct {
	state   *state.State
	predict bool // sessions name their calls
}

// account is the one that the recording asks about.
const account = 1

func openOurs(ctx context.Context, o *origin) (contender, error) {
	st, err := state.Open(ctx, state.Config{Querier: querier{o}})
	return &ours{state: st}, err
}

func openPredicting(ctx context.Context, o *origin) (contender, error) {
	st, err := state.Open(ctx, state.Config{Querier: querier{o}})
	return &ours{state: st, predict: true}, err
}

func (c *ours) ask(ctx context.Context, call Call) (Answer, error) {
	if c.predict {
		ctx = state.WithCall(ctx, state.Call{Session: call.Session})
	}
	result, err := c.state.Query(ctx, account, call.Query)
	if err != nil {
		return Answer{}, err
	}
	asOf, ok := result.Value[0][asOfColumn].(time.Time)
	if !ok {
		return Answer{}, fmt.Errorf("discovery: %q was answered with %v", call.Query, result.Value)
	}
	return Answer{AsOf: asOf}, nil
}

func (c *ours) close() { c.state.Close() }

// querier is the origin as a State wants it.
type querier struct{ *origin }

const asOfColumn = "asOf"

func (q querier) QueryNRQL(ctx context.Context, _ int, nrql string) (state.Rows, error) {
	answer, err := q.ask(ctx, nrql)
	if err != nil {
		return nil, err
	}
	return state.Rows{{asOfColumn: answer.AsOf}}, nil
}
