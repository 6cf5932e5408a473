package contest

import "testing"

// reluctant refuses every other new key once, and drops what it is given between
// two Settles beyond its buffer.
type reluctant struct {
	held     map[uint64]bool
	refused  map[uint64]bool
	buffered int
}

func (r *reluctant) Get(key uint64) (uint64, bool) { return 0, r.held[key] }

func (r *reluctant) Set(key, _ uint64) {
	if r.buffered++; r.buffered > settleEvery {
		return
	}
	if key%2 == 0 && !r.refused[key] {
		r.refused[key] = true
		return
	}
	r.held[key] = true
}

func (r *reluctant) Delete(key uint64) { delete(r.held, key) }
func (r *reluctant) Len() int          { return len(r.held) }
func (r *reluctant) Settle()           { r.buffered = 0 }
func (r *reluctant) Close()            {}

func TestFillGivesASecondChanceAndWaits(t *testing.T) {
	r := &reluctant{held: map[uint64]bool{}, refused: map[uint64]bool{}}
	keys := make([]uint64, 10*settleEvery)
	for i := range keys {
		keys[i] = uint64(i)
	}
	Fill(r, keys)
	if r.Len() != len(keys) {
		t.Errorf("%d of %d keys are there", r.Len(), len(keys))
	}
}
