package inspect

import (
	"embed"
	"net/http"
	"sync/atomic"
)

// Handler makes the dashboard of a source. Mount it at any path, with a slash at
// its end:
//
//	mux.Handle("/debug/state/", http.StripPrefix("/debug/state", h))
//
// It starts no goroutine, and none is left of a request that has ended. The error
// matches ErrOptions, and names every fault.
func Handler(source Source, o Options) (http.Handler, error) {
	o, err := o.filled(source)
	if err != nil {
		return nil, err
	}
	d := &dashboard{source: source, options: o, history: o.History, alias: newAlias()}
	if d.history == nil {
		d.history = newHistory(source, o.Meter, o.Now)
	}
	return guard(&d.options, d.routes()), nil
}

// dashboard answers requests that were let in.
//
// Every page is one model, which is plain data with nothing secret in it, and
// three ways to write it: as HTML, as JSON and as a stream of the HTML's parts. So
// they can't say different things.
//
// Rejected: pages that a script makes of the JSON (nothing to see without it, and
// twice the code that must not trust a name), and a library for charts (one more
// thing that an embedder has to trust; a chart here is one line of SVG).
type dashboard struct {
	source  Source
	options Options // INVARIANT: filled, never changed.
	history *History
	alias   alias
	streams atomic.Int64 // INVARIANT: at most options.Streams, but for a moment.
}

// page is one page.
type page struct {
	path  string // as http.ServeMux has it
	title string
	menu  string // the path of the menu's entry that it belongs to
	// root leads from the page to the dashboard's root.
	root  string
	model func(*http.Request) (any, error)
	// sections are templates, and the ids of the elements that have their outcome.
	// A live page gets them anew, one by one.
	sections []string
}

func (d *dashboard) pages() []page {
	return []page{
		{"/{$}", "Overview", "", "./", d.overview, []string{"health", "worth", "recent", "kinds", "process"}},
		{"/effect", "Effectiveness", "effect", "./", d.effect, []string{"ratio", "traffic", "queries", "saving", "latency", "departures", "window", "memory", "spans"}},
		{"/sessions", "Sessions", "sessions", "./", d.sessionList, []string{"sessions", "upkeep"}},
		{"/sessions/{id}", "Session", "sessions", "../", d.sessionPage, []string{"about", "timeline", "calls", "explored"}},
		{"/keys", "Keys by saved time", "keys", "./", d.keyList, []string{"keys"}},
		{"/redis", "Redis", "redis", "./", d.redis, []string{"tier", "reads", "writes"}},
		{"/predictions", "Predictions", "predictions", "./", d.predictions, []string{"foresight", "budget", "preload"}},
	}
}

// menu is every page that has no parameter.
func (d *dashboard) menu() []page {
	var menu []page
	for _, p := range d.pages() {
		if p.root == "./" {
			menu = append(menu, p)
		}
	}
	return menu
}

func (d *dashboard) routes() http.Handler {
	mux := http.NewServeMux()
	for _, p := range d.pages() {
		mux.HandleFunc(p.path, func(w http.ResponseWriter, r *http.Request) { d.show(w, r, &p) })
	}
	for _, a := range assets {
		mux.HandleFunc("/"+a.Name, a.serve)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.fail(w, r, &page{title: "Not found", root: rootFrom(r.URL.Path)}, errNoPage)
	})
	return mux
}

//go:embed assets
var files embed.FS
