package nrql_test

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/nrql"
)

var now = time.Date(2023, 12, 18, 12, 34, 56, 0, time.UTC)

func ExampleRead() {
	a := nrql.Read("select COUNT(*) from `Transaction` -- all of them\n where (appName = 'checkout') since 60 minutes ago")
	b := nrql.Read("FROM Transaction SELECT count(*) WHERE appName = 'checkout'")
	fmt.Println(a.Canonical)
	fmt.Println(a.Canonical == b.Canonical, a.Kind, a.EventTypes)
	// Output:
	// SELECT count(*) FROM Transaction WHERE appName = 'checkout'
	// true count [Transaction]
}

func ExampleRead_unread() {
	q := nrql.Read("SELECT speed FROM {{type}}")
	fmt.Println(q.Understood, q.Canonical)
	fmt.Printf("%+v\n", q.Freshness(now, nrql.Policy{}))
	// Output:
	// false SELECT speed FROM {{type}}
	// {Class:unknown FreshFor:15s StaleFor:0s}
}

func ExampleQuery_Window() {
	q := nrql.Read("SELECT count(*) FROM Transaction SINCE yesterday UNTIL today COMPARE WITH 1 week ago WITH TIMEZONE 'UTC'")
	w, _ := q.Window(now)
	fmt.Println(w.From.UTC(), w.To.UTC(), w.Open)
	w, _ = q.Compared(now)
	fmt.Println(w.From.UTC(), w.To.UTC(), w.Open)
	// Output:
	// 2023-12-17 00:00:00 +0000 UTC 2023-12-18 00:00:00 +0000 UTC false
	// 2023-12-10 00:00:00 +0000 UTC 2023-12-11 00:00:00 +0000 UTC false
}

func ExampleQuery_Freshness() {
	for _, text := range []string{
		"SELECT count(*) FROM Transaction SINCE '2023-11-01' UNTIL '2023-12-01'",
		"SELECT count(*) FROM Transaction SINCE 2 hours ago",
		"SELECT count(*) FROM Transaction TIMESERIES 5 minutes",
		"SHOW EVENT TYPES",
	} {
		f := nrql.Read(text).Freshness(now, nrql.Policy{})
		fmt.Println(f.Class, f.FreshFor, f.StaleFor)
	}
	// Output:
	// immutable 24h0m0s 2h0m0s
	// sliding 2m0s 1h0m0s
	// series 5m0s 2h0m0s
	// schema 1h0m0s 3h0m0s
}

// What moves with the clock keeps its slot; yesterday is another day tomorrow.
func ExampleQuery_Slot() {
	sliding := nrql.Read("SELECT count(*) FROM Transaction SINCE 2 hours ago")
	daily := nrql.Read("SELECT count(*) FROM Transaction SINCE yesterday UNTIL today")
	tomorrow := now.AddDate(0, 0, 1)
	fmt.Println(sliding.Slot(now) == sliding.Slot(tomorrow), daily.Slot(now) == daily.Slot(tomorrow))
	fmt.Println(time.UnixMilli(daily.Slot(now).From).UTC())
	// Output:
	// true false
	// 2023-12-17 00:00:00 +0000 UTC
}

func ExamplePolicy_Validate() {
	fmt.Println(nrql.Policy{OpenLeast: time.Hour}.Validate())
	// Output:
	// nrql: bad policy: OpenLeast is 1h0m0s but OpenMost only 15m0s; want it the other way round
}
