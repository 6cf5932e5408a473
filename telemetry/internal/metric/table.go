package metric

import (
	"slices"
	"time"

	"github.com/uds-platform/state"
)

// The pages of the dashboard, in their order.
const (
	PageOverview = "Overview"
	PageNRDB     = "NRDB"
	PageWarming  = "Warming"
	PageShared   = "Redis, sessions, snapshots"
)

// Pages are the pages of the dashboard, in their order.
var Pages = []string{PageOverview, PageNRDB, PageWarming, PageShared}

// Table has every metric, in the order in which they are explained and drawn.
// Whatever reports, draws or explains a metric is made of it.
//
// INVARIANT: never changed.
var Table = slices.Concat(health, results, loads, origin, warming, sessions, redis, snapshot)

const perKind = "kind"

var health = []Metric{
	{
		Name: "degraded", Type: Gauge,
		Help: "1 while something configured is missing or the State is closed, and else 0.",
		Read: ofHealth(func(h *state.Health) float64 { return flag(h.Status != state.StatusLive) }),
		Page: PageOverview, Chart: "Degraded",
		Alert: &Alert{
			Name: "State is degraded", Threshold: 0, Seconds: 300,
			Why: "Every call is answered, but something configured is missing. The StateTransition events and /degradedz say what.",
		},
	},
}

var results = []Metric{
	{
		Name: "hit_ratio", Type: Ratio, Unit: Share, Label: perKind, Over: "hits", Under: "lookups",
		Help: "The share of lookups that were answered with a result from memory, stale ones included.",
		Page: PageOverview, Chart: "Hit ratio by kind",
		Alert: &Alert{
			Name: "Results are not found in memory", Threshold: 0.2, Below: true, Seconds: 1800,
			Why: "Right after a start this is normal. Else: evictions (is MaximumSize too small?), invalidations (does a schema change all the time?), or queries that never repeat.",
		},
	},
	{
		Name: "lookups", Type: Counter, Label: perKind, Help: "Calls that asked for a result.",
		Read: ofKinds(lookups), Page: PageOverview, Chart: "Lookups by kind",
	},
	{
		Name: "hits", Type: Counter, Label: perKind, Help: "Lookups that were answered with a result from memory, stale ones included.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Hits) }),
	},
	{
		Name: "misses", Type: Counter, Label: perKind, Help: "Lookups that waited for a load.",
		Read: ofKinds(misses),
	},
	{
		Name: "stale_ratio", Type: Ratio, Unit: Share, Label: perKind, Over: "stale_hits", Under: "lookups",
		Help: "The share of lookups that were answered with a result past its TTL.",
		Page: PageOverview, Chart: "Stale share by kind",
	},
	{
		Name: "stale_hits", Type: Counter, Label: perKind, Help: "Hits that were answered with a result past its TTL.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Stale) }),
	},
	{
		Name: "preview_ratio", Type: Ratio, Unit: Share, Label: perKind, Over: "previews", Under: "lookups",
		Help: "The share of lookups that were answered with less than a stale result.",
		Page: PageOverview, Chart: "Preview share by kind",
	},
	{
		Name: "previews", Type: Counter, Label: perKind, Help: "Lookups that were answered with a sample or a narrower time range.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Previews) }),
	},
	{
		Name: "remembered_errors", Type: Counter, Label: perKind, Help: "Lookups that were answered with a permanent error from memory.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.RememberedErrors) }),
	},
	{
		Name: "entries", Type: Gauge, Label: perKind, Help: "Results kept, remembered errors among them.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Entries) }),
		Page: PageOverview, Chart: "Results kept by kind",
	},
	{
		Name: "kept_bytes", Type: Gauge, Unit: Bytes, Label: perKind, Help: "About what the results kept take of the heap, where the kind has a bound on that.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Bytes) }),
		Page: PageOverview, Chart: "Bytes kept by kind",
	},
	{
		Name: "departures", Type: Counter, Label: "cause", Help: "Results that left, of all kinds, by why: for want of room, at their end, or invalidated by a tag.",
		Read: departures, Page: PageOverview, Chart: "Results that left, by cause",
	},
	{
		Name: "evictions", Type: Counter, Label: perKind, Help: "Results that left to make room.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Evictions) }),
	},
	{
		Name: "refused", Type: Counter, Label: perKind, Help: "Results that were too large to be kept, or came after Close.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Refused) }),
	},
	{
		Name: "fenced", Type: Counter, Label: perKind, Help: "Results that were not kept, because something newer came during their load.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Fenced) }),
	},
}

