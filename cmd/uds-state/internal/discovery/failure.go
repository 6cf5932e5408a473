package discovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/session"
)

// Code says what went wrong, for programs.
type Code string

// The codes.
const (
	// UnknownHandle: there is no such discovery, or not any more, or it is
	// somebody else's. Clients can't tell which.
	UnknownHandle Code = "unknown_handle"
	// ExpiredHandle: the discovery was the client's own, and its time is up.
	ExpiredHandle Code = "expired_handle"
	// InvalidArguments: they are not what the tool's schema asks for.
	InvalidArguments Code = "invalid_arguments"
	// AccountNotAllowed: the server does not explore that account.
	AccountNotAllowed Code = "account_not_allowed"
	// LimitReached: there are too many discoveries, or too much in one.
	LimitReached Code = "limit_reached"
	// NotARead: query_nrql was given something else than a read.
	NotARead Code = "not_a_read"
	// QueryFailed: NRDB refuses the query, and would again.
	QueryFailed Code = "query_failed"
	// AccessDenied: NRDB refuses the server's key.
	AccessDenied Code = "access_denied"
	// Busy: too much is under way, here or at NRDB.
	Busy Code = "busy"
	// Timeout: the answer took too long.
	Timeout Code = "timeout"
	// Cancelled: the client gave up.
	Cancelled Code = "cancelled"
	// Unauthorized: it is not known who asks.
	Unauthorized Code = "unauthorized"
	// Unavailable: NRDB gave no answer, for a reason that may pass.
	Unavailable Code = "unavailable"
	// Internal: a fault of the server's.
	Internal Code = "internal"
)

// Failure is an error as a client gets it.
type Failure struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	// Retryable is true where the same call may succeed a little later.
	Retryable bool `json:"retryable"`
}

func (f *Failure) Error() string { return string(f.Code) + ": " + f.Message }

func failf(code Code, format string, args ...any) *Failure {
	retryable := code == Busy || code == Timeout || code == Unavailable
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...), Retryable: retryable}
}

// queryError marks what came from the State, so that NRDB's words are told and
// those of a fault of ours are not.
type queryError struct{ err error }

func (e *queryError) Error() string { return e.err.Error() }
func (e *queryError) Unwrap() error { return e.err }

// worded is an error that has NRDB's own words.
type worded interface{ Words() string }

// failureOf says what an error is to a client.
func (s *Server) failureOf(err error) *Failure {
	var failure *Failure
	var query *queryError
	switch {
	case errors.As(err, &failure): // also that of a call that was cut
		return failure
	case errors.Is(err, session.ErrExpired):
		return failf(ExpiredHandle, "this discovery has ended: %s. Begin another with start_discovery", s.expiry())
	case errors.Is(err, session.ErrUnreached):
		return failf(Unavailable, "no discovery of yours that this server knows has this handle, and the store where others keep theirs can't be asked; try again in a moment")
	case errors.Is(err, session.ErrNotFound):
		return failf(UnknownHandle, "no discovery of yours has this handle. It must be one that start_discovery returned and that has not ended; list_discoveries has those")
	case errors.Is(err, session.ErrLimit):
		return failf(LimitReached, "there is no room for more: end_discovery what is not needed, or wait until it expires")
	case errors.Is(err, session.ErrValue):
		return failf(InvalidArguments, "%s", shortened(err.Error(), maxMessageBytes))
	case errors.As(err, &query):
		return failureOfQuery(query.err)
	case errors.Is(err, context.DeadlineExceeded):
		return failf(Timeout, "the call took longer than %v", s.options.CallTimeout)
	case errors.Is(err, context.Canceled):
		return failf(Cancelled, "the call was cancelled")
	}
	return failf(Internal, "the server could not answer this call; its log says why")
}

func failureOfQuery(err error) *Failure {
	switch {
	case errors.Is(err, context.Canceled):
		return failf(Cancelled, "the call was cancelled")
	case errors.Is(err, state.ErrDenied):
		return failf(AccessDenied, "New Relic lets the server's API key read neither this account nor this data; that is for the server's operator%s", wordsOf(err))
	case errors.Is(err, state.ErrPermanent), errors.Is(err, state.ErrBadQuery):
		return failf(QueryFailed, "NRDB refuses the query, and will again until it is changed%s", wordsOf(err))
	case errors.Is(err, state.ErrLoadTimeout), errors.Is(err, context.DeadlineExceeded):
		return failf(Timeout, "NRDB took too long; ask for less time or fewer rows, or try again")
	case errors.Is(err, state.ErrTemporary), errors.Is(err, state.ErrTooManyAccounts):
		return failf(Busy, "NRDB is busy, or the account's share of queries is used up; try again in a minute%s", wordsOf(err))
	}
	return failf(Unavailable, "NRDB gave no answer%s", wordsOf(err))
}

const maxMessageBytes = 600

// wordsOf is what NRDB said, if anything.
func wordsOf(err error) string {
	var w worded
	if !errors.As(err, &w) {
		return ""
	}
	return ". It says: " + shortened(w.Words(), maxMessageBytes)
}

// shortened cuts a text between letters.
func shortened(text string, mostBytes int) string {
	if len(text) <= mostBytes {
		return text
	}
	text = text[:mostBytes]
	for !utf8.ValidString(text) && len(text) > mostBytes-utf8.UTFMax {
		text = text[:len(text)-1]
	}
	return strings.ToValidUTF8(text, "") + "…"
}

// expiry is how long a discovery lasts, in words.
func (s *Server) expiry() string {
	return fmt.Sprintf("a discovery ends after %s without a call, and %s after its start at the latest", spelled(s.options.IdleTimeout), spelled(s.options.Lifetime))
}

// spelled writes a length of time without units that are zero.
func spelled(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
