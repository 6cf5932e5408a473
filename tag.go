package state

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Tag names something that results depend on, so that all of them can be
// invalidated when it changes, without anybody knowing their keys. Every result
// has the tags of its account and of its kind; Terms.Tags adds others.
//
// Tags are comparable with == and safe to share. Tags of different accounts are
// never equal, whatever their names.
type Tag struct {
	class   tagClass
	account int
	name    string
}

type tagClass uint8

const (
	accountTag tagClass = iota + 1
	kindTag
	eventTypeTag
	namedTag
	unreadTag
)

// AccountTag is the tag of every result of an account.
func AccountTag(account int) Tag { return Tag{class: accountTag, account: account} }

// KindTag is the tag of every result of a kind, by its Kind.Name.
func KindTag(name string) Tag { return Tag{class: kindTag, name: name} }

// EventTypeTag is for results that depend on an event type of an account.
// ObserveSchema and ObserveData reach results by it. The name counts letter by
// letter.
func EventTypeTag(account int, eventType string) Tag {
	return Tag{class: eventTypeTag, account: account, name: eventType}
}

// NamedTag is for results that depend on anything else of an account, such as a
// dashboard. Query's answers have "lookup:" and its name for each lookup table,
// and "kind:" and the nrql.Kind, such as "kind:event types".
func NamedTag(account int, name string) Tag {
	return Tag{class: namedTag, account: account, name: name}
}

// unread is the tag of what may depend on anything in an account, because nobody
// could read what it depends on. INVARIANT: whatever is invalidated or aged of an
// account is so together with this.
func unread(account int) Tag { return Tag{class: unreadTag, account: account} }

// tagSlots is how many tags can be told apart at best: 256 KiB.
const tagSlots = 1 << 14

// tagTable knows of every tag when it was last invalidated.
//
// The problem: an invalidation may concern any number of results, in caches and
// still being loaded, and must neither look for them nor miss one. So it only
// writes down that it happened, and every result is checked when it is asked
// for.
//
// Time is counted in epochs, one for each invalidation. A result remembers the
// epoch in which its load began, and holds as long as none of its tags was
// invalidated in a later one. That needs no tag to be known before the load
// begins, so a load may find out what its result depends on; and one number
// fences a result against all its tags.
//
// Contract: when drop or age has returned, no judgement that begins afterwards
// passes a result whose load began before. An invalidation takes the same time
// whatever is in the caches.
//
// The table is bounded, since tags may be made of what a client says. It does not
// know the tags themselves: tags that hash alike share a slot, and an
// invalidation of one is one of all. So of two results with different tags the
// wrong one is invalidated too with a chance of 1 in 16,384, which costs a load;
// nothing is ever forgotten, so no invalidated result is served. The hash has a
// secret, so nobody can choose tags that meet.
//
// Rejected: a map from tags to counters. At its bound it has to forget some,
// and what depends on those has to be invalidated, which takes a counter for
// what was forgotten: this table, behind a lock. Rejected too: a generation for
// each tag in each result, which is larger, and needs the tags when the load
// begins.
type tagTable struct {
	// epoch counts invalidations. INVARIANT: written with mu held, and only once
	// the slots of that invalidation have been written: who reads an epoch and
	// then the slots sees all that happened up to it.
	epoch atomic.Uint64
	_     [56]byte // every hit reads epoch, and slots are written beside it

	slots [tagSlots]tagSlot
	seed  maphash.Seed
	mu    sync.Mutex
}

// tagSlot has the latest epochs in which one of its tags was invalidated.
type tagSlot struct {
	dropped atomic.Uint64 // what depends on the tag is wrong
	aged    atomic.Uint64 // what depends on the tag is no longer the newest
}

func newTagTable() *tagTable { return &tagTable{seed: maphash.MakeSeed()} }

func (t *tagTable) slot(tag Tag) uint32 {
	return uint32(maphash.Comparable(t.seed, tag.bounded()) % tagSlots)
}

func (t *tagTable) drop(tags ...Tag) {
	t.invalidate(tags, func(s *tagSlot) *atomic.Uint64 { return &s.dropped })
}

func (t *tagTable) age(tags ...Tag) {
	t.invalidate(tags, func(s *tagSlot) *atomic.Uint64 { return &s.aged })
}

func (t *tagTable) invalidate(tags []Tag, field func(*tagSlot) *atomic.Uint64) {
	if len(tags) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	epoch := t.epoch.Load() + 1
	for _, tag := range tags {
		field(&t.slots[t.slot(tag)]).Store(epoch)
	}
	t.epoch.Store(epoch)
}

func (t *tagTable) droppedAfter(epoch uint64, slot uint32) bool {
	return t.slots[slot].dropped.Load() > epoch
}

func (t *tagTable) agedAfter(epoch uint64, slot uint32) bool {
	return t.slots[slot].aged.Load() > epoch
}

// dependence is what a result depends on, and since when.
type dependence struct {
	// since is the epoch in which the load began, or in which Set was called.
	since uint64
	// account and kind are the slots of the tags that every result has; more has
	// those of the others.
	account, kind uint32
	more          []uint32
}

// newDependence is made before the load begins; with adds what the load finds
// out.
func (t *tagTable) newDependence(account int, kind uint32) dependence {
	return dependence{since: t.epoch.Load(), account: t.slot(AccountTag(account)), kind: kind}
}

func (t *tagTable) with(d dependence, tags []Tag) dependence {
	if len(tags) == 0 {
		return d
	}
	d.more = make([]uint32, len(tags))
	for i, tag := range tags {
		d.more[i] = t.slot(tag)
	}
	return d
}

// dropped reports whether something that d depends on has been invalidated
// since.
func (t *tagTable) dropped(d *dependence) bool {
	if t.droppedAfter(d.since, d.account) || t.droppedAfter(d.since, d.kind) {
		return true
	}
	for _, slot := range d.more {
		if t.droppedAfter(d.since, slot) {
			return true
		}
	}
	return false
}

// aged reports whether there has been something newer since.
func (t *tagTable) aged(d *dependence) bool {
	for _, slot := range d.more { // only event types age
		if t.agedAfter(d.since, slot) {
			return true
		}
	}
	return false
}

// Invalidate ends every result that has one of the tags, in every cache of the
// State: none is served to a call that begins after Invalidate has returned, also
// not where a load that is under way brings it only then. Those who were waiting
// for that load before still get it. Remembered errors are results here.
//
// It takes the same time however many there are. Their memory is freed when they
// are asked for, expire or make room. Where more than 16,384 tags are in use,
// and rarely before, a result may be ended by the invalidation of a tag that it
// does not have, which costs a load.
//
// Where a tag is that of an event type or a named one, the answers to queries that
// Query did not understand, in that account, end too.
func (st *State) Invalidate(tags ...Tag) {
	all := tags[:len(tags):len(tags)] // the caller's array is not appended to
	for _, tag := range tags {
		if tag.class == eventTypeTag || tag.class == namedTag {
			all = append(all, unread(tag.account))
		}
	}
	st.shared.drop(all)
	st.tags.drop(all...)
}
