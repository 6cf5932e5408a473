package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"count": countHTML, "percent": percentHTML, "bytes": bytesHTML, "seconds": secondsHTML, "clock": clockHTML, "moment": momentHTML,
	"bar": barOf, "life": lifeOf, "duration": func(s *float64) template.HTML { return secondsHTML(*s) }, "markClass": markClassOf, "lanes": lanesOf, "legend": legendOf,
	"ratioChart": ratioChart, "trafficChart": trafficChart, "latencyChart": latencyChart,
	"queryChart": queryChart, "savingChart": savingChart, "recentChart": recentChart, "departureChart": departureChart, "windowChart": windowChart, "memoryChart": memoryChart,
	"latest": latestPoints,
}).ParseFS(files, "assets/*.html"))

// frame is what the frame of a page is made of.
type frame struct {
	Title    string
	Root     string
	Menu     []menuEntry
	Parts    []part
	Style    *asset
	Script   *asset // nil where there is nothing to keep up to date
	Icon     *asset
	At       time.Time
	Refresh  int // in seconds; 0 for not
	Interval time.Duration
}

type menuEntry struct {
	Title, Path string
	Here        bool
}

// part is a section that has been written.
type part struct {
	ID   string        `json:"id"`
	HTML template.HTML `json:"html"`
}

// look is what a section's template gets.
type look struct {
	Model any
	Root  string
}

// show answers with a page in the form that the request wants.
func (d *dashboard) show(w http.ResponseWriter, r *http.Request, p *page) {
	w.Header().Set("Vary", "Accept")
	d.history.observe()
	form, ok := formOf(r)
	if !ok {
		http.Error(w, "the format is not known; want html, json or events", http.StatusBadRequest)
		return
	}
	if form == formEvents {
		d.live(w, r, p)
		return
	}
	model, err := p.model(r)
	if err != nil {
		d.fail(w, r, p, err)
		return
	}
	if form == formJSON {
		writeJSON(w, http.StatusOK, model)
		return
	}
	parts, err := partsOf(p, model)
	if err != nil {
		d.fail(w, r, p, err)
		return
	}
	f := d.frameOf(r, p)
	f.Parts, f.Script = parts, script
	writeHTML(w, http.StatusOK, f)
}

// fail answers with an error. What is not the client's affair is logged.
func (d *dashboard) fail(w http.ResponseWriter, r *http.Request, p *page, err error) {
	status := http.StatusNotFound
	if !errors.Is(err, errNoPage) {
		d.options.Logger.ErrorContext(r.Context(), "a page of the dashboard failed", slog.String("page", p.path), slog.Any("reason", err))
		status, err = http.StatusInternalServerError, errors.New("this page can't be shown; the log says why")
	}
	if form, _ := formOf(r); form != formHTML {
		writeJSON(w, status, map[string]string{"error": err.Error()})
		return
	}
	f := d.frameOf(r, p)
	f.Parts = []part{{ID: "error", HTML: template.HTML("<p>" + template.HTMLEscapeString(err.Error()) + "</p>")}}
	writeHTML(w, status, f)
}

func (d *dashboard) frameOf(r *http.Request, p *page) *frame {
	f := &frame{
		Title: p.title, Root: p.root, Style: style, Icon: icon, At: d.options.Now(),
		Refresh: refreshOf(r), Interval: d.options.Interval,
	}
	for _, other := range d.menu() {
		f.Menu = append(f.Menu, menuEntry{Title: other.title, Path: p.root + other.menu, Here: other.menu == p.menu && p.path != ""})
	}
	return f
}

// partsOf writes a page's sections.
func partsOf(p *page, model any) ([]part, error) {
	var parts []part
	for _, id := range p.sections {
		var text bytes.Buffer
		if err := templates.ExecuteTemplate(&text, id, look{model, p.root}); err != nil {
			return nil, err
		}
		parts = append(parts, part{ID: id, HTML: template.HTML(text.String())})
	}
	return parts, nil
}

func writeHTML(w http.ResponseWriter, status int, f *frame) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, "frame", f); err != nil {
		http.Error(w, "this page can't be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

func writeJSON(w http.ResponseWriter, status int, model any) {
	text, err := json.MarshalIndent(model, "", "  ")
	if err != nil {
		http.Error(w, "this page can't be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// The forms of a page.
const (
	formHTML   = "html"
	formJSON   = "json"
	formEvents = "events"
)

// formOf is what a request wants: by its query, or else by what it accepts.
func formOf(r *http.Request) (form string, ok bool) {
	switch form := r.URL.Query().Get("format"); form {
	case formHTML, formJSON, formEvents:
		return form, true
	case "":
		return accepted(r.Header.Get("Accept")), true
	}
	return formHTML, false
}

// accepted is the form that an Accept header likes best; HTML where it likes
// several as much, or none of them.
func accepted(header string) string {
	best, form := 0.0, formHTML
	for _, one := range []struct{ form, media string }{
		{formHTML, "text/html"}, {formJSON, "application/json"}, {formEvents, "text/event-stream"},
	} {
		if weight := weightOf(header, one.media); weight > best {
			best, form = weight, one.form
		}
	}
	return form
}

// weightOf is the weight that an Accept header gives to a media type by name.
func weightOf(header, media string) float64 {
	for _, clause := range strings.Split(header, ",") {
		name, parameters, _ := strings.Cut(clause, ";")
		if !strings.EqualFold(strings.TrimSpace(name), media) {
			continue
		}
		_, text, ok := strings.Cut(strings.ReplaceAll(parameters, " ", ""), "q=")
		if weight, err := strconv.ParseFloat(text, 64); ok && err == nil {
			return weight
		}
		return 1
	}
	return 0
}

const (
	leastRefresh = 2
	mostRefresh  = 3600
)

// refreshOf is after how many seconds the page is to be loaded again, by who has no
// script; 0 for never.
func refreshOf(r *http.Request) int {
	seconds, err := strconv.Atoi(r.URL.Query().Get("refresh"))
	if err != nil || seconds < leastRefresh || seconds > mostRefresh {
		return 0
	}
	return seconds
}

// rootFrom leads from a path to the root.
func rootFrom(path string) string {
	return "./" + strings.Repeat("../", min(max(strings.Count(path, "/")-1, 0), 20))
}
