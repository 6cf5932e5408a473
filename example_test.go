package state_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/warm"
)

// localNRDB answers queries in this process.
type localNRDB struct{}

func (localNRDB) QueryNRQL(_ context.Context, account int, nrql string) (state.Rows, error) {
	fmt.Printf("NRDB runs %q for account %d\n", nrql, account)
	return state.Rows{{"eventType": "Transaction"}}, nil
}

func Example() {
	st, err := state.Open(context.Background(), state.Config{Querier: localNRDB{}})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	for range 2 {
		res, err := st.Query(context.Background(), 1234567, "SHOW EVENT TYPES")
		fmt.Println(res.Value, "from", res.Source, err)
	}
	// Output:
	// NRDB runs "SHOW EVENT TYPES" for account 1234567
	// [map[eventType:Transaction]] from origin <nil>
	// [map[eventType:Transaction]] from memory <nil>
}

func ExampleCache_Fetch() {
	type schema struct{ Attributes []string }

	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	schemas, err := state.NewCache[schema](st, state.Kind{Name: "schema"})
	if err != nil {
		log.Fatal(err)
	}
	key, err := state.NewKey(state.Scope{Account: 1234567}, "schema", "Transaction")
	if err != nil {
		log.Fatal(err)
	}
	load := func(context.Context) (schema, error) {
		fmt.Println("loading")
		return schema{Attributes: []string{"appName", "duration"}}, nil
	}
	for range 2 {
		res, err := schemas.Fetch(context.Background(), key, load)
		fmt.Println(res.Value.Attributes, "from", res.Source, err)
	}
	// Output:
	// loading
	// [appName duration] from origin <nil>
	// [appName duration] from memory <nil>
}

func ExampleCache_FetchWithTerms() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	counts, err := state.NewCache[int](st, state.Kind{Name: "count"})
	if err != nil {
		log.Fatal(err)
	}
	key, err := state.NewKey(state.Scope{Account: 1234567}, "count", "Log", "yesterday")
	if err != nil {
		log.Fatal(err)
	}
	load := func(context.Context) (int, state.Terms, error) {
		fmt.Println("counting")
		return 42, state.Terms{
			FreshFor: 24 * time.Hour, // yesterday is over
			Settled:  true,
			Tags:     []state.Tag{state.EventTypeTag(1234567, "Log")},
		}, nil
	}
	show := func() {
		res, err := counts.FetchWithTerms(context.Background(), key, load)
		fmt.Println(res.Value, "from", res.Source, res.Quality, err)
	}
	show()
	st.ObserveSchema(1234567, "Log", "message:string") // the first sight is no change
	show()
	st.ObserveSchema(1234567, "Log", "message:string level:string")
	show()
	// Output:
	// counting
	// 42 from origin full <nil>
	// 42 from memory full <nil>
	// counting
	// 42 from origin full <nil>
}

// silentNRDB answers queries in this process, and says nothing.
type silentNRDB struct{}

func (silentNRDB) QueryNRQL(context.Context, int, string) (state.Rows, error) {
	return state.Rows{{"appName": "checkout"}, {"appName": "search"}}, nil
}

func ExampleState_QueryPreview() {
	st, err := state.Open(context.Background(), state.Config{Querier: silentNRDB{}})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	const account, nrql = 1234567, "SELECT uniques(appName) FROM Transaction SINCE '2026-01-01' UNTIL '2026-01-02'"
	show := func() state.Preview[state.Rows] {
		p, err := st.QueryPreview(context.Background(), account, nrql)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Quality, p.SampleRate, p.Value)
		return p
	}
	// A tenth of the events was read elsewhere.
	rows := state.Rows{{"appName": "checkout"}}
	if _, err := st.StorePreview(account, nrql, rows, state.PreviewTerms{SampleRate: 0.1}); err != nil {
		log.Fatal(err)
	}
	p := show()
	full, err := p.Wait(context.Background())
	fmt.Println(full.Quality, full.Value, err)
	show()
	// Output:
	// sampled 0.1 [map[appName:checkout]]
	// full [map[appName:checkout] map[appName:search]] <nil>
	// full 1 [map[appName:checkout] map[appName:search]]
}

