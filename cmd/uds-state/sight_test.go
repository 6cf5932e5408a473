package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/inspect"
)

// read fetches a page as it is.
func read(t *testing.T, client *http.Client, url string, headers ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

func TestMetricsAreForWhoMaySeeTheDashboard(t *testing.T) {
	o := defaultServe()
	path, keys := newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer}, auth.Spec{Owner: "op", Scopes: []string{scopeInspect}})
	o.keysFile = path
	s := serveFor(t, o, standin.Options{})
	for key, want := range map[string]int{"": http.StatusUnauthorized, keys[0]: http.StatusForbidden, keys[1]: http.StatusOK} {
		if status, body := read(t, httpClient(t, key), s.url+"/metrics"); status != want || strings.Contains(body, "state_") != (want == http.StatusOK) {
			t.Errorf("%d, want %d: %s", status, want, body)
		}
	}
}

func TestMetricsWithoutKeysAreForThisMachine(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	client := connectHTTP(t, s, "")
	handle := start(t, client, "a goal that is nobody else's business")
	callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": "Log", "examine": 0})
	web := httpClient(t, "")
	status, body := read(t, web, s.url+"/metrics")
	for _, want := range []string{`state_lookups_total{kind="query"} `, "state_queries_sent_total ", "state_sessions_open 1\n", "# EOF\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("%d: no %q in\n%s", status, want, body)
		}
	}
	if strings.Contains(body, handle) || strings.Contains(body, "business") {
		t.Errorf("a client's words are in\n%s", body)
	}
	for _, headers := range [][]string{
		{"Host", "evil.example"}, {"Host", "evil.example:80"}, {"Host", "127.0.0.1.evil.example"},
		{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"}, {"Via", "1.1 proxy"}, {"X-Real-Ip", "192.0.2.1"}, {"X-Forwarded-Host", "evil.example"},
	} {
		if status, body := read(t, web, s.url+"/metrics", headers...); status != http.StatusForbidden || strings.Contains(body, "state_") {
			t.Errorf("%v: %d", headers, status)
		}
	}
	for _, host := range []string{"localhost", "localhost:8080", "[::1]", "[::1]:8080", "127.0.0.1"} {
		if status, _ := read(t, web, s.url+"/metrics", "Host", host); status != http.StatusOK {
			t.Errorf("%s: %d", host, status)
		}
	}
}

func TestTheDashboardHasAllThereIsToSee(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	client := connectHTTP(t, s, "")
	handle := start(t, client, "the logs of the checkout service")
	callTool(t, client, "explore_attributes", map[string]any{"handle": handle, "event_type": "Log", "examine": 0})
	web := httpClient(t, "")
	_, list := get(t, web, s.url+"/debug/state/sessions?format=json")
	rows, _ := list["sessions"].([]any)
	if len(rows) != 1 {
		t.Fatalf("%v", list)
	}
	id, _ := rows[0].(map[string]any)["id"].(string)
	_, page := get(t, web, s.url+"/debug/state/sessions/"+id+"?format=json")
	var kinds []string
	marks, _ := page["marks"].([]any)
	for _, m := range marks {
		kinds = append(kinds, m.(map[string]any)["kind"].(string))
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"explored", "goal"}) {
		t.Errorf("the timeline has the marks %v", kinds)
	}
	if calls, _ := page["calls"].([]any); len(calls) != 1 {
		t.Errorf("the timeline has %v", calls)
	}
	_, overview := get(t, web, s.url+"/debug/state/?format=json")
	if queries, _ := overview["queries"].(map[string]any); queries["sent"] == nil || overview["sessions"] == nil {
		t.Errorf("the overview is %v", overview)
	}
}

func TestTheDashboardRemembersWhileNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, err := state.Open(t.Context(), state.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		history, err := inspect.NewHistory(st, nil)
		if err != nil {
			t.Fatal(err)
		}
		stop := (&webServer{history: history}).watch(t.Context())
		time.Sleep(3*inspect.SampleInterval + time.Second)
		stop()
		h, err := inspect.Handler(st, inspect.Options{Open: true, History: history})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "http://localhost/effect?format=json", nil)
		r.RemoteAddr = "127.0.0.1:1"
		seen := httptest.NewRecorder()
		h.ServeHTTP(seen, r)
		var effect inspect.Effect
		if err := json.Unmarshal(seen.Body.Bytes(), &effect); err != nil || len(effect.Points) != 3 {
			t.Errorf("%d points, %v: %s", len(effect.Points), err, seen.Body)
		}
	})
}

func TestProbesAreOpenAndKeepSecrets(t *testing.T) {
	const secret = "hunter2-of-redis"
	t.Setenv("STATE_STORE_TYPE", "redis")
	t.Setenv("REDIS_URL", "redis://operator:"+secret+"@127.0.0.1:1/0") // where nobody listens
	o := defaultServe()
	o.keysFile, _ = newKeys(t, auth.Spec{Owner: "ada", Scopes: discoverer})
	s := serveAccount(t, o, standin.Options{})
	web := httpClient(t, "")
	for path, want := range map[string]string{"/livez": "live", "/readyz": "degraded", "/healthz": "degraded"} {
		status, body := get(t, web, s.url+path)
		if status != http.StatusOK || body["status"] != want {
			t.Errorf("%s: %d %v, want %s", path, status, body, want)
		}
		if reasons, ok := body["reasons"].([]any); !ok || (len(reasons) == 0) != (want == "live") {
			t.Errorf("%s: reasons %v", path, body["reasons"])
		}
		if _, text := read(t, web, s.url+path); strings.Contains(text, secret) || strings.Contains(text, "operator") {
			t.Errorf("%s tells a secret: %s", path, text)
		}
		if resp := post(t, web, s.url+path, "{}"); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST to %s: %s", path, resp.Status)
		}
	}
}

func TestAServerThatEndsIsNotReady(t *testing.T) {
	s := serveFor(t, defaultServe(), standin.Options{})
	r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
	before := httptest.NewRecorder()
	s.web.readyz().ServeHTTP(before, r)
	s.stop()
	err := <-s.ended
	s.ended <- err // for the cleanup
	after := httptest.NewRecorder()
	s.web.readyz().ServeHTTP(after, r)
	if before.Code != http.StatusOK || after.Code != http.StatusServiceUnavailable || !strings.Contains(after.Body.String(), "draining") {
		t.Errorf("%d before, %d after: %s", before.Code, after.Code, after.Body)
	}
}
