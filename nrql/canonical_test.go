package nrql

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// monday is the time at which the documentation's examples run.
var monday = time.Date(2023, 12, 18, 12, 34, 56, 789e6, time.UTC)

// checkCanonical checks what holds for every query: its canonical form is its
// own, and means the same.
func checkCanonical(t testing.TB, text string) Query {
	t.Helper()
	q := Read(text)
	again := Read(q.Canonical)
	if !reflect.DeepEqual(again, q) {
		t.Fatalf("%q reads as\n%+v\nbut its canonical form as\n%+v", text, q, again)
	}
	if !q.Understood && q.Canonical != text {
		t.Fatalf("%q is not understood, yet changed to %q", text, q.Canonical)
	}
	return q
}

// clauseTests have, for each clause, what is written and its canonical form. An
// empty form means that the text is canonical already.
var clauseTests = []struct{ text, canonical string }{
	// SELECT and FROM
	{"select * from Transaction", "SELECT * FROM Transaction"},
	{"FROM Transaction SELECT *", "SELECT * FROM Transaction"},
	{"SELECT a,b , c.d FROM A,B", "SELECT a, b, c.d FROM A, B"},
	{"SELECT *, a FROM A", ""},
	{"SELECT count ( * )as'n' FROM A", "SELECT count(*) AS 'n' FROM A"},
	{"SELECT Average(duration) AS avg, MAX(x) AS `the max` FROM A", "SELECT average(duration) AS avg, max(x) AS `the max` FROM A"},
	{"SELECT sum(a)/sum(b)*100-1+-2 FROM A", "SELECT sum(a) / sum(b) * 100 - 1 + -2 FROM A"},
	{"SELECT 1 - - -2 FROM A", ""},
	{"SELECT (a + b) * ((c)) FROM A", ""},
	{"SELECT `a`, `a b`, `from`, `a.b`, `Über`, `a..b`, `a-b`, `_a`, `` FROM `A`", "SELECT a, `a b`, `from`, a.b, `Über`, `a..b`, `a-b`, `_a`, `` FROM A"},
	{"SELECT Über, k8s:pod FROM aws:Thing", ""},
	{"SELECT a[0], `b`[ i+1 ][2] FROM A", "SELECT a[0], b[i + 1][2] FROM A"},
	{"SELECT 'it\\'s', \"it's\", r'\\d+' FROM A", ""},
	{"SELECT 1, 1.5, .5, 1e3, 1.5E-3, 007 FROM A", ""},
	{"SELECT true, False, NULL FROM A", "SELECT TRUE, FALSE, NULL FROM A"},
	{"SELECT max, min, last, event, timezone, now FROM A", ""},
	{"SELECT max(rpm) FROM (SELECT count(*) AS rpm FROM A TIMESERIES 1 minute), B", "SELECT max(rpm) FROM (SELECT count(*) AS rpm FROM A TIMESERIES 1 MINUTE), B"},
	{"FROM Lookup(Shops) SELECT *", "SELECT * FROM lookup(Shops)"},
	// functions
	{"SELECT apdex(duration,t:0.5), string(a , precision : 2) FROM A", "SELECT apdex(duration, t: 0.5), string(a, precision: 2) FROM A"},
	{"SELECT cardinality(m, include:{a,b}, exclude:{}) FROM Metric", "SELECT cardinality(m, include: {a, b}, exclude: {}) FROM Metric"},
	{"SELECT rate(count(*), 1 minutes) FROM A", "SELECT rate(count(*), 1 MINUTE) FROM A"},
	{"SELECT funnel(s, where a='1' as 'one', where b = '2') FROM A", "SELECT funnel(s, WHERE a = '1' AS 'one', WHERE b = '2') FROM A"},
	{"SELECT percentage(count(*), WHERE (a is not null)) FROM A", "SELECT percentage(count(*), WHERE (a IS NOT NULL)) FROM A"},
	{"SELECT f -- x\n (a) , g//\n(b), h( t /**/ : 1) FROM A", "SELECT f(a), g(b), h(t: 1) FROM A"},
	{"SELECT if(a > 1, 'x', 'y'), uniques(a, 10), now() FROM A", ""},
	{"SELECT average(a) - (from A select average(a) since 7 days ago) FROM A", "SELECT average(a) - (SELECT average(a) FROM A SINCE 1 WEEK AGO) FROM A"},
	// JOIN
	{"FROM A inner join (from B select count(*) facet s) on s = `s` select b", "SELECT b FROM A JOIN (SELECT count(*) FROM B FACET s) ON s"},
	{"SELECT b FROM A LEFT JOIN (SELECT c FROM B LIMIT MAX) ON lower(d) = e JOIN (SELECT f FROM C) ON g", ""},
	// WHERE
	{"SELECT * FROM A WHERE (a=1)", "SELECT * FROM A WHERE a = 1"},
	{"SELECT * FROM A WHERE ((a=1 or b!=2))and(((c<3)))", "SELECT * FROM A WHERE (a = 1 OR b != 2) AND c < 3"},
	{"SELECT * FROM A WHERE NOT (a<=1) AND not not b", "SELECT * FROM A WHERE NOT (a <= 1) AND NOT NOT b"},
	{"SELECT * FROM A WHERE (a+b)>=c AND (d)", "SELECT * FROM A WHERE (a + b) >= c AND d"},
	{"SELECT * FROM A WHERE a in('x','y')AND b not in (1,2)", "SELECT * FROM A WHERE a IN ('x', 'y') AND b NOT IN (1, 2)"},
	{"SELECT * FROM A WHERE a like '%x' AND b NOT LIKE 'y' OR c rlike r'z.*' OR d not rlike 'q'", "SELECT * FROM A WHERE a LIKE '%x' AND b NOT LIKE 'y' OR c RLIKE r'z.*' OR d NOT RLIKE 'q'"},
	{"SELECT * FROM A WHERE a is null AND b is not null AND c IS TRUE AND d IS not false", "SELECT * FROM A WHERE a IS NULL AND b IS NOT NULL AND c IS TRUE AND d IS NOT FALSE"},
	{"SELECT * FROM A WHERE a IN (FROM B SELECT uniques(c)) AND d > (SELECT max(e) FROM C)", "SELECT * FROM A WHERE a IN (SELECT uniques(c) FROM B) AND d > (SELECT max(e) FROM C)"},
	{"SELECT * FROM A WHERE ((a) or (f((b))))", "SELECT * FROM A WHERE a OR f((b))"},
	{"SELECT * FROM A WHERE f((a = 1) AND ((b))) AND ((c))", "SELECT * FROM A WHERE f((a = 1) AND ((b))) AND c"},
	{"SELECT * FROM A WHERE a IN (SELECT ((b)), (c) OR d FROM B WHERE (e)) AND (f)", "SELECT * FROM A WHERE a IN (SELECT ((b)), (c) OR d FROM B WHERE e) AND f"},
	{"SELECT * FROM A WHERE (NOT a) AND (b AND c) OR (d OR e)", ""},
	// ORDER BY
	{"SELECT * FROM A order by a asc, b DESC,c", "SELECT * FROM A ORDER BY a, b DESC, c"},
	// FACET
	{"SELECT count(*) FROM A facet a as 'x', dateOf(timestamp)", "SELECT count(*) FROM A FACET a AS 'x', dateof(timestamp)"},
	{"SELECT count(*) FROM A FACET a order by max(b) limit 5", "SELECT count(*) FROM A FACET a ORDER BY max(b) LIMIT 5"},
	{"SELECT count(*) FROM A FACET a ORDER BY max(b) asc", "SELECT count(*) FROM A FACET a ORDER BY max(b) ASC"},
	{"SELECT count(*) FROM A ORDER BY max(b) FACET a", ""},
	{"SELECT count(*) FROM A FACET cases(WHERE (a = 1) AND (b)), (c) OR d", ""},
	{"SELECT count(*) FROM A FACET Cases ( where (a<1), where a>2 as 'big') or a", "SELECT count(*) FROM A FACET cases(WHERE (a < 1), WHERE a > 2 AS 'big') OR a"},
	// LIMIT
	{"SELECT * FROM A limit max", "SELECT * FROM A LIMIT MAX"},
	{"SELECT * FROM A LIMIT 5 offset 10", "SELECT * FROM A LIMIT 5 OFFSET 10"},
	{"SELECT * FROM A LIMIT", "SELECT * FROM A"},
	// TIMESERIES
	{"SELECT count(*) FROM A timeseries", "SELECT count(*) FROM A TIMESERIES"},
	{"SELECT count(*) FROM A TIMESERIES auto", "SELECT count(*) FROM A TIMESERIES AUTO"},
	{"SELECT count(*) FROM A TIMESERIES max", "SELECT count(*) FROM A TIMESERIES MAX"},
	{"SELECT count(*) FROM A TIMESERIES 5 minutes slide by 1 minute", "SELECT count(*) FROM A TIMESERIES 5 MINUTE SLIDE BY 1 MINUTE"},
	{"SELECT count(*) FROM A TIMESERIES 300000 SLIDE BY AUTO", ""},
	// SINCE and UNTIL
	{"SELECT * FROM A since 2 hours ago until 30 minutes ago", "SELECT * FROM A SINCE 2 HOUR AGO UNTIL 30 MINUTE AGO"},
	{"SELECT * FROM A SINCE 1 month ago UNTIL 1 quarter ago", "SELECT * FROM A SINCE 30 DAY AGO UNTIL 13 WEEK AGO"},
	{"SELECT * FROM A SINCE today UNTIL now", "SELECT * FROM A SINCE TODAY"},
	{"SELECT * FROM A SINCE yesterday at '1:05' UNTIL monday AT '01:05:09'", "SELECT * FROM A SINCE YESTERDAY AT '1:05' UNTIL MONDAY AT '01:05:09'"},
	{"SELECT * FROM A SINCE last quarter UNTIL this Hour", "SELECT * FROM A SINCE LAST QUARTER UNTIL THIS HOUR"},
	{"SELECT * FROM A SINCE 1702899296789 UNTIL 1702902896", ""},
	{"SELECT * FROM A SINCE '2023-12-18T12:34:56.789Z'", "SELECT * FROM A SINCE 1702902896789"},
	{"SELECT * FROM A SINCE '2023-12-18 [America/Chicago]' UNTIL '12:34'", ""},
	{"SELECT * FROM A SINCE \"2023-12-18\" UNTIL '1970-02-01'", ""},
	{"SELECT * FROM A SINCE '2023-12-18' WITH TIMEZONE 'Europe/Paris'", ""},
	{"SELECT * FROM A SINCE 0 minutes ago", "SELECT * FROM A SINCE 0 WEEK AGO"},
	// the rest
	{"SELECT count(*) FROM A SINCE 1 day ago compare  with 7 days ago", "SELECT count(*) FROM A SINCE 1 DAY AGO COMPARE WITH 1 WEEK AGO"},
	{"SELECT count(*) FROM A SINCE 1 hour ago UNTIL NOW COMPARE WITH 1 day ago", "SELECT count(*) FROM A SINCE 1 HOUR AGO UNTIL NOW COMPARE WITH 1 DAY AGO"},
	{"SELECT count(*) FROM A extrapolate", "SELECT count(*) FROM A EXTRAPOLATE"},
	{"SELECT * FROM A with timezone 'America/New_York' with metric_format 'a/{b}'", "SELECT * FROM A WITH TIMEZONE 'America/New_York' WITH METRIC_FORMAT 'a/{b}'"},
	{"FROM Log WITH aparse(m, '%*%') AS (a, b), numeric(a) AS `n` SELECT n", "WITH aparse(m, '%*%') AS (a, b), numeric(a) AS n SELECT n FROM Log"},
	{"SELECT z FROM A WITH timezone AS z, metric_format AS m", "WITH timezone AS z, metric_format AS m SELECT z FROM A"},
	{"show event types", "SHOW EVENT TYPES"},
	{"SHOW EVENT TYPES since 60 minutes ago until 1 minute ago limit 5 with timezone 'Asia/Tokyo'", "SHOW EVENT TYPES LIMIT 5 SINCE 1 HOUR AGO UNTIL 1 MINUTE AGO WITH TIMEZONE 'Asia/Tokyo'"},
	// comments and white space
	{"-- first\nSELECT/* a */*//b\r\nFROM\tA--", "SELECT * FROM A"},
	{"SELECT a/**/FROM A /* -- */ // x", "SELECT a FROM A"},
}

