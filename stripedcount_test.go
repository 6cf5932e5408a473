package state

import (
	"sync"
	"testing"
)

func TestAStripedCountMissesNothing(t *testing.T) {
	var k stripedCount
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 1000 {
				k.add()
			}
		})
	}
	all.Wait()
	if n := k.load(); n != 50_000 {
		t.Errorf("it counted %d, want 50000", n)
	}
}
