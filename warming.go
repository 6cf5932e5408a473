package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/uds-platform/state/internal/limiter"
	"github.com/uds-platform/state/warm"
)

// NoWarming is the Warming.Share of a State that refreshes nothing ahead and
// predicts nothing.
const NoWarming = -1

// ErrNoLoader is matched by the error of an item of a kind of the embedder's own,
// where Warming.Loader is not set.
var ErrNoLoader = errors.New("state: no loader is configured for items that are not queries")

// Warming says what is loaded before anybody waits for it. The zero Warming works:
// popular results are refreshed before they end, and calls are predicted as far as
// the embedder names them, with WithCall.
type Warming struct {
	// Share is how many loads in the background each demand load earns: above 0
	// and up to 1, or NoWarming. A load that turns out to answer somebody gives its
	// cost back, so this bounds the waste. 0 means 0.2.
	Share float64
	// Preload is loaded when the State is opened, in the background and in this
	// order, 4 at a time. See State.Preload.
	Preload []warm.Item
	// Chains are the usual orders of tools, by the names that Call.Tool has. Nil
	// means list, explore, profile, relate, assess; see warm.Discovery.
	Chains []warm.Chain
	// Expander says what to load for a predicted call, in place of what was
	// learned of the tool's queries. Without a Loader it must return queries.
	Expander warm.Expander
	// Loader loads items that have a Kind, most often by a Fetch with the ctx that
	// it is given, which makes that a prefetch.
	Loader warm.Loader
}

// chainFault reports what is wrong with the chains. It asks who knows what a chain
// has to be: it makes a predictor of them, which is cheap.
func (w *Warming) chainFault() error {
	budget, err := warm.NewBudget(warm.BudgetOptions{})
	if err != nil {
		return err
	}
	p, err := warm.NewPredictor(warm.PredictorOptions{
		Chains:   w.Chains,
		Budget:   budget,
		Loader:   warm.LoaderFunc(func(context.Context, warm.Item) error { return nil }),
		Expander: warm.ExpanderFunc(func(warm.Call, warm.Template) []warm.Item { return nil }),
	})
	if err != nil {
		return err
	}
	p.Close()
	return nil
}

// savingsSample is of how many hits one is counted, as so many.
const savingsSample = 64

// watch takes note of a query that is being asked: e is what is kept for it, nil
// for nothing. It is called on every hit, which pays for a die and a look into
// ctx.
func (st *State) watch(ctx context.Context, account int, nrql string, e *entry[Rows]) {
	if rand.Uint32()%savingsSample == 0 && e != nil {
		st.savings.Add(warm.Item{Account: account, Query: nrql}, savingsSample, e.loadTime)
	}
	if call := callOf(ctx); call != nil {
		st.observe(ctx, call, account, nrql, e)
	}
}

// Hottest returns up to n queries that have saved the most waiting, most first:
// for every hit as much as the load took that it spared, old savings counting half
// every 6 hours. Hits are sampled, one in 64.
//
// It is what is worth loading first after a restart: give it to RestoreHottest,
// and its items to Preload.
func (st *State) Hottest(n int) []warm.Saving { return st.savings.Top(n) }

// RestoreHottest adds what Hottest returned before a restart. Savings that make no
// sense are left out, and counted. Nothing is loaded by that.
func (st *State) RestoreHottest(savings []warm.Saving) (leftOut int) {
	return st.savings.Restore(savings)
}

// Preload loads items in the background, so that who asks for them later finds
// them: in their order, 4 at a time, each with the priority of a prefetch. It
// returns at once. progress, if set, is called after each item, by one goroutine
// at a time. The preload ends with ctx, with Close, or when all is done; its
// Summary says how far it is, and Wait waits for it.
//
// An item without a Kind is a query, as Query takes it; one that is in memory
// already is skipped. Others go to Warming.Loader.
//
// The error matches warm.ErrOptions for an item that can't be loaded, and ErrClosed
// once the State is closed.
func (st *State) Preload(
	ctx context.Context, items []warm.Item, progress func(warm.PreloadSummary),
) (*warm.Preload, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return nil, ErrClosed
	}
	p, err := warm.StartPreload(ctx, warm.PreloadOptions{
		Loader:   warm.LoaderFunc(st.loadAhead),
		Items:    items,
		Timeout:  within(st.config.LoadTimeout, time.Millisecond, 24*time.Hour),
		Progress: progress,
		Logger:   st.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	st.preloads = append(slices.DeleteFunc(st.preloads, (*warm.Preload).Ended), p)
	return p, nil
}

// preloadConfigured starts what Config.Warming.Preload asks for, and logs its
// end.
func (st *State) preloadConfigured() error {
	items := st.config.Warming.Preload
	if len(items) == 0 {
		return nil
	}
	_, err := st.Preload(context.Background(), items, func(s warm.PreloadSummary) {
		if s.Done+s.Failed+s.Skipped+s.Cancelled == s.Total {
			st.config.Logger.Info("preload has ended", slog.Int("done", s.Done), slog.Int("failed", s.Failed),
				slog.Int("skipped", s.Skipped), slog.Int("cancelled", s.Cancelled), slog.Duration("took", s.Took))
		}
	})
	return err
}

// loadAhead makes a call that nobody waits for. It goes the way of every other, so
// nothing is loaded twice, and who asks meanwhile joins the load.
func (st *State) loadAhead(ctx context.Context, item warm.Item) error {
	ctx = limiter.WithPriority(ctx, warm.Prefetch)
	if item.Kind != "" {
		if st.config.Warming.Loader == nil {
			return fmt.Errorf("%w: %q", ErrNoLoader, item.Kind)
		}
		return st.config.Warming.Loader.Load(ctx, item)
	}
	res, err := st.Query(ctx, item.Account, item.Query)
	if err == nil && res.Source == Memory {
		return warm.ErrFresh
	}
	return err
}

func (st *State) openWarming() (err error) {
	if st.savings, err = warm.NewSavings(warm.SavingsOptions{}); err != nil {
		return err
	}
	if st.ahead, err = newAhead(&st.config, st.clock); err != nil {
		return err
	}
	st.repertoire = &repertoire{tools: make(map[string]*habits)}
	st.predictor, err = st.newPredictor()
	return err
}

// closeWarming ends what is loaded in the background. It waits for nothing.
func (st *State) closeWarming() {
	st.mu.Lock()
	preloads := st.preloads
	st.mu.Unlock()
	for _, p := range preloads {
		p.Close()
	}
	st.ahead.close()
	if st.predictor != nil {
		st.predictor.Close()
	}
}

func within[N int | time.Duration](n, least, most N) N { return max(least, min(n, most)) }