func TestEachClauseHasOneForm(t *testing.T) {
	for _, test := range clauseTests {
		want := test.canonical
		if want == "" {
			want = test.text
		}
		q := checkCanonical(t, test.text)
		if !q.Understood || q.Canonical != want {
			t.Errorf("%s\nunderstood %v: %s\nwant: %s", test.text, q.Understood, q.Canonical, want)
		}
	}
}

func TestSpellingsThatShareAKey(t *testing.T) {
	for _, texts := range [][]string{
		{"SELECT count(*) FROM A", "select COUNT(*) from A", "FROM A SELECT count( * )", "SELECT count(*) FROM `A` SINCE 1 hour ago",
			"SELECT count(*) FROM A SINCE 3600 seconds AGO UNTIL NOW", "SELECT count(*) FROM A WITH TIMEZONE 'UTC'", "SELECT count(*)FROM A LIMIT"},
		{"SELECT * FROM A SINCE 1 day ago", "SELECT * FROM A SINCE 24 hours ago", "SELECT * FROM A SINCE 86400000 milliseconds ago", "SELECT * SINCE 1 DAYS AGO FROM A"},
		{"SELECT * FROM A SINCE 1702902896789", "SELECT * FROM A SINCE '2023-12-18T12:34:56.789'", "SELECT * FROM A SINCE '2023-12-18 12:34:56.789Z'",
			"SELECT * FROM A SINCE '2023-12-18T06:34:56.789-0600'", "SELECT * FROM A SINCE '2023-12-18T06:34:56.789 -06:00'", "SELECT * FROM A SINCE '20231218T123456.789'",
			"SELECT * FROM A SINCE '2023-12-18 12:34:56.789' WITH TIMEZONE 'UTC'"},
		{"SELECT * FROM A WHERE x = 1 AND y = 2", "SELECT * FROM A WHERE (x = 1) AND (y = 2)", "SELECT * FROM A WHERE ((x=1) AND ((y=2)))"},
		{"SELECT * FROM A ORDER BY x", "SELECT * FROM A ORDER BY x ASC"},
		{"SELECT count(*) FROM A FACET x WHERE y = 1 LIMIT 5", "SELECT count(*) FROM A LIMIT 5 WHERE y = 1 FACET `x`"},
	} {
		first := Read(texts[0])
		for _, text := range texts {
			if q := checkCanonical(t, text); !q.Understood || q.Canonical != first.Canonical {
				t.Errorf("%s\nhas the form (understood: %v)\n%s\nwant\n%s", text, q.Understood, q.Canonical, first.Canonical)
			}
		}
	}
}

