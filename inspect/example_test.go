package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/inspect"
)

// nrdb answers queries in this process.
type nrdb struct{}

func (nrdb) QueryNRQL(context.Context, int, string) (state.Rows, error) {
	return state.Rows{{"eventType": "Transaction"}}, nil
}

func Example() {
	meter, err := inspect.NewMeter(nrdb{})
	if err != nil {
		log.Fatal(err)
	}
	st, err := state.Open(context.Background(), state.Config{Querier: meter})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	keys, err := auth.New(auth.Options{})
	if err != nil {
		log.Fatal(err)
	}
	h, err := inspect.Handler(st, inspect.Options{Keys: keys, Scope: "inspect", Meter: meter})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/state/", http.StripPrefix("/debug/state", h))

	// Everything below is what a client does.
	server := httptest.NewServer(mux)
	defer server.Close()
	for range 4 {
		_, _ = st.Query(context.Background(), 1234567, "SHOW EVENT TYPES")
	}
	key, _, err := keys.Create(auth.Spec{Owner: "ada", Scopes: []string{"inspect"}})
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, server.URL+"/debug/state/?format=json", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("X-API-Key", string(key))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var overview inspect.Overview
	if err := json.NewDecoder(response.Body).Decode(&overview); err != nil {
		log.Fatal(err)
	}
	fmt.Println(overview.Status, overview.Calls.FromMemory, "of", overview.Calls.Calls(), "from memory")
	// Output: live 3 of 4 from memory
}

func ExampleHistory_Run() {
	st, err := state.Open(context.Background(), state.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	history, err := inspect.NewHistory(st, nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		history.Run(ctx)
	}()
	// From now on there is something to see of the time when nobody looked.
	_, err = inspect.Handler(st, inspect.Options{Open: true, History: history})
	fmt.Println(err)
	cancel()
	<-ended
	// Output: <nil>
}
