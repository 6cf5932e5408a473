package state

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestObserverWorksInOrderAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			o     observer
			order []int
			block = make(chan struct{})
		)
		o.offer(func() { <-block })
		refused := 0
		for i := range 2 * observerBacklog {
			if !o.offer(func() { order = append(order, i) }) {
				refused++
			}
		}
		close(block)
		synctest.Wait()
		if len(order) != observerBacklog || refused != observerBacklog || !slices.IsSorted(order) {
			t.Errorf("%d done, %d refused, in order %v", len(order), refused, slices.IsSorted(order))
		}
		if o.running {
			t.Error("the worker goes on with nothing to do")
		}
		if !o.offer(func() { order = nil }) {
			t.Error("refused with nothing to do")
		}
		synctest.Wait()
		if order != nil {
			t.Error("what came later was not done")
		}
	})
}
