package state_test

import (
	"context"
	"fmt"
	"log"

	"github.com/uds-platform/state"
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
