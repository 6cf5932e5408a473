package state

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Probe is what the handlers of probes answer, as JSON.
type Probe struct {
	Status Status `json:"status"`
	// Reasons say in plain words why the status is not live. Never nil.
	Reasons []string `json:"reasons"`
}

// Probes ask three questions that are easily taken for one:
//
//   - Is the process alive? If not, it is to be restarted. LiveHandler.
//   - Can it take requests? If not, they go elsewhere for now. ReadyHandler.
//   - Is anything missing? If so, somebody should look. DegradedHandler.
//
// A State whose Redis is away is alive and ready: to restart it, or to send its
// callers elsewhere, would make of a degraded mode a failure of all instances at
// once. So degraded is 200, with reasons.
//
// They are here and not with the debug pages, since they must answer without a
// key, and an orchestrator should not depend on those pages being mounted. They
// tell Health's status and reasons, which hold no key, query or secret.

// LiveHandler answers 200 to GET and HEAD for as long as the process serves HTTP:
// it looks at nothing, so nothing that is slow or missing can make it fail.
func LiveHandler() http.Handler {
	return probe(func() (int, Probe) {
		return http.StatusOK, Probe{Status: StatusLive, Reasons: []string{}}
	})
}

// ReadyHandler answers 200 to GET and HEAD while the State is open, degraded or
// not, and 503 once it is closed.
func (st *State) ReadyHandler() http.Handler { return probe(st.readiness) }

// DegradedHandler answers 200 to GET and HEAD with the State's status and its
// reasons, whatever they are, for those who watch rather than restart.
func (st *State) DegradedHandler() http.Handler {
	return probe(func() (int, Probe) {
		_, p := st.readiness()
		return http.StatusOK, p
	})
}

func (st *State) readiness() (code int, p Probe) {
	status, reasons := st.status()
	if status == StatusClosed {
		return http.StatusServiceUnavailable, Probe{Status: status, Reasons: reasons}
	}
	return http.StatusOK, Probe{Status: status, Reasons: reasons}
}

// probe is the handler that answers with what ask returns. What a probe says is
// about the moment, so nobody may keep it.
func probe(ask func() (int, Probe)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "a probe is read with GET or HEAD", http.StatusMethodNotAllowed)
			return
		}
		code, p := ask()
		body, err := json.Marshal(p)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body = append(body, '\n')
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		if r.Method == http.MethodGet {
			w.Write(body) // who has gone does not need to be told
		}
	})
}
