package session

import "errors"

var (
	// ErrOptions is matched by New's error, which names every option at fault.
	ErrOptions = errors.New("session: bad options")
	// ErrNotFound: there is no such session, or it was deleted, or it belongs to
	// somebody else. Callers can't tell which.
	ErrNotFound = errors.New("session: not found")
	// ErrUnreached comes with ErrNotFound where the session may be elsewhere, and the
	// replica could not be asked: to try again makes sense.
	ErrUnreached = errors.New("session: the replica could not be asked")
	// ErrExpired: there was such a session of this owner, and its time is up.
	ErrExpired = errors.New("session: expired")
	// ErrConflict: others changed the session again and again while an Update was
	// trying to. A change may return it as well, where the session is not as its
	// caller had seen it.
	ErrConflict = errors.New("session: conflict")
	// ErrLimit: something would be more than Options, or a session, allow.
	ErrLimit = errors.New("session: limit reached")
	// ErrValue: something that a caller wanted to keep can't be kept as it is.
	ErrValue = errors.New("session: bad value")
	// ErrDraft: a Draft was used after its Update had ended.
	ErrDraft = errors.New("session: the draft is over")
	// ErrRecord: what was to be restored is no record of a session.
	ErrRecord = errors.New("session: bad record")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("session: closed")
)
