package discovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
	"github.com/uds-platform/state/nrql"
)

type profileInput struct {
	onEventType
	Hours      int      `json:"hours"`
	Attributes []string `json:"attributes"`
	Mode       string   `json:"mode"`
}

func (in profileInput) names() []string { return append(in.onEventType.names(), in.Attributes...) }

type profiled struct {
	Answer
	EventType     string           `json:"event_type"`
	BucketSeconds int              `json:"bucket_seconds"`
	Buckets       []map[string]any `json:"buckets" jsonschema:"oldest first"`
	Events        float64          `json:"events" jsonschema:"in all buckets"`
	Busiest       float64          `json:"busiest" jsonschema:"events in the busiest bucket"`
	Quietest      float64          `json:"quietest" jsonschema:"events in the quietest bucket"`
	EmptyBuckets  int              `json:"empty_buckets"`
	// ChangePercent is by how much the later half has more events than the earlier.
	ChangePercent *float64 `json:"change_percent,omitempty" jsonschema:"by how much the later half of the time has more events than the earlier"`
}

func addProfile(s *Server) error {
	return add(s, definition{
		name:        Tools.Profile,
		title:       "Profile an event type",
		description: "Shows how an event type behaves over time: how many events there are, and the averages of its numeric attributes, in buckets of time.",
		input: object(map[string]*jsonschema.Schema{
			"handle":     handleArgument(),
			"event_type": eventTypeArgument(),
			"hours":      number(1, 7*24, 24, "how far back"),
			"attributes": attributeNames(5, "numeric attributes to average; without any, duration if there is one and else the first numeric one"),
			"mode":       modeArgument(),
		}, "handle", "event_type"),
		asksNRDB: true,
	}, profile)
}

// glancedShare is which part of the time a preview of a profile covers.
const glancedShare = 8

func profile(c *call, in profileInput) (*profiled, error) {
	measured := in.Attributes
	if len(measured) == 0 {
		attributes, _, err := c.attributes(in.EventType)
		if err != nil {
			return nil, err
		}
		measured = defaultMeasure(attributes)
	}
	bucket := bucketFor(in.Hours)
	over := func(hours int) string { return profileQuery(in.EventType, measured, bucket, hours) }
	var instead *quicker
	if glanced := in.Hours / glancedShare; glanced > 0 {
		now := time.Now()
		instead = &quicker{over(glanced), state.PreviewTerms{Window: nrql.Window{From: now.Add(-time.Duration(glanced) * time.Hour), To: now}}}
	}
	rows, err := c.glance(in.Mode, over(in.Hours), instead)
	if err != nil {
		return nil, err
	}
	out := &profiled{EventType: in.EventType, BucketSeconds: int(bucket.Seconds())}
	out.Buckets, _ = bounded(rows, len(rows))
	out.measure(rows)
	return out, nil
}

func defaultMeasure(attributes []Attribute) []string {
	if slices.Contains(attributes, Attribute{"duration", "numeric"}) {
		return []string{"duration"}
	}
	for _, a := range attributes {
		if a.Type == "numeric" {
			return []string{a.Name}
		}
	}
	return nil
}

// bucketFor keeps a profile to some dozens of buckets.
func bucketFor(hours int) time.Duration {
	switch {
	case hours <= 3:
		return 5 * time.Minute
	case hours <= 48:
		return time.Hour
	}
	return 6 * time.Hour
}

func profileQuery(eventType string, measured []string, bucket time.Duration, hours int) string {
	var b strings.Builder
	b.WriteString("SELECT count(*)")
	for _, name := range measured {
		b.WriteString(", average(" + nrqltext.Name(name) + ")")
	}
	fmt.Fprintf(&b, " FROM %s TIMESERIES %s SINCE %d hours ago", nrqltext.Name(eventType), span(bucket), hours)
	return b.String()
}

func span(d time.Duration) string {
	if d >= time.Hour {
		return fmt.Sprintf("%d hour", d/time.Hour)
	}
	return fmt.Sprintf("%d minute", d/time.Minute)
}

func (o *profiled) measure(rows state.Rows) {
	var halves [2]float64
	for i, row := range rows {
		events, _ := asNumber(row["count"])
		o.Events += events
		if events == 0 {
			o.EmptyBuckets++
		}
		if i == 0 {
			o.Busiest, o.Quietest = events, events
		}
		o.Busiest, o.Quietest = max(o.Busiest, events), min(o.Quietest, events)
		halves[2*i/len(rows)] += events
	}
	if halves[0] > 0 {
		change := 100 * (halves[1] - halves[0]) / halves[0]
		o.ChangePercent = &change
	}
}

func (o *profiled) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.0f events in %d buckets of %v; %.0f in the busiest, %.0f in the quietest, %d empty.\n",
		o.EventType, o.Events, len(o.Buckets), time.Duration(o.BucketSeconds)*time.Second, o.Busiest, o.Quietest, o.EmptyBuckets)
	if o.ChangePercent != nil {
		fmt.Fprintf(&b, "The later half has %+.1f %% events against the earlier.\n", *o.ChangePercent)
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
