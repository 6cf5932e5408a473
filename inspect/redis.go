package inspect

import (
	"net/http"
	"time"

	"github.com/uds-platform/state/remote"
)

// RedisPage is the page of the Redis tier.
type RedisPage struct {
	At time.Time `json:"at"`
	// Tier is nil where there is none.
	Tier *remote.Health `json:"tier"`
	// HitRatio is the share of the reads that found a value; nil for none.
	HitRatio *float64 `json:"hitRatio"`
}

func (d *dashboard) redis(*http.Request) (any, error) {
	out := &RedisPage{At: d.options.Now(), Tier: d.source.Health().Redis}
	if out.Tier != nil {
		s := &out.Tier.Stats
		out.HitRatio = ratio(s.Hits, s.Hits+s.Misses+s.Unanswered)
	}
	return out, nil
}
