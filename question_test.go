package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"
	"unsafe"

	"github.com/uds-platform/state/nrql"
)

// origin is a Querier that remembers what it was asked, and fails where it is
// told to.
type origin struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (o *origin) QueryNRQL(_ context.Context, account int, text string) (Rows, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, fmt.Sprint(account, " ", text))
	return Rows{{"run": len(o.asked)}}, o.err
}

func (o *origin) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// wantRun asks a query and checks which run of the origin's answered it, and how
// good that is.
func wantRun(t *testing.T, st *State, text string, run int, q Quality) Result[Rows] {
	t.Helper()
	res, err := st.Query(t.Context(), 1, text)
	if err != nil || res.Value[0]["run"] != run || res.Quality != q {
		t.Errorf("%.60s: got %v, %v, %v: want run %d, %v", text, res.Value, res.Quality, err, run, q)
	}
	synctest.Wait()
	return res
}

func TestSpellingsOfAQueryShareItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		st := open(t, Config{Querier: o})
		written := "select  Count(*) from Log since 60 minutes ago -- the last hour"
		wantRun(t, st, written, 1, Full)
		wantRun(t, st, "SELECT count(*) FROM Log", 1, Full)
		wantRun(t, st, "SELECT count(*) FROM Log WHERE a = 'b'", 2, Full)
		wantRun(t, st, "SELECT count(*) FROM Log WHERE a = 'B'", 3, Full)
		if o.asked[0] != "1 "+written {
			t.Errorf("NRDB was asked %q: want what was written", o.asked[0])
		}
		if _, err := st.Query(t.Context(), 2, written); err != nil || len(o.asked) != 4 {
			t.Errorf("another account's answer was served: %q, %v", o.asked, err)
		}
	})
}

// More accounts ask in turn than a question has places for.
func TestAccountsNeverShareAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: querierFunc(echo)})
		for range 3 {
			for account := 1; account <= 3*placesAQuestion; account++ {
				res, err := st.Query(t.Context(), account, "SHOW EVENT TYPES")
				if err != nil || res.Value[0]["account"] != account {
					t.Errorf("account %d got %v, %v", account, res.Value, err)
				}
			}
		}
		if loads := st.queries.Stats().Loads; loads != 3*placesAQuestion {
			t.Errorf("%d loads: want one an account", loads)
		}
	})
}

func TestAnswerHoldsForAsLongAsItsQuerySays(t *testing.T) {
	for text, c := range map[string]struct {
		fresh, stale time.Duration // stale until then
	}{
		"SHOW EVENT TYPES":         {time.Hour, 4 * time.Hour},
		"SELECT keyset() FROM Log": {time.Hour, 4 * time.Hour},
		"SELECT count(*) FROM Log SINCE '1999-06-01' UNTIL '1999-06-02'": {24 * time.Hour, 5 * 24 * time.Hour},
		"SELECT PREDICT whatever %":                                      {15 * time.Second, 75 * time.Second},
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{}
				st := open(t, Config{Querier: o, RefreshConcurrency: 1})
				wantRun(t, st, text, 1, Full)
				time.Sleep(c.fresh - 50*time.Millisecond)
				wantRun(t, st, text, 1, Full)
				time.Sleep(100 * time.Millisecond)
				o.fail(ErrTemporary)
				wantRun(t, st, text, 1, Stale)
				time.Sleep(c.stale - c.fresh - 100*time.Millisecond)
				wantRun(t, st, text, 1, Stale)
				time.Sleep(100 * time.Millisecond)
				if res, err := st.Query(t.Context(), 1, text); !errors.Is(err, ErrTemporary) {
					t.Errorf("got %v, %v after the hard deadline", res.Value, err)
				}
			})
		})
	}
}

func TestSlidingWindowIsAskedForOnceAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &origin{}})
		const text = "SELECT count(*) FROM Log SINCE 1 hour ago"
		wantRun(t, st, text, 1, Full)
		time.Sleep(time.Minute - coarseStep)
		wantRun(t, st, text, 1, Full)
		time.Sleep(3 * coarseStep)
		wantRun(t, st, text, 2, Full)
	})
}

func TestConfigFreshnessDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &origin{}, Freshness: nrql.Policy{SchemaFor: time.Second, StaleFactor: nrql.NoStale}})
		wantRun(t, st, "SHOW EVENT TYPES", 1, Full)
		time.Sleep(1100 * time.Millisecond)
		wantRun(t, st, "SHOW EVENT TYPES", 1, Stale)
		wantRun(t, st, "SHOW EVENT TYPES", 2, Full)
		wantRun(t, st, "nobody knows", 3, Full)
		time.Sleep(16 * time.Second)
		wantRun(t, st, "nobody knows", 4, Full)
	})
}

func TestOpenNamesEveryFaultOfItsFreshness(t *testing.T) {
	_, err := Open(t.Context(), Config{MaximumSize: -1, Freshness: nrql.Policy{StaleFactor: -7, SchemaFor: -1}})
	if !errors.Is(err, ErrConfig) || !errors.Is(err, nrql.ErrPolicy) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"Config.MaximumSize=-1", "Config.Freshness: ", "SchemaFor is -1ns", "StaleFactor is -7"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

// What belongs in the slot of one day must not be kept there when it is about
// another.
func TestAnswerAboutAnotherDayIsNotKept(t *testing.T) {
	for text, kept := range map[string]bool{
		"SELECT count(*) FROM Log SINCE today":                                                   false,
		"SELECT count(*) FROM Log SINCE 1 hour ago":                                              true,
		"SELECT a FROM Log WHERE b IN (SELECT c FROM Log SINCE today)":                           false,
		"SELECT count(*) FROM Log SINCE '1999-06-01' UNTIL '1999-06-02'":                         true,
		"SELECT count(*) FROM Log SINCE 1 day ago UNTIL 1 hour ago WITH TIMEZONE 'Asia/Kolkata'": true,
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := open(t, Config{QueriesPerMinute: 1, Querier: &origin{}})
				time.Sleep(24*time.Hour - 30*time.Second) // half a minute before midnight
				wantRun(t, st, "SHOW EVENT TYPES", 1, Full)
				wantRun(t, st, text, 2, Full) // after midnight
				if entries := st.Health().Kinds[0].Entries; entries != map[bool]int{false: 1, true: 2}[kept] {
					t.Errorf("%d answers are kept", entries)
				}
			})
		})
	}
}

// NRDB is in trouble, and the window has slid on.
func TestOlderSlotAnswersWhereNRDBFails(t *testing.T) {
	const text = "SELECT count(*) FROM Log SINCE 1 hour ago"
	for name, c := range map[string]struct {
		err   error
		after time.Duration
		do    func(*State)
		want  bool
	}{
		"temporary":           {ErrTemporary, time.Minute, nil, true},
		"four steps later":    {ErrTemporary, 4 * time.Minute, nil, true},
		"six steps later":     {ErrTemporary, 6 * time.Minute, nil, false},
		"permanent":           {ErrPermanent, time.Minute, nil, false},
		"unknown":             {errors.New("?"), time.Minute, nil, false},
		"invalidated":         {ErrTemporary, time.Minute, func(st *State) { st.Invalidate(EventTypeTag(1, "Log")) }, false},
		"newer data":          {ErrTemporary, time.Minute, func(st *State) { st.ObserveData(1, "Log") }, true},
		"denied in between":   {ErrTemporary, time.Minute, func(st *State) { failOnce(st, ErrDenied, text) }, false},
		"mistaken in between": {ErrTemporary, time.Minute, func(st *State) { failOnce(st, ErrPermanent, text); time.Sleep(time.Minute) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{}
				st := open(t, Config{Querier: o})
				first := wantRun(t, st, text, 1, Full)
				time.Sleep(c.after)
				if c.do != nil {
					c.do(st)
				}
				o.fail(c.err)
				res, err := st.Query(t.Context(), 1, text)
				switch {
				case !c.want && !errors.Is(err, c.err):
					t.Errorf("got %v, %v: want the error", res.Value, err)
				case c.want && (err != nil || res.Quality != Stale || res.Source != Memory || !res.AsOf.Equal(first.AsOf)):
					t.Errorf("got %v, %v: want the older answer", res, err)
				}
			})
		})
	}
}

func failOnce(st *State, err error, text string) {
	o := st.config.Querier.(*origin)
	o.fail(err)
	st.Query(context.Background(), 1, text)
}

