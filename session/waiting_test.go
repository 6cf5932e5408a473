package session

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/uds-platform/state/internal/merge"
)

// Who waits is told of the end with the error, and the replica gets the context that
// was returned. What is here is not waited for.
func TestACallerWhoWaitsForTheReplicaIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub()
		type mark struct{}
		var told []error
		line := h.connect()
		var marked atomic.Int64
		st := open(t, Options{
			Replica: watchedReplica{line, func(ctx context.Context) {
				if ctx.Value(mark{}) != nil {
					marked.Add(1)
				}
			}},
			Waiting: func(ctx context.Context) (context.Context, func(error)) {
				return context.WithValue(ctx, mark{}, true), func(err error) { told = append(told, err) }
			},
		})
		s := create(t, st, "owner", nil)
		get(t, st, "owner", s.Handle())
		synctest.Wait()
		if len(told) > 0 || marked.Load() > 0 {
			t.Errorf("told %v, %d marked: want none who waits", told, marked.Load())
		}
		refused(t, st, "owner", newHandle(), ErrNotFound)
		if len(told) != 1 || told[0] != nil || marked.Load() != 1 {
			t.Errorf("told %v, %d marked: want one wait, with an answer", told, marked.Load())
		}
		line.set(true)
		refused(t, st, "owner", newHandle(), errDown)
		if len(told) != 2 || !errors.Is(told[1], errDown) {
			t.Errorf("told %v: want a second wait, for nothing", told)
		}
	})
}

// watchedReplica sees the context of each Merge.
type watchedReplica struct {
	*line
	see func(context.Context)
}

func (w watchedReplica) Merge(ctx context.Context, r merge.Request) (merge.Reply, error) {
	w.see(ctx)
	return w.line.Merge(ctx, r)
}

// A deletion that nobody can be told of is not confirmed: the session may be elsewhere.
func TestADeletionThatReachesNobodyIsNotConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newHub().connect()
		st := open(t, Options{Replica: line})
		line.set(true)
		if err := st.Delete(t.Context(), "owner", newHandle()); !errors.Is(err, ErrUnreached) || !errors.Is(err, errDown) {
			t.Errorf("Delete: %v, want ErrUnreached and why", err)
		}
		mine := create(t, st, "owner", nil)
		if err := st.Delete(t.Context(), "owner", mine.Handle()); err != nil {
			t.Errorf("Delete of what is here: %v", err)
		}
		line.set(false)
		if err := st.Delete(t.Context(), "owner", newHandle()); err != nil {
			t.Errorf("Delete of what is nowhere: %v", err)
		}
	})
}
