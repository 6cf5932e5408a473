package warm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// refuses checks that a constructor names each of the faults.
func refuses(t *testing.T, err error, faults ...string) {
	t.Helper()
	if !errors.Is(err, ErrOptions) {
		t.Fatalf("error %v: want one that matches ErrOptions", err)
	}
	for _, fault := range faults {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("error %q does not say %q", err, fault)
		}
	}
}

// budgetOf makes a budget that a test cannot exhaust unless it wants to.
func budgetOf(t testing.TB, o BudgetOptions) *Budget {
	t.Helper()
	b, err := NewBudget(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ended waits for what is being closed.
func ended(t testing.TB, wait func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := wait(ctx); err != nil {
		t.Errorf("still busy: %v", err)
	}
}
