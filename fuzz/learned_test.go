package fuzz

import (
	"context"
	"errors"
	"testing"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/warm"
)

func learningPredictor(t testing.TB) *warm.Predictor {
	budget, err := warm.NewBudget(warm.BudgetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := warm.NewPredictor(warm.PredictorOptions{
		Budget: budget, MinimumProbability: 0.01,
		Loader:   warm.LoaderFunc(func(context.Context, warm.Item) error { return nil }),
		Expander: warm.ExpanderFunc(func(warm.Call, warm.Template) []warm.Item { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzLearned has a predictor restore any bytes: they are refused, or come out so that
// they are taken again; no guess is of another account, nor a probability none; and
// what they take of memory is bounded by their length.
func FuzzLearned(f *testing.F) {
	for _, level := range []warm.Level{warm.OfTemplate, warm.OfTool, warm.OfSubject, warm.OfAccount} {
		l := warm.Learned{Level: level, Next: []warm.Followed{{Weight: 2.5, Excess: 1}}}
		if level == warm.OfTool {
			l.After.Tool, l.Next[0].Next.Tool, l.Next[0].Elsewhere = "a", "b", true
		}
		data, err := codec.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := learningPredictor(t)
		defer p.Close()
		before := allocatedBytes()
		var l warm.Learned
		err := codec.Unmarshal(data, &l)
		if err == nil {
			err = p.Restore(l)
		}
		if took := allocatedBytes() - before; took > 1<<20+256*uint64(len(data)) {
			t.Fatalf("restoring %d bytes took %d", len(data), took)
		}
		if err != nil && !errors.Is(err, codec.ErrDecode) && !errors.Is(err, warm.ErrOptions) {
			t.Fatal(err)
		}
		other := learningPredictor(t)
		defer other.Close()
		for learned := range p.Learned() {
			if err != nil {
				t.Fatalf("it was refused, and is known: %+v", learned)
			}
			written, err := codec.Marshal(learned)
			if err != nil {
				t.Fatal(err)
			}
			var again warm.Learned
			if err := codec.Unmarshal(written, &again); err != nil {
				t.Fatal(err)
			}
			if err := other.Restore(again); err != nil {
				t.Fatalf("its own is refused: %v", err)
			}
			for _, guess := range p.Predict(l.After) {
				if guess.Template.Account != l.After.Account || !(guess.Probability > 0 && guess.Probability <= 1) {
					t.Fatalf("%+v after %+v", guess, l.After)
				}
			}
		}
	})
}
