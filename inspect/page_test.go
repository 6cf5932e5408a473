package inspect

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/warm"
)

// element is an element of a page, as it was parsed.
type element struct {
	name       string
	attributes map[string]string
	text       string // directly in it, up to its first child
}

// parse reads a page. Pages are HTML that is well-formed as XML too, so that a
// missing end or an attribute without quotes is an error here.
func parse(t testing.TB, page string) (all []element) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = map[string]string{"nbsp": "\u00a0"}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attributes: make(map[string]string)}
			for _, a := range token.Attr {
				e.attributes[a.Name.Local] = a.Value
			}
			all = append(all, e)
		case xml.CharData:
			if len(all) > 0 && all[len(all)-1].text == "" {
				all[len(all)-1].text = string(token)
			}
		}
	}
}

// withHistory lets a world have some points of history.
func withHistory(t testing.TB, w *world) {
	t.Helper()
	at := time.Now().Add(-time.Hour)
	h := newHistory(w.state, w.meter, func() time.Time { return at })
	for range 3 {
		h.observe()
		w.use(t)
		at = at.Add(SampleInterval)
	}
	w.options.History = h
	w.options.Now = func() time.Time { return at.Add(-time.Second) } // no sample of its own
}

func TestEveryPageIsWellFormedAndComplete(t *testing.T) {
	w := newWorld(t)
	withHistory(t, w)
	h := w.handler(t)
	for _, path := range w.everyPage() {
		ids, labels := map[string]bool{}, []string{}
		captions, tables, current := 0, 0, 0
		for _, e := range parse(t, get(t, h, path)) {
			if id, ok := e.attributes["id"]; ok {
				if ids[id] {
					t.Errorf("%s: two elements have the id %s", path, id)
				}
				ids[id] = true
			}
			if label, ok := e.attributes["aria-labelledby"]; ok {
				labels = append(labels, label)
			}
			switch e.name {
			case "table":
				tables++
			case "caption":
				captions++
			case "svg":
				if e.attributes["role"] == "img" && e.attributes["aria-label"] == "" {
					t.Errorf("%s: a picture without a name", path)
				}
			}
			if e.attributes["aria-current"] == "page" {
				current++
			}
			for name := range e.attributes {
				if name == "style" || strings.HasPrefix(name, "on") {
					t.Errorf("%s: <%s %s>: the policy forbids it", path, e.name, name)
				}
			}
		}
		for _, label := range labels {
			if !ids[label] {
				t.Errorf("%s: nothing has the id %s, which is a label", path, label)
			}
		}
		if tables != captions || current != 1 || !ids["main"] {
			t.Errorf("%s: %d tables, %d captions, %d current", path, tables, captions, current)
		}
	}
}

// numbers are all numbers of a JSON value, by how they are written in HTML.
func numbers(value any) (all []string) {
	switch value := value.(type) {
	case json.Number:
		f, _ := value.Float64()
		all = append(all, exact(f))
	case []any:
		for _, one := range value {
			all = append(all, numbers(one)...)
		}
	case map[string]any:
		for _, one := range value {
			all = append(all, numbers(one)...)
		}
	}
	return all
}

// texts are all texts of a JSON value but times.
func texts(value any) (all []string) {
	switch value := value.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil && value != "" {
			all = append(all, value)
		}
	case []any:
		for _, one := range value {
			all = append(all, texts(one)...)
		}
	case map[string]any:
		for _, one := range value {
			all = append(all, texts(one)...)
		}
	}
	return all
}

// frozen is a source that says twice the same of what passes with time.
type frozen struct {
	Source
	hottest []warm.Saving
	asOf    time.Time
}

func (f *frozen) Hottest(int) []warm.Saving { return f.hottest }

func (f *frozen) Lifetime(_ int, query string) (state.Lifetime, bool) {
	known := query != f.hottest[0].Item.Query // one is not in memory
	return state.Lifetime{AsOf: f.asOf, Quality: state.Stale, FreshFor: 34567 * time.Millisecond, KeptFor: time.Hour}, known
}

func TestAPageSaysWhatItsJSONSays(t *testing.T) {
	w := newWorld(t)
	withHistory(t, w)
	h, err := Handler(&frozen{w.source(), w.state.Hottest(9), w.options.Now().Add(-12345 * time.Millisecond)}, w.options)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range w.everyPage() {
		d := json.NewDecoder(strings.NewReader(get(t, h, path+"?format=json")))
		d.UseNumber()
		var model any
		if err := d.Decode(&model); err != nil {
			t.Fatal(err)
		}
		page := get(t, h, path)
		shown := map[string]int{}
		for _, e := range parse(t, page) {
			if value, ok := e.attributes["value"]; ok && e.name == "data" {
				var n json.Number
				if err := json.Unmarshal([]byte(value), &n); err != nil {
					t.Errorf("%s: %q is no number", path, value)
				}
				f, _ := n.Float64()
				shown[exact(f)]++
			}
		}
		missing := 0
		for _, n := range numbers(model) {
			if shown[n]--; shown[n] < 0 {
				missing++
				t.Logf("%s: %s is in the JSON and not on the page", path, n)
			}
		}
		// The heap and the goroutines change between two requests.
		if allowed := map[string]int{"/": 2}[path]; missing > allowed {
			t.Errorf("%s: %d numbers are not on the page", path, missing)
		}
		var all strings.Builder
		dec := xml.NewDecoder(strings.NewReader(page))
		for {
			token, err := dec.Token()
			if err != nil {
				break
			}
			if text, ok := token.(xml.CharData); ok {
				all.Write(text)
			}
		}
		for _, text := range texts(model) {
			if !strings.Contains(all.String(), strings.ReplaceAll(text, "\r", "")) {
				t.Errorf("%s: %q is in the JSON and not on the page", path, text)
			}
		}
	}
}

