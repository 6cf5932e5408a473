package shard

import (
	"testing"
	"time"
)

// A caller who is not the owner leaves what belongs to the owner, and leaves the
// owner in place.
func TestCallerLeavesAnOwnedSegmentAlone(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
	resume := suspendOwners(t, c)
	s := &c.segments[0]
	c.Set(1, 1)
	if s.pending.Load() == nil || s.policy.length() != 0 {
		t.Error("the new node was admitted by somebody who is not the owner")
	}
	if s.owner.Load() != owned {
		t.Error("somebody who is not the owner has given ownership up")
	}
	resume()
}

// The new entry that makes the cache too large is the newest of the window, and
// stays there, also where all that was over the window's share was dead.
func TestNewestStaysInAWindowOfTheDead(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 3, Segments: 1})
	for key := range 3 {
		c.Set(key, key)
	}
	c.Delete(1)
	c.Delete(2)
	if err := c.Resize(1); err != nil {
		t.Fatal(err)
	}
	c.Set(3, 3)
	if _, ok := c.Get(3); !ok {
		t.Error("the key that was written last is not there")
	}
}

// A copy may carry the number of a queue that the node it stands for has left
// since. Whoever puts a node into a queue says so.
func TestNodePutBackSaysWhereItIs(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 100, Segments: 1})
	s := &c.segments[0]
	c.Set(1, 1)
	c.Set(2, 2)
	c.Delete(1)
	n, _ := s.find(uint32(c.hasher.sum(2)), 2)
	s.policy.mark(n, inProtected)
	if surplus := s.policy.surplus(1); surplus != nil {
		t.Fatalf("%d is surplus in a window with one live entry", surplus.key)
	}
	if got := n.state.Load() & queueMask >> queueShift; got != inWindow {
		t.Errorf("a node in the window says that it is in queue %d", got)
	}
}

// When a moved node's slot comes up, its timer goes to the copy.
func TestTimerFollowsAMove(t *testing.T) {
	c := newChecked(t, Options[int, int]{Unbounded: true, Segments: 1})
	s := &c.segments[0]
	const key = 5
	hash := uint32(c.hasher.sum(key))
	c.SetWithTTL(key, 1, time.Hour)
	n, _ := s.find(hash, key)
	old := s.table.Load()
	s.grow(old)
	s.move(old, hash)

	resume := suspendOwners(t, c)
	s.cancel(n)
	if deadline := s.visit(n.timer(), c.manager.Exact()); deadline != 0 {
		t.Errorf("the wheel takes the old node back, for %d", deadline)
	}
	if twin, _ := s.find(hash, key); twin == n || !s.scheduled(twin) {
		t.Error("the copy has no timer")
	}
	resume()
}
