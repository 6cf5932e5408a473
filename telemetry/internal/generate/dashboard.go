package main

import (
	"bytes"
	"encoding/json"

	"github.com/uds-platform/state/telemetry"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

// These are the parts of a dashboard's JSON that New Relic imports ("Import
// dashboard"). accountIds stay empty: the account is chosen when it is imported.
type (
	dashboard struct {
		Name        string     `json:"name"`
		Description string     `json:"description"`
		Permissions string     `json:"permissions"`
		Pages       []page     `json:"pages"`
		Variables   []variable `json:"variables"`
	}
	page struct {
		Name        string   `json:"name"`
		Description string   `json:"description"`
		Widgets     []widget `json:"widgets"`
	}
	widget struct {
		Title             string        `json:"title"`
		Layout            layout        `json:"layout"`
		LinkedEntityGUIDs []string      `json:"linkedEntityGuids"`
		Visualization     visualization `json:"visualization"`
		RawConfiguration  configuration `json:"rawConfiguration"`
	}
	layout struct {
		Column int `json:"column"`
		Row    int `json:"row"`
		Width  int `json:"width"`
		Height int `json:"height"`
	}
	visualization struct {
		ID string `json:"id"`
	}
	configuration struct {
		NRQLQueries []nrqlQuery `json:"nrqlQueries"`
		YAxisLeft   *axis       `json:"yAxisLeft,omitempty"`
		Units       *units      `json:"units,omitempty"`
	}
	nrqlQuery struct {
		AccountIDs []int  `json:"accountIds"`
		Query      string `json:"query"`
	}
	axis struct {
		Zero bool `json:"zero"`
	}
	units struct {
		Unit string `json:"unit"`
	}
	variable struct {
		Name                string         `json:"name"`
		Title               string         `json:"title"`
		Type                string         `json:"type"`
		IsMultiSelection    bool           `json:"isMultiSelection"`
		ReplacementStrategy string         `json:"replacementStrategy"`
		DefaultValues       []defaultValue `json:"defaultValues"`
		NRQLQuery           nrqlQuery      `json:"nrqlQuery"`
	}
	defaultValue struct {
		Value stringValue `json:"value"`
	}
	stringValue struct {
		String string `json:"string"`
	}
)

const (
	// A page is twelve columns wide.
	pageColumns  = 12
	widgetWidth  = 4
	widgetHeight = 3

	// thisApp is the condition by which the reader chooses an application.
	thisApp = "appName IN ({{app}})"
)

func dashboardJSON() ([]byte, error) {
	d := dashboard{
		Name:        "state",
		Description: "What the state layer of a discovery server keeps, spares and waits for. Generated from the table of metrics.",
		Permissions: "PUBLIC_READ_WRITE",
		Variables: []variable{{
			Name: "app", Title: "Application", Type: "NRQL", IsMultiSelection: true, ReplacementStrategy: "STRING",
			DefaultValues: []defaultValue{{stringValue{"*"}}},
			NRQLQuery: nrqlQuery{[]int{}, "FROM Metric SELECT uniques(appName) WHERE metricTimesliceName = '" +
				metric.Find("degraded").Timeslice() + "'"},
		}},
	}
	for _, name := range metric.Pages {
		d.Pages = append(d.Pages, pageOf(name))
	}
	return encode(d)
}

func pageOf(name string) page {
	p := page{Name: name, Description: descriptions[name]}
	for i := range metric.Table {
		if m := &metric.Table[i]; m.Page == name {
			p.add(chart(m))
		}
	}
	if name == metric.PageOverview {
		p.add(events())
	}
	return p
}

var descriptions = map[string]string{
	metric.PageOverview: "Is it well, and what does memory answer?",
	metric.PageNRDB:     "What NRDB is asked and spared, and how long it takes.",
	metric.PageWarming:  "What is loaded before anybody asks, and how right that is.",
	metric.PageShared:   "What instances share, and what outlives a restart.",
}

// add puts a widget where the next one belongs, row by row.
func (p *page) add(w widget) {
	const perRow = pageColumns / widgetWidth
	n := len(p.Widgets)
	w.Layout = layout{Column: n%perRow*widgetWidth + 1, Row: n/perRow*widgetHeight + 1, Width: widgetWidth, Height: widgetHeight}
	p.Widgets = append(p.Widgets, w)
}

func chart(m *metric.Metric) widget {
	return widget{
		Title:         m.Chart,
		Visualization: visualization{"viz.line"},
		RawConfiguration: configuration{
			NRQLQueries: []nrqlQuery{{[]int{}, series(m, thisApp)}},
			YAxisLeft:   &axis{Zero: true},
			Units:       unitsOf(m),
		},
	}
}

func unitsOf(m *metric.Metric) *units {
	switch m.Unit {
	case metric.Seconds:
		return &units{"SECONDS"}
	case metric.Bytes:
		return &units{"BYTES"}
	}
	return nil
}

// events lists what was degraded and recovered.
func events() widget {
	return widget{
		Title:         "Degraded and recovered",
		Visualization: visualization{"viz.table"},
		RawConfiguration: configuration{NRQLQueries: []nrqlQuery{{[]int{},
			"FROM " + telemetry.TransitionEvent + " SELECT timestamp, appName, part, transition, reasons, seconds WHERE " + thisApp + " LIMIT 50",
		}}},
	}
}

// encode writes JSON for people, without escapes for HTML.
func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
