package metric

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
)

var word = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

// suffixes that OpenMetrics has a meaning of its own for.
var reserved = []string{"_total", "_created", "_count", "_sum", "_bucket", "_info", "_gcount", "_gsum"}

func TestEveryRowIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Table {
		if !word.MatchString(m.Name) || seen[m.Name] {
			t.Errorf("name %q: want words with _ between them, once", m.Name)
		}
		seen[m.Name] = true
		for _, suffix := range reserved {
			if strings.HasSuffix(m.Name, suffix) {
				t.Errorf("%s ends with %s, which OpenMetrics reserves", m.Name, suffix)
			}
		}
		if m.Unit != Plain && !strings.HasSuffix(m.Name, "_"+string(m.Unit)) {
			t.Errorf("%s is in %s: want a name that ends so", m.Name, m.Unit)
		}
		if !strings.HasSuffix(m.Help, ".") {
			t.Errorf("%s: help %q is no sentence", m.Name, m.Help)
		}
		if (m.Page == "") != (m.Chart == "") || (m.Page != "" && !slices.Contains(Pages, m.Page)) {
			t.Errorf("%s: page %q, chart %q", m.Name, m.Page, m.Chart)
		}
		if (m.Type == Ratio) != (m.Read == nil) {
			t.Errorf("%s: a ratio has nothing to read, and the others have", m.Name)
		}
	}
}

func TestRatiosDivideCountersWithTheSameLabel(t *testing.T) {
	for _, m := range Table {
		if m.Type != Ratio {
			continue
		}
		for _, name := range []string{m.Over, m.Under} {
			if c := Find(name); c == nil || c.Type != Counter || c.Label != m.Label {
				t.Errorf("%s divides %q: want a counter by %q", m.Name, name, m.Label)
			}
		}
	}
}

func TestAlertsAreWhatNewRelicTakes(t *testing.T) {
	for _, m := range Table {
		if a := m.Alert; a != nil && (a.Name == "" || a.Why == "" || a.Seconds < 60 || a.Seconds > 7200 || a.Seconds%60 != 0) {
			t.Errorf("%s: %+v", m.Name, *a)
		}
	}
}

// full is a reading in which no two numbers are the same.
func full() *Reading {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &Reading{
		At: at,
		Health: state.Health{
			Status:        state.StatusDegraded,
			Kinds:         []state.KindStats{{Name: "a", Hits: 70, RememberedErrors: 1, Stale: 7, Collapsed: 5, Loads: 45, Prefetches: 5, Refreshes: 6, RefreshesAhead: 4, Refinements: 2, Previews: 3, Evictions: 11, Expirations: 12, Invalidated: 13, Entries: 14, Bytes: 15}, {Name: "b", Evictions: 100}},
			Loads:         []state.LoadStats{{Name: "a", Ended: 4, Time: 6 * time.Second}, {Name: "b"}},
			Origin:        state.OriginStats{Sent: 21, Failed: 22, Time: 23 * time.Second, Saved: 24},
			UnreadQueries: 25,
		},
		Sessions: &Sessions{
			Open: 31, Conflicts: 32, Exchanges: 33, ExchangeFailures: 34, Volatile: true,
			Deleted: 35, Expired: 36, EndedTime: 37 * time.Second, Synced: 38, LagTime: 39 * time.Second,
		},
		Redis:    &Redis{Status: "live", Hits: 41, Misses: 42, Unanswered: 43, Gaps: 44, Writes: 45, Dropped: 46, Waiting: 47},
		Snapshot: &Snapshot{Saved: at.Add(-90 * time.Second), Taken: 51, Failed: 52, Bytes: 53},
	}
}

