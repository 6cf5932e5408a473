package standin

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// rowsOf evaluates a query at noon.
func rowsOf(t *testing.T, d *dataset, nrql string) []row {
	t.Helper()
	q, err := parse(nrql)
	if err != nil {
		t.Fatalf("%s: %v", nrql, err)
	}
	a, err := d.evaluate(q, noon)
	if err != nil {
		t.Fatalf("%s: %v", nrql, err)
	}
	return a.rows
}

// single is the one value of the one row of a query.
func single(t *testing.T, d *dataset, nrql, key string) any {
	t.Helper()
	rows := rowsOf(t, d, nrql)
	if len(rows) != 1 {
		t.Fatalf("%s: %d rows, want one", nrql, len(rows))
	}
	v, ok := rows[0][key]
	if !ok {
		t.Fatalf("%s: no %q in %v", nrql, key, rows[0])
	}
	return v
}

func TestShowEventTypes(t *testing.T) {
	d := newDataset(1)
	var names []string
	for _, r := range rowsOf(t, d, "show event types since 1 day ago") {
		names = append(names, r["eventType"].(string))
	}
	if !slices.Equal(names, d.names) {
		t.Errorf("listed %v", names)
	}
}

func TestCountIsExact(t *testing.T) {
	d := newDataset(1)
	want := d.types["Transaction"].before(noon) - d.types["Transaction"].before(noon.Add(-24*time.Hour))
	if got := single(t, d, "SELECT count(*) FROM Transaction SINCE 24 hours ago", "count"); got != want {
		t.Errorf("counted %v, want %d", got, want)
	}
	if got := single(t, d, "SELECT count(*) FROM NoSuchType", "count"); got != int64(0) {
		t.Errorf("counted %v events of a type that does not exist", got)
	}
}

func TestTimeseriesAddsUpToTheCount(t *testing.T) {
	d := newDataset(1)
	buckets := rowsOf(t, d, "SELECT count(*), average(duration) FROM Transaction TIMESERIES 1 hour SINCE 24 hours ago")
	if len(buckets) != 24 {
		t.Fatalf("%d buckets, want 24", len(buckets))
	}
	var sum int64
	for i, b := range buckets {
		sum += b["count"].(int64)
		if i > 0 && b["beginTimeSeconds"] != buckets[i-1]["endTimeSeconds"] {
			t.Errorf("bucket %d begins at %v, the one before ends at %v", i, b["beginTimeSeconds"], buckets[i-1]["endTimeSeconds"])
		}
		if average := b["average.duration"].(float64); average <= 0 || average > 5 {
			t.Errorf("bucket %d averages %v s", i, average)
		}
	}
	if want := single(t, d, "SELECT count(*) FROM Transaction SINCE 24 hours ago", "count"); sum != want {
		t.Errorf("the buckets hold %d events, the window %v", sum, want)
	}
}

func TestKeysetNamesTypes(t *testing.T) {
	d := newDataset(1)
	kinds := make(map[string]string)
	for _, r := range rowsOf(t, d, "SELECT keyset() FROM Transaction SINCE 1 hour ago") {
		kinds[r["key"].(string)] = r["type"].(string)
	}
	for key, kind := range map[string]string{"appName": "string", "duration": "numeric", "error": "boolean", "timestamp": "numeric"} {
		if kinds[key] != kind {
			t.Errorf("%s is %q, want %q", key, kinds[key], kind)
		}
	}
	if rows := rowsOf(t, d, "SELECT keyset() FROM NoSuchType"); len(rows) != 0 {
		t.Errorf("a type that does not exist has the keys %v", rows)
	}
}

func TestCoverageIsTheShareOfValues(t *testing.T) {
	d := newDataset(1)
	got := single(t, d, "SELECT percentage(count(*), WHERE externalDuration IS NOT NULL) FROM Transaction", "percentage").(float64)
	if want := 100 * (1 - d.types["Transaction"].byName["externalDuration"].nullShare); math.Abs(got-want) > 4 {
		t.Errorf("coverage is %.1f %%, want about %.0f %%", got, want)
	}
}

