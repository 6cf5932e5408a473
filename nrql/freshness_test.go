package nrql

import (
	"testing"
	"time"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// The table of freshness, line by line.
func TestHowLongAnswersHold(t *testing.T) {
	for _, test := range []struct {
		text  string
		class Class
		fresh time.Duration
	}{
		// absolute, ended more than 48 hours ago
		{"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-02'", Immutable, day},
		{"SELECT keyset() FROM A SINCE '2023-12-01' UNTIL '2023-12-02'", Immutable, day},
		{"SELECT * FROM A SINCE last month UNTIL this month", Immutable, day},
		{"SELECT count(*) FROM A TIMESERIES 1 hour SINCE '2023-12-01' UNTIL '2023-12-02'", Immutable, day},
		{"SELECT * FROM A SINCE 30 days ago UNTIL '2023-12-02'", Sliding, 15 * minute}, // its beginning slides
		// absolute, ended within 48 hours: a tenth of its age
		{"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-18T12:34:46.789'", Settling, minute},
		{"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-18T02:34:56.789'", Settling, hour},
		{"SELECT * FROM A SINCE yesterday UNTIL '2023-12-16T12:34:56.789'", Unknown, 15 * time.Second},
		{"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-16T12:34:56.789'", Settling, 288 * minute},
		// SINCE n ago, to now
		{"SELECT * FROM A", Sliding, minute},
		{"SELECT * FROM A SINCE 5 minutes ago", Sliding, 15 * time.Second},
		{"SELECT * FROM A SINCE 3 hours ago", Sliding, 3 * minute},
		{"SELECT * FROM A SINCE 7 days ago", Sliding, 15 * minute},
		{"SELECT * FROM A SINCE today", Sliding, (12*hour + 34*minute + 56789*time.Millisecond) / 60},
		{"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-24'", Sliding, 15 * minute},
		{"SELECT * FROM A SINCE this hour", Sliding, (34*minute + 56789*time.Millisecond) / 60},
		// relative and lagged
		{"SELECT * FROM A SINCE 2 days ago UNTIL 1 day ago", Lagging, 15 * minute},
		{"SELECT * FROM A SINCE 20 minutes ago UNTIL 10 minutes ago", Lagging, 15 * time.Second},
		// TIMESERIES: one bucket
		{"SELECT count(*) FROM A TIMESERIES 5 minutes", Series, 5 * minute},
		{"SELECT count(*) FROM A TIMESERIES 1 second", Series, 15 * time.Second},
		{"SELECT count(*) FROM A SINCE 1 month ago TIMESERIES 1 day", Series, hour},
		{"SELECT count(*) FROM A TIMESERIES 5 minutes SLIDE BY 1 minute", Series, minute},
		{"SELECT count(*) FROM A SINCE 1 day ago TIMESERIES MAX", Series, day / 366},
		{"SELECT count(*) FROM A SINCE 1 day ago TIMESERIES", Series, 15 * minute},
		{"SELECT count(*) FROM A SINCE 1 day ago UNTIL 1 hour ago TIMESERIES 2 minutes", Series, 2 * minute},
		// schemas
		{"SHOW EVENT TYPES", Schema, hour},
		{"SELECT keyset() FROM A SINCE 1 day ago", Schema, hour},
		{"SELECT keyset() FROM A SINCE yesterday UNTIL today", Schema, hour},
		{"SELECT keyset() FROM A SINCE 9 days ago UNTIL 8 days ago", Schema, hour},
		// what more than events decide
		{"SELECT * FROM lookup(A) SINCE '2023-12-01' UNTIL '2023-12-02'", Sliding, 15 * minute},
		{"SELECT now() - timestamp FROM A SINCE '2023-12-01' UNTIL '2023-12-02'", Sliding, 15 * minute},
		{"SELECT * FROM lookup(A)", Sliding, minute},
		// subqueries: what holds shortest
		{"SELECT * FROM A WHERE a > (SELECT max(a) FROM B SINCE 10 minutes ago) SINCE '2023-12-01' UNTIL '2023-12-02'", Unknown, 15 * time.Second},
		{"SELECT * FROM A WHERE a > (SELECT max(a) FROM B SINCE 10 minutes ago UNTIL NOW) SINCE '2023-12-01' UNTIL '2023-12-02'", Sliding, 15 * time.Second},
		{"SELECT * FROM A WHERE a > (SELECT max(a) FROM B SINCE 1 day ago) SINCE 2 hours ago", Sliding, 2 * minute},
		{"SELECT * FROM A WHERE a > (SELECT max(a) FROM B UNTIL 90 minutes ago) SINCE 2 hours ago", Lagging, 30 * time.Second},
		{"SELECT * FROM A WHERE a > (SELECT max(a) FROM B SINCE '2023-12-01' UNTIL '2023-12-02') SINCE 2 hours ago", Sliding, 2 * minute},
	} {
		q := checkCanonical(t, test.text)
		want := Freshness{test.class, test.fresh, staleFor(test.class, test.fresh)}
		if f := q.Freshness(monday, Policy{}); !q.Understood || f != want {
			t.Errorf("%s (understood: %v)\n%+v\nwant\n%+v", test.text, q.Understood, f, want)
		}
		if f := q.Freshness(monday, Policy{}); f.HoldFor() != want.FreshFor+want.StaleFor {
			t.Errorf("%s: kept for %v", test.text, f.HoldFor())
		}
	}
}

// staleFor is how long answers may be served after they were fresh.
func staleFor(c Class, fresh time.Duration) time.Duration {
	switch c {
	case Unknown:
		return 0
	case Schema:
		return 3 * hour
	}
	return min(30*fresh, 2*hour)
}

func TestEveryNumberOfThePolicyCounts(t *testing.T) {
	policy := Policy{
		SettledAfter: hour, ImmutableFor: 2 * day, SettlingDivisor: 2, SettlingLeast: 2 * minute, SettlingMost: 20 * minute,
		OpenDivisor: 30, OpenLeast: minute, OpenMost: 10 * minute, BucketMost: 7 * minute, SchemaFor: 2 * hour, SchemaStaleFor: 5 * hour, UnreadFor: 5 * time.Second, StaleFactor: 2, StaleMost: 3 * day,
	}
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Freshness{
		"SELECT * FROM A SINCE today UNTIL '2023-12-18T11:00'":     {Immutable, 2 * day, 3 * day},
		"SELECT * FROM A SINCE today UNTIL '2023-12-18T12:34:56'":  {Settling, 2 * minute, 4 * minute},
		"SELECT * FROM A SINCE today UNTIL '2023-12-18T12:04:56Z'": {Settling, 15*minute + 394500*time.Microsecond, 30*minute + 789*time.Millisecond},
		"SELECT * FROM A SINCE today UNTIL '2023-12-18T11:44:56Z'": {Settling, 20 * minute, 40 * minute},
		"SELECT * FROM A":                            {Sliding, 2 * minute, 4 * minute},
		"SELECT * FROM A SINCE 1 minute ago":         {Sliding, minute, 2 * minute},
		"SELECT * FROM A SINCE 1 day ago":            {Sliding, 10 * minute, 20 * minute},
		"SELECT count(*) FROM A TIMESERIES 1 hour":   {Series, 7 * minute, 14 * minute},
		"SELECT count(*) FROM A TIMESERIES 1 second": {Series, minute, 2 * minute},
		"SHOW EVENT TYPES":                           {Schema, 2 * hour, 5 * hour},
		"?":                                          {Unknown, 5 * time.Second, 0},
	} {
		if f := Read(text).Freshness(monday, policy); f != want {
			t.Errorf("%s\n%+v\nwant\n%+v", text, f, want)
		}
	}
	policy.StaleFactor = NoStale
	if f := Read("SELECT * FROM A").Freshness(monday, policy); f.StaleFor != 0 || policy.Validate() != nil {
		t.Errorf("never stale, but %+v, %v", f, policy.Validate())
	}
}

func TestClassNames(t *testing.T) {
	if Schema.String() != "schema" || Unknown.String() != "unknown" || Class(99).String() != "invalid" {
		t.Error(Schema, Unknown, Class(99))
	}
}
