package state

import (
	"time"

	"github.com/uds-platform/state/nrql"
)

// mostOlderSlots is how many slots are looked back at. By default an answer may
// be served for five steps in all.
const mostOlderSlots = 4

// older calls visit with the keys of the slots before p's, the newest first,
// until it returns false. All of them are about windows that slid on to the one
// of p, and not about another day.
//
// Where subqueries have a time range of their own, which may move in another way,
// there are none.
func (qs *questions) older(q *question, p *place, visit func(Key) bool) {
	step := qs.freshness(q, p.asked).Step
	now, ok := q.query.Window(p.asked)
	if step <= 0 || !ok || p.slot.Inner != "" {
		return
	}
	for i := 1; i <= mostOlderSlots; i++ {
		at := p.asked.Add(-step * time.Duration(i))
		before, ok := q.query.Window(at)
		if !ok || !mostlySame(before, now) {
			return
		}
		slot := q.query.Slot(at, qs.policy)
		key, err := slotKey(p.account, slot)
		if err != nil || slot != p.slot && !visit(key) {
			return
		}
	}
}

// olderEntry returns the newest answer in one of the slots before p's.
func (st *State) olderEntry(q *question, p *place) (found *entry[Rows]) {
	st.questions.older(q, p, func(key Key) bool {
		if e, ok := st.queries.engine.GetQuietly(key.encoded); ok && st.queries.flights.judge(e) >= stale {
			found = e
		}
		return found == nil
	})
	return found
}

// olderAnswer is Stale: it is the answer to what was asked, as of some steps ago,
// and not past its hard deadline.
func (st *State) olderAnswer(q *question, p *place) (Result[Rows], bool) {
	e := st.olderEntry(q, p)
	if e == nil {
		return Result[Rows]{}, false
	}
	return st.queries.serve(e, stale), true
}

// forgetOlder ends the answers in the slots before p's, as a failure ends the one
// in p's own.
func (st *State) forgetOlder(q *question, p *place) {
	st.questions.older(q, p, func(key Key) bool {
		st.queries.Delete(key) // its preview too
		return true
	})
}

// windowAt is the time range that the query read at a time; the zero Window where
// it is not known.
func (q *question) windowAt(t time.Time) nrql.Window {
	w, _ := q.query.Window(t)
	return w
}
