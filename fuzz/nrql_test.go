package fuzz

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/nrql"
)

// FuzzNRQL reads any text, and words of the language behind it, at any time, under
// any policy: reading ends, in memory
// that the text's length bounds; a canonical form is its own, and means the same;
// another spelling of it has the same one; and a changed letter in a string never
// does.
func FuzzNRQL(f *testing.F) {
	for _, seed := range []string{
		"",
		"SHOW EVENT TYPES SINCE 1 day ago",
		"select Count(*) as 'n' from `A`, B where ((a = 'x\\'y') and not (b > 1 or c in (1,2))) facet a, b order by max(c) limit max since 60 minutes ago",
		"FROM A LEFT JOIN (FROM B SELECT count(*) FACET s LIMIT MAX) ON a = s SELECT rate(sum(b), 1 minute) TIMESERIES 5 minutes SLIDE BY 1 minute COMPARE WITH 1 week ago SINCE this week UNTIL now",
		"WITH aparse(m, '%*%') AS (a, b) FROM Log SELECT a[0], -b*2, apdex(d, t:0.5), cardinality(include:{a,b}) WHERE a RLIKE r'x.*' AND b NOT LIKE '%' AND c IS NOT NULL -- end",
		"SELECT average(d) - (FROM A SELECT average(d) SINCE '2023-12-18 12:34 [America/Chicago]') FROM lookup(T) SINCE yesterday AT '1:23' UNTIL '2023-12-18T01:23:45.6-0600' WITH TIMEZONE 'Asia/Tokyo' EXTRAPOLATE",
		"SELECT uniques(a) FROM (SELECT count(*) AS a FROM B FACET CASES(WHERE c < 1 AS 'one', WHERE d) OR e) ORDER BY a DESC LIMIT 5 OFFSET 10 /* x */ // y",
	} {
		f.Add(seed, []byte(nil), int64(1702902896789), []byte(nil))
	}
	f.Add("", []byte{0, 3, 1, 2, 4}, int64(0), []byte{3, 1})
	f.Fuzz(func(t *testing.T, text string, words []byte, millis int64, policy []byte) {
		text += sentence(words)
		before := allocatedBytes()
		q := nrql.Read(text)
		if took := allocatedBytes() - before; took > 64<<10+32*uint64(len(text)) {
			t.Fatalf("reading %d bytes took %d", len(text), took)
		}
		if !q.Understood && (q.Canonical != text || q.Kind != nrql.Unread) {
			t.Fatalf("%q is not understood, yet changed: %+v", text, q)
		}
		if again := nrql.Read(q.Canonical); !reflect.DeepEqual(again, q) {
			t.Fatalf("%q reads as\n%#v\nbut its canonical form as\n%#v", text, q, again)
		}
		if q.Understood {
			checkSpellings(t, q)
		}
		s := &script{rest: policy}
		checkTimes(t, q, time.UnixMilli(millis%(1<<43)), drawPolicy(s))
	})
}

// vocabulary has what queries are made of, so that the fuzzer need not find the
// words letter by letter.
var vocabulary = strings.Split("SELECT|FROM|count(*)|a|A|WHERE|,|(|)|AND|OR|NOT|=|<|+|-|*|/|'x'|1|IN|IS|NULL|LIKE|FACET|ORDER BY|LIMIT|MAX|OFFSET|SINCE|UNTIL|now|"+
	"5 minutes ago|1 hour ago|today|last week|AT '1:23'|'2023-12-18 12:34'|'12:34 [Asia/Tokyo]'|1702902896789|COMPARE WITH|TIMESERIES|auto|SLIDE BY|1 minute|WITH|TIMEZONE 'UTC'|AS|`b c`|`a`|"+
	"max(|keyset()|lookup(|:|{|}|[|]|JOIN|left|ON|SHOW EVENT TYPES|EXTRAPOLATE|(SELECT a FROM B|r'.'|--\n|/**/|desc|METRIC_FORMAT 'x'|true", "|")

