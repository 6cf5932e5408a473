package state

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/nrql"
)

const lastHour = "SELECT count(*) FROM Log SINCE 1 hour ago"

func queryPreview(t *testing.T, st *State, text string, q Quality) Preview[Rows] {
	t.Helper()
	p, err := st.QueryPreview(t.Context(), 1, text)
	if err != nil || p.Quality != q {
		t.Errorf("%s: got %v, %v: want %v", text, p.Quality, err, q)
	}
	return p
}

func TestQueryPreviewOfASlidingWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, began := open(t, Config{Querier: &origin{}}), time.Now()
		p := queryPreview(t, st, lastHour, Nothing)
		if !p.Refining || p.SampleRate != 0 {
			t.Errorf("%+v", p)
		}
		<-p.Done()
		p = queryPreview(t, st, lastHour, Full)
		if w := (nrql.Window{From: began.Add(-time.Hour), To: began, Open: true}); !equalWindows(p.Window, w) || p.Refining {
			t.Errorf("%+v: want window %v", p, w)
		}
		time.Sleep(time.Minute + time.Second)
		p = queryPreview(t, st, lastHour, Narrow)
		if w := (nrql.Window{From: began.Add(-time.Hour), To: began, Open: true}); !equalWindows(p.Window, w) || !p.Refining || p.SampleRate != 1 {
			t.Errorf("%+v: want window %v", p, w)
		}
		if res, err := p.Wait(t.Context()); err != nil || res.Value[0]["run"] != 2 || res.Quality != Full {
			t.Errorf("got %+v, %v", res, err)
		}
		if p.Value[0]["run"] != 1 {
			t.Errorf("the preview is of run %v", p.Value[0]["run"])
		}
		wantRun(t, st, lastHour, 2, Full)
	})
}

func equalWindows(a, b nrql.Window) bool {
	return a.From.Equal(b.From) && a.To.Equal(b.To) && a.Open == b.Open && a.Bucket == b.Bucket
}

// The newest of the steps before is the best, and those too long ago are not
// served at all.
func TestQueryPreviewLooksBackAFewSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &origin{}})
		wantRun(t, st, lastHour, 1, Full)
		time.Sleep(time.Minute)
		wantRun(t, st, lastHour, 2, Full)
		time.Sleep(2 * time.Minute)
		if p := queryPreview(t, st, lastHour, Narrow); p.Value[0]["run"] != 2 {
			t.Errorf("run %v is served", p.Value[0]["run"])
		}
		time.Sleep(6 * time.Minute)
		queryPreview(t, st, lastHour, Nothing)
		synctest.Wait()
	})
}

func TestQueryPreviewIsNotAboutAnotherDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const today = "SELECT count(*) FROM Log SINCE today"
		st := open(t, Config{Querier: &origin{}})
		time.Sleep(24*time.Hour - 10*time.Second)
		wantRun(t, st, today, 1, Full)
		if kept, err := st.StorePreview(1, today, Rows{{"run": 0}}, PreviewTerms{SampleRate: 0.1}); !kept || err != nil {
			t.Errorf("%v, %v", kept, err)
		}
		time.Sleep(20 * time.Second)
		queryPreview(t, st, today, Nothing)
		synctest.Wait()
	})
}

func TestStoredQueryPreview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{err: ErrTemporary}
		st := open(t, Config{Querier: o})
		spelling := "select Count(*) from Log"
		if kept, err := st.StorePreview(1, spelling, Rows{{"run": 0}}, PreviewTerms{SampleRate: 0.1}); !kept || err != nil {
			t.Errorf("%v, %v", kept, err)
		}
		if p := queryPreview(t, st, lastHour, Sampled); p.SampleRate != 0.1 || p.Value[0]["run"] != 0 {
			t.Errorf("%+v", p)
		}
		if p, err := st.QueryPreview(t.Context(), 2, lastHour); p.Quality != Nothing {
			t.Errorf("another account gets %+v, %v", p, err)
		}
		synctest.Wait()
		time.Sleep(4 * time.Minute) // in a later slot, and in the pause after a failure
		if p := queryPreview(t, st, lastHour, Sampled); p.SampleRate != 0.1 {
			t.Errorf("%+v", p)
		}
		synctest.Wait()
		if res, err := st.Query(t.Context(), 1, lastHour); !errors.Is(err, ErrTemporary) {
			t.Errorf("Query returns %+v, %v", res, err)
		}
		st.Invalidate(EventTypeTag(1, "Log"))
		queryPreview(t, st, lastHour, Nothing)
		synctest.Wait()
	})
}

