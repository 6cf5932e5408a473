package discovery

import (
	"time"

	"github.com/uds-platform/state/bench/report"
)

// TableName names the table of Results.
const TableName = "discovery"

// Table has one row for each contender and load.
func Table(loads []Load, outcomes [][]Outcome) report.Table {
	t := report.Table{Name: TableName, Columns: []string{
		"load", "sessions", "contender", "calls", "sent", "sent/plain", "hit %",
		"wait p50", "wait p99", "age p50", "age p90", "age p99",
	}}
	for i, load := range loads {
		plain := find(outcomes[i], PlainTTL)
		for _, o := range outcomes[i] {
			t.Add(load.Name, o.Sessions, o.Contender, o.Calls, o.Sent,
				report.Fixed(float64(o.Sent)/float64(plain.Sent), 2), report.Fixed(100*o.HitRatio(), 1),
				short(o.Waited.P50), short(o.Waited.P99), short(o.Age.P50), short(o.Age.P90), short(o.Age.P99))
		}
	}
	return t
}

func short(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// find returns a contender's outcome, empty where there is none.
func find(outcomes []Outcome, name string) Outcome {
	for _, o := range outcomes {
		if o.Contender == name {
			return o
		}
	}
	return Outcome{}
}

// Load is how busy a server is.
type Load struct {
	Name    string
	Between time.Duration // two sessions' arrivals, on average
}

// Loads are those of the table. A session of the recording lasts about nine
// minutes, so that some 10, 30, 100 and 250 are there at once.
var Loads = []Load{
	{"quiet", time.Minute},
	{"usual", 20 * time.Second},
	{"busy", 5 * time.Second},
	{"crowded", 2 * time.Second},
}

// Thinking is a session's mean pause between an answer and its next call.
const Thinking = 8 * time.Second