// An older day is another question, however recently it was asked.
func TestOlderSlotOfAnotherDayDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		st := open(t, Config{Querier: o})
		time.Sleep(24*time.Hour - 10*time.Second)
		wantRun(t, st, "SELECT count(*) FROM Log SINCE today", 1, Full)
		time.Sleep(20 * time.Second)
		o.fail(ErrTemporary)
		if res, err := st.Query(t.Context(), 1, "SELECT count(*) FROM Log SINCE today"); !errors.Is(err, ErrTemporary) {
			t.Errorf("got %v, %v", res, err)
		}
	})
}

func TestInvalidationReachesAnswersOfQueries(t *testing.T) {
	texts := map[string]string{
		"log":        "SELECT count(*) FROM Log",
		"span":       "SELECT count(*) FROM Span",
		"both":       "SELECT count(*) FROM Span WHERE a IN (SELECT a FROM Log)",
		"keyset":     "SELECT keyset() FROM Log",
		"lookup":     "SELECT count(*) FROM Span WHERE a IN (SELECT a FROM lookup(hosts))",
		"settled":    "SELECT count(*) FROM Log SINCE '1999-06-01' UNTIL '1999-06-02'",
		"types":      "SHOW EVENT TYPES",
		"unread":     "SELECT % FROM Log",
		"unreadSpan": "SELECT % FROM Span",
	}
	everything := []Tag{
		EventTypeTag(1, "Log"), EventTypeTag(1, "Span"), unread(1), unread(2), EventTypeTag(2, "Log"), AccountTag(1), AccountTag(2), KindTag(queryKind),
		NamedTag(1, "lookup:hosts"), NamedTag(1, "kind:event types"), NamedTag(1, "kind:keyset"), NamedTag(1, "kind:count"), NamedTag(1, "kind:unread"),
		NamedTag(1, "kind:raw"),
	}
	for name, c := range map[string]struct {
		do   func(*State)
		ends []string
		ages []string
	}{
		"schema": {func(st *State) { st.ObserveSchema(1, "Log", "a"); st.ObserveSchema(1, "Log", "b") },
			[]string{"log", "both", "keyset", "settled", "unread", "unreadSpan"}, []string{"types"}},
		"schema at first sight": {func(st *State) { st.ObserveSchema(1, "Log", "a") }, nil, nil},
		"data":                  {func(st *State) { st.ObserveData(1, "Log") }, nil, []string{"log", "both", "keyset", "unread", "unreadSpan"}},
		"event type":            {func(st *State) { st.Invalidate(EventTypeTag(1, "Span")) }, []string{"span", "both", "lookup", "unread", "unreadSpan"}, nil},
		"another account's":     {func(st *State) { st.Invalidate(EventTypeTag(2, "Log")); st.ObserveData(2, "Log") }, nil, nil},
		"lookup":                {func(st *State) { st.Invalidate(NamedTag(1, "lookup:hosts")) }, []string{"lookup", "unread", "unreadSpan"}, nil},
		"event types":           {func(st *State) { st.Invalidate(NamedTag(1, "kind:event types")) }, []string{"types", "unread", "unreadSpan"}, nil},
		"kind":                  {func(st *State) { st.Invalidate(KindTag("query")) }, slices.Collect(keysOf(texts)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{}
				st := open(t, Config{Querier: o})
				slotsApart(t, st, everything...)
				for _, text := range texts {
					if _, err := st.Query(t.Context(), 1, text); err != nil {
						t.Fatal(err)
					}
				}
				c.do(st)
				o.fail(errors.New("gone"))
				for what, text := range texts {
					res, err := st.Query(t.Context(), 1, text)
					synctest.Wait()
					got := "full"
					switch {
					case err != nil:
						got = "ended"
					case res.Quality == Stale:
						got = "stale"
					}
					want := "full"
					switch {
					case slices.Contains(c.ends, what):
						want = "ended"
					case slices.Contains(c.ages, what):
						want = "stale"
					}
					if got != want {
						t.Errorf("%s is %s: want %s", what, got, want)
					}
				}
			})
		})
	}
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

func TestInvalidateLeavesItsArgumentsAlone(t *testing.T) {
	st := open(t, Config{})
	tags := []Tag{EventTypeTag(1, "Log"), KindTag("other")}
	st.Invalidate(tags[:1]...)
	if tags[1] != KindTag("other") {
		t.Error("the caller's array was written to")
	}
}

