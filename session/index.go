package session

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/uds-platform/state/internal/merge"
)

const stripes = 64

// index knows which sessions each owner has, and by which other names. Only what
// makes, ends or renames sessions asks it to change: Get and most Updates never
// meet its locks.
//
// The engine is the truth and the index follows it: whoever has changed what the
// engine holds calls settle, which looks again, with the lock held. So of two that
// change the same session the later to settle sees what both have done, and it
// does not matter in which order they come.
type index struct {
	seed    maphash.Seed
	lookup  func(Handle) *Session // the engine's
	total   atomic.Int64          // INVARIANT: the sum of len(handles); written with the stripe's lock held
	stripes [stripes]stripe
}

type stripe struct {
	mu     sync.Mutex
	owners map[Owner]*holding // INVARIANT: guarded by mu; none is empty.
	_      [40]byte
}

// holding is what one owner has. INVARIANT: guarded by its stripe's mu.
type holding struct {
	handles []Handle // sorted
	// aliases has the sessions that claim each. Which of them has it is worked out when
	// somebody asks: it must not depend on the order in which the claims came, and where
	// the one that has it ends, it is another's again. INVARIANT: none is empty.
	aliases map[string][]Handle
}

func newIndex(lookup func(Handle) *Session) *index {
	x := &index{seed: maphash.MakeSeed(), lookup: lookup}
	for i := range x.stripes {
		x.stripes[i].owners = make(map[Owner]*holding)
	}
	return x
}

func (x *index) stripe(owner Owner) *stripe {
	return &x.stripes[maphash.String(x.seed, string(owner))%stripes]
}

// reserve makes room for a session that is about to be made, unless that would be
// more than there may be in all or of one owner. settle corrects it in the end.
func (x *index) reserve(owner Owner, handle Handle, maxTotal, maxPerOwner int) bool {
	s := x.stripe(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.owners[owner]
	if h != nil && len(h.handles) >= maxPerOwner {
		return false
	}
	if x.total.Add(1) > int64(maxTotal) {
		x.total.Add(-1)
		return false
	}
	x.insert(s, owner, handle) // which counts it
	x.total.Add(-1)
	return true
}

// settle makes what the index says of a session agree with the engine.
func (x *index) settle(owner Owner, handle Handle) {
	s := x.stripe(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := x.lookup(handle)
	if now == nil || !now.servable || now.owner != owner {
		x.remove(s, owner, handle)
		return
	}
	h := x.insert(s, owner, handle)
	for _, e := range now.aliases {
		h.settleAlias(handle, e.name, !e.absent)
	}
}

// settleAlias notes whether a session claims an alias.
func (h *holding) settleAlias(handle Handle, alias string, claims bool) {
	claimants := h.aliases[alias]
	at := slices.Index(claimants, handle)
	switch {
	case claims && at < 0:
		if h.aliases == nil {
			h.aliases = make(map[string][]Handle)
		}
		h.aliases[alias] = append(claimants, handle)
	case !claims && at >= 0:
		h.unclaim(alias, at)
	}
}

func (h *holding) unclaim(alias string, at int) {
	if h.aliases[alias] = slices.Delete(h.aliases[alias], at, at+1); len(h.aliases[alias]) == 0 {
		delete(h.aliases, alias)
	}
}

// claimed returns when a session claimed an alias; zero for one that does not.
func (x *index) claimed(handle Handle, alias string) merge.Stamp {
	s := x.lookup(handle)
	if s == nil || !s.servable {
		return merge.Stamp{}
	}
	if e := s.aliases.find(alias); e != nil && !e.absent {
		return e.stamp
	}
	return merge.Stamp{}
}

func (x *index) insert(s *stripe, owner Owner, handle Handle) *holding {
	h := s.owners[owner]
	if h == nil {
		h = &holding{}
		s.owners[owner] = h
	}
	if i, found := slices.BinarySearch(h.handles, handle); !found {
		h.handles = slices.Insert(h.handles, i, handle)
		x.total.Add(1)
	}
	return h
}

func (x *index) remove(s *stripe, owner Owner, handle Handle) {
	h := s.owners[owner]
	if h == nil {
		return
	}
	i, found := slices.BinarySearch(h.handles, handle)
	if !found {
		return
	}
	x.total.Add(-1)
	h.handles = slices.Delete(h.handles, i, i+1)
	for alias, claimants := range h.aliases {
		if at := slices.Index(claimants, handle); at >= 0 {
			h.unclaim(alias, at)
		}
	}
	if len(h.handles) == 0 {
		delete(s.owners, owner)
	}
}

// after returns an owner's handles that come after one, at most so many.
func (x *index) after(owner Owner, handle Handle, most int) []Handle {
	s := x.stripe(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.owners[owner]
	if h == nil {
		return nil
	}
	i, found := slices.BinarySearch(h.handles, handle)
	if found {
		i++
	}
	return slices.Clone(h.handles[i:min(i+most, len(h.handles))])
}

// claimants returns who claims an alias.
func (x *index) claimants(owner Owner, alias string) []Handle {
	s := x.stripe(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.owners[owner]; h != nil {
		return slices.Clone(h.aliases[alias])
	}
	return nil
}

// alias returns which of an owner's sessions has an alias: the one that claimed it last.
// Of two that did so at the same time, as one does that got a new handle elsewhere, it is
// the one with the greater handle, on every instance.
func (x *index) alias(owner Owner, alias string) (handle Handle, ok bool) {
	s := x.stripe(owner)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.owners[owner]
	if h == nil {
		return "", false
	}
	var latest merge.Stamp
	for _, claimant := range h.aliases[alias] {
		at := x.claimed(claimant, alias)
		if at.After(latest) || at == latest && claimant > handle {
			handle, latest = claimant, at
		}
	}
	return handle, !latest.IsZero()
}