// sentence picks words, and no more of them than make a query.
func sentence(words []byte) string {
	var b strings.Builder
	for _, w := range words[:min(len(words), 200)] {
		b.WriteString(vocabulary[int(w)%len(vocabulary)])
		if w < 128 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// checkSpellings writes a canonical form in another way, and changes it.
func checkSpellings(t *testing.T, q nrql.Query) {
	other, strings := respelled(q.Canonical)
	if len(other) <= nrql.MaxBytes {
		if again := nrql.Read(other); !reflect.DeepEqual(again, q) {
			t.Fatalf("%q\nis another spelling of %q,\nbut reads as %#v", other, q.Canonical, again)
		}
	}
	for _, i := range strings {
		changed := []byte(q.Canonical)
		changed[i] ^= 0x20
		if nrql.Read(string(changed)).Canonical == q.Canonical {
			t.Fatalf("%q has the canonical form %q", changed, q.Canonical)
		}
	}
}

// respelled puts more space and a comment wherever there is a space, and turns
// all words in capitals into small ones, but for what is quoted and for names.
// It also returns where the first letters in strings are.
//
// A word in capitals may be a name, which has its case: those that no keyword
// ever is are left.
func respelled(canonical string) (text string, letters []int) {
	var b strings.Builder
	for i := 0; i < len(canonical); {
		c := canonical[i]
		switch {
		case c == '\'' || c == '"' || c == '`':
			end := i + 1
			raw := i > 0 && canonical[i-1] == 'r'
			for canonical[end] != c {
				if canonical[end] == '\\' && !raw {
					end++
				} else if l := canonical[end] | 0x20; 'a' <= l && l <= 'z' && c == '\'' && len(letters) < 8 {
					letters = append(letters, end)
				}
				end++
			}
			b.WriteString(canonical[i : end+1])
			i = end + 1
		case c == ' ':
			b.WriteString("\t/* it's */ \n")
			i++
		default:
			end := i + 1
			for end < len(canonical) && !strings.ContainsRune(" '\"`,()[]{}", rune(canonical[end])) {
				end++
			}
			word := canonical[i:end]
			if clauseWords[word] {
				word = strings.ToLower(word)
			}
			b.WriteString(word)
			i = end
		}
	}
	return b.String(), letters
}

// clauseWords are never names.
var clauseWords = map[string]bool{
	"SELECT": true, "FROM": true, "WHERE": true, "AND": true, "OR": true, "NOT": true, "IN": true, "IS": true, "LIKE": true, "RLIKE": true,
	"FACET": true, "ORDER": true, "BY": true, "LIMIT": true, "OFFSET": true, "SINCE": true, "UNTIL": true, "COMPARE": true, "WITH": true,
	"TIMESERIES": true, "SLIDE": true, "EXTRAPOLATE": true, "SHOW": true, "JOIN": true, "LEFT": true, "ON": true, "AS": true, "NULL": true, "TRUE": true, "FALSE": true,
}

func drawPolicy(s *script) nrql.Policy {
	if !s.more() {
		return nrql.Policy{}
	}
	d := func() time.Duration { return time.Duration(s.integer()) }
	n := func() int { return machineInt(s.integer()) }
	return nrql.Policy{
		SettledAfter: d(), ImmutableFor: d(), SettlingDivisor: n(), SettlingLeast: d(), SettlingMost: d(), OpenDivisor: n(), OpenLeast: d(), OpenMost: d(),
		BucketMost: d(), SchemaFor: d(), SchemaStaleFor: d(), UnreadFor: d(), StaleFactor: n(),
	}
}

// checkTimes: what is said of a query's time fits together.
func checkTimes(t *testing.T, q nrql.Query, now time.Time, policy nrql.Policy) {
	w, ok := q.Window(now)
	if ok && (w.To.Before(w.From) || w.Open != !w.To.Before(now)) {
		t.Fatalf("%q has at %v the window %+v", q.Canonical, now, w)
	}
	if c, compared := q.Compared(now); compared && (!ok || c.To.Sub(c.From) != w.To.Sub(w.From)) {
		t.Fatalf("%q compares %+v with %+v", q.Canonical, w, c)
	}
	f, slot := q.Freshness(now, policy), q.Slot(now)
	if slot.Text != q.Canonical || slot != q.Slot(now) {
		t.Fatalf("%q has the slot %+v", q.Canonical, slot)
	}
	if f.FreshFor <= 0 {
		t.Fatalf("%q is fresh for %v", q.Canonical, f.FreshFor)
	}
	if policy.Validate() == nil && (f.StaleFor < 0 || f.HoldFor() < f.FreshFor) {
		t.Fatalf("%q holds for %+v", q.Canonical, f)
	}
	if !ok && f.Class != nrql.Unknown && f.FreshFor > policy.UnreadFor && policy.UnreadFor > 0 {
		t.Fatalf("%q has no window, yet %+v", q.Canonical, f)
	}
}
