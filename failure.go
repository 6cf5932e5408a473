package state

import "errors"

// A load says what its failure means by an error that matches one of these:
// wrapped round the cause with %w, or by an Is method of its own. Running out of
// time is temporary without being told so: ErrLoadTimeout,
// context.DeadlineExceeded and whatever has a Timeout method that is true. An
// error that matches several counts as the first of them here.
var (
	// ErrDenied is for an origin that refuses whoever asks: HTTP 401 and 403.
	// What was kept for the key goes, and is not served any more.
	ErrDenied = errors.New("access denied")
	// ErrPermanent is for a question that the same answer awaits however often
	// it is asked, such as a query with a syntax error. The error is remembered
	// for Kind.ErrorTTL: who asks meanwhile gets it at once. It takes the place
	// of what was kept, unless that is Settled.
	ErrPermanent = errors.New("permanent failure")
	// ErrTemporary is for an origin that may answer a little later: HTTP 429 and
	// 5xx. Where there is a result that may still be served, stale or not, those
	// who wait for the load get that instead of the error.
	ErrTemporary = errors.New("temporary failure")
)

// failure is what an error means for what is kept. Of an unknown one nothing is
// assumed: it reaches those who wait for the load, and changes nothing.
type failure uint8

const (
	unknownFailure failure = iota
	deniedFailure
	permanentFailure
	temporaryFailure
)

func failureOf(err error) failure {
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrDenied):
		return deniedFailure
	case errors.Is(err, ErrPermanent):
		return permanentFailure
	case errors.Is(err, ErrTemporary), errors.Is(err, ErrLoadTimeout), errors.Is(err, ErrTooManyAccounts):
		return temporaryFailure
	case errors.As(err, &slow) && slow.Timeout():
		return temporaryFailure
	}
	return unknownFailure
}

// fail does what a failed load means for what is kept. The load was not
// overtaken, so nothing that is kept is newer than it. The caller holds mu.
//
// A permanent error is the newer truth about an open window, a schema or
// anything else that changes: what was kept ends, even if the error is not to be
// remembered. Of a window that is closed it can only mean that the question can
// no longer be asked; the answer stands.
//
// The error takes the result's place in the engine, rather than one in a table
// of its own: so there is one bound, one fence and one way to invalidate, and a
// flood of bad queries has to pass the engine's admission like everything else.
func (fs *flights[T]) fail(key string, v *visit, e *entry[T], err error) {
	switch failureOf(err) {
	case deniedFailure:
		fs.endElsewhere(key, v)
		fs.engine.Delete(key)
		fs.previews.remove(key)
	case permanentFailure:
		old, ok := fs.engine.GetQuietly(key)
		if ok && old.settled && fs.judge(old) >= stale {
			return
		}
		fs.endElsewhere(key, v)
		fs.previews.remove(key)
		if fs.kind.ErrorTTL < 0 || fs.closed {
			fs.engine.Delete(key)
			return
		}
		e.remember(err)
		fs.engine.SetWithTTL(key, e, fs.kind.ErrorTTL)
	}
}
