package telemetry

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state"
)

// family is what the text says of one family of metrics.
type family struct {
	kind, unit, help string
	samples          map[string]float64 // by labels
}

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"\})? (\S+)$`)
	helpText   = regexp.MustCompile(`^(?:[^"\\\n]|\\[\\"n])*$`)
)

// suffixOf is what the samples of a type have after the family's name.
var suffixOf = map[string]string{"counter": "_total", "gauge": "", "stateset": ""}

// parse reads OpenMetrics text as strictly as the standard has it, as far as it is
// used here: metadata before samples, each once; families not interleaved; units as
// suffixes; counters that are numbers from 0 up; the end marked, and nothing after it.
func parse(text string) (map[string]*family, error) {
	body, ok := strings.CutSuffix(text, "# EOF\n")
	if !ok {
		return nil, errors.New("it does not end with # EOF and a line feed")
	}
	families := map[string]*family{}
	var name string
	for line := range strings.Lines(body) {
		line, ok := strings.CutSuffix(line, "\n")
		if !ok || line == "" {
			return nil, fmt.Errorf("line %q is empty or has no end", line)
		}
		var err error
		if strings.HasPrefix(line, "#") {
			name, err = parseHead(families, name, line)
		} else {
			err = parseSample(families, name, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
	}
	for name, f := range families {
		if f.kind == "" || f.help == "" || len(f.samples) == 0 {
			return nil, fmt.Errorf("family %s is not complete: %+v", name, *f)
		}
	}
	return families, nil
}

func parseHead(families map[string]*family, current, line string) (string, error) {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 || fields[0] != "#" || !metricName.MatchString(fields[2]) {
		return "", errors.New("no metadata")
	}
	name := fields[2]
	f := families[name]
	if f == nil {
		f = &family{samples: map[string]float64{}}
		families[name] = f
	} else if name != current || len(f.samples) > 0 {
		return "", errors.New("the family comes twice, or metadata after samples")
	}
	field := map[string]*string{"TYPE": &f.kind, "UNIT": &f.unit, "HELP": &f.help}[fields[1]]
	switch {
	case field == nil || *field != "":
		return "", errors.New("unknown metadata, or twice")
	case fields[1] == "UNIT" && !strings.HasSuffix(name, "_"+fields[3]):
		return "", errors.New("the unit is no suffix of the name")
	case fields[1] == "HELP" && !helpText.MatchString(fields[3]):
		return "", errors.New("the help is not escaped")
	}
	if _, known := suffixOf[fields[3]]; fields[1] == "TYPE" && !known {
		return "", errors.New("unknown type")
	}
	*field = fields[3]
	return name, nil
}

func parseSample(families map[string]*family, name, line string) error {
	parts, f := sampleLine.FindStringSubmatch(line), families[name]
	if parts == nil || f == nil {
		return errors.New("no sample, or of no family")
	}
	if parts[1] != name+suffixOf[f.kind] {
		return fmt.Errorf("it does not belong to %s %s", f.kind, name)
	}
	value, err := strconv.ParseFloat(parts[4], 64)
	switch {
	case err != nil:
		return err
	case f.kind == "counter" && !(value >= 0):
		return errors.New("a counter that is less than 0")
	case f.kind == "stateset" && (parts[2] != name || (value != 0 && value != 1)):
		return errors.New("a state has its family's name as its label, and is 0 or 1")
	}
	label := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(parts[3])
	if _, twice := f.samples[label]; twice {
		return errors.New("twice")
	}
	f.samples[label] = value
	return nil
}

func handlerOf(t *testing.T, s Sources) http.Handler {
	t.Helper()
	h, err := MetricsHandler(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// scrape reads the metrics once.
func scrape(t *testing.T, h http.Handler) map[string]*family {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "application/openmetrics-text; version=1.0.0; charset=utf-8" {
		t.Errorf("%d, %q", w.Code, got)
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
		t.Errorf("Content-Length %q: want %d", got, w.Body.Len())
	}
	families, err := parse(w.Body.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, w.Body)
	}
	return families
}

func TestMetricsAreStrictOpenMetrics(t *testing.T) {
	st := open(t, state.Config{Querier: querier(answer)})
	h := handlerOf(t, Sources{
		State:    st,
		Sessions: func() Sessions { return Sessions{Open: 3} },
		Redis:    func() Redis { return Redis{Status: "live", Hits: 1e9} },
		Snapshot: func() Snapshot { return Snapshot{Saved: time.Now(), Bytes: 1 << 40} },
	})
	for range 3 {
		if _, err := st.Query(t.Context(), 1, "SHOW EVENT TYPES"); err != nil {
			t.Fatal(err)
		}
	}
	families := scrape(t, h)
	for name, want := range map[string]family{
		"state_hits":              {kind: "counter", samples: map[string]float64{"query": 2}},
		"state_sessions_open":     {kind: "gauge", samples: map[string]float64{"": 3}},
		"state_redis_hits":        {kind: "counter", samples: map[string]float64{"": 1e9}},
		"state_snapshot_bytes":    {kind: "gauge", unit: "bytes", samples: map[string]float64{"": 1 << 40}},
		"state_status":            {kind: "stateset", samples: map[string]float64{"live": 1}},
		"state_load_time_seconds": {kind: "counter", unit: "seconds"},
	} {
		f := families[name]
		if f == nil || f.kind != want.kind || f.unit != want.unit {
			t.Errorf("%s is %+v: want %+v", name, f, want)
			continue
		}
		for label, value := range want.samples {
			if f.samples[label] != value {
				t.Errorf("%s of %q is %v: want %v", name, label, f.samples[label], value)
			}
		}
	}
	if families["state_hit_ratio"] != nil {
		t.Error("there is a ratio since the start")
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	names := []string{`quote " backslash \ end`, "line\nfeed", "plain", `\n`, `{x="y"} 1`, "é世"}
	s := &script{}
	h := state.Health{Status: state.StatusLive}
	for i, name := range names {
		h.Kinds = append(h.Kinds, state.KindStats{Name: name, Hits: uint64(i + 1)})
	}
	s.set(h)
	got := scrape(t, handlerOf(t, Sources{State: s}))["state_hits"].samples
	for i, name := range names {
		if got[name] != float64(i+1) {
			t.Errorf("%q is %v: want %d; all %v", name, got[name], i+1, got)
		}
	}
	s.set(state.Health{Kinds: []state.KindStats{{Name: "\xff", Hits: 1}}})
	if got := scrape(t, handlerOf(t, Sources{State: s}))["state_hits"].samples; got["\uFFFD"] != 1 {
		t.Errorf("what is not UTF-8 is %v", got)
	}
}

// Whoever collects counters takes one that goes back for a restart.
func TestCountersNeverGoBackWhileCollected(t *testing.T) {
	s := &script{}
	h := handlerOf(t, Sources{State: s})
	var got []float64
	for _, hits := range []uint64{10, 9, 9, 12} {
		s.set(state.Health{Kinds: []state.KindStats{{Name: "a", Hits: hits}}})
		got = append(got, scrape(t, h)["state_hits"].samples["a"])
	}
	if want := []float64{10, 10, 10, 12}; !slices.Equal(got, want) {
		t.Errorf("hits %v: want %v", got, want)
	}
}

func TestMetricsAreReadOnly(t *testing.T) {
	h := handlerOf(t, Sources{State: &script{}})
	for method, code := range map[string]int{"HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != code || (method == "HEAD" && w.Body.Len() > 0) || (code == 405 && w.Header().Get("Allow") != "GET, HEAD") {
			t.Errorf("%s: %d, %d bytes, Allow %q", method, w.Code, w.Body.Len(), w.Header().Get("Allow"))
		}
	}
	if _, err := MetricsHandler(Sources{}); !errors.Is(err, ErrOptions) {
		t.Errorf("without a State: %v", err)
	}
}

// The parser of these tests must be able to refuse.
func TestTheParserIsStrict(t *testing.T) {
	const good = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds A.\na_seconds_total{k=\"v\"} 1\n# EOF\n"
	if _, err := parse(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"no end":           {"# EOF\n", ""},
		"no line feed":     {"# EOF\n", "# EOF"},
		"after the end":    {"# EOF\n", "# EOF\nx 1\n"},
		"unit":             {"UNIT a_seconds seconds", "UNIT a_seconds bytes"},
		"no total":         {"_total", ""},
		"negative":         {"} 1", "} -1"},
		"no number":        {"} 1", "} one"},
		"NaN":              {"} 1", "} NaN"},
		"no type":          {"# TYPE a_seconds counter\n", ""},
		"quote":            {`"v"`, `"v"w"`},
		"escape":           {`"v"`, `"\x"`},
		"help":             {"A.", `A "quote".`},
		"empty line":       {"# HELP", "\n# HELP"},
		"sample twice":     {"# EOF", "a_seconds_total{k=\"v\"} 1\n# EOF"},
		"family twice":     {"# EOF", "# HELP a_seconds A.\n# EOF"},
		"another's sample": {"# EOF", "b_total 1\n# EOF"},
		"timestamp":        {"} 1", "} 1 2 3"},
	} {
		if _, err := parse(strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