func TestFullAnswerOfAnEarlierStepIsBetterThanASample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{Querier: &origin{}})
		wantRun(t, st, lastHour, 1, Full)
		time.Sleep(time.Minute)
		if _, err := st.StorePreview(1, lastHour, Rows{{"run": 0}}, PreviewTerms{SampleRate: 0.99}); err != nil {
			t.Fatal(err)
		}
		queryPreview(t, st, lastHour, Narrow)
		synctest.Wait()
	})
}

func TestWhatEndsQueryPreviews(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*State)
		want []Quality // without an error
	}{
		"nothing":                         {func(*State) {}, []Quality{Narrow}},
		"schema":                          {func(st *State) { st.ObserveSchema(1, "Log", "a"); st.ObserveSchema(1, "Log", "b") }, []Quality{Nothing}},
		"account":                         {func(st *State) { st.Invalidate(AccountTag(1)) }, []Quality{Nothing}},
		"data":                            {func(st *State) { st.ObserveData(1, "Log") }, []Quality{Narrow}},
		"denial":                          {func(st *State) { failOnce(st, ErrDenied, lastHour) }, []Quality{Nothing}},
		"a close":                         {func(st *State) { st.Close() }, []Quality{Nothing}},
		"a permanent failure, remembered": {func(st *State) { failOnce(st, ErrPermanent, lastHour) }, nil},
		"a permanent failure, forgotten":  {func(st *State) { failOnce(st, ErrPermanent, lastHour); time.Sleep(31 * time.Second) }, []Quality{Nothing}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := open(t, Config{Querier: &origin{}})
				slotsApart(t, st, AccountTag(1), EventTypeTag(1, "Log"), unread(1), KindTag(queryKind), NamedTag(1, "kind:count"), NamedTag(1, "kind:event types"))
				wantRun(t, st, lastHour, 1, Full)
				time.Sleep(time.Minute)
				c.do(st)
				p, err := st.QueryPreview(t.Context(), 1, lastHour)
				if (err == nil) != (c.want != nil) || err == nil && !slices.Contains(c.want, p.Quality) {
					t.Errorf("got %v, %v: want %v", p.Quality, err, c.want)
				}
				synctest.Wait()
			})
		})
	}
}

func TestQueryPreviewRefusals(t *testing.T) {
	st := open(t, Config{Querier: &origin{}})
	if _, err := st.QueryPreview(t.Context(), 0, lastHour); !errors.Is(err, ErrBadQuery) {
		t.Errorf("error %v", err)
	}
	if _, err := st.StorePreview(1, " ", nil, PreviewTerms{SampleRate: 0.5}); !errors.Is(err, ErrBadQuery) {
		t.Errorf("error %v", err)
	}
	if _, err := st.StorePreview(1, lastHour, nil, PreviewTerms{}); !errors.Is(err, ErrBadPreview) {
		t.Errorf("error %v", err)
	}
	if _, err := open(t, Config{}).QueryPreview(t.Context(), 1, lastHour); !errors.Is(err, ErrNoQuerier) {
		t.Errorf("error %v", err)
	}
}

func TestQueryPreviewHitAllocatesNothing(t *testing.T) {
	st, ctx := open(t, Config{Querier: &origin{}}), t.Context()
	if _, err := st.Query(ctx, 1, "SHOW EVENT TYPES"); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { st.QueryPreview(ctx, 1, "SHOW EVENT TYPES") }); n > 0.1 {
		t.Errorf("%v allocations", n)
	}
}
