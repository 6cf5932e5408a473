package metric

import "strings"

// Type says what a metric's numbers are.
type Type string

// The types of metrics: see the package's doc.
const (
	Counter Type = "counter"
	Gauge   Type = "gauge"
	Ratio   Type = "ratio"
)

// Unit is what a metric's numbers count, as OpenMetrics calls it.
type Unit string

// The units. Plain numbers have none.
const (
	Plain   Unit = ""
	Seconds Unit = "seconds"
	Bytes   Unit = "bytes"
	Share   Unit = "ratio" // 0 to 1
)

// Metric is one row of the table.
type Metric struct {
	// Name is made of words in lower case with "_" between them, and says what is
	// counted and in which unit, where it has one.
	Name string
	Type Type
	Unit Unit
	// Help is a sentence.
	Help string
	// Label is what the samples are told apart by; empty where there is one.
	Label string
	// Read returns the samples as they are now; for counters since the start.
	// Nil for a Ratio.
	Read func(*Reading) []Sample
	// Lowest says, of a Gauge, that of several instances the lowest number is the
	// one to look at, and not the highest.
	Lowest bool
	// Over and Under are, of a Ratio, the names of the counters whose growth it
	// divides.
	Over, Under string
	// Chart is the title of the chart that shows the metric, and Page the page
	// that the chart is on; empty where none does.
	Page, Chart string
	// Alert says when somebody is to be told; nil for never.
	Alert *Alert
}

// Alert is a condition on a metric.
type Alert struct {
	Name string
	// Above is the threshold, or Below where Under is set.
	Threshold float64
	Below     bool
	// Seconds is for how long it has to be so: 60 to 7,200, a multiple of 60.
	Seconds int
	// Critical wakes somebody; the others are warnings.
	Critical bool
	// Why says what it means and what to look at.
	Why string
}

// prefix is what New Relic's names begin with. The agent puts Custom/ before it.
const prefix = "State/"

// Path is the name under which the agent gets a sample. The agent adds "Custom/".
func (m *Metric) Path(label string) string {
	if m.Label == "" {
		return prefix + m.Name
	}
	return prefix + m.Name + "/" + label
}

// Timeslice is the name by which NRQL finds the metric, or the pattern of names
// where it has a label.
func (m *Metric) Timeslice() string {
	if m.Label == "" {
		return "Custom/" + prefix + m.Name
	}
	return "Custom/" + prefix + m.Name + "/{" + m.Label + "}"
}

// Function is the NRQL function that sums up a metric over time and instances.
func (m *Metric) Function() string {
	switch {
	case m.Type == Counter:
		return "sum(newrelic.timeslice.value)"
	case m.Type == Ratio:
		return "average(newrelic.timeslice.value)"
	case m.Lowest:
		return "min(newrelic.timeslice.value)"
	}
	return "max(newrelic.timeslice.value)"
}

// Family is the metric's name in OpenMetrics, without the "_total" that a
// counter's samples have.
func (m *Metric) Family() string { return "state_" + m.Name }

// Title is the name as words.
func (m *Metric) Title() string { return strings.ReplaceAll(m.Name, "_", " ") }

// Find returns the metric of a name, nil where there is none.
func Find(name string) *Metric {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}
