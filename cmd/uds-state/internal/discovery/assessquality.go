package discovery

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
)

type assessInput struct {
	onEventType
	Mode string `json:"mode"`
}

type assessed struct {
	Answer
	EventType        string     `json:"event_type"`
	Events           int        `json:"events" jsonschema:"how many were looked at, the newest of the last 24 hours"`
	NewestAgeSeconds *float64   `json:"newest_age_seconds,omitempty" jsonschema:"how long before the sample was taken the newest event happened"`
	Duplicates       int        `json:"duplicates" jsonschema:"events that are the same as another in everything"`
	Score            int        `json:"score" jsonschema:"0 to 100: the mean completeness in percent, less 10 for each kind of issue"`
	Attributes       []Assessed `json:"attributes" jsonschema:"least complete first"`
	Issues           []string   `json:"issues"`
}

// Assessed is how well an attribute is filled.
type Assessed struct {
	Name            string   `json:"name"`
	PresentPercent  float64  `json:"present_percent"`
	Distinct        int      `json:"distinct" jsonschema:"different values in the sample"`
	Types           []string `json:"types"`
	EmptyTexts      int      `json:"empty_texts,omitempty"`
	SentinelNumbers int      `json:"sentinel_numbers,omitempty" jsonschema:"-1 and the like, which may stand for nothing"`
}

func addAssessQuality(s *Server) error {
	return add(s, definition{
		name:        Tools.Assess,
		title:       "Assess the quality of an event type's data",
		description: "Looks at the newest events of the last 24 hours: which attributes are filled, whether their types are the same throughout, whether events come twice, and how fresh they are.",
		input: object(map[string]*jsonschema.Schema{
			"handle":     handleArgument(),
			"event_type": eventTypeArgument(),
			"mode":       modeArgument(),
		}, "handle", "event_type"),
		asksNRDB: true,
	}, assess)
}

const (
	sampleRows        = 1000
	glancedRows       = 100
	assessedMost      = 200
	staleAfter        = time.Hour
	sparsePercent     = 50.0
	penaltyOfAnIssue  = 10
	distinctMost      = 1000
	distinctTextBytes = 256
)

func assess(c *call, in assessInput) (*assessed, error) {
	sample := func(rows int) string {
		return fmt.Sprintf("SELECT * FROM %s SINCE 24 hours ago LIMIT %d", nrqltext.Name(in.EventType), rows)
	}
	rows, err := c.glance(in.Mode, sample(sampleRows), &quicker{sample(glancedRows), state.PreviewTerms{SampleRate: float64(glancedRows) / sampleRows}})
	if err != nil {
		return nil, err
	}
	out := &assessed{EventType: in.EventType, Events: len(rows), Attributes: []Assessed{}, Issues: []string{}}
	if len(rows) == 0 {
		return out, nil
	}
	c.mu.Lock()
	taken := c.whole.asOf
	c.mu.Unlock()
	out.assess(rows, taken)
	return out, nil
}

// column is what the sample has of an attribute.
type column struct {
	present, empty, sentinels int
	types                     map[string]bool
	distinct                  map[string]bool
}

func (o *assessed) assess(rows state.Rows, taken time.Time) {
	columns := make(map[string]*column)
	seen := make(map[string]bool)
	newest := math.Inf(-1)
	for _, row := range rows {
		if encoded, err := json.Marshal(row); err == nil { // with its keys in order
			if seen[string(encoded)] {
				o.Duplicates++
			}
			seen[string(encoded)] = true
		}
		for name, v := range row {
			if name == "timestamp" {
				if t, ok := asNumber(v); ok {
					newest = max(newest, t)
				}
				continue
			}
			if columns[name] == nil {
				columns[name] = &column{types: make(map[string]bool), distinct: make(map[string]bool)}
			}
			columns[name].see(v)
		}
	}
	if !math.IsInf(newest, -1) {
		age := max(taken.Sub(time.UnixMilli(int64(newest))).Seconds(), 0)
		o.NewestAgeSeconds = &age
	}
	o.judge(columns, len(rows))
}

func (c *column) see(v any) {
	switch v := v.(type) {
	case nil:
		return
	case string:
		c.types["string"] = true
		if strings.TrimSpace(v) == "" {
			c.empty++
		}
	case bool:
		c.types["boolean"] = true
	default:
		n, ok := asNumber(v)
		if !ok {
			c.types["other"] = true
			break
		}
		c.types["numeric"] = true
		if n == -1 || n == -999 || n == 9999 {
			c.sentinels++
		}
	}
	c.present++
	if len(c.distinct) < distinctMost {
		c.distinct[shortened(fmt.Sprint(v), distinctTextBytes)] = true
	}
}

// judge draws the conclusions.
func (o *assessed) judge(columns map[string]*column, rows int) {
	complete, sparse, mixed, empty := 0.0, []string{}, []string{}, []string{}
	for name, c := range columns {
		a := Assessed{Name: name, PresentPercent: 100 * float64(c.present) / float64(rows), Distinct: len(c.distinct), EmptyTexts: c.empty, SentinelNumbers: c.sentinels}
		for t := range c.types {
			a.Types = append(a.Types, t)
		}
		slices.Sort(a.Types)
		complete += a.PresentPercent
		if a.PresentPercent < sparsePercent {
			sparse = append(sparse, name)
		}
		if len(a.Types) > 1 {
			mixed = append(mixed, name)
		}
		if c.empty > 0 {
			empty = append(empty, name)
		}
		o.Attributes = append(o.Attributes, a)
	}
	slices.SortFunc(o.Attributes, func(a, b Assessed) int {
		return cmp.Or(cmp.Compare(a.PresentPercent, b.PresentPercent), cmp.Compare(a.Name, b.Name))
	})
	o.Attributes = o.Attributes[:min(len(o.Attributes), assessedMost)]
	issue := func(names []string, what string) {
		if len(names) > 0 {
			slices.Sort(names)
			o.Issues = append(o.Issues, what+": "+shortened(strings.Join(names, ", "), maxValueBytes))
		}
	}
	issue(sparse, "in less than half of the events")
	issue(mixed, "of several types")
	issue(empty, "empty texts")
	if o.Duplicates > 0 {
		o.Issues = append(o.Issues, fmt.Sprintf("%d events come twice", o.Duplicates))
	}
	if o.NewestAgeSeconds != nil && *o.NewestAgeSeconds > staleAfter.Seconds() {
		o.Issues = append(o.Issues, fmt.Sprintf("the newest event is %v old", (time.Duration(*o.NewestAgeSeconds)*time.Second).Round(time.Minute)))
	}
	score := complete/float64(max(len(columns), 1)) - float64(penaltyOfAnIssue*len(o.Issues))
	o.Score = int(math.Round(max(score, 0)))
}

func (o *assessed) summary() string {
	var b strings.Builder
	if o.Events == 0 {
		fmt.Fprintf(&b, "%s had no events in the last 24 hours, or they are not there yet.\n", o.EventType)
	} else {
		fmt.Fprintf(&b, "%s scores %d of 100 in a sample of %d events with %d attributes.\n", o.EventType, o.Score, o.Events, len(o.Attributes))
	}
	for _, issue := range o.Issues {
		b.WriteString("- " + issue + "\n")
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
