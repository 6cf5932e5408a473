package warm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func itemsOf(n int) (items []Item) {
	for i := range n {
		items = append(items, Item{Account: 1, Query: fmt.Sprintf("query %d", i)})
	}
	return items
}

func TestStartPreloadNamesEveryFault(t *testing.T) {
	_, err := StartPreload(t.Context(), PreloadOptions{Concurrency: -1, Timeout: 25 * time.Hour, Items: append(itemsOf(2), Item{Account: 1}, Item{})})
	refuses(t, err, "Loader is <nil>; want a Loader", "Concurrency is -1; want a number from 1 to 1000, or 0 for 4", "Timeout is 25h0m0s",
		"Items[2] is the query is blank; want an account and a query")
}

func preload(t *testing.T, ctx context.Context, o PreloadOptions) *Preload {
	t.Helper()
	p, err := StartPreload(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPreloadLoadsAllWithinItsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy, most, loads atomic.Int32
		loader := LoaderFunc(func(context.Context, Item) error {
			most.Store(max(most.Load(), busy.Add(1)))
			time.Sleep(time.Second)
			busy.Add(-1)
			loads.Add(1)
			return nil
		})
		began := time.Now()
		var progress []PreloadSummary
		p := preload(t, t.Context(), PreloadOptions{
			Loader: loader, Items: itemsOf(10), Concurrency: 3,
			Progress: func(s PreloadSummary) { progress = append(progress, s) },
		})
		if time.Since(began) != 0 {
			t.Error("the caller was delayed")
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if s := p.Summary(); s.Done != 3 || s.Took != 1500*time.Millisecond {
			t.Errorf("midway: %+v", s)
		}
		s, err := p.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Total != 10 || s.Done != 10 || s.Failed+s.Skipped+s.Cancelled != 0 || s.Took != 4*time.Second {
			t.Errorf("%+v; want 10 done in 4 s", s)
		}
		if most.Load() != 3 || loads.Load() != 10 {
			t.Errorf("%d loads, %d at a time; want 10 and 3", loads.Load(), most.Load())
		}
		if len(progress) != 10 {
			t.Fatalf("%d reports of progress, want 10", len(progress))
		}
		for i, one := range progress {
			if one.Done != i+1 || one.Took != time.Duration(i/3+1)*time.Second {
				t.Errorf("report %d: %+v", i, one)
			}
		}
		time.Sleep(time.Hour)
		if again := p.Summary(); again.Took != s.Took {
			t.Errorf("an hour later it took %v", again.Took)
		}
	})
}

func TestPreloadGoesOnWhateverALoadDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		loader := LoaderFunc(func(ctx context.Context, item Item) error {
			switch item.Query {
			case "query 0":
				return broken
			case "query 1":
				panic(broken)
			case "query 2":
				runtime.Goexit()
			case "query 3":
				return fmt.Errorf("it is there: %w", ErrFresh)
			case "query 4":
				<-ctx.Done()
				return ctx.Err()
			case "query 5":
				panic("text")
			}
			return nil
		})
		items := append(itemsOf(8), itemsOf(8)[7])
		p := preload(t, t.Context(), PreloadOptions{Loader: loader, Items: items, Logger: quiet, Concurrency: 1, Timeout: time.Minute})
		s, err := p.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Total != 9 || s.Done != 2 || s.Failed != 5 || s.Skipped != 2 || s.Cancelled != 0 {
			t.Errorf("%+v", s)
		}
		want := []error{broken, broken, ErrExited, context.DeadlineExceeded, ErrPanic}
		for i, e := range s.Errors {
			if !errors.Is(e, want[i]) {
				t.Errorf("error %d is %v, want one that matches %v", i, e, want[i])
			}
		}
		if !errors.Is(s.Errors[1], ErrPanic) {
			t.Errorf("%v does not match ErrPanic", s.Errors[1])
		}
		if got, want := s.Errors[0].Error(), `warm: preload of account 1, "query 0": broken`; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestPreloadKeepsTheFirstErrors(t *testing.T) {
	broken := errors.New("broken")
	p := preload(t, t.Context(), PreloadOptions{
		Loader: LoaderFunc(func(context.Context, Item) error { return broken }), Items: itemsOf(50), Concurrency: 1,
	})
	s, err := p.Wait(t.Context())
	if err != nil || s.Failed != 50 || len(s.Errors) != MaxPreloadErrors || s.Errors[9].Item.Query != "query 9" {
		t.Errorf("%d failed, %d errors, %v", s.Failed, len(s.Errors), err)
	}
	s.Errors[0].Item.Query = "changed"
	if p.Summary().Errors[0].Item.Query != "query 0" {
		t.Error("a summary shares its errors with the preload")
	}
}

func TestPreloadEndsWithItsContextAndWithClose(t *testing.T) {
	for name, end := range map[string]func(context.CancelFunc, *Preload){
		"context": func(cancel context.CancelFunc, _ *Preload) { cancel() },
		"Close":   func(_ context.CancelFunc, p *Preload) { p.Close(); p.Close() },
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var begun atomic.Int32
			loader := LoaderFunc(func(ctx context.Context, item Item) error {
				if begun.Add(1) <= 2 {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			})
			p := preload(t, ctx, PreloadOptions{Loader: loader, Items: itemsOf(100), Concurrency: 4})
			synctest.Wait()
			short, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			if s, err := p.Wait(short); !errors.Is(err, context.DeadlineExceeded) || s.Done != 2 {
				t.Errorf("%s: waiting for a busy preload: %+v, %v", name, s, err)
			}
			end(cancel, p)
			s, err := p.Wait(t.Context())
			if err != nil || s.Done != 2 || s.Cancelled != 98 || s.Failed != 0 || begun.Load() != 6 {
				t.Errorf("%s: %+v, %v after %d loads; want 2 done, 98 cancelled, 6 loads", name, s, err, begun.Load())
			}
		})
	}
}

func TestAPreloadOfNothingEnds(t *testing.T) {
	p := preload(t, t.Context(), PreloadOptions{Loader: LoaderFunc(func(context.Context, Item) error { return nil })})
	if s, err := p.Wait(t.Context()); err != nil || s.Total != 0 || s.Done != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestPreloadSurvivesItsProgressAndKeepsItsItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items, release := itemsOf(3), make(chan struct{})
		var loaded []string
		p := preload(t, t.Context(), PreloadOptions{
			Loader: LoaderFunc(func(_ context.Context, item Item) error {
				<-release
				loaded = append(loaded, item.Query)
				return nil
			}),
			Items: items, Concurrency: 1, Logger: quiet,
			Progress: func(PreloadSummary) { panic("no progress") },
		})
		items[2].Query = "changed"
		close(release)
		if s, err := p.Wait(t.Context()); err != nil || s.Done != 3 {
			t.Errorf("%+v, %v", s, err)
		}
		if want := []string{"query 0", "query 1", "query 2"}; !slices.Equal(loaded, want) {
			t.Errorf("loaded %v, want %v", loaded, want)
		}
	})
}
