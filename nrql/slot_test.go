package nrql

import (
	"testing"
	"time"
)

// changes returns how often a query's slot changes in a time that is looked at
// once a second.
func changes(t *testing.T, text string, during time.Duration) int {
	t.Helper()
	q := checkCanonical(t, text)
	if !q.Understood {
		t.Fatalf("%s is not understood", text)
	}
	n := 0
	last := q.Slot(monday, Policy{})
	for past := time.Duration(0); past < during; past += time.Second {
		slot := q.Slot(monday.Add(past), Policy{})
		if slot != last {
			n++
		}
		last = slot
	}
	return n
}

func TestASlotMovesWithItsWindow(t *testing.T) {
	for text, want := range map[string]int{
		"SELECT * FROM A":                    120,
		"SELECT * FROM A SINCE 1 day ago":    8,
		"SELECT * FROM A SINCE 1 minute ago": 480,
		// Ends that move apart from each other move at the same time.
		"SELECT * FROM A SINCE 100 seconds ago":                        480,
		"SELECT * FROM A SINCE 5000 seconds ago UNTIL 700 seconds ago": 101,
		"SELECT count(*) FROM A TIMESERIES 5 minutes":                  24,
		"SHOW EVENT TYPES":                                                               0,
		"SELECT keyset() FROM A SINCE 5 minutes ago":                                     0,
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-02'":                          0,
		"SELECT * FROM A SINCE yesterday UNTIL today":                                    0,
		"SELECT * FROM A SINCE this hour UNTIL this hour":                                2,
		"SELECT * FROM A SINCE 30 days ago UNTIL '2023-12-02'":                           15,
		"SELECT * FROM A SINCE today":                                                    15,
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-18T13:34:56.789'":             8, // the last one for good
		"SELECT * FROM A WHERE a IN (SELECT b FROM B SINCE 1 day ago) SINCE 1 month ago": 8,
	} {
		if got := changes(t, text, 2*time.Hour); got != want {
			t.Errorf("%s: %d slots more in two hours, want %d", text, got, want)
		}
	}
}

func TestASlotMovesWithTheCalendar(t *testing.T) {
	q := Read("SELECT * FROM A SINCE yesterday UNTIL today WITH TIMEZONE 'America/New_York'")
	before, after := at(t, "2023-12-18T04:59:59.999Z"), at(t, "2023-12-18T05:00:00.000Z")
	if a, b := q.Slot(before, Policy{}), q.Slot(after, Policy{}); a == b || b.To-a.To != day.Milliseconds() || b.From != a.To {
		t.Errorf("before midnight %+v, after it %+v", a, b)
	}
}

func TestASlotHoldsTheAlignedWindow(t *testing.T) {
	for text, want := range map[string]Slot{
		"SELECT * FROM A": {From: 1702899240000, To: 1702902840000},
		// Of a subquery, what is not stated is the outer query's, its zone too.
		"SELECT * FROM A WHERE b IN (SELECT c FROM B SINCE yesterday) SINCE '2023-12-01' UNTIL today WITH TIMEZONE 'America/New_York'": {
			To: 1702875600000, Inner: "1702789200000-1702875600000;"},
		"SELECT * FROM A SINCE 90 minutes ago":                  {From: 1702897470000, To: 1702902870000},
		"SELECT * FROM A SINCE 2 days ago UNTIL 1 day ago":      {From: 1702729800000, To: 1702816200000},
		"SELECT * FROM A SINCE '2023-12-01'":                    {To: 1702902720000},
		"SELECT * FROM A SINCE today":                           {From: 1702857600000, To: 1702902720000},
		"SELECT keyset() FROM A SINCE today":                    {From: 1702857600000},
		"SELECT keyset() FROM A UNTIL today AT '23:00'":         {To: 1702940400000},
		"SELECT * FROM A UNTIL '2023-12-24'":                    {From: 1702899120000, To: 1702902720000},
		"SHOW EVENT TYPES SINCE 1 day ago UNTIL '2023-12-24'":   {},
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-02'": {},
		"SELECT * FROM A WHERE b IN (SELECT c FROM B SINCE 1 day ago) AND d IN (SELECT c FROM B UNTIL '2023-12-02' SINCE '2023-12-01')": {
			From: 1702899240000, To: 1702902840000, Inner: "1702816200000-1702902600000;0-0;"},
	} {
		q := checkCanonical(t, text)
		want.Text = q.Canonical
		if got := q.Slot(monday, Policy{}); got != want {
			t.Errorf("%s\n%+v, want\n%+v", text, got, want)
		}
	}
}

func TestTheSlotOneStepAgo(t *testing.T) {
	q := Read("SELECT * FROM A SINCE 1 day ago")
	f := q.Freshness(monday, Policy{})
	if got, want := q.Slot(monday.Add(-f.Step), Policy{}), q.Slot(monday, Policy{}).To-f.Step.Milliseconds(); got.To != want {
		t.Errorf("it ends at %d, want %d", got.To, want)
	}
}

func TestTimesBeforeTheEpochAreAligned(t *testing.T) {
	then := time.Date(1960, 1, 1, 0, 0, 7, 0, time.UTC)
	slot := Read("SELECT * FROM A").Slot(then, Policy{})
	if want := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(); slot.To != want {
		t.Errorf("%d, want %d", slot.To, want)
	}
}
