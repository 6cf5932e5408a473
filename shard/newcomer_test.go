package shard

import "testing"

// Whoever writes into a full cache admits what others have announced before its
// own entry, so that theirs, which are older, don't push it out.
func TestNewcomerIsAdmittedLast(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 1, Segments: 1})
	suspendOwners(t, c)
	c.Set(1, 1)
	c.Set(2, 2)
	c.segments[0].release()
	c.Set(3, 3)
	if _, ok := c.Get(3); !ok {
		t.Error("what was written last went to make room for what was there before")
	}
	if got := c.Len(); got != 1 {
		t.Errorf("the cache holds %d entries, want 1", got)
	}
}

// A newcomer that its owner does not come to, since a callback panics on the way,
// is counted and announced like any other.
func TestPanicInOnRemovalLosesNoNewcomer(t *testing.T) {
	armed := false
	c := newChecked(t, Options[int, int]{MaximumSize: 2, Segments: 1, OnRemoval: func(int, int, Cause) {
		if armed {
			armed = false
			panic("the embedder's fault")
		}
	}})
	suspendOwners(t, c)
	for key := range 4 {
		c.Set(key, key)
	}
	s := &c.segments[0]
	s.release()
	armed = true
	func() {
		defer func() { _ = recover() }()
		c.Set(4, 4)
	}()
	if armed {
		t.Fatal("nothing was evicted, so nothing panicked")
	}
	if s.pending.Load() == nil {
		t.Fatal("the newcomer is in no stack, and in no queue")
	}
}

// In a full cache the number of entries is not written: a newcomer takes the place
// of what goes. One that is deleted before it is admitted was taken off without
// having been put on.
func TestNewcomerThatDiesIsCounted(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 10, Segments: 1})
	s := &c.segments[0]
	hash := uint32(c.hasher.sum(1))
	at := s.locate(hash, 1)
	n := c.newNode(hash, 1, 1, terms{deadlineNanos: never})
	if !at.insert(n) {
		t.Fatal("an empty bucket took no node")
	}
	c.stats.write(0)
	c.Delete(1)
	if got := c.size.Load(); got != -1 {
		t.Fatalf("%d entries are counted, want one less than there are", got)
	}
	s.takeTurns(n, n)
	if got := c.size.Load(); got != 0 {
		t.Errorf("%d entries are counted, and there are none", got)
	}
}

// While a newcomer that died is not counted yet, there seems to be a place more than
// there is, and what others have announced is let in for it. Whoever counts the
// newcomer has to make up for that.
func TestNewcomerThatDiesLeavesNobodyOverTheMaximum(t *testing.T) {
	c := newChecked(t, Options[int, int]{MaximumSize: 3, Segments: 1})
	for key := range 3 {
		c.Set(key, key)
	}
	s := &c.segments[0]
	suspendOwners(t, c)
	c.Set(3, 3) // announced, and one too many until an owner comes
	s.release()
	hash := uint32(c.hasher.sum(4))
	at := s.locate(hash, 4)
	n := c.newNode(hash, 4, 4, terms{deadlineNanos: never})
	if !at.insert(n) {
		t.Fatal("an empty bucket took no node")
	}
	c.stats.write(0)
	c.Delete(4)
	s.takeTurns(n, n)
	if got := c.Len(); got != 3 {
		t.Errorf("the cache holds %d entries, want 3", got)
	}
}
