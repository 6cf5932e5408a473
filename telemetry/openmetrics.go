package telemetry

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/telemetry/internal/metric"
)

// contentType is that of OpenMetrics 1.0, https://openmetrics.io (RFC draft
// draft-ietf-opsawg-openmetrics-00).
const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// MetricsHandler serves the counters and gauges of the sources as OpenMetrics text,
// which Prometheus and others collect. It answers GET and HEAD, reads the sources
// anew for each, and has neither keys nor queries in it. The error matches ErrOptions.
//
// It checks nobody: mount it where only those may come who may know how busy the
// server is.
func MetricsHandler(s Sources) (http.Handler, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &metricsHandler{sources: s}, nil
}

type metricsHandler struct {
	sources Sources

	mu       sync.Mutex
	counters metric.Counters // INVARIANT: guarded by mu.
}

func (h *metricsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metrics are read with GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	text := h.exposition(h.sources.read(time.Now()))
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodGet {
		w.Write(text) // who has gone does not need to be told
	}
}

// exposition is the whole answer.
func (h *metricsHandler) exposition(r *metric.Reading) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out bytes.Buffer
	for i := range metric.Table {
		m := &metric.Table[i]
		if m.Type == metric.Ratio {
			continue
		}
		samples := m.Read(r)
		if len(samples) == 0 {
			continue
		}
		writeHead(&out, m.Family(), string(m.Type), string(m.Unit), m.Help)
		for _, s := range samples {
			name, value := m.Family(), s.Value
			if m.Type == metric.Counter {
				name += "_total"
				value, _ = h.counters.Rise(m, s)
			}
			writeSample(&out, name, m.Label, s.Label, value)
		}
	}
	writeStates(&out, "state_status", "What the State's status is.", string(r.Health.Status),
		string(state.StatusLive), string(state.StatusDegraded), string(state.StatusClosed))
	out.WriteString("# EOF\n")
	return out.Bytes()
}

// writeHead writes what describes a family.
func writeHead(out *bytes.Buffer, family, kind, unit, help string) {
	out.WriteString("# TYPE " + family + " " + kind + "\n")
	if unit != "" {
		out.WriteString("# UNIT " + family + " " + unit + "\n")
	}
	out.WriteString("# HELP " + family + " " + escape(help) + "\n")
}

func writeSample(out *bytes.Buffer, name, label, labelValue string, value float64) {
	out.WriteString(name)
	if label != "" {
		out.WriteString("{" + label + `="` + escape(labelValue) + `"}`)
	}
	out.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// writeStates writes a set of states, of which one is on.
func writeStates(out *bytes.Buffer, family, help, on string, all ...string) {
	writeHead(out, family, "stateset", "", help)
	for _, one := range all {
		value := 0.0
		if one == on {
			value = 1
		}
		writeSample(out, family, family, one, value)
	}
}

// escaping is the same for label values and for help in OpenMetrics. What is not
// UTF-8 is not allowed there at all.
var escaping = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func escape(text string) string {
	return escaping.Replace(strings.ToValidUTF8(text, "\uFFFD"))
}
