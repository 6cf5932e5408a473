package shard

import "testing"

// While a table moves, what is in the larger one only is found all the same.

func TestGetFindsWhatOnlyTheLargerTableHas(t *testing.T) {
	c, s := growing(t, growEntries)
	const key = 10 * growEntries
	s.move(s.table.Load(), uint32(c.hasher.sum(key)))
	c.Set(key, 1)
	if s.table.Load().next.Load() == nil {
		t.Fatal("the move is over: this test proves nothing")
	}
	if v, ok := c.Get(key); !ok || v != 1 {
		t.Errorf("Get = %d, %v", v, ok)
	}
}

func TestHandEvictsFromTheLargerTable(t *testing.T) {
	c, s := growing(t, growEntries)
	old := s.table.Load()
	for bucket := range uint32(len(old.heads) - 1) {
		s.move(old, bucket)
	}
	if s.table.Load() != old {
		t.Fatal("the move is over: this test proves nothing")
	}
	for c.evictDirectly(s, nil) {
	}
	if c.Len() != 0 {
		t.Errorf("%d entries are out of the hand's reach", c.Len())
	}
}

// An update at the first glance leaves an entry alone that may have moved.
func TestUpdateChangesNoSealedCell(t *testing.T) {
	c, s := growing(t, growEntries)
	const key = 5
	hash := uint32(c.hasher.sum(key))
	n, _ := s.find(hash, key)
	s.seal(n)
	c.shape = noWord // else the cell is looked at in any case
	if s.update(hash, key, 1, terms{deadlineNanos: never}) != nil {
		t.Error("an entry that is moving was updated")
	}
}