func TestQueriesThatMustNotShareAKey(t *testing.T) {
	for _, texts := range [][]string{
		{"SELECT a FROM A", "SELECT A FROM A", "SELECT a FROM a", "SELECT a FROM `A `", "SELECT a AS 'a' FROM A", "SELECT a AS a FROM A", "SELECT (a) FROM A", "SELECT ((a)) FROM A", "SELECT 'a' FROM A", "SELECT \"a\" FROM A", "SELECT r'a' FROM A", "SELECT a() FROM A"},
		{"SELECT a, b FROM A", "SELECT b, a FROM A", "SELECT a, b FROM A, B", "SELECT a, b FROM B, A", "SELECT a - b FROM A", "SELECT `a-b` FROM A", "SELECT `a, b` FROM A"},
		{"SELECT * FROM A WHERE x = 'a'", "SELECT * FROM A WHERE x = 'A'", "SELECT * FROM A WHERE x = 'a '", "SELECT * FROM A WHERE x != 'a'", "SELECT * FROM A WHERE x LIKE 'a'", "SELECT * FROM A WHERE x = '/* a */'", "SELECT * FROM A WHERE x = '-- a'", "SELECT * FROM A WHERE x = '\\a'", "SELECT * FROM A WHERE X = 'a'"},
		{"SELECT * FROM A WHERE (a OR b) AND c", "SELECT * FROM A WHERE a OR b AND c", "SELECT * FROM A WHERE a OR (b AND c)"},
		{"SELECT * FROM A WHERE NOT (a) AND b", "SELECT * FROM A WHERE NOT a AND b", "SELECT * FROM A WHERE NOT (a AND b)"},
		{"SELECT * FROM A WHERE a - (b - c) > 1", "SELECT * FROM A WHERE (a - b) - c > 1", "SELECT * FROM A WHERE a - b - c > 1"},
		{"SELECT count(*) FROM A FACET x ORDER BY y", "SELECT count(*) FROM A ORDER BY y FACET x"},
		{"SELECT * FROM A", "SELECT * FROM A LIMIT 100", "SELECT * FROM A LIMIT MAX", "SELECT * FROM A LIMIT 5000"},
		{"SELECT count(*) FROM A TIMESERIES", "SELECT count(*) FROM A TIMESERIES AUTO", "SELECT count(*) FROM A TIMESERIES MAX", "SELECT count(*) FROM A TIMESERIES 1 day", "SELECT count(*) FROM A TIMESERIES 24 hours", "SELECT count(*) FROM A"},
		{"SELECT * FROM A SINCE 1702902896", "SELECT * FROM A SINCE 1702902896000", "SELECT * FROM A SINCE 1702902896 seconds ago"},
		{"SELECT * FROM A SINCE today", "SELECT * FROM A SINCE yesterday", "SELECT * FROM A SINCE today WITH TIMEZONE 'Asia/Tokyo'", "SELECT * FROM A UNTIL today", "SELECT * FROM A SINCE today AT '00:00'", "SELECT * FROM A SINCE this week", "SELECT * FROM A SINCE last week", "SELECT * FROM A SINCE Monday"},
		{"SELECT * FROM A SINCE '2023-12-18'", "SELECT * FROM A SINCE '2023-12-18' WITH TIMEZONE 'Asia/Tokyo'", "SELECT * FROM A SINCE '2023-12-18 [Asia/Tokyo]'", "SELECT * FROM A SINCE \"2023-12-18\""},
		{"SELECT count(*) FROM A COMPARE WITH 1 day ago", "SELECT count(*) FROM A SINCE 1 hour ago COMPARE WITH 1 day ago", "SELECT count(*) FROM A SINCE 1 hour ago COMPARE WITH 2 days ago", "SELECT count(*) FROM A SINCE 1 hour ago UNTIL NOW COMPARE WITH 1 day ago"},
		{"SELECT * FROM A WHERE a IN (SELECT b FROM B)", "SELECT * FROM A WHERE a IN (SELECT b FROM B SINCE 1 hour ago)", "SELECT * FROM A WHERE a IN (SELECT b FROM B UNTIL NOW)", "SELECT * FROM A WHERE a IN (SELECT b FROM B WITH TIMEZONE 'UTC')", "SELECT * FROM A WHERE a IN (SELECT b FROM B) SINCE 2 hours ago"},
		{"SELECT a FROM A JOIN (SELECT b FROM B) ON c", "SELECT a FROM A LEFT JOIN (SELECT b FROM B) ON c", "SELECT a FROM A JOIN (SELECT b FROM B) ON c = d", "SELECT a FROM A JOIN (SELECT b FROM B) ON d = c"},
		{"SELECT f(a: b) FROM A", "SELECT f(a:b) FROM A"},
		{"SHOW EVENT TYPES", "SHOW EVENT TYPES SINCE 1 hour ago"},
		{"SELECT * FROM A UNTIL 1 minute ago", "SELECT * FROM A SINCE 1 hour ago UNTIL 1 minute ago"},
		{"SELECT * FROM A SINCE '2023-12-18-05:00'", "SELECT * FROM A SINCE '2023-12-18-05:00' WITH TIMEZONE 'UTC'"},
		{"SELECT * FROM A UNTIL '2023-12-18-05:00'", "SELECT * FROM A UNTIL '2023-12-18-05:00' WITH TIMEZONE 'UTC'"},
	} {
		for i, a := range texts {
			for _, b := range texts[i+1:] {
				qa, qb := checkCanonical(t, a), checkCanonical(t, b)
				if !qa.Understood || !qb.Understood || qa.Canonical == qb.Canonical {
					t.Errorf("%s (understood: %v)\n%s (understood: %v)\nshare %s", a, qa.Understood, b, qb.Understood, qa.Canonical)
				}
			}
		}
	}
}

