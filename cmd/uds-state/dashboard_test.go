package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/inspect"
	discovery "github.com/uds-platform/state/session"
)

// watchedDemo is a demo that a dashboard looks at.
type watchedDemo struct {
	demo    *demo
	state   *state.State
	store   *discovery.Store
	options inspect.Options
	root    string // the dashboard's address
}

// watch opens everything; explore makes something of it to see.
func watch(t *testing.T, stand standin.Options, change func(*inspect.Options)) *watchedDemo {
	t.Helper()
	opened := standInFor(t, stand)
	meter, err := inspect.NewMeter(opened.querier)
	if err != nil {
		t.Fatal(err)
	}
	w := &watchedDemo{demo: &demo{options: demoOptions{sessions: 6, seed: 1}, target: opened, errOut: io.Discard, rounds: 2}}
	if w.state, err = state.Open(t.Context(), state.Config{Querier: meter}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.state.Close() })
	if w.store, err = discovery.New(discovery.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.store.Close)
	w.options = inspect.Options{Open: true, Sessions: w.store, Meter: meter, Reveal: true, Interval: 200 * time.Millisecond, Marks: exploredMarks}
	if change != nil {
		change(&w.options)
	}
	h, err := inspect.Handler(w.state, w.options)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/state/", http.StripPrefix("/debug/state", h))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.root = server.URL + "/debug/state/"
	return w
}

// explore runs the demo's sessions, and writes down what each did.
func (w *watchedDemo) explore(t *testing.T) {
	t.Helper()
	recorders := w.demo.recorders(time.Now())
	var running sync.WaitGroup
	for i, r := range recorders {
		one := w.demo.session(i, w.state, r)
		if one.diary = newDiary(w.store, i+1); one.diary == nil {
			t.Fatal("there is no room for a session")
		}
		running.Go(func() { one.run(t.Context()) })
	}
	running.Wait()
}

// pages are the dashboard's pages, one of a session among them.
func (w *watchedDemo) pages(t *testing.T) map[string]string {
	t.Helper()
	list, err := w.store.List(t.Context(), "", "", 1)
	if err != nil || len(list.Sessions) == 0 {
		t.Fatal("there is no session", err)
	}
	body := w.glance(t, "sessions")
	_, rest, _ := strings.Cut(body, `href="./sessions/`)
	id, _, _ := strings.Cut(rest, `"`)
	return map[string]string{
		"Overview": "", "Effectiveness": "effect", "Sessions": "sessions", "Session": "sessions/" + id,
		"Keys by saved time": "keys", "Redis": "redis", "Predictions": "predictions",
	}
}

// glance fetches a page as a client without a browser would.
func (w *watchedDemo) glance(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(w.root + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestTheDashboardInChromium(t *testing.T) {
	w := watch(t, standin.Options{}, nil)
	w.explore(t)
	newTab := openBrowser(t)
	for title, path := range w.pages(t) {
		t.Run(title, func(t *testing.T) {
			b := newTab(t)
			b.open(w.root+path, 1200)
			if got := ask[string](b, `document.querySelector("h1").textContent`); got != title {
				t.Errorf("the title is %q, want %q", got, title)
			}
			b.await(`document.getElementById("status").textContent === "Updating"`)
			b.fits(t, 1200)
			b.open(w.root+path, 400)
			b.fits(t, 400)
			b.schemes(t)
		})
	}
	t.Run("without a script", func(t *testing.T) { withoutScript(t, newTab(t), w) })
	t.Run("live", func(t *testing.T) { updatesLive(t, newTab(t), w) })
	t.Run("keyboard", func(t *testing.T) { reachableByKeyboard(t, newTab(t), w) })
	t.Run("hostile", func(t *testing.T) { hostileNames(t, newTab(t), w) })
}

// fits checks that a page needs no sideways scrolling.
func (b *tab) fits(t *testing.T, width int) {
	t.Helper()
	if got := ask[int](b, `document.documentElement.scrollWidth`); got > width {
		t.Errorf("at %d px the page is %d px wide", width, got)
	}
}

// schemes checks that the page follows the user's liking.
func (b *tab) schemes(t *testing.T) {
	t.Helper()
	seen := make(map[string]string)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		seen[scheme] = ask[string](b, `getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color`)
	}
	if !strings.HasPrefix(seen["light"], "rgb(245, 246, 248)") || !strings.HasPrefix(seen["dark"], "rgb(16, 20, 24)") {
		t.Errorf("the schemes are %v", seen)
	}
}

func withoutScript(t *testing.T, b *tab, w *watchedDemo) {
	b.do(chromedp.Navigate("about:blank"))
	b.withoutScript()
	for title, path := range w.pages(t) {
		b.open(w.root+path, 1200)
		ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
		page, err := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, "<h1>"+title+"</h1>") || strings.Contains(page, `class="scripted"`) || !strings.Contains(page, "Reload every 10 s") {
			t.Errorf("%s is not complete without a script", title)
		}
		if tables := strings.Count(page, "<table"); tables == 0 && (title == "Overview" || strings.HasPrefix(title, "Session")) {
			t.Errorf("%s has no table", title)
		}
	}
}