func TestSharedKeysJoin(t *testing.T) {
	d := newDataset(1)
	hosts := single(t, d, "SELECT uniques(host, 5) FROM Transaction", "uniques.host").([]any)
	if len(hosts) != 5 {
		t.Fatalf("%d unique hosts, want 5", len(hosts))
	}
	var literals []string
	for _, h := range hosts {
		literals = append(literals, "'"+h.(string)+"'")
	}
	in := strings.Join(literals, ", ")
	if found := single(t, d, "SELECT uniqueCount(host) FROM SystemSample WHERE host IN ("+in+")", "uniqueCount.host"); found != 5 {
		t.Errorf("%v of the 5 hosts are in SystemSample", found)
	}
	if found := single(t, d, "SELECT uniqueCount(host) FROM SystemSample WHERE host IN ('elsewhere')", "uniqueCount.host"); found != 0 {
		t.Errorf("%v hosts called elsewhere", found)
	}
}

func TestRawEventsAreTheNewest(t *testing.T) {
	d := newDataset(1)
	rows := rowsOf(t, d, "SELECT * FROM Transaction SINCE 24 hours ago LIMIT 1000")
	if len(rows) != 1000 {
		t.Fatalf("%d rows, want 1000", len(rows))
	}
	last := math.Inf(1)
	for _, r := range rows {
		at := r["timestamp"].(float64)
		if at > last || at > float64(noon.UnixMilli())+2 {
			t.Fatalf("an event of %v comes after one of %v", at, last)
		}
		last = at
	}
}

func TestWhere(t *testing.T) {
	d := newDataset(1)
	count := func(where string) int64 {
		t.Helper()
		return single(t, d, "SELECT count(*) FROM Transaction WHERE "+where, "count").(int64)
	}
	all := count("appName IS NOT NULL")
	for where, complement := range map[string]string{
		"error IS TRUE":                        "error IS FALSE",
		"appName = 'checkout'":                 "appName != 'checkout'",
		"duration < 0.1":                       "NOT (duration < 0.1)",
		"appName IN ('checkout', 'search')":    "appName NOT IN ('checkout', 'search')",
		"appName LIKE 'che%' AND error = true": "NOT (appName LIKE 'che%') OR error = false",
		"databaseCallCount >= 5":               "databaseCallCount IS NULL OR databaseCallCount < 5",
	} {
		with, without := count(where), count(complement)
		if with+without < all-1 || with+without > all+1 {
			t.Errorf("%s holds for %d events and %s for %d, of %d", where, with, complement, without, all)
		}
		if with == 0 || without == 0 {
			t.Errorf("%s splits the events %d to %d, which shows nothing", where, with, without)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"checkout", "checkout", true},
		{"checkout", "checkouts", false},
		{"check%", "checkout", true},
		{"%out", "checkout", true},
		{"%eck%", "checkout", true},
		{"c%k%t", "checkout", true},
		{"%", "", true},
		{"a%a", "a", false},
	} {
		if got := matchesParts(c.s, strings.Split(c.pattern, "%")); got != c.want {
			t.Errorf("%q LIKE %q is %v", c.s, c.pattern, got)
		}
	}
}

