package warm

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"testing"
)

func newCrowd() *crowd { return &crowd{seed: maphash.MakeSeed()} }

func TestAKeyIsPopularAfterEnoughHits(t *testing.T) {
	c := newCrowd()
	for hit := 1; hit <= 5; hit++ {
		if got := c.find("key", 100).popular(3); got != (hit >= 3) {
			t.Errorf("hit %d: popular is %v, want it from the third on", hit, got)
		}
	}
	if got := c.find("key", 100).word.Load() & countMask; got != 3 {
		t.Errorf("%d hits are noted, want no more than were needed", got)
	}
}

func TestANewLifeStartsFromNothing(t *testing.T) {
	c := newCrowd()
	for range 3 {
		c.find("key", 100).popular(3)
	}
	if !c.find("key", 100).claim() {
		t.Fatal("the first claim was refused")
	}
	if c.find("key", 200).popular(3) {
		t.Error("popular after one hit of a new life")
	}
	if !c.find("key", 200).claim() {
		t.Error("the claim of the last life holds in the next")
	}
}

func TestAClaimHoldsForALife(t *testing.T) {
	c := newCrowd()
	here := c.find("key", 100)
	here.popular(1)
	if !here.claim() || here.claim() {
		t.Fatal("a life can be claimed once")
	}
	if here.popular(1) {
		t.Error("a claimed key is popular still")
	}
	here.release()
	if here.popular(2) || !here.popular(2) {
		t.Error("a released key has to prove itself again")
	}
	if !here.claim() {
		t.Error("a released key cannot be claimed")
	}
}

func TestOneOfManyClaims(t *testing.T) {
	c := newCrowd()
	here := c.find("key", 100)
	var claims atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if here.popular(2) && here.claim() {
					claims.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got := claims.Load(); got != 1 {
		t.Errorf("%d claims of one life, want 1", got)
	}
}