func updatesLive(t *testing.T, b *tab, w *watchedDemo) {
	b.open(w.root+"sessions", 1200)
	b.await(`document.getElementById("status").textContent === "Updating"`)
	rows := `document.querySelectorAll("#sessions tbody tr").length`
	before := ask[int](b, rows)
	b.do(chromedp.Focus(chromedp.CSS("#sessions tbody a")))
	focused := ask[string](b, `document.activeElement.id`)
	if _, err := w.store.Create(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	b.await(fmt.Sprintf(`%s === %d`, rows, before+1))
	if got := ask[string](b, `document.activeElement.id`); got != focused || focused == "" {
		t.Errorf("the focus was on %q and is on %q", focused, got)
	}

	b.open(w.root, 1200)
	b.await(`document.getElementById("status").textContent === "Updating"`)
	hits := `Number(document.querySelector("#worth .lead .note data").value)`
	had := ask[int](b, hits)
	w.ask(t)
	w.ask(t)
	b.await(fmt.Sprintf(`%s > %d`, hits, had))

	b.do(chromedp.Click(chromedp.CSS("#pause")))
	b.await(`document.getElementById("status").textContent === "Paused" && document.getElementById("pause").textContent === "Resume"`)
	b.do(chromedp.Click(chromedp.CSS("#pause")))
	b.await(`document.getElementById("status").textContent === "Updating"`)
}

func (w *watchedDemo) ask(t *testing.T) {
	t.Helper()
	if _, err := w.state.Query(t.Context(), w.demo.target.account, "SHOW EVENT TYPES SINCE 1 day ago"); err != nil {
		t.Fatal(err)
	}
}

// reachableByKeyboard walks over the page with the tabulator.
func reachableByKeyboard(t *testing.T, b *tab, w *watchedDemo) {
	b.open(w.root, 1200)
	b.await(`document.getElementById("status").textContent === "Updating"`)
	reachable := ask[int](b, `document.querySelectorAll("a[href], button, summary, [tabindex='0']").length`)
	var visited []string
	for range reachable + 2 {
		b.press("\t")
		if ask[bool](b, `document.activeElement === document.body`) {
			continue // before the first, and behind the last
		}
		visited = append(visited, ask[string](b, `document.activeElement.textContent.trim().slice(0, 20) || document.activeElement.id`))
		if outline := ask[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
			t.Errorf("the focus on %q can't be seen: %s", visited[len(visited)-1], outline)
		}
	}
	if visited[0] != "Skip to the content" {
		t.Errorf("the first is %q", visited[0])
	}
	for _, want := range []string{"Overview", "Effectiveness", "Sessions", "Keys by saved time", "Redis", "Predictions", "Pause", "Reload", "JSON"} {
		if !slices.Contains(visited, want) {
			t.Errorf("%q can't be reached by the keyboard: %q", want, visited)
		}
	}
	b.do(chromedp.Focus(chromedp.CSS("#pause")))
	b.press("\r")
	b.await(`document.getElementById("status").textContent === "Paused"`)
	b.do(chromedp.Focus(chromedp.CSS("nav li:nth-child(2) a")))
	b.press("\r")
	b.await(`document.querySelector("h1")?.textContent === "Effectiveness"`)
}

func hostileNames(t *testing.T, b *tab, w *watchedDemo) {
	const name = `"><img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`
	_, err := w.store.Create(t.Context(), "", func(d *discovery.Draft) error {
		return errors.Join(d.SetGoal(discovery.Goal{Text: name}), d.Record(discovery.Call{Tool: name, EventType: name, At: time.Now(), Source: discovery.Hit}))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.open(w.root+"sessions", 1200)
	b.await(`document.body.textContent.includes("onerror=")`)
	b.do(chromedp.Click(chromedp.CSS("#sessions tbody a")))
	b.await(`document.querySelector("#timeline .label")?.textContent.includes("onerror=")`)
	b.await(`document.getElementById("status").textContent === "Updating"`)
	if title := ask[string](b, `document.title`); title == "pwned" || ask[int](b, `document.querySelectorAll("img, section script").length`) > 0 {
		t.Errorf("a name became a part of the page: %s", title)
	}
}

func TestABrowserLooksWithAKey(t *testing.T) {
	keys, err := auth.New(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := keys.Create(auth.Spec{Owner: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	w := watch(t, standin.Options{}, func(o *inspect.Options) { o.Open, o.Keys = false, keys })
	b := openBrowser(t)(t)
	b.open(strings.Replace(w.root, "://", "://ada:"+string(text)+"@", 1), 1200)
	b.await(`document.getElementById("status")?.textContent === "Updating"`)
}