// What is uncertain, or no NRQL at all, is passed through.
var unreadTests = []string{
	"", " ", "SELECT", "FROM", "SELECT a", "FROM A", "SELECT FROM A", "SELECT a FROM", "hello", "SELECT a FROM A;", "SELECT a FROM A B", "SELECT a, FROM A",
	"SELECT a FROM A WHERE", "SELECT a FROM A WHERE b =", "SELECT a FROM A WHERE b == 1", "SELECT a FROM A WHERE b ! 1", "SELECT a FROM A WHERE b NOT 1", "SELECT a FROM A WHERE b IS 1", "SELECT a FROM A WHERE b IN 1", "SELECT a FROM A WHERE b IN ()",
	"SELECT a FROM A WHERE b = 'x", "SELECT a FROM A WHERE b = \"x", "SELECT `a FROM A", "SELECT a FROM A /* x", "SELECT a FROM A -- x\rWHERE b", "SELECT a FROM A // x\r",
	"SELECT a FROM A WHERE b RLIKE r'x\\' OR c = 'y'", "SELECT a FROM A WHERE b RLIKE r'x", "SELECT a FROM A WHERE a = 1 WHERE b = 2", "SELECT a SELECT b FROM A",
	"SELECT a FROM A WHERE (b", "SELECT a FROM A WHERE b)", "SELECT f(a FROM A", "SELECT a[0 FROM A", "SELECT f(a: {b) FROM A", "SELECT `f`(a) FROM A", "SELECT in(a) FROM A", "SELECT where FROM A", "SELECT a AS FROM A", "SELECT a AS (b FROM A",
	"SELECT a FROM A\u00a0", "SELECT a FROM {{type}}", "SELECT a FROM A WHERE b = $1", "SELECT a. FROM A", "SELECT \xff FROM A", "SELECT 5x FROM A", "SELECT 1. FROM A",
	"SELECT a FROM A SINCE", "SELECT a FROM A SINCE 5 minutes", "SELECT a FROM A SINCE 5 fortnights ago", "SELECT a FROM A SINCE 1.5 hours ago", "SELECT a FROM A SINCE 05 hours ago", "SELECT a FROM A SINCE 101 years ago", "SELECT a FROM A SINCE 99999999999999999999 seconds ago", "SELECT a FROM A SINCE 5minutes ago",
	"SELECT a FROM A SINCE this day", "SELECT a FROM A SINCE last minute", "SELECT a FROM A SINCE last", "SELECT a FROM A SINCE tomorrow", "SELECT a FROM A SINCE today AT 5", "SELECT a FROM A SINCE today AT '25:00'", "SELECT a FROM A SINCE today AT '12:00Z'", "SELECT a FROM A SINCE today AT '12:00:00.5'", "SELECT a FROM A SINCE today AT '2023-12-18'",
	"SELECT a FROM A SINCE 'soon'", "SELECT a FROM A SINCE r'2023-12-18'", "SELECT a FROM A SINCE 1.5", "SELECT a FROM A SINCE 017",
	"SELECT a FROM A LIMIT 1.5", "SELECT a FROM A LIMIT 05", "SELECT a FROM A LIMIT -1", "SELECT a FROM A LIMIT OFFSET 5", "SELECT a FROM A OFFSET 5", "SELECT a FROM A LIMIT 5 OFFSET", "SELECT a FROM A LIMIT 5 OFFSET x",
	"SELECT a FROM A TIMESERIES 0 minutes", "SELECT a FROM A TIMESERIES 1.5 minutes", "SELECT a FROM A TIMESERIES 5 SLIDE BY", "SELECT a FROM A TIMESERIES 5 SLIDE 5", "SELECT a FROM A SLIDE BY 5", "SELECT a FROM A TIMESERIES 99999999999999",
	"SELECT a FROM A COMPARE 1 day ago", "SELECT a FROM A COMPARE WITH yesterday", "SELECT a FROM A WITH TIMEZONE Europe", "SELECT a FROM A WITH TIMEZONE r'UTC'", "SELECT a FROM A WITH 'x'", "WITH a SELECT a FROM A", "WITH a AS SELECT a FROM A",
	"SHOW", "SHOW EVENT", "SHOW TABLES", "SHOW EVENT TYPES WHERE a", "SHOW EVENT TYPES FROM A", "SHOW EVENT TYPES SELECT a FROM A",
	"SELECT a FROM A JOIN B ON c", "SELECT a FROM A JOIN (SELECT b FROM B)", "SELECT a FROM A JOIN (SELECT b FROM B) ON", "SELECT a FROM A LEFT (SELECT b FROM B) ON c", "FROM A SELECT a JOIN (SELECT b FROM B) ON c", "SELECT a FROM A JOIN (SELECT b FROM B) ON c = 1", "SELECT a FROM table(x)", "SELECT a FROM (A)", "SELECT a FROM 'A'",
	"SELECT a FROM A ORDER a", "SELECT a FROM A FACET", "SELECT a FROM A FACET b ORDER", "SELECT a FROM A GROUP BY b", "INSERT INTO A", "SELECT a FROM A WHERE b BETWEEN 1 AND 2",
	"SELECT a FROM A WHERE b IN (SELECT c)", "SINCE today SELECT a FROM A", "WHERE a SELECT a FROM A", "SELECT a FROM (SINCE today SELECT a FROM A)", "SELECT a FROM (SHOW EVENT TYPES)", "SELECT a FROM A EXTRAPOLATE EXTRAPOLATE",
}

