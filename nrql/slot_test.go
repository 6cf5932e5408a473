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
	last := q.Slot(monday)
	for past := time.Duration(0); past < during; past += time.Second {
		slot := q.Slot(monday.Add(past))
		if slot != last {
			n++
		}
		last = slot
	}
	return n
}

func TestASlotMovesWithTheCalendarAlone(t *testing.T) {
	for text, want := range map[string]int{
		"SELECT * FROM A":                    0,
		"SELECT * FROM A SINCE 1 minute ago": 0,
		"SELECT * FROM A SINCE 5000 seconds ago UNTIL 700 seconds ago": 0,
		"SELECT count(*) FROM A TIMESERIES 5 minutes":                  0,
		"SHOW EVENT TYPES":                                                               0,
		"SELECT keyset() FROM A SINCE 5 minutes ago":                                     0,
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-02'":                          0,
		"SELECT * FROM A SINCE yesterday UNTIL today":                                    0,
		"SELECT * FROM A SINCE this hour UNTIL this hour":                                2,
		"SELECT * FROM A SINCE 30 days ago UNTIL '2023-12-02'":                           0,
		"SELECT * FROM A SINCE today":                                                    0,
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-18T13:34:56.789'":             1, // when it has passed
		"SELECT keyset() FROM A SINCE '2023-12-01' UNTIL '2023-12-18T13:34:56.789'":      0,
		"SELECT * FROM A SINCE today AT '10:00' UNTIL today AT '14:00'":                  1,
		"SELECT * FROM A WHERE a IN (SELECT b FROM B SINCE this hour) SINCE 1 month ago": 2,
	} {
		if got := changes(t, text, 2*time.Hour); got != want {
			t.Errorf("%s: %d slots more in two hours, want %d", text, got, want)
		}
	}
}

func TestASlotMovesWithTheCalendar(t *testing.T) {
	q := Read("SELECT * FROM A SINCE yesterday UNTIL today WITH TIMEZONE 'America/New_York'")
	before, after := at(t, "2023-12-18T04:59:59.999Z"), at(t, "2023-12-18T05:00:00.000Z")
	if a, b := q.Slot(before), q.Slot(after); a == b || b.To-a.To != day.Milliseconds() || b.From != a.To {
		t.Errorf("before midnight %+v, after it %+v", a, b)
	}
}

func TestASlotHoldsWhatMovesWithTheCalendar(t *testing.T) {
	for text, want := range map[string]Slot{
		"SELECT * FROM A": {},
		// Of a subquery, what is not stated is the outer query's, its zone too.
		"SELECT * FROM A WHERE b IN (SELECT c FROM B SINCE yesterday) SINCE '2023-12-01' UNTIL today WITH TIMEZONE 'America/New_York'": {
			To: 1702875600000, Inner: "1702789200000-1702875600000;"},
		"SELECT * FROM A SINCE 2 days ago UNTIL 1 day ago":      {},
		"SELECT * FROM A SINCE '2023-12-01'":                    {},
		"SELECT * FROM A SINCE today":                           {From: 1702857600000},
		"SELECT keyset() FROM A SINCE today":                    {From: 1702857600000},
		"SELECT keyset() FROM A UNTIL today AT '23:00'":         {To: 1702940400000},
		"SELECT * FROM A UNTIL today AT '23:00'":                {To: 1702940400000, Open: true},
		"SELECT * FROM A UNTIL '2023-12-24'":                    {Open: true},
		"SHOW EVENT TYPES SINCE 1 day ago UNTIL '2023-12-24'":   {},
		"SELECT * FROM A SINCE '2023-12-01' UNTIL '2023-12-02'": {},
		"SELECT * FROM A WHERE b IN (SELECT c FROM B SINCE 1 day ago) AND d IN (SELECT c FROM B UNTIL '2023-12-24' SINCE '2023-12-01')": {
			Inner: "0-0;0-0+;"},
	} {
		q := checkCanonical(t, text)
		want.Text = q.Canonical
		if got := q.Slot(monday); got != want {
			t.Errorf("%s\n%+v, want\n%+v", text, got, want)
		}
	}
}
