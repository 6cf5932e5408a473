package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/newrelic/newrelic-client-go/v2/pkg/config"
	"github.com/newrelic/newrelic-client-go/v2/pkg/nrdb"
	"github.com/newrelic/newrelic-client-go/v2/pkg/region"
)

const (
	testKey     = "test-key"
	testAccount = 42
)

// start runs a stand-in at noon for the length of a test.
func start(t *testing.T, options Options) *Server {
	t.Helper()
	options.APIKey, options.Account = testKey, testAccount
	options.Now = func() time.Time { return noon }
	s, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// officialClient is New Relic's own client, pointed at a stand-in.
func officialClient(t *testing.T, s *Server, key string) *nrdb.Nrdb {
	t.Helper()
	selected, err := region.Get(region.US)
	if err != nil {
		t.Fatal(err)
	}
	selected.SetNerdGraphBaseURL(s.URL())
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := config.New()
	cfg.PersonalAPIKey = key
	cfg.HTTPTransport = transport
	cfg.LogLevel = "panic"
	if err := cfg.SetRegion(selected); err != nil {
		t.Fatal(err)
	}
	client := nrdb.New(cfg)
	return &client
}

// post sends a body and returns the status, the header and the answer.
func post(t *testing.T, s *Server, key, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Api-Key", key)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(answer)
}

// ask sends a GraphQL document.
func ask(t *testing.T, s *Server, document string, variables map[string]any) string {
	t.Helper()
	body, err := json.Marshal(request{Query: document, Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer := post(t, s, testKey, string(body))
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	return answer
}

func TestOfficialClientReadsAnswers(t *testing.T) {
	s := start(t, Options{})
	client := officialClient(t, s, testKey)
	const query = "SELECT count(*) FROM Transaction SINCE 24 hours ago"
	want := float64(single(t, s.data, query, "count").(int64))

	calls := map[string]func() (*nrdb.NRDBResultContainer, error){
		"Query": func() (*nrdb.NRDBResultContainer, error) {
			return client.QueryWithContext(t.Context(), testAccount, query)
		},
		"QueryWithExtendedResponse": func() (*nrdb.NRDBResultContainer, error) {
			return client.QueryWithExtendedResponseWithContext(t.Context(), testAccount, query)
		},
		"QueryWithAdditionalOptions": func() (*nrdb.NRDBResultContainer, error) {
			return client.QueryWithAdditionalOptionsWithContext(t.Context(), testAccount, query, nrdb.Seconds(30), false)
		},
	}
	for name, call := range calls {
		result, err := call()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(result.Results) != 1 || result.Results[0]["count"] != want {
			t.Errorf("%s: results %v, want a count of %v", name, result.Results, want)
		}
		if types := result.Metadata.EventTypes; len(types) != 1 || types[0] != "Transaction" {
			t.Errorf("%s: event types %v", name, types)
		}
	}
	if s.Queries() != int64(len(calls)) {
		t.Errorf("the stand-in took %d queries, %d were sent", s.Queries(), len(calls))
	}
}

func TestOfficialClientReadsRefusals(t *testing.T) {
	s := start(t, Options{})
	_, err := officialClient(t, s, testKey).QueryWithContext(t.Context(), testAccount, "SELECT count(*) FORM Log")
	if err == nil || !strings.Contains(err.Error(), "NRQL Syntax Error: Error at line 1 position 17, unexpected 'FORM'") {
		t.Errorf("bad NRQL: %v", err)
	}
	_, err = officialClient(t, s, "wrong").QueryWithContext(t.Context(), testAccount, "SELECT count(*) FROM Log")
	if err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("bad key: %v", err)
	}
	_, err = officialClient(t, s, testKey).QueryWithContext(t.Context(), testAccount+1, "SELECT count(*) FROM Log")
	if err == nil || !strings.Contains(err.Error(), "access to the account is denied") {
		t.Errorf("another account: %v", err)
	}
}

func TestKeyIsCheckedFirst(t *testing.T) {
	s := start(t, Options{})
	for _, key := range []string{"", "wrong", testKey + "x"} {
		status, _, answer := post(t, s, key, "not even JSON")
		const want = `{"errors":[{"message":"Bad API Key or no API Key provided","extensions":{"error_code":"BAD_API_KEY"}}]}`
		if status != http.StatusUnauthorized || answer != want {
			t.Errorf("key %q: %d %s", key, status, answer)
		}
	}
	if s.Queries() != 0 {
		t.Errorf("%d queries were taken without a key", s.Queries())
	}
}

func TestOneRequestTooManyIsThrottled(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := start(t, Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		arrived <- struct{}{}
		<-release
		return ctx.Err()
	}})
	body, err := json.Marshal(request{Query: `{actor{account(id: 42){nrql(query: "SELECT count(*) FROM Log"){results}}}}`})
	if err != nil {
		t.Fatal(err)
	}
	var held sync.WaitGroup
	statuses := make(chan int, nerdGraphConcurrent)
	for range nerdGraphConcurrent {
		held.Go(func() {
			status, _, _ := post(t, s, testKey, string(body))
			statuses <- status
		})
	}
	for range nerdGraphConcurrent {
		<-arrived
	}
	status, header, answer := post(t, s, testKey, string(body))
	if status != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || !strings.Contains(answer, classTooManyRequests) {
		t.Errorf("with %d under way: %d %v %s", nerdGraphConcurrent, status, header, answer)
	}
	close(release)
	held.Wait()
	for range nerdGraphConcurrent {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("a request within the limit got %d", status)
		}
	}
	if s.Throttled() != 1 {
		t.Errorf("%d requests were throttled, want one", s.Throttled())
	}
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	s := start(t, Options{})
	if status, _, answer := post(t, s, testKey, "{"); status != http.StatusBadRequest {
		t.Errorf("broken JSON: %d %s", status, answer)
	}
	huge := `{"query": "` + strings.Repeat("x", maxBodyBytes) + `"}`
	if status, _, answer := post(t, s, testKey, huge); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body beyond the bound: %d %s", status, answer)
	}
}

