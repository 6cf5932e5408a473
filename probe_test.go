package state

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// probed asks a probe.
func probed(t *testing.T, h http.Handler, method string) (*httptest.ResponseRecorder, Probe) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	var p Probe
	if method == http.MethodGet {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("answer %q: %v", w.Body, err)
		}
	}
	return w, p
}

func wantProbe(t *testing.T, h http.Handler, code int, status Status, reasons int) {
	t.Helper()
	w, p := probed(t, h, http.MethodGet)
	if w.Code != code || p.Status != status || p.Reasons == nil || len(p.Reasons) != reasons {
		t.Errorf("%d %s: want %d, %q and %d reasons", w.Code, w.Body, code, status, reasons)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q: a probe must not be kept", got)
	}
}

func TestProbesOfAnOpenState(t *testing.T) {
	st := open(t, Config{})
	for _, h := range []http.Handler{LiveHandler(), st.ReadyHandler(), st.DegradedHandler()} {
		wantProbe(t, h, http.StatusOK, StatusLive, 0)
	}
}

// Degraded is no reason to restart anything, nor to send anybody elsewhere.
func TestDegradedIsReadyWithReasons(t *testing.T) {
	// Nothing answers at port 1.
	st := open(t, Config{Store: StoreRedis, RedisURL: "redis://127.0.0.1:1"})
	wantProbe(t, LiveHandler(), http.StatusOK, StatusLive, 0)
	wantProbe(t, st.ReadyHandler(), http.StatusOK, StatusDegraded, 1)
	wantProbe(t, st.DegradedHandler(), http.StatusOK, StatusDegraded, 1)
}

func TestClosedIsAliveAndNotReady(t *testing.T) {
	st := open(t, Config{})
	ready, degraded := st.ReadyHandler(), st.DegradedHandler()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	wantProbe(t, LiveHandler(), http.StatusOK, StatusLive, 0)
	wantProbe(t, ready, http.StatusServiceUnavailable, StatusClosed, 1)
	wantProbe(t, degraded, http.StatusOK, StatusClosed, 1)
}

func TestProbesAreReadOnly(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		if w, _ := probed(t, LiveHandler(), method); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	if w, _ := probed(t, LiveHandler(), http.MethodHead); w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
}

func ExampleState_ReadyHandler() {
	st, err := Open(context.Background(), Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	mux := http.NewServeMux()
	mux.Handle("/livez", LiveHandler())
	mux.Handle("/readyz", st.ReadyHandler())
	mux.Handle("/degradedz", st.DegradedHandler())

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 {"status":"live","reasons":[]}
}
