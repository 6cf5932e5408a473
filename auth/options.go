package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// NoLimit is the number of failures of Options that are never too many.
const NoLimit = -1

// ErrOptions is matched by the error of bad Options. It names each field, its
// value, and what would be right.
var ErrOptions = errors.New("auth: bad options")

// Options say how many keys there may be, and how many failures. The zero Options
// work: a field left at zero has the default that its comment names.
type Options struct {
	// MaxKeys is the most keys that are kept, dead ones of the last 30 days among
	// them: 1 to 1,000,000, 10,000. To make one copies a table of them all.
	MaxKeys int
	// FailuresPerMinute is how many failures one address may have in a minute
	// before it is told to wait, and TotalFailuresPerMinute how many all may have:
	// 1 to 1,000,000, or NoLimit; 10 and 1,000. An IPv6 address is its network of
	// 64 bits.
	FailuresPerMinute, TotalFailuresPerMinute int
	// Address returns the client's address of a request, for Require; without it
	// that is Request.RemoteAddr. Behind a proxy it should read the header that the
	// proxy sets, if nobody but the proxy can.
	Address func(*http.Request) string
	// Logger hears of keys that are made, rotated and revoked, and of failures
	// within the limits: ids and addresses, never a text. Silent by default.
	Logger *slog.Logger
}

const (
	defaultMaxKeys       = 10_000
	mostMaxKeys          = 1_000_000
	defaultFailures      = 10
	defaultTotalFailures = 1000
	mostFailures         = 1_000_000
)

func (o Options) filled() (Options, error) {
	var faults []error
	fill := func(field string, value *int, standard, most int, orNoLimit string) {
		if *value == 0 {
			*value = standard
		}
		if (*value < 1 || *value > most) && (orNoLimit == "" || *value != NoLimit) {
			faults = append(faults, fmt.Errorf("%s is %d; want 1 to %d%s, or 0 for %d", field, *value, most, orNoLimit, standard))
		}
	}
	fill("MaxKeys", &o.MaxKeys, defaultMaxKeys, mostMaxKeys, "")
	fill("FailuresPerMinute", &o.FailuresPerMinute, defaultFailures, mostFailures, ", NoLimit")
	fill("TotalFailuresPerMinute", &o.TotalFailuresPerMinute, defaultTotalFailures, mostFailures, ", NoLimit")
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if len(faults) > 0 {
		return Options{}, fmt.Errorf("%w: %w", ErrOptions, errors.Join(faults...))
	}
	return o, nil
}
