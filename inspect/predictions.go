package inspect

import (
	"net/http"
	"time"

	"github.com/uds-platform/state"
)

// PredictionPage is the page of what is loaded before anybody asks.
type PredictionPage struct {
	At      time.Time          `json:"at"`
	Warming state.WarmingStats `json:"warming"`
}

func (d *dashboard) predictions(*http.Request) (any, error) {
	return &PredictionPage{At: d.options.Now(), Warming: d.source.Health().Warming}, nil
}
