package inspect

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/session"
)

func TestNothingCanBeChanged(t *testing.T) {
	w := newWorld(t)
	h := w.handler(t)
	for _, path := range append(w.everyPage(), "/"+style.Name) {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "HACK"} {
			r := localRequest(t, path)
			r.Method = method
			if got := answer(h, r); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d", method, path, got.Code)
			}
		}
		r := localRequest(t, path)
		r.Method = http.MethodHead
		if got := answer(h, r); got.Code != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, got.Code)
		}
	}
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	w := newWorld(t)
	h := w.handler(t)
	for _, path := range append(w.everyPage(), "/nothing", "/?format=json", "/?format=xml", "/"+script.Name) {
		got := answer(h, localRequest(t, path)).Header()
		csp := got.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("%s: %q is not strict", path, csp)
		}
		if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Referrer-Policy") != "no-referrer" || got.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, got)
		}
		if cache := got.Get("Cache-Control"); cache != "no-store" && path != "/"+script.Name {
			t.Errorf("%s: Cache-Control %q", path, cache)
		}
	}
}

func TestOpenIsForThisMachineAlone(t *testing.T) {
	h := newWorld(t).handler(t)
	for _, c := range []struct {
		name, address, host, header string
		want                        int
	}{
		{"IPv4", "127.0.0.1:1", "127.0.0.1:8080", "", 200},
		{"IPv6", "[::1]:1", "[::1]:8080", "", 200},
		{"mapped", "[::ffff:127.0.0.1]:1", "localhost", "", 200},
		{"another loopback address", "127.8.8.8:1", "127.8.8.8", "", 200},
		{"capitals", "127.0.0.1:1", "LocalHost:80", "", 200},
		{"another machine", "192.0.2.1:1", "localhost", "", 403},
		{"another machine, IPv6", "[2001:db8::1]:1", "localhost", "", 403},
		{"no address", "@", "localhost", "", 403},
		{"a name that points here", "127.0.0.1:1", "evil.example:8080", "", 403},
		{"a name that looks like it", "127.0.0.1:1", "localhost.evil.example", "", 403},
		{"a name that begins like an address", "127.0.0.1:1", "127.0.0.1.evil.example", "", 403},
		{"an address of the machine", "127.0.0.1:1", "192.0.2.7:8080", "", 403},
		{"any address", "127.0.0.1:1", "0.0.0.0:8080", "", 403},
		{"no name", "127.0.0.1:1", "", "", 403},
		{"a proxy", "127.0.0.1:1", "localhost", "X-Forwarded-For", 403},
		{"a modern proxy", "127.0.0.1:1", "localhost", "Forwarded", 403},
		{"another proxy", "127.0.0.1:1", "localhost", "Via", 403},
	} {
		r := localRequest(t, "/")
		r.RemoteAddr, r.Host = c.address, c.host
		if c.header != "" {
			r.Header.Set(c.header, "1.1 x")
		}
		if got := answer(h, r); got.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, got.Code, c.want)
		}
	}
}

func TestOtherSitesMayLinkAndNoMore(t *testing.T) {
	h := newWorld(t).handler(t)
	for _, c := range []struct {
		site, mode string
		want       int
	}{
		{"cross-site", "cors", 403}, {"cross-site", "no-cors", 403}, {"cross-site", "navigate", 200},
		{"same-origin", "cors", 200}, {"none", "navigate", 200}, {"", "", 200},
	} {
		r := localRequest(t, "/")
		r.Header.Set("Sec-Fetch-Site", c.site)
		r.Header.Set("Sec-Fetch-Mode", c.mode)
		if got := answer(h, r); got.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.site, c.mode, got.Code, c.want)
		}
	}
}