func TestHealthCountsQueriesThatWereNotUnderstood(t *testing.T) {
	st := open(t, Config{Querier: querierFunc(echo)})
	for _, text := range []string{"SHOW EVENT TYPES", "what?", "what?", "SELECT {{template}} FROM Log"} {
		if res, err := st.Query(t.Context(), 1, text); err != nil || res.Value[0]["nrql"] != text {
			t.Errorf("got %v, %v", res.Value, err)
		}
	}
	if unread := st.Health().UnreadQueries; unread != 3 {
		t.Errorf("%d: want 3", unread)
	}
}

func TestHostileTextsAreAnswered(t *testing.T) {
	st := open(t, Config{Querier: querierFunc(echo), QueriesPerMinute: 1_000_000})
	for _, text := range []string{
		"\x00", "\xff\xfe", "'", "`", "((((((((", "SELECT", "SELECT count(*) FROM " + strings.Repeat("`a`,", 12_000) + "b",
		"SELECT count(*) FROM Log WHERE a IN ('" + strings.Repeat("x", 60_000) + "')",
		strings.Repeat("(", MaxQueryBytes), strings.Repeat("SELECT ", 9000), "SELECT count(*) FROM Log SINCE 99999999999999999999 years ago",
		"SELECT count(*) FROM Log SINCE 0 seconds ago UNTIL 0 seconds ago", "SELECT count(*) FROM Log UNTIL 9223372036854775807",
		"SELECT count(*) FROM Log WITH TIMEZONE '../../etc/passwd'", "SELECT count(*) FROM Log TIMESERIES 0 minutes",
		"SELECT a FROM A WHERE b" + strings.Repeat(" AND b > (SELECT c FROM A SINCE 1 hour ago)", 16),
	} {
		for range 2 {
			if res, err := st.Query(t.Context(), 1, text); err != nil || res.Value[0]["nrql"] != text {
				t.Errorf("%.40q: %v", text, err)
			}
			if p, err := st.QueryPreview(t.Context(), 1, text); err != nil || p.Value[0]["nrql"] != text {
				t.Errorf("%.40q: preview %v, %v", text, p.Quality, err)
			}
		}
	}
}

func TestMemoryOfTextsIsBounded(t *testing.T) {
	st := open(t, Config{})
	for i := range 2 * questionsKept {
		st.questions.read(fmt.Sprint("SELECT a FROM Log LIMIT ", i))
	}
	if n := st.questions.memory.Len(); n > questionsKept {
		t.Errorf("%d texts", n)
	}
	for i := range 1000 {
		st.questions.read(fmt.Sprint("SELECT a FROM Log WHERE b = '", strings.Repeat("x", 60_000), i, "'"))
	}
	bytes := 0
	for text, q := range st.questions.memory.All() {
		bytes += len(text) + len(q.query.Canonical)
	}
	if bytes > questionsKeptBytes {
		t.Errorf("%d bytes", bytes)
	}
}

// A text that is a small part of something large must not keep all of it.
// sameBytes reports whether two texts lie in the same place.
func sameBytes(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }

func TestMemoryOfTextsCopies(t *testing.T) {
	st := open(t, Config{})
	large := strings.Repeat("x", 1000) + "SHOW EVENT TYPES"
	text := large[1000:]
	q := st.questions.read(text)
	for kept := range st.questions.memory.Keys() {
		if sameBytes(kept, text) || sameBytes(q.text, text) || sameBytes(q.query.Canonical, text) {
			t.Error("the caller's bytes are kept")
		}
	}
}

func TestClosedStateStillAnswersQueries(t *testing.T) {
	st := open(t, Config{Querier: &origin{}})
	st.Close()
	for run := 1; run <= 2; run++ {
		if res, err := st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil || res.Value[0]["run"] != run {
			t.Errorf("got %v, %v", res.Value, err)
		}
	}
	if n := st.questions.memory.Len(); n != 0 {
		t.Errorf("%d texts are kept", n)
	}
}

func TestQueryHitAllocatesNothing(t *testing.T) {
	st := open(t, Config{Querier: querierFunc(echo)})
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { st.Query(ctx, 1, "SHOW EVENT TYPES") }); n > 0.1 {
		t.Errorf("%v allocations", n)
	}
}