var loads = []Metric{
	{
		Name: "load_latency_seconds", Type: Ratio, Unit: Seconds, Label: perKind, Over: "load_time_seconds", Under: "loads_ended",
		Help: "How long a load took on the mean, waiting for the query limits included.",
		Page: PageNRDB, Chart: "Load time by kind",
		Alert: &Alert{
			Name: "Loads are slow", Threshold: 30, Seconds: 600,
			Why: "NRDB is slow, or the account's query limits are used up: compare with the time of queries, which has no waiting in it.",
		},
	},
	{
		Name: "load_time_seconds", Type: Counter, Unit: Seconds, Label: perKind, Help: "How long all loads that ended took together.",
		Read: ofLoads(func(l *state.LoadStats) float64 { return l.Time.Seconds() }),
	},
	{
		Name: "loads_ended", Type: Counter, Label: perKind, Help: "Loads that ended, with a result, an error, or because nobody waited any more.",
		Read: ofLoads(func(l *state.LoadStats) float64 { return float64(l.Ended) }),
	},
	{
		Name: "load_error_ratio", Type: Ratio, Unit: Share, Label: perKind, Over: "load_errors", Under: "loads_ended",
		Help: "The share of loads that failed.",
		Page: PageNRDB, Chart: "Failed loads by kind",
		Alert: &Alert{
			Name: "Loads fail", Threshold: 0.5, Seconds: 300, Critical: true,
			Why: "What is in memory is still served. The errors are noticed on the transactions that waited for the loads.",
		},
	},
	{
		Name: "load_errors", Type: Counter, Label: perKind, Help: "Loads that failed: by an error, a panic, or running out of time.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.LoadErrors) }),
	},
	{
		Name: "loads_abandoned", Type: Counter, Label: perKind, Help: "Loads that ended because nobody waited for them any more.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Abandoned) }),
	},
	{
		Name: "collapsed", Type: Counter, Label: perKind, Help: "Lookups that joined a load that another had started.",
		Read: ofKinds(func(k *state.KindStats) float64 { return float64(k.Collapsed) }),
	},
}

var origin = []Metric{
	{
		Name: "queries_sent", Type: Counter, Help: "Queries that NRDB was asked.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Origin.Sent) }),
		Page: PageNRDB, Chart: "Queries sent",
	},
	{
		Name: "queries_saved", Type: Counter, Help: "Calls of Query that NRDB was spared: answered from memory, or by joining a query under way.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Origin.Saved) }),
		Page: PageNRDB, Chart: "Queries saved",
	},
	{
		Name: "query_latency_seconds", Type: Ratio, Unit: Seconds, Over: "query_time_seconds", Under: "queries_sent",
		Help: "How long NRDB took for a query on the mean.",
		Page: PageNRDB, Chart: "Query time",
	},
	{
		Name: "query_time_seconds", Type: Counter, Unit: Seconds, Help: "How long all queries that ended took together.",
		Read: ofHealth(func(h *state.Health) float64 { return h.Origin.Time.Seconds() }),
	},
	{
		Name: "query_error_ratio", Type: Ratio, Unit: Share, Over: "queries_failed", Under: "queries_sent",
		Help: "The share of queries that ended with an error.",
		Page: PageNRDB, Chart: "Failed queries",
	},
	{
		Name: "queries_failed", Type: Counter, Help: "Queries that ended with an error.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Origin.Failed) }),
	},
	{
		Name: "queries_unread", Type: Counter, Help: "Calls with a query that was not understood, whose answer is kept for a short time only.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.UnreadQueries) }),
		Page: PageNRDB, Chart: "Queries not understood",
	},
}

