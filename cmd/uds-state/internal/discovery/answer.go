package discovery

import (
	"fmt"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/nrql"
)

// Answer says what an answer is worth. It is part of what every tool returns.
type Answer struct {
	Worth Provenance `json:"answer"`
}

func (a *Answer) stamp(p Provenance) { a.Worth = p }

// Provenance is where an answer came from, how old it is and how good.
type Provenance struct {
	// Source is "memory", "flight" (shared with another call's query), "shared" (from
	// another instance's memory), "origin" (NRDB was asked for it), or "session" (no
	// query was needed).
	Source string `json:"source" jsonschema:"memory, flight (shared with another call's query), shared (another server had asked), origin (NRDB was asked) or session (no query was needed)"`
	// Quality is "full", "stale", "narrow", "sampled" or "nothing".
	Quality    string    `json:"quality" jsonschema:"full, stale (out of date, a newer one is being fetched), narrow (a part of the time), sampled (a part of the events) or nothing"`
	AsOf       time.Time `json:"as_of" jsonschema:"when it was right"`
	AgeSeconds float64   `json:"age_seconds"`
	Window     *Window   `json:"window,omitempty" jsonschema:"the time that it is about"`
	// Preview is true where something is missing; Note says how to get it.
	Preview    bool     `json:"preview" jsonschema:"true where something is missing; note says how to get it"`
	SampleRate float64  `json:"sample_rate,omitempty" jsonschema:"the share of events that was read, where not all"`
	Note       string   `json:"note,omitempty"`
	Queries    int      `json:"queries" jsonschema:"how many queries it was made of"`
	Warnings   []string `json:"warnings,omitempty" jsonschema:"parts that could not be had"`
}

// Window is a time range.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func windowOf(w nrql.Window) *Window {
	if w.To.IsZero() {
		return nil
	}
	return &Window{From: w.From.UTC(), To: w.To.UTC()}
}

// part is one query's share in an answer.
type part struct {
	source     state.Source
	quality    state.Quality
	asOf       time.Time
	window     nrql.Window
	sampleRate float64
}

// whole is what several parts are worth together: as old as the oldest, as good as
// the worst, from as far as the farthest, about the time of them all.
type whole struct {
	part
	queries  int
	warnings []string
}

func (w *whole) add(p part) {
	w.queries++
	if w.queries == 1 {
		w.part = p
		return
	}
	if distance(p.source) > distance(w.source) {
		w.source = p.source
	}
	if p.quality < w.quality {
		w.quality, w.sampleRate = p.quality, p.sampleRate
	}
	if p.asOf.Before(w.asOf) {
		w.asOf = p.asOf
	}
	w.window = union(w.window, p.window)
}

// distance orders sources by what they cost. The numbers of sources don't: a result
// that another instance had is nearer than NRDB.
func distance(s state.Source) int {
	switch s {
	case state.Origin:
		return 4
	case state.Shared:
		return 3
	case state.Flight:
		return 2
	}
	return 1
}

func union(a, b nrql.Window) nrql.Window {
	switch {
	case a.To.IsZero():
		return b
	case b.To.IsZero():
		return a
	}
	if b.From.Before(a.From) {
		a.From = b.From
	}
	if b.To.After(a.To) {
		a.To = b.To
	}
	return a
}

// provenance is the whole as a client gets it from a tool.
func (w *whole) provenance(tool string, now time.Time) Provenance {
	if w.queries == 0 {
		return Provenance{Source: "session", Quality: state.Full.String(), AsOf: now.UTC(), Warnings: w.warnings}
	}
	p := Provenance{
		Source: w.source.String(), Quality: w.quality.String(), Window: windowOf(w.window), Queries: w.queries, Warnings: w.warnings,
		AsOf: w.asOf.UTC(), AgeSeconds: max(now.Sub(w.asOf).Round(time.Millisecond).Seconds(), 0), Preview: w.quality < state.Stale,
	}
	switch {
	case w.quality == state.Stale:
		p.Note = "out of date; a newer answer is being fetched, so the same call a little later gets it"
	case w.quality == state.Nothing:
		p.AsOf, p.AgeSeconds = now.UTC(), 0
		p.Note = fmt.Sprintf("nothing yet: the full answer is being fetched. Call %s again with mode \"full\" to wait for it", tool)
	case p.Preview:
		p.SampleRate = w.sampleRate
		p.Note = fmt.Sprintf("a preview: the full answer is being fetched. Call %s again with mode \"full\" to wait for it", tool)
	}
	return p
}

// words is the provenance in a line of text.
func (p *Provenance) words() string {
	line := fmt.Sprintf("[%s, %.0f s old, from %s", p.Quality, p.AgeSeconds, p.Source)
	if p.Window != nil {
		line += fmt.Sprintf(", about %s to %s", p.Window.From.Format(time.RFC3339), p.Window.To.Format(time.RFC3339))
	}
	line += "]"
	if p.Note != "" {
		line += " " + p.Note + "."
	}
	for _, w := range p.Warnings {
		line += "\nmissing: " + w
	}
	return line
}
