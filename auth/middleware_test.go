package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// nothing is a handler that does nothing.
type nothing struct{}

func (nothing) ServeHTTP(http.ResponseWriter, *http.Request) {}

// answer sends a request with headers, one "Name: value" each.
func answer(h http.Handler, address string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = address
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRequireLetsInWhoHasTheKeyAndTheScopes(t *testing.T) {
	logger, log := logged()
	k := keysOf(t, Options{Logger: logger})
	text, key := made(t, k, Spec{Owner: "ada", Scopes: []string{"read", "write"}})
	weak, _ := made(t, k, Spec{Scopes: []string{"read"}})
	stale, ended := made(t, k, Spec{Scopes: []string{"read", "write"}})
	if err := k.Revoke(ended.ID); err != nil {
		t.Fatal(err)
	}
	var reached []Principal
	h := k.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := FromContext(r.Context())
		if !ok || strings.Contains(fmt.Sprint(r.Header), "uds_") {
			t.Errorf("the handler sees %v, %v", ok, r.Header)
		}
		reached = append(reached, p)
	}), "read", "write")
	for _, tc := range []struct {
		name      string
		headers   []string
		want      int
		challenge string
	}{
		{"bearer", []string{"Authorization: Bearer " + text}, 200, ""},
		{"another case, more spaces", []string{"Authorization:  bearer   " + text + " "}, 200, ""},
		{"key header", []string{"X-API-Key: " + text}, 200, ""},
		{"the same twice", []string{"X-API-Key: " + text, "Authorization: Bearer " + text}, 200, ""},
		{"with somebody else's", []string{"X-API-Key: " + text, "Authorization: Basic YTpi"}, 200, ""}, // not ours to judge
		{"two", []string{"X-API-Key: " + text, "Authorization: Bearer " + weak}, 400, `Bearer realm="uds", error="invalid_request"`},
		{"two of one kind", []string{"Authorization: Bearer " + text, "Authorization: Bearer " + weak}, 400, `Bearer realm="uds", error="invalid_request"`},
		{"none", nil, 401, `Bearer realm="uds"`},
		{"empty", []string{"Authorization: Bearer ", "X-API-Key: "}, 401, `Bearer realm="uds"`},
		{"another scheme", []string{"Authorization: Basic " + text}, 401, `Bearer realm="uds"`},
		{"wrong", []string{"X-API-Key: " + text[:79] + "1"}, 401, `Bearer realm="uds", error="invalid_token"`},
		{"revoked", []string{"X-API-Key: " + stale}, 401, `Bearer realm="uds", error="invalid_token"`},
		{"without a scope", []string{"X-API-Key: " + weak}, 403, `Bearer realm="uds", error="insufficient_scope", scope="read write"`},
	} {
		before := len(reached)
		w := answer(h, "192.0.2.1:1000", tc.headers...)
		if w.Code != tc.want || w.Header().Get("WWW-Authenticate") != tc.challenge {
			t.Errorf("%s: %d %q, want %d %q", tc.name, w.Code, w.Header().Get("WWW-Authenticate"), tc.want, tc.challenge)
		}
		if got := len(reached) - before; got == 1 != (tc.want == 200) {
			t.Errorf("%s: the handler was reached %d times", tc.name, got)
		}
		if tc.want != 200 && (w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "uds_")) {
			t.Errorf("%s: %v %s", tc.name, w.Header(), w.Body)
		}
	}
	if p := reached[0]; p.ID != key.ID || p.Owner != "ada" {
		t.Errorf("%+v", p)
	}
	if strings.Contains(log.String(), "uds_") || !strings.Contains(log.String(), "revoked") || !strings.Contains(log.String(), ended.ID.String()) || !strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("log: %s", log)
	}
}

