package inspect

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy is the pages' Content-Security-Policy: their own style, script, icon and
// stream, and nothing else; no inline script or style, no frame round them.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// protect sets the headers that every answer has.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// guard stands before every request: it lets GET and HEAD through, for those who
// may look, and what they want goes to next.
//
// Pages of other sites get nothing out of the pages here, as nothing permits them
// to read an answer. They could still hold streams open, and so their requests
// are refused, except that a link may lead here.
func guard(o *Options, next http.Handler) http.Handler {
	switch {
	case o.Keys != nil:
		next = requireKey(o, next)
	case o.Authorize != nil:
		next = requireConsent(o, next)
	default:
		next = requireLoopback(o, next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "these pages can only be read: use GET or HEAD", http.StatusMethodNotAllowed)
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			http.Error(w, "no other site may ask for this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func requireConsent(o *Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.Authorize(r); err != nil {
			refuse(o, w, r, err, "you may not look at this")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireLoopback lets through what comes from this machine, and was meant for it.
func requireLoopback(o *Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := local(r); err != nil {
			refuse(o, w, r, err, "without API keys these pages are for this machine alone: "+err.Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(o *Options, w http.ResponseWriter, r *http.Request, err error, answer string) {
	o.Logger.WarnContext(r.Context(), "a look at the state was refused", slog.String("address", r.RemoteAddr), slog.Any("reason", err))
	http.Error(w, answer, http.StatusForbidden)
}

var (
	errRemote  = errors.New("the request comes from another")
	errProxied = errors.New("the request comes through a proxy")
)

// proxyHeaders are what a proxy adds that says so. Behind one every address is the
// proxy's.
var proxyHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// local says why a request is not from this machine for this machine, or nil.
func local(r *http.Request) error {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !address.Addr().Unmap().IsLoopback() {
		return errRemote
	}
	for _, name := range proxyHeaders {
		if r.Header.Get(name) != "" {
			return fmt.Errorf("%w (%s)", errProxied, name)
		}
	}
	if !namesLoopback(r.Host) {
		return fmt.Errorf("%.100q is no name of it; want localhost or a loopback address", r.Host)
	}
	return nil
}

// namesLoopback reports whether a Host header means this machine, whatever a
// name server says.
func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
