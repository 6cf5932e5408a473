package auth

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// keyHeader is the alternative to Authorization: Bearer.
const keyHeader = "X-Api-Key"

// principalKey is where a request's context has its Principal.
type principalKey struct{}

// FromContext returns who a request was let in for by Require.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// NewContext returns a context that FromContext finds the Principal in: for
// transports other than HTTP, and for tests.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Require lets requests through to a handler that have a key with all of the scopes,
// in "Authorization: Bearer" (RFC 6750) or X-API-Key. The handler finds the
// Principal with FromContext, and no key in the request's headers.
//
// Others are answered 401, with WWW-Authenticate; 400 where there are two different
// keys; 403 where a scope is missing; 429, with Retry-After, where a client has
// failed too often. That a key has expired or was revoked is in the log and not in
// the answer. A request without a key does not count as a failure.
func (k *Keys) Require(next http.Handler, scopes ...string) http.Handler {
	challenge := `Bearer realm="uds"`
	insufficient := challenge + `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := keyOf(r.Header)
		switch {
		case err != nil:
			refuse(w, http.StatusBadRequest, challenge+`, error="invalid_request"`, "more than one API key")
			return
		case text == "":
			refuse(w, http.StatusUnauthorized, challenge, "an API key is required")
			return
		}
		p, err := k.VerifyFrom(k.options.Address(r), text)
		if err != nil {
			refuseKey(w, challenge, err)
			return
		}
		for _, scope := range scopes {
			if !p.Can(scope) {
				refuse(w, http.StatusForbidden, insufficient, "the API key lacks a scope")
				return
			}
		}
		r = r.Clone(NewContext(r.Context(), p))
		r.Header.Del(keyHeader)
		r.Header["Authorization"] = slices.DeleteFunc(r.Header["Authorization"], isBearer)
		next.ServeHTTP(w, r)
	})
}

func refuseKey(w http.ResponseWriter, challenge string, err error) {
	var limited *LimitedError
	if errors.As(err, &limited) {
		seconds := int(math.Ceil(limited.RetryAfter.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(max(seconds, 1)))
		refuse(w, http.StatusTooManyRequests, "", "too many failures; try again later")
		return
	}
	refuse(w, http.StatusUnauthorized, challenge+`, error="invalid_token"`, "the API key is not valid")
}

// refuse answers with a reason that says nothing of the key.
func refuse(w http.ResponseWriter, status int, challenge, reason string) {
	h := w.Header()
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"error":"` + reason + `"}` + "\n"))
}

var errTwoKeys = errors.New("more than one key")

// keyOf returns the key that a request has, or "". A key that is given twice, and
// the same, is one key.
func keyOf(h http.Header) (text string, err error) {
	for _, value := range h.Values(keyHeader) {
		if text, err = only(text, strings.TrimSpace(value)); err != nil {
			return "", err
		}
	}
	for _, value := range h.Values("Authorization") {
		if !isBearer(value) {
			continue // somebody else's
		}
		if text, err = only(text, strings.TrimSpace(strings.TrimSpace(value)[len(bearer):])); err != nil {
			return "", err
		}
	}
	return text, nil
}

const bearer = "Bearer"

func isBearer(value string) bool {
	scheme, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	return strings.EqualFold(scheme, bearer)
}

func only(one, another string) (string, error) {
	if one == "" || one == another {
		return another, nil
	}
	if another == "" {
		return one, nil
	}
	return "", errTwoKeys
}