var warming = []Metric{
	{
		Name: "prefetch_accuracy_ratio", Type: Ratio, Unit: Share, Over: "prefetches_used", Under: "prefetches_settled",
		Help: "The share of predicted loads that were asked for, of those of which it is known by now.",
		Page: PageWarming, Chart: "Prefetch accuracy",
	},
	{
		Name: "prefetches_issued", Type: Counter, Help: "Loads that were started ahead of a call.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Prediction.Issued) }),
		Page: PageWarming, Chart: "Prefetches issued",
	},
	{
		Name: "prefetches_used", Type: Counter, Help: "Prefetches that were asked for.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Prediction.Used) }),
	},
	{
		Name: "prefetches_settled", Type: Counter, Help: "Prefetches of which it is known whether they were of use.",
		Read: ofHealth(func(h *state.Health) float64 {
			return float64(h.Warming.Prediction.Used + h.Warming.Prediction.Wasted)
		}),
	},
	{
		Name: "prefetches_late", Type: Counter, Help: "Prefetches that were still under way when they were asked for.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Prediction.Late) }),
	},
	{
		Name: "prefetch_active", Type: Gauge, Lowest: true, Help: "1 while what is predicted is loaded, 0 while prediction is off.",
		Read: ofHealth(func(h *state.Health) float64 { return flag(h.Warming.Prediction.Active) }),
		Page: PageWarming, Chart: "Prefetch is active",
	},
	{
		Name: "background_granted", Type: Counter, Help: "Loads in the background that demand had earned.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Budget.Granted) }),
		Page: PageWarming, Chart: "Loads in the background",
	},
	{
		Name: "background_refused", Type: Counter, Help: "Loads in the background that were wanted and that demand had not earned.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Budget.Refused) }),
	},
	{
		Name: "refreshes_ahead", Type: Counter, Help: "Refreshes of popular results ahead of their end.",
		Read: ofHealth(func(h *state.Health) float64 { return float64(h.Warming.Refreshes.Started) }),
		Page: PageWarming, Chart: "Refreshes ahead",
	},
}

var sessions = []Metric{
	{
		Name: "sessions_open", Type: Gauge, Help: "Sessions that there are.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Open) }),
		Page: PageShared, Chart: "Sessions",
	},
	{
		Name: "sessions_volatile", Type: Gauge, Help: "1 while new sessions are in one process's memory alone, and else 0.",
		Read: ofSessions(func(s *Sessions) float64 { return flag(s.Volatile) }),
		Page: PageShared, Chart: "Sessions are in memory alone",
	},
	{
		Name: "session_duration_seconds", Type: Ratio, Unit: Seconds, Over: "session_time_seconds", Under: "sessions_ended",
		Help: "How long sessions lasted on the mean: to their deletion, or to their last use.",
		Page: PageShared, Chart: "How long sessions lasted",
	},
	{
		Name: "session_time_seconds", Type: Counter, Unit: Seconds, Help: "How long all sessions that ended lasted together.",
		Read: ofSessions(func(s *Sessions) float64 { return s.EndedTime.Seconds() }),
	},
	{
		Name: "sessions_ended", Type: Counter, Help: "Sessions that were deleted here, or were last used here and have expired.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Deleted + s.Expired) }),
		Page: PageShared, Chart: "Sessions that ended",
	},
	{
		Name: "sessions_expired", Type: Counter, Help: "Sessions that ended because nobody used them, or at the end of their lifetime.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Expired) }),
	},
	{
		Name: "session_sync_lag_seconds", Type: Ratio, Unit: Seconds, Over: "session_lag_time_seconds", Under: "sessions_synced",
		Help: "How long on the mean what another instance wrote was on its way, by that instance's clock.",
		Page: PageShared, Chart: "Sync lag of sessions",
		Alert: &Alert{
			Name: "Sessions come late", Threshold: 10, Seconds: 600,
			Why: "A user whose next call goes to another instance finds an older session there. Redis is slow or was away, or the instances' clocks differ.",
		},
	},
	{
		Name: "session_lag_time_seconds", Type: Counter, Unit: Seconds, Help: "How long all that was taken over from other instances was on its way, together.",
		Read: ofSessions(func(s *Sessions) float64 { return s.LagTime.Seconds() }),
	},
	{
		Name: "sessions_synced", Type: Counter, Help: "Times when something was taken over from another instance.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Synced) }),
	},
	{
		Name: "session_conflicts", Type: Counter, Help: "Changes to sessions that gave up, after others had come first each time.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Conflicts) }),
		Page: PageShared, Chart: "Session conflicts",
	},
	{
		Name: "session_exchange_error_ratio", Type: Ratio, Unit: Share, Over: "session_exchange_failures", Under: "session_exchanges",
		Help: "The share of exchanges about sessions with other instances that failed.",
		Page: PageShared, Chart: "Failed exchanges about sessions",
		Alert: &Alert{
			Name: "Sessions are not shared", Threshold: 0.5, Seconds: 600,
			Why: "Sessions work on in this instance, and are sent when the others can be reached again. A stop before that loses what no snapshot has.",
		},
	},
	{
		Name: "session_exchanges", Type: Counter, Help: "Exchanges about sessions with other instances.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.Exchanges) }),
	},
	{
		Name: "session_exchange_failures", Type: Counter, Help: "Exchanges about sessions that failed.",
		Read: ofSessions(func(s *Sessions) float64 { return float64(s.ExchangeFailures) }),
	},
}

