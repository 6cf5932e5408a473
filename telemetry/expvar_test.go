package telemetry

import (
	"encoding/json"
	"errors"
	"expvar"
	"testing"

	"github.com/uds-platform/state"
)

func TestImportPublishesNothing(t *testing.T) {
	expvar.Do(func(v expvar.KeyValue) {
		if v.Key != "cmdline" && v.Key != "memstats" && v.Key != published {
			t.Errorf("there is a variable %q", v.Key)
		}
	})
}

// published is the name that the test below takes, for good.
const published = "telemetry_test"

func TestExpvarHasTheNumbersAsTheyAreNow(t *testing.T) {
	if expvar.Get(published) == nil { // with -count, it is there already
		s := &script{}
		s.set(state.Health{
			Status: state.StatusDegraded, Kinds: []state.KindStats{{Name: "a", Hits: 7}}, Origin: state.OriginStats{Sent: 5},
		})
		if err := PublishExpvar(published, Sources{State: s}); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Status      string             `json:"status"`
		Hits        map[string]float64 `json:"hits"`
		QueriesSent float64            `json:"queries_sent"`
		HitRatio    any                `json:"hit_ratio"`
		RedisLive   any                `json:"redis_live"`
	}
	text := expvar.Get(published).String()
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != "degraded" || got.Hits["a"] != 7 || got.QueriesSent != 5 || got.HitRatio != nil || got.RedisLive != nil {
		t.Errorf("got %s", text)
	}
	for _, name := range []string{published, ""} {
		if err := PublishExpvar(name, Sources{State: &script{}}); !errors.Is(err, ErrOptions) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := PublishExpvar("other", Sources{}); !errors.Is(err, ErrOptions) || expvar.Get("other") != nil {
		t.Errorf("without a State: %v", err)
	}
}