func TestAKeyIsWanted(t *testing.T) {
	w := newWorld(t)
	keys, err := auth.New(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mine, _, err := keys.Create(auth.Spec{Owner: "ada", Scopes: []string{"inspect"}})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := keys.Create(auth.Spec{Owner: "bob", Scopes: []string{"query"}})
	if err != nil {
		t.Fatal(err)
	}
	w.options.Open, w.options.Keys, w.options.Scope = false, keys, "inspect"
	h := w.handler(t)
	for _, c := range []struct {
		name string
		ask  func(*http.Request)
		want int
	}{
		{"none", func(*http.Request) {}, 401},
		{"in a header", func(r *http.Request) { r.Header.Set("X-Api-Key", string(mine)) }, 200},
		{"as a token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(mine)) }, 200},
		{"as a password", func(r *http.Request) { r.SetBasicAuth("anybody", string(mine)) }, 200},
		{"a wrong password", func(r *http.Request) { r.SetBasicAuth("anybody", "wrong") }, 401},
		{"an empty password", func(r *http.Request) { r.SetBasicAuth("anybody", "") }, 401},
		{"without the scope", func(r *http.Request) { r.SetBasicAuth("", string(other)) }, 403},
	} {
		for _, path := range append(w.everyPage()[:3], "/"+style.Name, "/?format=json", "/nothing") {
			want := c.want
			if path == "/nothing" && want == 200 {
				want = 404
			}
			r := localRequest(t, path)
			c.ask(r)
			got := answer(h, r)
			if got.Code != want {
				t.Errorf("%s, %s: %d, want %d", c.name, path, got.Code, want)
			}
			challenges := strings.Join(got.Header().Values("WWW-Authenticate"), "; ")
			if want == 401 && (!strings.Contains(challenges, "Basic ") || !strings.Contains(challenges, "Bearer ")) {
				t.Errorf("%s, %s: a browser would not ask: %s", c.name, path, challenges)
			}
		}
	}
}

func TestARequestSeesTheSessionsOfItsOwner(t *testing.T) {
	w := newWorld(t)
	keys, err := auth.New(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hers, err := w.sessions.Create(t.Context(), "ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	ada, _, err := keys.Create(auth.Spec{Owner: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	bob, _, err := keys.Create(auth.Spec{Owner: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	w.options.Open, w.options.Keys = false, keys
	h := w.handler(t)
	for _, c := range []struct {
		key  auth.Plaintext
		want int
	}{{ada, 200}, {bob, 404}} {
		r := localRequest(t, "/sessions/"+idOf(hers.Handle()))
		r.Header.Set("X-Api-Key", string(c.key))
		if got := answer(h, r); got.Code != c.want {
			t.Errorf("%d, want %d", got.Code, c.want)
		}
	}
	w.options.Owners = func(*http.Request) []session.Owner { return []session.Owner{"", "ada"} }
	r := localRequest(t, "/sessions?format=json")
	r.Header.Set("X-Api-Key", string(bob))
	if got := answer(w.handler(t), r); strings.Count(got.Body.String(), `"id":`) != 2 {
		t.Errorf("an operator sees %s", got.Body)
	}
}

func TestTheEmbedderMayDecide(t *testing.T) {
	w := newWorld(t)
	w.options.Open = false
	w.options.Authorize = func(r *http.Request) error {
		if r.Header.Get("X-Me") == "" {
			return errors.New(secret)
		}
		return nil
	}
	h := w.handler(t)
	r := localRequest(t, "/")
	if got := answer(h, r); got.Code != http.StatusForbidden || strings.Contains(got.Body.String(), secret) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	r.Header.Set("X-Me", "1")
	r.RemoteAddr = "192.0.2.1:1"
	if got := answer(h, r); got.Code != http.StatusOK {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestBadOptionsNameEveryFault(t *testing.T) {
	_, err := Handler(nil, Options{Scope: "x", Interval: 1, Streams: -1})
	if !errors.Is(err, ErrOptions) {
		t.Fatal(err)
	}
	for _, want := range []string{"source is nil", "nobody may look", "Scope", "Interval", "Streams"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	w := newWorld(t)
	_, err = Handler(w.state, Options{Open: true, Authorize: func(*http.Request) error { return nil }})
	if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "2 of Keys, Authorize and Open") {
		t.Error(err)
	}
	if _, err := NewHistory(nil, nil); !errors.Is(err, ErrOptions) {
		t.Error(err)
	}
	if _, err := NewMeter(nil); !errors.Is(err, ErrOptions) {
		t.Error(err)
	}
}

func TestFilesMayBeKeptAndAreWhatPagesExpect(t *testing.T) {
	h := newWorld(t).handler(t)
	page := get(t, h, "/")
	for _, a := range assets {
		got := answer(h, localRequest(t, "/"+a.Name))
		if got.Code != http.StatusOK || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") || got.Header().Get("Content-Type") != a.kind {
			t.Errorf("%s: %d %v", a.Name, got.Code, got.Header())
		}
		if !strings.Contains(page, "./"+a.Name) {
			t.Errorf("no page refers to %s", a.Name)
		}
	}
	hashes := 0
	for _, e := range parse(t, page) {
		if e.attributes["integrity"] != "" {
			hashes++
		}
	}
	if hashes != 2 {
		t.Errorf("%d hashes", hashes)
	}
	if strings.Contains(page, "http:") || strings.Contains(page, "https:") || strings.Contains(page, "//") {
		t.Error("the page asks another server for something")
	}
}