var redis = []Metric{
	{
		Name: "redis_live", Type: Gauge, Lowest: true, Help: "1 while Redis is read and written and its changes are heard, and else 0.",
		Read: ofRedis(func(r *Redis) float64 { return flag(r.Status == "live") }),
		Page: PageShared, Chart: "Redis is live",
	},
	{
		Name: "redis_hit_ratio", Type: Ratio, Unit: Share, Over: "redis_hits", Under: "redis_reads",
		Help: "The share of reads that found a value in Redis.",
		Page: PageShared, Chart: "Redis hit ratio",
	},
	{
		Name: "redis_reads", Type: Counter, Help: "Reads of Redis.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Hits + r.Misses + r.Unanswered) }),
	},
	{
		Name: "redis_hits", Type: Counter, Help: "Reads that found a value.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Hits) }),
	},
	{
		Name: "redis_unanswered", Type: Counter, Help: "Reads that had no answer in time.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Unanswered) }),
		Page: PageShared, Chart: "Reads without an answer",
	},
	{
		Name: "redis_gaps", Type: Counter, Help: "Times when changes may have been missed, and everything was looked at again.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Gaps) }),
		Page: PageShared, Chart: "Redis gaps",
	},
	{
		Name: "redis_writes", Type: Counter, Help: "Values written.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Writes) }),
	},
	{
		Name: "redis_writes_waiting", Type: Gauge, Help: "Values that wait to be written.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Waiting) }),
		Page: PageShared, Chart: "Writes that wait",
	},
	{
		Name: "redis_writes_dropped", Type: Counter, Help: "Values that were not written, for want of room or after too many failures.",
		Read: ofRedis(func(r *Redis) float64 { return float64(r.Dropped) }),
	},
}

var snapshot = []Metric{
	{
		Name: "snapshot_age_seconds", Type: Gauge, Unit: Seconds, Help: "How long ago the last snapshot succeeded. There is none before the first has.",
		Read: snapshotAge, Page: PageShared, Chart: "Age of the snapshot",
		Alert: &Alert{
			Name: "Snapshots are old", Threshold: 900, Seconds: 300, Critical: true,
			Why: "What changed since would be lost if the process were killed. Is the disk full, or the folder gone?",
		},
	},
	{
		Name: "snapshots_taken", Type: Counter, Help: "Snapshots that succeeded.",
		Read: ofSnapshot(func(s *Snapshot) float64 { return float64(s.Taken) }),
	},
	{
		Name: "snapshots_failed", Type: Counter, Help: "Snapshots that failed.",
		Read: ofSnapshot(func(s *Snapshot) float64 { return float64(s.Failed) }),
		Page: PageShared, Chart: "Failed snapshots",
	},
	{
		Name: "snapshot_bytes", Type: Gauge, Unit: Bytes, Help: "The size of the last snapshot.",
		Read: ofSnapshot(func(s *Snapshot) float64 { return float64(s.Bytes) }),
	},
}

// lookups are all calls that asked for a result.
func lookups(k *state.KindStats) float64 {
	return float64(k.Hits) + float64(k.RememberedErrors) + float64(k.Previews) + misses(k)
}

// misses are the calls that waited: those that started a load or joined one, less
// the loads that nobody waited for. A refresh that joined a load is in Refreshes
// and in Collapsed, and so in neither the one nor the other here. Counters are read
// one after the other, so the difference may be below 0 for a moment.
func misses(k *state.KindStats) float64 {
	waited := float64(k.Loads) + float64(k.Collapsed)
	return max(0, waited-float64(k.Refreshes)-float64(k.RefreshesAhead)-float64(k.Refinements)-float64(k.Prefetches))
}

// departures sums up over the kinds, since there would be too many lines else.
func departures(r *Reading) []Sample {
	var evicted, expired, invalidated uint64
	for i := range r.Health.Kinds {
		k := &r.Health.Kinds[i]
		evicted += k.Evictions
		expired += k.Expirations
		invalidated += k.Invalidated
	}
	return []Sample{
		{"eviction", float64(evicted)},
		{"expiration", float64(expired)},
		{"invalidation", float64(invalidated)},
	}
}

func snapshotAge(r *Reading) []Sample {
	if r.Snapshot == nil || r.Snapshot.Saved.IsZero() {
		return nil
	}
	return one(max(0, r.At.Sub(r.Snapshot.Saved).Round(time.Millisecond).Seconds()))
}
