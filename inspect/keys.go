package inspect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/warm"
)

// KeyList is the page of what saves the most waiting.
type KeyList struct {
	At time.Time `json:"at"`
	// Keys are at most 50, those that saved most first.
	Keys []KeyRow `json:"keys"`
}

// KeyRow is one thing that is asked for again and again.
type KeyRow struct {
	// Name is the query's text with Options.Reveal, and else a hash that lasts as
	// long as the process.
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Account int    `json:"account"`
	// SavedSeconds is how much waiting it has spared, old savings counting less;
	// it may be too high by UncertainSeconds.
	SavedSeconds     float64 `json:"savedSeconds"`
	UncertainSeconds float64 `json:"uncertainSeconds"`
	// Kept is about the answer that is in memory now; nil where there is none.
	Kept *Kept `json:"kept"`
}

// Kept is an answer's age and what is left of its life.
type Kept struct {
	Quality      string  `json:"quality"`
	AgeSeconds   float64 `json:"ageSeconds"`
	FreshSeconds float64 `json:"freshSeconds"` // from now
	KeptSeconds  float64 `json:"keptSeconds"`  // from now
}

const mostKeys = 50

func (d *dashboard) keyList(*http.Request) (any, error) {
	out := &KeyList{At: d.options.Now(), Keys: []KeyRow{}}
	for _, saving := range d.source.Hottest(mostKeys) {
		out.Keys = append(out.Keys, d.keyRow(saving, out.At))
	}
	return out, nil
}

func (d *dashboard) keyRow(saving warm.Saving, now time.Time) KeyRow {
	item := saving.Item
	row := KeyRow{
		Name: d.nameOf(item), Kind: item.Kind, Account: item.Account,
		SavedSeconds: saving.Saved.Seconds(), UncertainSeconds: saving.Excess.Seconds(),
	}
	if row.Kind != "" {
		return row
	}
	row.Kind = queryKind
	if l, ok := d.source.Lifetime(item.Account, item.Query); ok {
		row.Kept = keptOf(l, now)
	}
	return row
}

func keptOf(l state.Lifetime, now time.Time) *Kept {
	return &Kept{
		Quality: l.Quality.String(), AgeSeconds: max(now.Sub(l.AsOf), 0).Seconds(),
		FreshSeconds: l.FreshFor.Seconds(), KeptSeconds: l.KeptFor.Seconds(),
	}
}

// nameOf is what may be said of an item: queries hold what users look for. A hash
// without a secret would tell whoever guesses a query that it was asked.
func (d *dashboard) nameOf(item warm.Item) string {
	if d.options.Reveal {
		return item.Query
	}
	return d.alias.of(fmt.Sprintf("%d %s %s", item.Account, item.Kind, item.Query))
}

// alias names texts by a keyed hash.
type alias [32]byte

func newAlias() (a alias) {
	rand.Read(a[:]) // never fails
	return a
}

func (a *alias) of(text string) string {
	mac := hmac.New(sha256.New, a[:])
	mac.Write([]byte(text))
	return "#" + strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)))[:10]
}