func TestRefusalsAreWordedAsNRDBWordsThem(t *testing.T) {
	d := newDataset(1)
	for nrql, want := range map[string]string{
		"SELECT count(*) FORM Transaction":                              "NRQL Syntax Error: Error at line 1 position 17, unexpected 'FORM'",
		"SELECT count(*)\nFROM Transaction\nHAVING x":                   "NRQL Syntax Error: Error at line 3 position 1, unexpected 'HAVING'",
		"SELECT count(* FROM Transaction":                               "NRQL Syntax Error: Error at line 1 position 16, unexpected 'FROM'",
		"SELECT count(*) FROM Log WHERE level = 'info":                  "NRQL Syntax Error: Error at line 1 position 40, perhaps unterminated '",
		"SELECT count(*) FROM Log SINCE yesterday-ish":                  "NRQL Syntax Error: Error at line 1 position 32, unexpected 'yesterday'",
		"SELECT count(*) FROM Log SINCE 1 hour":                         "NRQL Syntax Error: Error at line 1 position 38, unexpected end of query",
		"SELECT count(*) FROM Log WHERE level = 'a' ESCAPE":             "NRQL Syntax Error: Error at line 1 position 44, unexpected 'ESCAPE'",
		"SELECT count(*) FROM Log LIMIT 0":                              "NRQL Syntax Error: Error at line 1 position 32, unexpected '0'",
		"SELECT count(*)":                                               "NRQL Syntax Error: Error at line 1 position 16, unexpected end of query",
		"SHOW TYPES":                                                    "NRQL Syntax Error: Error at line 1 position 6, unexpected 'TYPES'",
		"SELECT baseline(x) FROM Log":                                   "Unknown function baseline()",
		"SELECT * FROM Log TIMESERIES":                                  "FACET and TIMESERIES are not supported on events",
		"SELECT count(*) FROM Log SINCE 1 hour ago UNTIL 2 hours ago":   "Your query's start time must be before its end time",
		"SELECT count(*) FROM Log TIMESERIES 1 minute SINCE 1 week ago": "TIMESERIES supports a maximum of 366 buckets",
		"SELECT count(*) FROM Log FACET level":                          "the stand-in for NerdGraph does not answer this query: it knows no FACET clause",
		"SELECT level, count(*) FROM Log":                               "the stand-in for NerdGraph does not answer this query: it does not mix attributes and functions in one SELECT",
		"SELECT a, FROM Log":                                            "NRQL Syntax Error: Error at line 1 position 11, unexpected 'FROM'",
		"SELECT a" + strings.Repeat(", a", maxListed) + " FROM Log":     "the stand-in for NerdGraph does not answer this query: it reads lists of at most 50",
		strings.Repeat("x", maxQueryBytes+1):                            "the stand-in for NerdGraph does not answer this query: it is longer than 16384 bytes",
	} {
		q, err := parse(nrql)
		if err == nil {
			_, err = d.evaluate(q, noon)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", nrql, err, want)
		}
	}
}

func TestClausesComeInAnyOrder(t *testing.T) {
	d := newDataset(1)
	want := single(t, d, "SELECT count(*) FROM Log WHERE level = 'error' SINCE 2 hours ago UNTIL 1 hour ago", "count")
	for _, nrql := range []string{
		"FROM Log SELECT count(*) WHERE level = 'error' SINCE 2 hours ago UNTIL 1 hour ago",
		"since 120 minutes ago until 60 minutes ago from Log where `level` = 'error' select count(*)",
		"SELECT count(*) FROM Log WHERE level = 'error' SINCE '2026-03-14 10:00:00' UNTIL '2026-03-14 11:00:00'",
		"SELECT count(*) FROM Log WHERE level = 'error' SINCE 1773482400000 UNTIL 1773486000000",
	} {
		if got := single(t, d, nrql, "count"); got != want {
			t.Errorf("%s: %v, want %v", nrql, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, nrql := range []string{
		"SHOW EVENT TYPES SINCE 1 day ago",
		"SELECT count(*) FROM Transaction SINCE 24 hours ago",
		"SELECT keyset() FROM Span SINCE 1 hour ago",
		"SELECT percentage(count(*), WHERE `a b` IS NOT NULL) FROM Log",
		"SELECT uniques(host, 10) FROM SystemSample UNTIL now",
		"SELECT * FROM OrderPlaced SINCE '2026-01-01' LIMIT 5",
		"SELECT count(*), average(duration) AS 'mean' FROM Transaction, Span TIMESERIES 1 hour SINCE 24 hours ago",
		"SELECT uniqueCount(a) FROM Log WHERE a IN ('x', 'y\\'z', -1.5) AND NOT (b LIKE '%c%' OR d >= 2)",
		"SELECT x FROM Log SINCE 99999999999999999999 days ago",
		"SELECT count(*) FROM `ünï` WHERE \xff",
		strings.Repeat("(", 200), "SELECT count(*) FROM Log WHERE " + strings.Repeat("NOT ", 500) + "a = 1",
	} {
		f.Add(nrql)
	}
	d := newDataset(1)
	f.Fuzz(func(t *testing.T, nrql string) {
		q, err := parse(nrql)
		if err != nil {
			if !errors.Is(err, errSyntax) && !errors.Is(err, errUnknownFunction) && !errors.Is(err, errBeyond) && !errors.Is(err, errRawTimeseries) {
				t.Errorf("%q: an error of no known sort: %v", nrql, err)
			}
			return
		}
		if a, err := d.evaluate(q, noon); err == nil && len(a.rows) > maxRows {
			t.Errorf("%q: %d rows", nrql, len(a.rows))
		}
	})
}