// fixed is a Latency that is always the same.
type fixed time.Duration

func (f fixed) For(Cost) time.Duration { return time.Duration(f) }

func TestQueriesTimeOut(t *testing.T) {
	var slept []time.Duration
	s := start(t, Options{Latency: fixed(9 * time.Second), Sleep: func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		return nil
	}})
	const document = `query($timeout: Seconds) {actor{account(id: 42){nrql(query: "SELECT count(*) FROM Log", timeout: $timeout){results}}}}`
	if answer := ask(t, s, document, nil); !strings.Contains(answer, `"errorClass":"TIMEOUT"`) || !strings.Contains(answer, `"nrql":null`) {
		t.Errorf("without a timeout: %s", answer)
	}
	if answer := ask(t, s, document, map[string]any{"timeout": 60}); strings.Contains(answer, "errors") {
		t.Errorf("with a timeout of 60 s: %s", answer)
	}
	if want := []time.Duration{5 * time.Second, 9 * time.Second}; len(slept) != 2 || slept[0] != want[0] || slept[1] != want[1] {
		t.Errorf("waited %v, want %v", slept, want)
	}
}

func TestDocuments(t *testing.T) {
	s := start(t, Options{})
	for document, want := range map[string]string{
		`{actor{account(id: 42){id n: name}}}`:                                                 `{"data":{"actor":{"account":{"id":42,"n":"Stand-in account"}}}}`,
		`query Q($a: Int!, $q: Nrql!) {actor{account(id: $a){nrql(query: $q){results}}}}`:      `{"data":{"actor":{"account":{"nrql":{"results":[{"count":0}]}}}}}`,
		"# a comment\n{ actor { account(id: 42) { nrql(query: \"SELECT \\\"\") { nrql } } } }": `{"data":{"actor":{"account":{"nrql":null}}},"errors":[{"message":"NRQL Syntax Error: Error at line 1 position 8, unexpected '\"'","path":["actor","account","nrql"],"extensions":{"errorClass":"INVALID_INPUT"}}]}`,
		`{actor{user{name}}}`:              `Cannot query field \"user\" on type \"Actor\".`,
		`mutation {x}`:                     `only query operations are answered`,
		`{actor{account{id}}}`:             `needs an argument \"id\"`,
		`{actor{account(id: 42){nrql}}}`:   `needs an argument \"query\"`,
		`{actor{`:                          `expected a field but found \"\"`,
		`{actor{account(id: "42`:           `unterminated string literal`,
		`query($a: Int`:                    `unterminated variable definitions`,
		`{actor{...F}}`:                    `expected a field but found \".\"`,
		`{actor{account(id: 42){id}}} {x}`: `one operation expected`,
		strings.Repeat("{a", 100):          `levels of fields`,
		`{` + strings.Repeat("a ", 500):    `more than 200 fields`,
		`{actor{account(id: 42){nrql(query: "SHOW EVENT TYPES", async: true){results}}}}`: `it answers no asynchronous queries`,
	} {
		answer := ask(t, s, document, map[string]any{"a": testAccount, "q": "SELECT count(*) FROM NoSuchType"})
		if !strings.Contains(answer, want) {
			t.Errorf("%.80s\n got %s\nwant %s", document, answer, want)
		}
	}
}

func TestOnlyTheAskedFieldsAreSent(t *testing.T) {
	s := start(t, Options{})
	answer := ask(t, s, `{actor{account(id: 42){nrql(query: "SELECT count(*) FROM NoSuchType"){metadata{timeWindow{end}}}}}}`, nil)
	if want := `{"data":{"actor":{"account":{"nrql":{"metadata":{"timeWindow":{"end":1773489600000}}}}}}}`; answer != want {
		t.Errorf("got %s, want %s", answer, want)
	}
}

func TestCloseEndsRequestsUnderWay(t *testing.T) {
	arrived := make(chan struct{})
	s := start(t, Options{Latency: fixed(4 * time.Second), Sleep: func(ctx context.Context, _ time.Duration) error {
		close(arrived)
		<-ctx.Done()
		return ctx.Err()
	}})
	var held sync.WaitGroup
	held.Go(func() {
		body, _ := json.Marshal(request{Query: `{actor{account(id: 42){nrql(query: "SHOW EVENT TYPES"){results}}}}`})
		req, err := http.NewRequest(http.MethodPost, s.URL(), bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Api-Key", testKey)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
	})
	<-arrived
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	held.Wait()
}

func TestStartRefusesBadOptions(t *testing.T) {
	for _, options := range []Options{{}, {APIKey: "k"}, {Account: 1}, {APIKey: "k", Account: 1, MaxConcurrent: -1}} {
		if _, err := Start(options); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func FuzzDocument(f *testing.F) {
	for _, document := range []string{
		`query ($query: Nrql!) {actor{account(id: 1){nrql(query: $query, timeout: 60){results metadata{facets}}}}}`,
		`{a: b(c: "\u00e9", d: -1.5, e: null, f: true)}`, `{...`, `"`, `#`, "{\xff}",
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		if _, err := parseDocument(document, nil); err != nil && !errors.Is(err, errDocument) {
			t.Errorf("%q: an error of no known sort: %v", document, err)
		}
	})
}
