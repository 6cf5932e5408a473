package telemetry

import (
	"expvar"
	"fmt"
	"time"

	"github.com/uds-platform/state/telemetry/internal/metric"
)

// PublishExpvar publishes the counters and gauges of the sources as a variable of
// package expvar: an object that has a number for each metric, or an object with a
// number for each label. To import this package publishes nothing.
//
// expvar's variables can't be taken back, so the sources are kept for as long as
// the process runs. The error matches ErrOptions, also where the name is taken, of
// which expvar itself would end the process; two calls at once with the same name
// may still get there.
func PublishExpvar(name string, s Sources) error {
	if err := s.check(); err != nil {
		return err
	}
	if name == "" {
		return fmt.Errorf("%w: the variable's name is empty", ErrOptions)
	}
	if expvar.Get(name) != nil {
		return fmt.Errorf("%w: there is a variable %q already; want another name", ErrOptions, name)
	}
	expvar.Publish(name, expvar.Func(func() any { return variables(s.read(time.Now())) }))
	return nil
}

// variables are the samples of a reading by name and label.
func variables(r *metric.Reading) map[string]any {
	all := map[string]any{"status": string(r.Health.Status)}
	for i := range metric.Table {
		m := &metric.Table[i]
		if m.Type == metric.Ratio {
			continue
		}
		samples := m.Read(r)
		switch {
		case len(samples) == 0:
		case m.Label == "":
			all[m.Name] = samples[0].Value
		default:
			labelled := make(map[string]float64, len(samples))
			for _, s := range samples {
				labelled[s.Label] = s.Value
			}
			all[m.Name] = labelled
		}
	}
	return all
}