func TestAContextWithoutAPrincipalHasNone(t *testing.T) {
	if _, ok := FromContext(t.Context()); ok {
		t.Error("somebody is there")
	}
	if p, ok := FromContext(NewContext(t.Context(), Principal{Owner: "ada"})); !ok || p.Owner != "ada" {
		t.Error("what was put in is not there")
	}
}

func TestFailuresAreLimitedByAddressAndRightKeysAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, log := logged()
		k := keysOf(t, Options{FailuresPerMinute: 6, Logger: logger})
		text, _ := made(t, k, Spec{})
		h := k.Require(nothing{})
		const wrong = "X-API-Key: wrong"
		codes := func(address string, n int) (list []int) {
			for range n {
				list = append(list, answer(h, address, wrong).Code)
			}
			return list
		}
		if got := codes("192.0.2.1:1000", 8); !slices.Equal(got, []int{401, 401, 401, 401, 401, 401, 429, 429}) {
			t.Fatal(got)
		}
		if got := strings.Count(log.String(), "was refused"); got != 6 {
			t.Errorf("%d of 8 failures are logged, want 6", got)
		}
		w := answer(h, "192.0.2.1:2000", wrong) // the port is no way out
		if w.Code != 429 || w.Header().Get("Retry-After") != "10" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := answer(h, "192.0.2.1:1000", "X-API-Key: "+text); w.Code != 200 {
			t.Errorf("a right key is answered %d", w.Code)
		}
		if w := answer(h, "192.0.2.1:1000"); w.Code != 401 {
			t.Errorf("a request without a key is answered %d", w.Code)
		}
		if got := codes("192.0.2.2:1", 1); got[0] != 401 {
			t.Error("another address is limited too")
		}
		time.Sleep(10 * time.Second)
		if got := codes("192.0.2.1:1", 2); !slices.Equal(got, []int{401, 429}) {
			t.Errorf("after Retry-After: %v", got)
		}
		time.Sleep(time.Minute)
		if got := codes("192.0.2.1:1", 7); !slices.Equal(got, []int{401, 401, 401, 401, 401, 401, 429}) {
			t.Errorf("after a minute: %v", got)
		}
	})
}

func TestFailuresAreLimitedInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{FailuresPerMinute: NoLimit, TotalFailuresPerMinute: 3})
		for i, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
			_, err := k.VerifyFrom(address, "wrong")
			var limited *LimitedError
			if errors.As(err, &limited) != (i == 3) || !errors.Is(err, ErrUnauthorized) {
				t.Errorf("failure %d: %v", i, err)
			}
			if i == 3 && (limited.RetryAfter != 20*time.Second || !errors.Is(err, ErrLimited) || !strings.Contains(err.Error(), "try again in 20s")) {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestWithoutLimitsNothingIsLimited(t *testing.T) {
	k := keysOf(t, Options{FailuresPerMinute: NoLimit, TotalFailuresPerMinute: NoLimit})
	for range 3000 {
		if _, err := k.VerifyFrom("192.0.2.1", "wrong"); err != ErrUnauthorized {
			t.Fatal(err)
		}
	}
}

func TestAnAddressIsItsNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:80":               "192.0.2.1",
		"192.0.2.1":                  "192.0.2.1",
		"[::ffff:192.0.2.1]:80":      "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:443": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":       "2001:db8:1:2::/64",
		"[fe80::1%eth0]:9":           "fe80::/64",
		"a proxy":                    "a proxy",
		"":                           "",
	} {
		if got := networkOf(address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

func TestTheAddressIsWhatTheOptionSays(t *testing.T) {
	k := keysOf(t, Options{FailuresPerMinute: 1, Address: func(r *http.Request) string { return r.Header.Get("X-Real-IP") }})
	h := k.Require(nothing{})
	for i, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1"} {
		w := answer(h, "198.51.100.1:1", "X-API-Key: wrong", "X-Real-IP: "+address)
		if want := []int{401, 401, 429}[i]; w.Code != want {
			t.Errorf("%s: %d, want %d", address, w.Code, want)
		}
	}
}
