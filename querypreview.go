package state

import "context"

// QueryPreview is Query that waits for nothing: it returns the best answer to be
// had at once, and sees to it that the full one is asked for. See FetchPreview.
//
// Short of a fresh answer it may be, the best first:
//   - Stale: as Query would serve it.
//   - Narrow: the full answer of an earlier step of a time range that moves with
//     the clock. It lacks what has happened since AsOf.
//   - Narrow or Sampled: what StorePreview stored for the query in this step of
//     its range, or for an earlier one.
//
// Window is the range that the answer is about.
func (st *State) QueryPreview(ctx context.Context, account int, nrql string) (Preview[Rows], error) {
	if err := st.checkQuery(account, nrql); err != nil {
		return Preview[Rows]{}, err
	}
	q := st.questions.read(nrql)
	p, err := st.questions.place(q, account)
	if err != nil {
		return Preview[Rows]{}, err
	}
	e, fresh := st.queries.look(p.key)
	st.watch(ctx, account, nrql, e)
	if fresh {
		return q.framed(fullPreview(e)), nil
	}
	preview, err := st.queries.previewElse(ctx, p.key, e, st.loadOf(q, p), func() (Preview[Rows], bool) {
		return st.lesserAnswer(q, p)
	})
	return q.framed(preview), err
}

// framed names the window of an answer that covers what was asked for.
func (q *question) framed(p Preview[Rows]) Preview[Rows] {
	if p.Quality >= Stale {
		p.Window = q.windowAt(p.AsOf)
	}
	return p
}

// lesserAnswer finds what there is where there is no answer in p.
func (st *State) lesserAnswer(q *question, p *place) (found Preview[Rows], ok bool) {
	if e := st.olderEntry(q, p); e != nil {
		found = Preview[Rows]{Result: e.result(Memory, Narrow), SampleRate: 1}
		found.Window = q.windowAt(found.AsOf)
		return found, true
	}
	previews := st.queries.flights.previews
	if found, ok = previews.find(p.key.encoded); ok {
		return found, true
	}
	st.questions.older(q, p, func(key Key) bool {
		found, ok = previews.find(key.encoded)
		return !ok
	})
	return found, ok
}

// StorePreview keeps rows as a preview of the answer to a query that is asked
// now, for QueryPreview; see Cache.StorePreview. The tags of the query are added
// to those of the terms.
//
// The error matches ErrBadPreview, or ErrBadQuery as Query's does.
func (st *State) StorePreview(account int, nrql string, rows Rows, t PreviewTerms) (kept bool, err error) {
	if err := checkQuery(account, nrql); err != nil {
		return false, err
	}
	q := st.questions.read(nrql)
	p, err := st.questions.place(q, account)
	if err != nil {
		return false, err
	}
	t.Tags = append(q.tags(account), t.Tags...)
	if t.KeepFor == 0 {
		t.KeepFor = st.questions.freshness(q, p.asked).HoldFor()
	}
	return st.queries.StorePreview(p.key, rows, t)
}