func ExampleCache_FetchPreview() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	profiles, err := state.NewCache[string](st, state.Kind{Name: "profile"})
	if err != nil {
		log.Fatal(err)
	}
	key, err := state.NewKey(state.Scope{Account: 1234567}, "profile", "Log")
	if err != nil {
		log.Fatal(err)
	}
	answered := make(chan struct{})
	load := func(context.Context) (string, error) {
		<-answered // as if NRDB took a while
		return "quiet at night", nil
	}
	p, err := profiles.FetchPreview(context.Background(), key, load)
	fmt.Println(p.Quality, "and refining:", p.Refining, err)
	close(answered)
	<-p.Done()
	p, err = profiles.FetchPreview(context.Background(), key, load)
	fmt.Println(p.Quality, p.Value, err)
	// Output:
	// nothing and refining: true <nil>
	// full quiet at night <nil>
}

func ExampleUntyped() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	cache, err := state.NewUntyped(st, state.Kind{Name: "discovery"}, state.Scope{Account: 1234567})
	if err != nil {
		log.Fatal(err)
	}
	if err := cache.Set("schema:Log", []string{"message", "level"}, time.Hour); err != nil {
		log.Fatal(err)
	}
	fmt.Println(cache.Get("schema:Log"))
	fmt.Println(cache.Get("schema:Transaction"))
	// Output:
	// [message level] true
	// <nil> false
}

func ExampleErrPermanent() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	counts, err := state.NewCache[int](st, state.Kind{Name: "count"})
	if err != nil {
		log.Fatal(err)
	}
	key, err := state.NewKey(state.Scope{Account: 1234567}, "count", "Lgo")
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		_, err := counts.Fetch(context.Background(), key, func(context.Context) (int, error) {
			fmt.Println("asking")
			return 0, fmt.Errorf("%w: syntax error near SELEKT", state.ErrPermanent)
		})
		fmt.Println(errors.Is(err, state.ErrPermanent), err)
	}
	// Output:
	// asking
	// true state: load of count (account 1234567): permanent failure: syntax error near SELEKT
	// true state: load of count (account 1234567): permanent failure: syntax error near SELEKT
}

func ExampleNewKey() {
	// Whoever may see different results has different keys.
	everyone, err := state.NewKey(state.Scope{Account: 1234567}, "sample", "Log", map[string]any{"limit": 10, "since": "1 hour ago"})
	if err != nil {
		log.Fatal(err)
	}
	analyst, err := state.NewKey(state.Scope{Account: 1234567, Principal: "analyst"}, "sample", "Log", map[string]any{"since": "1 hour ago", "limit": 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(everyone, everyone == analyst)
	_, err = state.NewKey(state.Scope{Account: 1234567}, "sample", &everyone)
	fmt.Println(err)
	// Output:
	// sample (account 1234567) false
	// state: bad key: part 0 (*state.Key): a *state.Key cannot be part of a key (kind ptr)
}

// One WithCall for each call of a tool is all that prediction needs.
func ExampleWithCall() {
	st, err := state.Open(context.Background(), state.Config{Querier: localNRDB{}})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	explore := func(ctx context.Context, session, eventType string) error {
		ctx = state.WithCall(ctx, state.Call{Session: session, Tool: "explore", Subject: eventType})
		_, err := st.Query(ctx, 1234567, "SELECT keyset() FROM "+eventType+" SINCE 1 hour ago")
		return err
	}
	fmt.Println(explore(context.Background(), "a session", "Transaction"))
	// Output:
	// NRDB runs "SELECT keyset() FROM Transaction SINCE 1 hour ago" for account 1234567
	// <nil>
}

func ExampleState_Preload() {
	st, err := state.Open(context.Background(), state.Config{Querier: localNRDB{}})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	preload, err := st.Preload(context.Background(), []warm.Item{
		{Account: 1234567, Query: "SHOW EVENT TYPES"},
	}, func(s warm.PreloadSummary) { fmt.Println(s.Done, "of", s.Total) })
	if err != nil {
		log.Fatal(err)
	}
	_, err = preload.Wait(context.Background()) // a server would not wait
	fmt.Println(err)
	res, err := st.Query(context.Background(), 1234567, "SHOW EVENT TYPES")
	fmt.Println(res.Source, err)
	// Output:
	// NRDB runs "SHOW EVENT TYPES" for account 1234567
	// 1 of 1
	// <nil>
	// memory <nil>
}
