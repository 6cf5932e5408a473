package nrql

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests name zones, and the machine may have none
)

const layout = "2006-01-02T15:04:05.000Z"

// checkEnds checks the ends of a query's window.
func checkEnds(t *testing.T, now time.Time, clauses, from, to string) {
	t.Helper()
	q := checkCanonical(t, "SELECT * FROM A "+clauses)
	w, ok := q.Window(now)
	got := fmt.Sprint(w.From.UTC().Format(layout), " ", w.To.UTC().Format(layout))
	if !ok || got != from+" "+to {
		t.Errorf("%s at %s: %s (%v), want %s %s", clauses, now.UTC().Format(layout), got, ok, from, to)
	}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	now, err := time.Parse(layout, text)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// The tables of New Relic's page on a query's time range, which runs its examples
// at monday.
func TestDocumentedRelativeTimes(t *testing.T) {
	for clause, want := range map[string]string{
		"NOW": "2023-12-18T12:34:56.789Z", "2 milliseconds ago": "2023-12-18T12:34:56.787Z", "2 seconds ago": "2023-12-18T12:34:54.789Z",
		"2 minutes ago": "2023-12-18T12:32:56.789Z", "2 hours ago": "2023-12-18T10:34:56.789Z", "2 days ago": "2023-12-16T12:34:56.789Z",
		"2 weeks ago": "2023-12-04T12:34:56.789Z", "2 months ago": "2023-10-19T12:34:56.789Z", "2 quarters ago": "2023-06-19T12:34:56.789Z", "2 years ago": "2021-12-18T12:34:56.789Z",
		"today": "2023-12-18T00:00:00.000Z", "today at '01:23:45'": "2023-12-18T01:23:45.000Z", "today at '23:45'": "2023-12-17T23:45:00.000Z",
		"yesterday": "2023-12-17T00:00:00.000Z", "yesterday at '01:23:45'": "2023-12-17T01:23:45.000Z",
		"monday": "2023-12-18T00:00:00.000Z", "monday at '01:23:45'": "2023-12-18T01:23:45.000Z", "monday at '13:00'": "2023-12-11T13:00:00.000Z",
		"tuesday": "2023-12-12T00:00:00.000Z", "wednesday": "2023-12-13T00:00:00.000Z", "thursday": "2023-12-14T00:00:00.000Z",
		"friday at '01:23:45'": "2023-12-15T01:23:45.000Z", "saturday": "2023-12-16T00:00:00.000Z", "sunday": "2023-12-17T00:00:00.000Z",
		"this hour": "2023-12-18T12:00:00.000Z", "last hour": "2023-12-18T11:00:00.000Z", "this week": "2023-12-18T00:00:00.000Z", "last week": "2023-12-11T00:00:00.000Z",
		"this month": "2023-12-01T00:00:00.000Z", "last month": "2023-11-01T00:00:00.000Z", "this quarter": "2023-10-01T00:00:00.000Z", "last quarter": "2023-07-01T00:00:00.000Z",
		"this year": "2023-01-01T00:00:00.000Z", "last year": "2022-01-01T00:00:00.000Z",
	} {
		checkEnds(t, monday, "SINCE "+clause, want, monday.Format(layout))
	}
	checkEnds(t, monday, "SINCE 1702899296789 UNTIL 1702902896789", "2023-12-18T11:34:56.789Z", "2023-12-18T12:34:56.789Z")
	checkEnds(t, monday, "SINCE 1702899296", "2023-12-18T11:34:56.000Z", monday.Format(layout))
	checkEnds(t, monday, "SINCE 3 days ago UNTIL today at '23:45'", "2023-12-15T12:34:56.789Z", "2023-12-18T23:45:00.000Z")
	checkEnds(t, monday, "SINCE '2023-12-10' UNTIL '23:45'", "2023-12-10T00:00:00.000Z", "2023-12-18T23:45:00.000Z")
	checkEnds(t, monday, "", "2023-12-18T11:34:56.789Z", monday.Format(layout))
	checkEnds(t, at(t, "2024-01-01T00:30:00.000Z"), "SINCE last hour", "2023-12-31T23:00:00.000Z", "2024-01-01T00:30:00.000Z")
	checkEnds(t, at(t, "2024-01-07T00:00:00.000Z"), "SINCE last week UNTIL this week", "2023-12-25T00:00:00.000Z", "2024-01-01T00:00:00.000Z")
	checkEnds(t, at(t, "2024-02-01T00:00:00.000Z"), "SINCE last quarter UNTIL last month", "2023-10-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z")
}

func TestDocumentedDateTimes(t *testing.T) {
	now := at(t, "2023-12-18T20:00:00.000Z")
	for want, texts := range map[string]string{
		"2023-12-18T12:34:56.789Z": "2023-12-18T12:34:56.789|2023-12-18T12:34:56.789Z|2023-12-18 12:34:56.789|2023-12-18 12:34:56.789Z|2023-12-18T06:34:56.789-0600|2023-12-18T06:34:56.789-06:00|2023-12-18T06:34:56.789 [America/Chicago]|2023-12-18T06:34:56.789 CST|20231218T123456.789|2023-12-18T18:04:56.789+05:30",
		"2023-12-18T12:34:56.000Z": "2023-12-18T12:34:56|2023-12-18 12:34:56|2023-12-18T06:34:56-0600|2023-12-18T06:34:56 [America/Chicago]",
		"2023-12-18T12:34:56.700Z": "2023-12-18T12:34:56.7",
		"2023-12-18T12:34:00.000Z": "2023-12-18T12:34|2023-12-18 12:34|2023-12-18T06:34-0600|2023-12-18T06:34 [America/Chicago]|12:34|12:34:00|12:34:00.000|12:34 PM|06:34-0600 AM|06:34 [America/Chicago]|6:34 [America/Chicago]",
		"2023-12-18T13:23:00.000Z": "2023-12-18T01:23 PM|2023-12-18 01:23 PM|2023-12-18T07:23-0600 AM|2023-12-18T01:23PM",
		"2023-12-18T00:23:00.000Z": "12:23 AM",
		"2023-12-18T00:00:00.000Z": "2023-12-18|2023-12-18Z|20231218|2023-12-18T0:00|2023-12-18 GMT",
		"2023-12-18T06:00:00.000Z": "2023-12-18-06:00|2023-12-18 [America/Chicago]|2023-12-18 CST",
		"2023-12-01T00:00:00.000Z": "2023-12",
		"2023-12-01T06:00:00.000Z": "2023-12-06:00",
		"2023-12-17T22:10:00.000Z": "22:10", // the last one, as it has not come yet today
		"2023-07-01T12:00:00.000Z": "2023-07-01 07:00 [America/Chicago]|2023-07-01T21:00:00 [Asia/Tokyo]",
	} {
		for text := range strings.SplitSeq(texts, "|") {
			checkEnds(t, now, "SINCE '"+text+"'", want, now.Format(layout))
		}
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for text := range strings.SplitSeq("|x|2023|202312|2023-1-1|2023-13|2023-02-30|2023-00-01|2023-12-00|0000-12-18|2023-12-18T|2023-12-18 T12:34|2023-12-18T24:00|2023-12-18T12:60|2023-12-18T12:34:60|2023-12-18T12:3|2023-12-18T12|2023-12-18T12:34:56.|2023-12-18T12:34:56.7891|2023-12-18T123|2023-12-18T1:2345|2023-12-18 1234|1234|2023-12-18  12:34|2023-12-18t12:34|2023-12-18T12:34z|2023-12-18T12:34+0|2023-12-18T12:34+06|2023-12-18T12:34+1900|2023-12-18T12:34+06:61|2023-12-18T12:34[|2023-12-18T12:34[]|2023-12-18T12:34 XYZ|2023-12-18T13:34 PM|2023-12-18T00:34 AM|2023-12-18 PM|2023-12-18T1234 PM|2023-12-18T01:34 [Asia/Tokyo] PM|2023-12-18T12:34 |2023-12-18T12:34ZZ|2023-12-18T12:34 pm", "|") {
		if m, ok := dateTime(text); ok {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

// New Relic's page on WITH TIMEZONE. Of its three examples the last contradicts
// the text above it, which is what counts here: a zone in a text always works.
func TestZonesOfDates(t *testing.T) {
	now := at(t, "2022-05-19T20:00:00.000Z")
	checkEnds(t, now, "SINCE today UNTIL '2022-05-19T12:00' WITH TIMEZONE 'America/Los_Angeles'", "2022-05-19T07:00:00.000Z", "2022-05-19T19:00:00.000Z")
	checkEnds(t, now, "SINCE today UNTIL '2022-05-19T12:00-0500'", "2022-05-19T00:00:00.000Z", "2022-05-19T17:00:00.000Z")
	checkEnds(t, now, "SINCE today UNTIL '2022-05-19T12:00-0500' WITH TIMEZONE 'America/Los_Angeles'", "2022-05-19T07:00:00.000Z", "2022-05-19T17:00:00.000Z")
	checkEnds(t, now, "SINCE today UNTIL '2022-05-19T12:00-0500' WITH TIMEZONE 'UTC'", "2022-05-19T00:00:00.000Z", "2022-05-19T17:00:00.000Z")
	checkEnds(t, now, "SINCE Monday UNTIL Tuesday WITH TIMEZONE 'America/New_York'", "2022-05-16T04:00:00.000Z", "2022-05-17T04:00:00.000Z")
	checkEnds(t, now, "SINCE '9:30' WITH TIMEZONE 'PST'", "2022-05-19T16:30:00.000Z", now.Format(layout))
	// The day on which summer time begins has 23 hours.
	checkEnds(t, at(t, "2024-03-31T12:00:00.000Z"), "SINCE today WITH TIMEZONE 'Europe/Berlin'", "2024-03-30T23:00:00.000Z", "2024-03-31T12:00:00.000Z")
	checkEnds(t, at(t, "2024-03-31T22:30:00.000Z"), "SINCE today AT '12:00' UNTIL today WITH TIMEZONE 'Europe/Berlin'", "2024-03-31T10:00:00.000Z", "2024-03-31T22:00:00.000Z")
}

func TestAnUnknownZoneHasNoWindow(t *testing.T) {
	for _, clauses := range []string{
		"SINCE today WITH TIMEZONE 'Mars/Olympus'", "SINCE today WITH TIMEZONE 'Local'", "SINCE '2023-12-18 [Mars/Olympus]'", "SINCE '12:34 [../etc/passwd]'", "UNTIL '12:34 [x]'",
	} {
		q := checkCanonical(t, "SELECT * FROM A "+clauses)
		if w, ok := q.Window(monday); ok || !q.Understood {
			t.Errorf("%s (understood: %v) has the window %v", clauses, q.Understood, w)
		}
		if f := q.Freshness(monday, Policy{}); f.Class != Unknown || f.FreshFor != 15*time.Second {
			t.Errorf("%s: %+v", clauses, f)
		}
		if s := q.Slot(monday); s != (Slot{Text: q.Canonical}) {
			t.Errorf("%s: %+v", clauses, s)
		}
	}
}

func TestAMomentOfNoKindIsNoTime(t *testing.T) {
	if when, ok := (moment{}).at(monday, time.UTC, true); ok {
		t.Errorf("nothing stated is %v", when)
	}
}