func TestWhatIsUncertainIsPassedThrough(t *testing.T) {
	for _, text := range unreadTests {
		q := checkCanonical(t, text)
		if q.Understood || q.Kind != Unread || q.Canonical != text || q.EventTypes != nil {
			t.Errorf("%q is understood: %+v", text, q)
		}
		if _, ok := q.Window(monday); ok {
			t.Errorf("%q has a window", text)
		}
		if f := q.Freshness(monday, Policy{}); f.Class != Unknown || f.FreshFor != 15*time.Second {
			t.Errorf("%q has the freshness %+v", text, f)
		}
		if slot := q.Slot(monday); slot != (Slot{Text: text}) {
			t.Errorf("%q has the slot %+v", text, slot)
		}
	}
}

func TestKindsAndTags(t *testing.T) {
	for _, test := range []struct {
		text string
		kind Kind
		tags string
	}{
		{"SHOW EVENT TYPES SINCE 1 day ago", EventTypeList, "[kind:event types]"},
		{"SELECT keyset() FROM A, B", Keyset, "[kind:keyset type:A type:B]"},
		{"SELECT KeySet() FROM A FACET b", Keyset, "[kind:keyset type:A]"},
		{"SELECT count(*) FROM A TIMESERIES FACET b", Timeseries, "[kind:timeseries type:A]"},
		{"SELECT count(*) FROM A FACET b", Facet, "[kind:facet type:A]"},
		{"SELECT Count(*) FROM A WHERE b", Count, "[kind:count type:A]"},
		{"SELECT count(*) AS 'n' FROM A", Count, "[kind:count type:A]"},
		{"SELECT count(*), max(b) FROM A", Aggregate, "[kind:aggregate type:A]"},
		{"SELECT max(b), count(*) FROM A", Aggregate, "[kind:aggregate type:A]"},
		{"SELECT count(*) / 2 FROM A", Aggregate, "[kind:aggregate type:A]"},
		{"SELECT count(b) FROM A", Aggregate, "[kind:aggregate type:A]"},
		{"SELECT numeric(b), `count` FROM A WHERE max(c) > 1", Raw, "[kind:raw type:A]"},
		{"SELECT *, (SELECT max(b) FROM B) FROM A", Raw, "[kind:raw type:A type:B]"},
		{"SELECT b FROM (SELECT count(*) AS b FROM A FACET c TIMESERIES), A", Raw, "[kind:raw type:A]"},
		{"SELECT * FROM `my type`, `a\\`b`, `my type`", Raw, "[kind:raw type:a`b type:my type]"},
		{"SELECT * FROM A WHERE b IN (SELECT c FROM lookup(`Shop s`)) AND d IN (FROM lookup(L) SELECT c)", Raw, "[kind:raw type:A lookup:L lookup:Shop s]"},
		{"what?", Unread, "[kind:unread]"},
	} {
		q := checkCanonical(t, test.text)
		if q.Kind != test.kind || fmt.Sprint(q.Tags()) != test.tags {
			t.Errorf("%s: %v %v, want %v %s", test.text, q.Kind, q.Tags(), test.kind, test.tags)
		}
	}
	if got := Kind(200).String(); got != "unknown" {
		t.Errorf("an invalid kind is called %q", got)
	}
}

