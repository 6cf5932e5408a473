package shard

import "testing"

// A queue may hold a node whose entry was moved, removed and written anew. What
// stands for the key now is no copy of that node: it has a place of its own.
func TestReinsertedKeyIsNotTakenForACopy(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	for key := range growEntries {
		s.move(old, uint32(c.hasher.sum(key)))
		c.Delete(key)
		c.Set(key, -key)
	}
	c.comeToRest()
	c.deepCheck(t)
	if c.Len() != growEntries {
		t.Errorf("%d entries, want %d", c.Len(), growEntries)
	}
}

// Who holds a node that has moved since removes the copy.
func TestRemovalFollowsAMove(t *testing.T) {
	c, s := growing(t, growEntries)
	const key = 5
	hash := uint32(c.hasher.sum(key))
	n, _ := s.find(hash, key)
	s.move(s.table.Load(), hash)
	s.remove(n, CauseCleared)
	if _, ok := c.Get(key); ok {
		t.Error("the moved entry is still there")
	}
}
