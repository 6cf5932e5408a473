package inspect

import (
	"net/http"
	"runtime"
	"time"

	"github.com/uds-platform/state"
)

// Overview is the page that comes first: whether all is well, and what the state
// is worth.
type Overview struct {
	At     time.Time    `json:"at"`
	Status state.Status `json:"status"`
	// Reasons say why the status is not live. Never nil.
	Reasons []string    `json:"reasons"`
	Store   state.Store `json:"store"`
	// Calls are those of all kinds.
	Calls Count `json:"calls"`
	// Queries are what NRDB was sent; nil without a Meter.
	Queries       *Queries  `json:"queries"`
	UnreadQueries uint64    `json:"unreadQueries"`
	Entries       int       `json:"entries"`
	Kinds         []KindRow `json:"kinds"`
	// Sessions is nil where none are shown.
	Sessions *SessionSummary `json:"sessions"`
	// Redis is the tier's status, and empty where there is no such tier.
	Redis      string         `json:"redis"`
	Prediction PredictionCore `json:"prediction"`
	// Recent is what the page about effectiveness says, which has it as JSON.
	Recent     *Effect `json:"-"`
	HeapBytes  uint64  `json:"heapBytes"`
	Goroutines int     `json:"goroutines"`
}

// SessionSummary says how many sessions there are, and whether new ones live in
// this process's memory alone.
type SessionSummary struct {
	Known    int  `json:"known"`
	Volatile bool `json:"volatile"`
}

// PredictionCore is how many loads were made ahead of calls, and how many of them
// were used. Accuracy is nil where there is none of which that is known.
type PredictionCore struct {
	Issued   uint64   `json:"issued"`
	Used     uint64   `json:"used"`
	Accuracy *float64 `json:"accuracy"`
}

// KindRow is one kind of results.
type KindRow struct {
	Name string `json:"name"`
	Count
	Entries int `json:"entries"`
	// Bytes is nil where the kind is not bounded in bytes, and so not measured.
	Bytes       *int64 `json:"bytes"`
	Previews    uint64 `json:"previews"`
	LoadErrors  uint64 `json:"loadErrors"`
	Evictions   uint64 `json:"evictions"`
	Expirations uint64 `json:"expirations"`
	Invalidated uint64 `json:"invalidated"`
}

// Queries are what a Meter has measured.
type Queries struct {
	Sent        uint64  `json:"sent"`
	Failed      uint64  `json:"failed"`
	MeanSeconds float64 `json:"meanSeconds"`
	P50Seconds  float64 `json:"p50Seconds"`
	P99Seconds  float64 `json:"p99Seconds"`
	// SparedSeconds is about how much longer callers would have waited if NRDB had
	// answered all of them.
	SparedSeconds float64 `json:"sparedSeconds"`
}

func (d *dashboard) overview(r *http.Request) (any, error) {
	health := d.source.Health()
	out := &Overview{
		At: d.options.Now(), Status: health.Status, Reasons: health.Reasons, Store: health.Store,
		UnreadQueries: health.UnreadQueries, Prediction: predictionOf(&health.Warming.Prediction),
		Recent: d.effectNow(), HeapBytes: heapBytes(), Goroutines: runtime.NumGoroutine(), Kinds: []KindRow{},
	}
	var queries Count
	for i := range health.Kinds {
		row := rowOf(&health.Kinds[i])
		out.Kinds = append(out.Kinds, row)
		out.Calls = out.Calls.plus(row.Count)
		out.Entries += row.Entries
		if row.Name == queryKind {
			queries = row.Count
		}
	}
	out.Queries = queriesOf(d.options.Meter, queries)
	if store := d.options.Sessions; store != nil {
		out.Sessions = &SessionSummary{Known: store.Len(), Volatile: store.Volatile()}
	}
	if tier := health.Redis; tier != nil {
		out.Redis = string(tier.Status)
	}
	return out, nil
}

func rowOf(k *state.KindStats) KindRow {
	row := KindRow{
		Name: k.Name, Count: countOf(k), Entries: k.Entries, Previews: k.Previews, LoadErrors: k.LoadErrors,
		Evictions: k.Evictions, Expirations: k.Expirations, Invalidated: k.Invalidated,
	}
	if k.Bytes > 0 {
		row.Bytes = &k.Bytes
	}
	return row
}

func queriesOf(m *Meter, count Count) *Queries {
	measured := m.read()
	if measured == nil {
		return nil
	}
	return &Queries{
		Sent: measured.queries(), Failed: measured.failed, MeanSeconds: measured.mean().Seconds(),
		P50Seconds: measured.quantile(0.5).Seconds(), P99Seconds: measured.quantile(0.99).Seconds(),
		SparedSeconds: spared(count.Spared(), measured.took, measured.queries()),
	}
}

func predictionOf(p *state.PredictionStats) PredictionCore {
	core := PredictionCore{Issued: p.Issued, Used: p.Used}
	if p.Used+p.Wasted > 0 {
		core.Accuracy = &p.Accuracy
	}
	return core
}
