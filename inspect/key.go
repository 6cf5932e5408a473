package inspect

import "net/http"

// requireKey lets through who has an API key.
//
// A browser can't be made to send a header when somebody follows a link, except by
// basic authentication, which it also uses for the stream. So the key may be the
// password there, under any user name. A cookie was rejected: it needs a form
// that is posted, a session, and care that no other site uses it.
func requireKey(o *Options, next http.Handler) http.Handler {
	scopes := []string{o.Scope}
	if o.Scope == "" {
		scopes = nil
	}
	next = o.Keys.Require(next, scopes...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, key, ok := r.BasicAuth(); ok {
			r = r.Clone(r.Context())
			r.Header.Del("Authorization")
			r.Header.Add("X-Api-Key", key)
		}
		next.ServeHTTP(&challenger{ResponseWriter: w}, r)
	})
}

// challenger tells a browser whose request was not let in that it may ask for a
// name and a password.
type challenger struct{ http.ResponseWriter }

func (c *challenger) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		c.Header().Add("WWW-Authenticate", `Basic realm="uds: any name, and an API key as the password", charset="UTF-8"`)
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (c *challenger) Unwrap() http.ResponseWriter { return c.ResponseWriter }