// Where a text has its clauses must not show in anything.
func TestTheOrderOfClausesDoesNotShow(t *testing.T) {
	a := checkCanonical(t, "SELECT (SELECT max(a) FROM T SINCE 1 day ago UNTIL NOW WITH TIMEZONE 'Asia/Tokyo') FROM C, B WHERE b > (SELECT max(a) FROM lookup(Z) SINCE today) AND c > (SELECT max(a) FROM lookup(Y) SINCE last week)")
	b := checkCanonical(t, "FROM C, B WHERE b > (FROM lookup(Z) SELECT max(a) SINCE today) AND c > (SELECT max(a) SINCE last week FROM lookup(Y)) SELECT (SELECT max(a) WITH TIMEZONE 'Asia/Tokyo' SINCE 1 day ago UNTIL NOW FROM T)")
	if !a.Understood || !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if len(a.inner) != 3 || fmt.Sprint(a.EventTypes, a.Lookups) != "[B C T] [Y Z]" {
		t.Errorf("%+v", a)
	}
	if q := Read("SELECT a FROM A WHERE b > (SELECT max(a) FROM A SINCE today) AND c > (SELECT max(b) FROM A SINCE today)"); len(q.inner) != 1 {
		t.Errorf("one time range twice is %+v", q.inner)
	}
}
