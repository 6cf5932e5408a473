package state

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// steady is a Querier that always answers.
type steady struct{}

func (steady) QueryNRQL(context.Context, int, string) (Rows, error) { return Rows{{"n": 1}}, nil }

func TestALifetimeIsThatOfTheAnswerThatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, err := Open(t.Context(), Config{Querier: steady{}, Warming: Warming{Share: NoWarming}})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		const query = "SHOW EVENT TYPES"
		if _, ok := st.Lifetime(1, query); ok {
			t.Fatal("nothing was asked, and there is an answer")
		}
		asked := time.Now()
		if _, err := st.Query(t.Context(), 1, query); err != nil {
			t.Fatal(err)
		}
		whole, ok := st.Lifetime(1, query)
		if !ok || whole.Quality != Full || !whole.AsOf.Equal(asked) || whole.FreshFor <= 0 || whole.KeptFor < whole.FreshFor {
			t.Fatalf("%+v, %v", whole, ok)
		}
		if _, ok := st.Lifetime(2, query); ok {
			t.Error("it is another account's")
		}
		before := st.Health()
		time.Sleep(whole.FreshFor / 2)
		half, ok := st.Lifetime(1, query)
		if off := half.FreshFor - whole.FreshFor/2; !ok || off < -time.Second || off > time.Second {
			t.Errorf("half way it is fresh for %v of %v", half.FreshFor, whole.FreshFor)
		}
		time.Sleep(whole.FreshFor)
		if whole.KeptFor > 2*whole.FreshFor {
			if old, ok := st.Lifetime(1, query); !ok || old.Quality != Stale || old.FreshFor != 0 {
				t.Errorf("past its time it is %+v, %v", old, ok)
			}
		}
		if after := st.Health(); after.Kinds[0].Hits != before.Kinds[0].Hits || after.Kinds[0].Loads != before.Kinds[0].Loads {
			t.Error("to look counts as a call")
		}
		st.Invalidate(AccountTag(1))
		if _, ok := st.Lifetime(1, query); ok {
			t.Error("it was invalidated")
		}
	})
}

func TestALookIsNoCall(t *testing.T) {
	st, err := Open(t.Context(), Config{Querier: steady{}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, query := range []string{"", "this is no query", "SELECT 1"} {
		if _, ok := st.Lifetime(1, query); ok {
			t.Errorf("%q has an answer", query)
		}
	}
	if _, ok := st.Lifetime(-1, "SELECT 1"); ok {
		t.Error("there is no such account")
	}
	if h := st.Health(); h.UnreadQueries != 0 || h.Kinds[0].Loads != 0 {
		t.Errorf("%+v", h)
	}
}

func TestEveryKindSaysItsWindow(t *testing.T) {
	st, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := NewCache[int](st, Kind{Name: "other"}); err != nil {
		t.Fatal(err)
	}
	shares := st.WindowShares()
	if len(shares) != 2 {
		t.Fatalf("%v", shares)
	}
	for name, share := range shares {
		if share < 0.01 || share > 0.8 {
			t.Errorf("%s: %v", name, share)
		}
	}
}
