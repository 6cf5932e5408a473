package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// querierFunc makes a Querier of a function.
type querierFunc func(ctx context.Context, account int, nrql string) (Rows, error)

func (f querierFunc) QueryNRQL(ctx context.Context, account int, nrql string) (Rows, error) {
	return f(ctx, account, nrql)
}

func echo(_ context.Context, account int, nrql string) (Rows, error) {
	return Rows{{"account": account, "nrql": nrql}}, nil
}

func TestQueryRunsOnceForAnAccountAndText(t *testing.T) {
	synctest.Test(t, testQueryRunsOnce) // where no minute ends meanwhile
}

func testQueryRunsOnce(t *testing.T) {
	ran := map[string]int{}
	st := open(t, Config{Querier: querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
		ran[fmt.Sprint(account, nrql)]++
		return echo(ctx, account, nrql)
	})})
	for round, source := range []Source{Origin, Memory} {
		for account := 1; account <= 2; account++ {
			for _, nrql := range []string{"SHOW EVENT TYPES", "SELECT count(*) FROM Log", strings.Repeat("x", MaxQueryBytes)} {
				res, err := st.Query(t.Context(), account, nrql)
				if err != nil {
					t.Fatal(err)
				}
				if res.Source != source || res.Value[0]["account"] != account || res.Value[0]["nrql"] != nrql {
					t.Errorf("round %d: got %v from %v for account %d", round, res.Value, res.Source, account)
				}
			}
		}
	}
	for what, n := range ran {
		if n != 1 {
			t.Errorf("%.40s ran %d times", what, n)
		}
	}
}

func TestQueryRefusals(t *testing.T) {
	never := querierFunc(func(context.Context, int, string) (Rows, error) {
		t.Error("the querier was called")
		return nil, nil
	})
	st := open(t, Config{Querier: never})
	for name, c := range map[string]struct {
		account int
		nrql    string
		want    string
	}{
		"account 0":        {0, "SHOW EVENT TYPES", "account 0: want a positive account number"},
		"negative account": {-3, "SHOW EVENT TYPES", "account -3: want"},
		"empty":            {1, "", "it is blank"},
		"blank":            {1, " \n\t", "it is blank"},
		"long":             {1, strings.Repeat("x", MaxQueryBytes+1), "65537 bytes: want at most 65536"},
	} {
		_, err := st.Query(t.Context(), c.account, c.nrql)
		if !errors.Is(err, ErrBadQuery) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v: want ErrBadQuery with %q", name, err, c.want)
		}
	}
	if _, err := open(t, Config{}).Query(t.Context(), 1, "SHOW EVENT TYPES"); !errors.Is(err, ErrNoQuerier) {
		t.Errorf("error %v: want ErrNoQuerier", err)
	}
}

func TestQueryPassesErrorsOnAndForgetsThem(t *testing.T) {
	broken := errors.New("broken")
	answers := []error{broken, nil}
	st := open(t, Config{Querier: querierFunc(func(ctx context.Context, account int, nrql string) (Rows, error) {
		err := answers[0]
		answers = answers[1:]
		return nil, err
	})})
	if _, err := st.Query(t.Context(), 1, "x"); !errors.Is(err, broken) {
		t.Errorf("error %v: want the querier's", err)
	}
	if _, err := st.Query(t.Context(), 1, "x"); err != nil {
		t.Error(err)
	}
}

func TestQueryIsWithinTheLimits(t *testing.T) {
	const concurrency, perMinute, queries = 4, 10, 60
	synctest.Test(t, func(t *testing.T) {
		var (
			mu      sync.Mutex
			starts  []time.Time
			running int
			wg      sync.WaitGroup
		)
		st := open(t, Config{
			QueryConcurrency: concurrency, QueriesPerMinute: perMinute, LoadTimeout: time.Hour,
			Querier: querierFunc(func(context.Context, int, string) (Rows, error) {
				mu.Lock()
				starts = append(starts, time.Now())
				running++
				if running > concurrency {
					t.Errorf("%d queries run at once", running)
				}
				mu.Unlock()
				time.Sleep(5 * time.Second)
				mu.Lock()
				running--
				mu.Unlock()
				return nil, nil
			}),
		})
		for i := range queries {
			wg.Go(func() {
				if _, err := st.Query(t.Context(), 1, fmt.Sprint("SELECT ", i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(starts) != queries {
			t.Errorf("%d queries ran", len(starts))
		}
		for i := perMinute; i < len(starts); i++ {
			if gap := starts[i].Sub(starts[i-perMinute]); gap <= time.Minute {
				t.Errorf("queries %d to %d started within %v", i-perMinute, i, gap)
			}
		}
	})
}

// A query that fails, panics or is given up gives its place back.
func TestQueryGivesItsPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Config{
			QueryConcurrency: 1,
			Querier: querierFunc(func(ctx context.Context, _ int, nrql string) (Rows, error) {
				switch nrql {
				case "panic":
					panic("oh")
				case "fail":
					return nil, errors.New("oh")
				case "wait":
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return nil, nil
			}),
		})
		for _, nrql := range []string{"panic", "fail", "wait", "fine"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := st.Query(ctx, 1, nrql)
			cancel()
			if (err == nil) != (nrql == "fine") {
				t.Errorf("%s: %v", nrql, err)
			}
		}
	})
}

// A query that waits for the limits leaves the queue when its last caller
// leaves.
func TestQueryLeavesTheQueueWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran []string
		st := open(t, Config{
			QueryConcurrency: 1, QueriesPerMinute: 1,
			Querier: querierFunc(func(_ context.Context, _ int, nrql string) (Rows, error) {
				ran = append(ran, nrql)
				return nil, nil
			}),
		})
		if _, err := st.Query(t.Context(), 1, "first"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := st.Query(ctx, 1, "impatient"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v: want the context's", err)
		}
		if _, err := st.Query(t.Context(), 1, "patient"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ran, " "); got != "first patient" {
			t.Errorf("ran %q", got)
		}
	})
}
