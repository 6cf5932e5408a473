package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/uds-platform/state/telemetry"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

//go:embed observability.md.tmpl
var observabilityText string

var observabilityPage = template.Must(template.New("observability").Funcs(template.FuncMap{
	"where": where, "names": names, "nrql": func(m metric.Metric) string { return selection(&m, "") },
	"threshold": func(a *metric.Alert) string { return threshold(*a) }, "cell": cell,
}).Parse(observabilityText))

func observability() ([]byte, error) {
	var out bytes.Buffer
	err := observabilityPage.Execute(&out, map[string]any{"Metrics": metric.Table, "Event": telemetry.TransitionEvent})
	return out.Bytes(), err
}

// names are what a metric is called in New Relic and in OpenMetrics.
func names(m metric.Metric) string {
	text := "`" + m.Timeslice() + "`"
	switch m.Type {
	case metric.Counter:
		text += "<br>`" + m.Family() + "_total`"
	case metric.Gauge:
		text += "<br>`" + m.Family() + "`"
	}
	return text
}

// where says on which page of the dashboard a metric is.
func where(m metric.Metric) string {
	if m.Page == "" {
		return ""
	}
	return m.Page + ": " + m.Chart
}

func threshold(a metric.Alert) string {
	side := "above"
	if a.Below {
		side = "below"
	}
	return fmt.Sprintf("%s %s for %d min", side, strconv.FormatFloat(a.Threshold, 'g', -1, 64), a.Seconds/60)
}

// cell is a text in a table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
