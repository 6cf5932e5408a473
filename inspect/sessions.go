package inspect

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state/session"
)

// SessionList is the page of the sessions that a request may see.
type SessionList struct {
	At time.Time `json:"at"`
	// Figures are about all sessions, whoever they belong to; nil where sessions
	// are not shown.
	Figures *SessionFigures `json:"figures"`
	// Sessions are the latest used, at most 100, latest first.
	Sessions []SessionRow `json:"sessions"`
	// Seen is how many there are that the request may see, up to 10,000.
	Seen int `json:"seen"`
}

// SessionRow is one session.
type SessionRow struct {
	// ID is a hash of the session's handle. The handle itself is never shown: it
	// is half of what it takes to use the session.
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"lastUsed"`
	Expires  time.Time `json:"expires"`
	Goal     string    `json:"goal"`
	Explored int       `json:"explored"`
	Calls    int       `json:"calls"`
	Hits     int       `json:"hits"`
	Stale    int       `json:"stale"`
	Ahead    int       `json:"prefetched"`
	Misses   int       `json:"misses"`
	Failed   int       `json:"failed"`
	Volatile bool      `json:"volatile"`
}

const (
	mostListed = 100
	mostSeen   = 10_000
	mostOwners = 100
	pageSize   = 500
	idLetters  = 16
)

func (d *dashboard) sessionList(r *http.Request) (any, error) {
	out := &SessionList{At: d.options.Now(), Figures: d.sessionFigures(), Sessions: []SessionRow{}}
	var latest []*session.Session
	err := d.visible(r, func(s *session.Session) bool {
		out.Seen++
		latest = append(latest, s)
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(latest, func(a, b *session.Session) int { return b.LastUsed().Compare(a.LastUsed()) })
	for _, s := range latest[:min(len(latest), mostListed)] {
		out.Sessions = append(out.Sessions, d.sessionRow(s, s.Timeline()))
	}
	return out, nil
}

// visible visits the sessions that a request may see, up to mostSeen, until visit
// returns false.
func (d *dashboard) visible(r *http.Request, visit func(*session.Session) bool) error {
	if d.options.Sessions == nil {
		return nil
	}
	left := mostSeen
	owners := d.options.Owners(r)
	for _, owner := range owners[:min(len(owners), mostOwners)] {
		more, err := d.visibleOf(r.Context(), owner, &left, visit)
		if err != nil {
			return fmt.Errorf("sessions can't be listed: %w", err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

func (d *dashboard) visibleOf(ctx context.Context, owner session.Owner, left *int, visit func(*session.Session) bool) (more bool, err error) {
	var after session.Handle
	for *left > 0 {
		page, err := d.options.Sessions.List(ctx, owner, after, min(pageSize, *left))
		if err != nil {
			return false, err
		}
		for _, s := range page.Sessions {
			*left--
			if !visit(s) {
				return false, nil
			}
		}
		if page.Next == "" {
			return true, nil
		}
		after = page.Next
	}
	return false, nil
}

// SessionFigures are about all sessions, whoever they belong to.
type SessionFigures struct {
	Known    int  `json:"known"`
	Volatile bool `json:"volatile"`
	// Conflicts are changes that were given up, Refused fields from elsewhere that
	// made no sense, Rejected those that the replica did not take.
	Conflicts uint64 `json:"conflicts"`
	Refused   uint64 `json:"refused"`
	Rejected  uint64 `json:"rejected"`
	Exchanges uint64 `json:"exchanges"`
	Failures  uint64 `json:"failures"`
	// Deleted and Expired are those that have ended here, and MeanSeconds is how long
	// they lasted on the mean; nil where there is none.
	Deleted     uint64   `json:"deleted"`
	Expired     uint64   `json:"expired"`
	MeanSeconds *float64 `json:"meanSeconds"`
	// Lag is how late changes came from other instances; nil where none has come.
	Lag *SessionLag `json:"lag"`
}

// SessionLag is how long changes were on their way from other instances.
type SessionLag struct {
	Changes     uint64  `json:"changes"`
	MeanSeconds float64 `json:"meanSeconds"`
	LastSeconds float64 `json:"lastSeconds"`
	MostSeconds float64 `json:"mostSeconds"`
}

func (d *dashboard) sessionFigures() *SessionFigures {
	s := d.options.Sessions
	if s == nil {
		return nil
	}
	stats := s.Stats()
	out := &SessionFigures{
		Known: s.Len(), Volatile: s.Volatile(), Conflicts: stats.Conflicts, Refused: stats.Refused,
		Rejected: stats.Rejected, Exchanges: stats.Exchanges, Failures: stats.Failures,
		Deleted: stats.EndedDeleted, Expired: stats.EndedExpired,
	}
	if ended := stats.EndedDeleted + stats.EndedExpired; ended > 0 {
		out.MeanSeconds = new(stats.EndedDuration.Seconds() / float64(ended))
	}
	if stats.SyncLagCount > 0 {
		out.Lag = &SessionLag{
			Changes: stats.SyncLagCount, MeanSeconds: stats.SyncLagMean().Seconds(),
			LastSeconds: stats.SyncLagLast.Seconds(), MostSeconds: stats.SyncLagMax.Seconds(),
		}
	}
	return out
}

func (d *dashboard) sessionRow(s *session.Session, calls []session.Call) SessionRow {
	row := SessionRow{
		ID: idOf(s.Handle()), Created: s.Created(), LastUsed: s.LastUsed(), Expires: s.Expires(),
		Goal: d.goalOf(s), Explored: len(s.Explored()), Calls: len(calls), Volatile: s.Volatile(),
	}
	for i := range calls {
		switch calls[i].Source {
		case session.Hit:
			row.Hits++
		case session.StaleHit:
			row.Stale++
		case session.Prefetched:
			row.Ahead++
		default:
			row.Misses++
		}
		if calls[i].Failed {
			row.Failed++
		}
	}
	return row
}

// goalOf is what may be said of a goal: users write into it what they like.
func (d *dashboard) goalOf(s *session.Session) string {
	goal, ok := s.Goal()
	switch {
	case !ok:
		return ""
	case d.options.Reveal:
		return goal.Text
	}
	return fmt.Sprintf("hidden (%d bytes)", len(goal.Text))
}

// idOf names a session. A handle is 144 random bits, so nobody finds it by its
// hash.
func idOf(h session.Handle) string {
	sum := sha256.Sum256([]byte("session " + h))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:idLetters]
}