func TestMetricsReadWhatTheySay(t *testing.T) {
	r := full()
	for name, want := range map[string]float64{
		"degraded": 1, "hits": 70, "misses": 33, "lookups": 107, "stale_hits": 7, "previews": 3, "remembered_errors": 1,
		"entries": 14, "kept_bytes": 15, "evictions": 11, "load_time_seconds": 6, "loads_ended": 4, "collapsed": 5,
		"queries_sent": 21, "queries_failed": 22, "query_time_seconds": 23, "queries_saved": 24, "queries_unread": 25,
		"sessions_open": 31, "session_conflicts": 32, "session_exchanges": 33, "session_exchange_failures": 34,
		"sessions_volatile": 1, "sessions_ended": 71, "sessions_expired": 36, "session_time_seconds": 37, "sessions_synced": 38, "session_lag_time_seconds": 39,
		"redis_live": 1, "redis_reads": 126, "redis_hits": 41, "redis_unanswered": 43, "redis_gaps": 44, "redis_writes": 45,
		"redis_writes_dropped": 46, "redis_writes_waiting": 47,
		"snapshot_age_seconds": 90, "snapshots_taken": 51, "snapshots_failed": 52, "snapshot_bytes": 53,
	} {
		samples := Find(name).Read(r)
		if len(samples) == 0 || samples[0].Value != want {
			t.Errorf("%s is %v: want %v", name, samples, want)
		}
	}
	want := []Sample{{"eviction", 111}, {"expiration", 12}, {"invalidation", 13}}
	if got := departures(r); !slices.Equal(got, want) {
		t.Errorf("departures %v: want %v", got, want)
	}
}

func TestWhatIsNotThereIsLeftOut(t *testing.T) {
	r := &Reading{Health: state.Health{Status: state.StatusLive}, Snapshot: &Snapshot{}}
	for _, name := range []string{"sessions_open", "redis_live", "snapshot_age_seconds"} {
		if got := Find(name).Read(r); got != nil {
			t.Errorf("%s is %v: want nothing", name, got)
		}
	}
}

// report is what is emitted, by path.
func report(d *Deltas, r *Reading) map[string]float64 {
	got := map[string]float64{}
	d.Report(r, func(m *Metric, label string, value float64) { got[m.Path(label)] = value })
	return got
}

func TestDeltasAreOfTheTimeInBetween(t *testing.T) {
	var d Deltas
	r := full()
	first := report(&d, r)
	if first["State/hits/a"] != 70 || first["State/hit_ratio/a"] != 70.0/107 || first["State/load_latency_seconds/a"] != 1.5 ||
		first["State/session_duration_seconds"] != 37.0/71 || first["State/session_sync_lag_seconds"] != 39.0/38 {
		t.Errorf("first %v", first)
	}
	if _, there := first["State/hit_ratio/b"]; there {
		t.Error("there is a hit ratio of a kind that nobody asked for anything")
	}
	r.Health.Kinds[0].Hits += 3
	r.Health.Kinds[0].Loads++
	second := report(&d, r)
	if second["State/hits/a"] != 3 || second["State/misses/a"] != 1 || second["State/hit_ratio/a"] != 0.75 || second["State/entries/a"] != 14 {
		t.Errorf("second %v", second)
	}
	if _, there := second["State/load_latency_seconds/a"]; there {
		t.Error("there is a load latency although no load has ended")
	}
}

// Hits go back by one when one is found out to be none.
func TestACounterThatGoesBackIsNotCountedAgain(t *testing.T) {
	var d Deltas
	r := full()
	report(&d, r)
	r.Health.Kinds[0].Hits--
	if got := report(&d, r)["State/hits/a"]; got != 0 {
		t.Errorf("it grew by %v: want 0", got)
	}
	r.Health.Kinds[0].Hits += 3
	if got := report(&d, r)["State/hits/a"]; got != 2 {
		t.Errorf("it grew by %v: want 2", got)
	}
}

func TestTimeslicesAreWhatTheAgentReports(t *testing.T) {
	for _, m := range Table {
		path := strings.ReplaceAll(m.Timeslice(), "{"+m.Label+"}", "x")
		if m.Label == "" {
			path = m.Timeslice()
		}
		if want := "Custom/" + m.Path("x"); path != want {
			t.Errorf("NRQL looks for %q: the agent reports %q", path, want)
		}
	}
}
