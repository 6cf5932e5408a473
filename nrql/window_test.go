package nrql

import (
	"testing"
	"time"
)

func TestBucketsAreCountedFromTheEnd(t *testing.T) {
	// The example of New Relic's page.
	checkEnds(t, monday, "TIMESERIES 5 minutes SINCE '2023-12-20T00:04:59Z' UNTIL '2023-12-21T00:03:12Z'", "2023-12-20T00:08:12.000Z", "2023-12-21T00:03:12.000Z")
	checkEnds(t, monday, "TIMESERIES 7 minutes", "2023-12-18T11:38:56.789Z", monday.Format(layout))
	checkEnds(t, monday, "TIMESERIES 2 hours", "2023-12-18T11:34:56.789Z", monday.Format(layout))
	checkEnds(t, monday, "TIMESERIES 7 minutes SLIDE BY 1 minute", "2023-12-18T11:34:56.789Z", monday.Format(layout))
	checkEnds(t, monday, "TIMESERIES", "2023-12-18T11:34:56.789Z", monday.Format(layout))
}

func TestBucketWidths(t *testing.T) {
	for clauses, want := range map[string]time.Duration{
		"":                                          0,
		"TIMESERIES":                                0,
		"TIMESERIES AUTO":                           0,
		"TIMESERIES 5 minutes":                      5 * time.Minute,
		"TIMESERIES 300000 SLIDE BY 60000":          5 * time.Minute,
		"TIMESERIES 1 month":                        30 * 24 * time.Hour,
		"TIMESERIES MAX SINCE 366 minutes ago":      time.Minute,
		"TIMESERIES 1 minute SLIDE BY MAX":          time.Minute,
		"TIMESERIES 1 minute SINCE 10 seconds ago":  time.Minute,
		"TIMESERIES 1 minute SINCE 61 seconds ago ": time.Minute,
	} {
		if w, ok := Read("SELECT count(*) FROM A " + clauses).Window(monday); !ok || w.Bucket != want {
			t.Errorf("%s: buckets of %v (%v), want %v", clauses, w.Bucket, ok, want)
		}
	}
}

func TestOpenWindowsEndNowOrLater(t *testing.T) {
	for clauses, want := range map[string]bool{
		"": true, "SINCE today": true, "UNTIL NOW": true, "UNTIL 1 minute ago": false, "SINCE yesterday UNTIL today": false, "UNTIL today AT '23:00'": true,
		"SINCE 2020-2 UNTIL 2021": false, "SINCE '2023-12-01' UNTIL '2023-12-24'": true, "SINCE '2023-12-01' UNTIL '2023-12-18T12:34:56.789'": true,
	} {
		q := Read("SELECT count(*) FROM A " + clauses)
		if w, ok := q.Window(monday); ok != q.Understood || w.Open != want {
			t.Errorf("%s (understood: %v): open: %v (%v), want %v", clauses, q.Understood, w.Open, ok, want)
		}
	}
}

func TestAWindowThatEndsBeforeItBegins(t *testing.T) {
	for _, clauses := range []string{"SINCE 1 day ago UNTIL 2 days ago", "UNTIL 2 hours ago", "SINCE '2024-01-01'"} {
		q := checkCanonical(t, "SELECT count(*) FROM A "+clauses)
		if w, ok := q.Window(monday); ok || !q.Understood {
			t.Errorf("%s (understood: %v) has the window %v", clauses, q.Understood, w)
		}
		if f := q.Freshness(monday, Policy{}); f.Class != Unknown {
			t.Errorf("%s: %+v", clauses, f)
		}
	}
}

func TestComparedWindows(t *testing.T) {
	q := Read("SELECT count(*) FROM A SINCE 2 hours ago COMPARE WITH 4 hours ago")
	w, ok := q.Compared(monday)
	if want := (Window{From: monday.Add(-6 * time.Hour), To: monday.Add(-4 * time.Hour)}); !ok || w != want {
		t.Errorf("%v (%v), want %v", w, ok, want)
	}
	ahead := Read("SELECT count(*) FROM A SINCE today UNTIL today AT '23:00' COMPARE WITH 1 hour ago")
	if w, ok := ahead.Compared(monday); !ok || !w.Open {
		t.Errorf("a window shifted to an end that lies ahead is %+v (%v)", w, ok)
	}
	for _, text := range []string{"SELECT count(*) FROM A", "SELECT count(*) FROM A SINCE today WITH TIMEZONE 'x' COMPARE WITH 1 day ago", "?"} {
		if w, ok := Read(text).Compared(monday); ok {
			t.Errorf("%s is compared with %v", text, w)
		}
	}
}
