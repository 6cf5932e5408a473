package auth

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

// ErrLimited is matched by the error of a failure that comes too soon after too
// many others. It is a *LimitedError, and matches ErrUnauthorized too.
var ErrLimited = fmt.Errorf("%w: too many failures", ErrUnauthorized)

// LimitedError says when it makes sense to try again.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("%v; try again in %v", ErrLimited, e.RetryAfter.Round(time.Second))
}

func (e *LimitedError) Unwrap() error { return ErrLimited }

// limiterSlots is how many addresses can be told apart at best: 32 KiB.
const limiterSlots = 1 << 12

// limiter counts failures, by address and in all, with the generic cell rate
// algorithm (ATM Forum, Traffic Management 4.0, 1996): each slot holds one number,
// the time at which its failures would be worked off at the permitted rate.
//
// Contract: of the failures of one address perMinute are allowed at once, and then
// one every 1/perMinute of a minute; the same holds for all of them with the total.
// One that is not allowed is not counted, so who waits for the time that it is told
// is allowed. It never waits, and its memory is fixed, whatever addresses come.
//
// Accepted: addresses that share a slot share its limit. That costs a broken
// client the exact word for its failure and nobody anything else. The hash has a
// secret. Rejected: a map of addresses, which is a lock, and at its bound forgets
// whom it should remember.
type limiter struct {
	clock    clock.Clock
	gap      time.Duration // between failures of one address; 0 for no limit
	totalGap time.Duration
	seed     maphash.Seed
	total    atomic.Int64
	slots    [limiterSlots]atomic.Int64
}

func newLimiter(perMinute, totalPerMinute int) *limiter {
	return &limiter{clock: clock.Start(), gap: gapOf(perMinute), totalGap: gapOf(totalPerMinute), seed: maphash.MakeSeed()}
}

func gapOf(perMinute int) time.Duration {
	if perMinute < 0 {
		return 0
	}
	return time.Minute / time.Duration(perMinute)
}

// fail counts a failure, or returns for how long there may be no other.
func (l *limiter) fail(address string) (wait time.Duration) {
	now := l.clock.Now()
	slot := &l.slots[maphash.String(l.seed, networkOf(address))%limiterSlots]
	if wait := take(slot, now, l.gap); wait > 0 {
		return wait
	}
	return take(&l.total, now, l.totalGap)
}

// take adds a failure to a slot, if it is allowed.
func take(slot *atomic.Int64, now int64, gap time.Duration) (wait time.Duration) {
	for gap > 0 {
		before := slot.Load()
		after := max(before, now) + int64(gap)
		if wait := after - now - int64(time.Minute); wait > 0 {
			return time.Duration(wait)
		}
		if slot.CompareAndSwap(before, after) {
			break
		}
	}
	return 0
}

// networkOf is what a client cannot change at will: its IPv4 address, or the 64
// bits of its IPv6 network. An address may have a port.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		withPort, err := netip.ParseAddrPort(address)
		if err != nil {
			return address
		}
		ip = withPort.Addr()
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}
