package state

import (
	"context"
	"time"

	"github.com/uds-platform/state/nrql"
)

// QueryPreview is Query that waits for nothing: it returns the best answer to be
// had at once, and sees to it that the full one is asked for. See FetchPreview.
//
// Short of a fresh answer it may be, the best first:
//   - Stale: as Query would serve it.
//   - Narrow or Sampled: what StorePreview stored for the query.
//
// Window is the range that the answer is about.
func (st *State) QueryPreview(ctx context.Context, account int, text string) (Preview[Rows], error) {
	if err := st.checkQuery(account, text); err != nil {
		return Preview[Rows]{}, refused(st.config.Tracer, ctx, queryKind, err)
	}
	q := st.questions.read(text)
	p, err := st.questions.place(q, account)
	if err != nil {
		return Preview[Rows]{}, err
	}
	e, fresh := st.queries.look(p.key)
	st.watch(ctx, account, text, e)
	if fresh {
		return q.framed(fullPreview(e)), nil
	}
	preview, err := st.queries.previewElse(ctx, p.key, e, p.load)
	return q.framed(preview), err
}

// framed names the window of an answer that covers what was asked for.
func (q *question) framed(p Preview[Rows]) Preview[Rows] {
	if p.Quality >= Stale {
		p.Window = q.windowAt(p.AsOf)
	}
	return p
}

// windowAt is the time range that the query read at a time; the zero Window where
// it is not known.
func (q *question) windowAt(t time.Time) nrql.Window {
	w, _ := q.query.Window(t)
	return w
}

// StorePreview keeps rows as a preview of the answer to a query that is asked
// now, for QueryPreview; see Cache.StorePreview. The tags of the query are added
// to those of the terms.
//
// The error matches ErrBadPreview, or ErrBadQuery as Query's does.
func (st *State) StorePreview(account int, text string, rows Rows, t PreviewTerms) (kept bool, err error) {
	if err := checkQuery(account, text); err != nil {
		return false, err
	}
	q := st.questions.read(text)
	p, err := st.questions.place(q, account)
	if err != nil {
		return false, err
	}
	t.Tags = append(q.tags(account), t.Tags...)
	if t.KeepFor == 0 {
		t.KeepFor = st.questions.freshness(q, time.Now()).HoldFor()
	}
	return st.queries.StorePreview(p.key, rows, t)
}
