//go:build explore

package shard

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/explore"
	"github.com/uds-platform/state/ttl"
)

// The explorer leaves out interleavings that differ in nothing that matters. On
// the engine itself too, it finds every outcome of a scenario, that is what each
// call answered, that is found without that.
func TestReductionLosesNoHistoryOfTheEngine(t *testing.T) {
	for _, sc := range []*scenario{
		meet("reduction", present, roomy(), on(opSet, keyA), on(opDelete, keyA)),
		meet("reduction", empty, roomy(), on(opSetIfAbsent, keyA), on(opSet, keyA)),
		meet("reduction", present, roomy(), on(opCompute, keyA), on(opClear, keyA)),
		meet("reduction", expiring, roomy(), on(opProlong, keyA), on(opExpire, keyA)),
		meet("reduction", present, roomy(), on(opGet, keyA), on(opEvict, keyA)),
		meet("reduction", present, roomy(), append(on(opSet, keyA), on(opGet, keyA)...), append(on(opDelete, keyA), on(opGet, keyA)...)),
	} {
		t.Run(sc.name, func(t *testing.T) {
			const bound, limit = 2, 1 << 20
			synctest.Test(t, func(t *testing.T) {
				var past ttl.Manager
				past.Start(defaultTick, func(int64) {})
				sleep(time.Second)
				outcomes := func(walk func(e *explore.Explorer) (explore.Coverage, *explore.Failure)) (histories, int) {
					var seen histories
					e := explore.New(sc.program(&past, &seen))
					defer e.Close()
					coverage, failure := walk(e)
					if failure != nil || !coverage.Complete {
						t.Fatalf("%+v, %v", coverage, failure)
					}
					return seen, coverage.Interleavings
				}
				all, walked := outcomes(func(e *explore.Explorer) (explore.Coverage, *explore.Failure) { return e.ExhaustAll(bound, limit) })
				some, reduced := outcomes(func(e *explore.Explorer) (explore.Coverage, *explore.Failure) { return e.Exhaust(bound, limit) })
				if len(all.answers) < 2 || !maps.Equal(some.answers, all.answers) {
					t.Errorf("%d outcomes of %d with the reduction:\n%q\n%q", len(some.answers), len(all.answers),
						slices.Sorted(maps.Keys(some.answers)), slices.Sorted(maps.Keys(all.answers)))
				}
				if reduced >= walked {
					t.Errorf("%d interleavings of %d with the reduction", reduced, walked)
				}
			})
		})
	}
}