func TestHostileNamesAreText(t *testing.T) {
	w := newWorld(t)
	w.options.Reveal = true
	h := w.handler(t)
	escaped := 0
	for _, path := range w.everyPage() {
		page := get(t, h, path)
		for _, e := range parse(t, page) {
			if e.name == "script" && e.attributes["src"] == "" || e.name == "img" {
				t.Errorf("%s has <%s> of a name's making", path, e.name)
			}
		}
		escaped += strings.Count(page, "&lt;script&gt;")
		if strings.Contains(page, "<script>alert") {
			t.Errorf("%s has a script of a name's making", path)
		}
	}
	if escaped < 5 {
		t.Errorf("hostile names are shown %d times: this test sees nothing", escaped)
	}
}

func TestWhatIsSecretIsNotShown(t *testing.T) {
	for _, reveal := range []bool{false, true} {
		w := newWorld(t)
		w.options.Reveal = reveal
		h := w.handler(t)
		for _, path := range w.everyPage() {
			for _, form := range []string{"html", "json"} {
				page := get(t, h, path+"?format="+form)
				if !reveal && strings.Contains(page, secret) {
					t.Errorf("%s as %s shows a text", path, form)
				}
				if strings.Contains(page, string(w.session.Handle())) {
					t.Errorf("%s as %s shows a session's handle", path, form)
				}
			}
		}
		if got := strings.Contains(get(t, h, "/keys"), secret); got != reveal {
			t.Errorf("Reveal %v: queries are shown: %v", reveal, got)
		}
		if got := strings.Contains(get(t, h, "/sessions"), secret); got != reveal {
			t.Errorf("Reveal %v: goals are shown: %v", reveal, got)
		}
	}
}

func TestTheNameOfAHiddenKeyIsThisProcesss(t *testing.T) {
	w := newWorld(t)
	one, other := getJSON[KeyList](t, w.handler(t), "/keys"), getJSON[KeyList](t, w.handler(t), "/keys")
	if len(one.Keys) != 3 || one.Keys[0].Name == other.Keys[0].Name || one.Keys[0].Name == one.Keys[1].Name {
		t.Errorf("%+v and %+v", one.Keys, other.Keys)
	}
}

func TestTheFormIsTheClientsChoice(t *testing.T) {
	w := newWorld(t)
	h := w.handler(t)
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "text/html; charset=utf-8"},
		{"", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"},
		{"", "application/json", "application/json"},
		{"", "application/json;q=0.4, text/html;q=0.6", "text/html; charset=utf-8"},
		{"", "text/html;q=0.4, application/json; q=0.6", "application/json"},
		{"?format=json", "text/html", "application/json"},
		{"?format=html", "application/json", "text/html; charset=utf-8"},
		{"", "image/png", "text/html; charset=utf-8"},
	} {
		r := localRequest(t, "/"+c.query)
		r.Header.Set("Accept", c.accept)
		got := answer(h, r)
		if got.Header().Get("Content-Type") != c.want || !slices.Contains(got.Header().Values("Vary"), "Accept") {
			t.Errorf("%q accepting %q: %v", c.query, c.accept, got.Header())
		}
	}
	if got := answer(h, localRequest(t, "/?format=xml")); got.Code != http.StatusBadRequest {
		t.Errorf("format=xml: %d", got.Code)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	w := newWorld(t)
	h := w.handler(t)
	for _, path := range []string{"/nothing", "/sessions/nothing", "/sessions/a/b/c", "/" + strings.Repeat("a/", 5000)} {
		got := answer(h, localRequest(t, path))
		if got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "there is no such page") {
			t.Errorf("%.30s: %d %.300s", path, got.Code, got.Body)
		}
		parse(t, got.Body.String())
	}
	r := localRequest(t, "/nothing?format=json")
	if got := answer(h, r); got.Code != http.StatusNotFound || !json.Valid(got.Body.Bytes()) {
		t.Errorf("as JSON: %d %s", got.Code, got.Body)
	}
}

func TestEmptyStatesAreWords(t *testing.T) {
	unused, err := state.Open(t.Context(), state.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	h, err := Handler(unused, Options{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/": "not measured", "/effect": "There is nothing to draw yet", "/sessions": "Sessions are not shown",
		"/keys": "No hit has been sampled yet", "/redis": "There is no Redis tier", "/predictions": "Nothing has been preloaded",
	} {
		if page := get(t, h, path); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
}

func TestAPageReloadsWhereThatIsWanted(t *testing.T) {
	h := newWorld(t).handler(t)
	for query, want := range map[string]string{"": "", "?refresh=10": "10", "?refresh=1": "", "?refresh=x": "", "?refresh=99999": ""} {
		got := ""
		for _, e := range parse(t, get(t, h, "/"+query)) {
			if e.name == "meta" && e.attributes["http-equiv"] == "refresh" {
				got = e.attributes["content"]
			}
		}
		if got != want {
			t.Errorf("%q: reloads every %q s, want %q", query, got, want)
		}
	}
}
