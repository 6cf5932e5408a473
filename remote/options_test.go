package remote

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOptionsHaveDefaults(t *testing.T) {
	o, err := Options{URL: "redis://h"}.validated()
	if err != nil {
		t.Fatal(err)
	}
	if o.Logger == nil {
		t.Error("there is no logger")
	}
	o.Logger = nil
	want := Options{
		URL: "redis://h", KeyPrefix: "state:", Wait: 50 * time.Millisecond, InFlight: 256, DirtyEntries: 10_000, DirtyBytes: 64 << 20,
		DrainTimeout: 2 * time.Second, MaxUnverified: 30 * time.Second, PoolSize: 10, MaxRetries: 3,
	}
	if o != want {
		t.Errorf("defaults %+v: want %+v", o, want)
	}
}

func TestNegativeMeansNone(t *testing.T) {
	o, err := Options{URL: "redis://h", DrainTimeout: -1, MaxUnverified: -1, MaxRetries: -1}.validated()
	if err != nil || o.DrainTimeout != 0 || o.MaxUnverified != 0 || o.MaxRetries != 0 {
		t.Errorf("%v, %v, %d, %v", o.DrainTimeout, o.MaxUnverified, o.MaxRetries, err)
	}
}

func TestTheURLsRetriesComeFirst(t *testing.T) {
	for raw, want := range map[URL]int{"redis://h": 7, "redis://h?max_retries=0": 0, "redis://h?max_retries=100": 100} {
		if o, err := (Options{URL: raw, MaxRetries: 7}).validated(); err != nil || o.MaxRetries != want {
			t.Errorf("%s: %d retries, %v: want %d", string(raw), o.MaxRetries, err, want)
		}
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	_, err := Options{
		URL: "redis://user:hunter2@h:x", KeyPrefix: "a b", Wait: 1, InFlight: 512, DirtyEntries: -1, DirtyBytes: 1,
		DrainTimeout: time.Hour, MaxUnverified: 2 * time.Hour, PoolSize: 10_001, MaxRetries: 101,
	}.validated()
	if !errors.Is(err, ErrOptions) {
		t.Fatalf("%v: want ErrOptions", err)
	}
	for _, field := range []string{
		"URL", "KeyPrefix", "Wait", "InFlight", "DirtyEntries", "DirtyBytes", "DrainTimeout", "MaxUnverified", "PoolSize", "MaxRetries",
	} {
		if !strings.Contains(err.Error(), field+" ") {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v has the password", err)
	}
	for name, o := range map[string]Options{
		"URL is not set":       {},
		"has no TLS":           {URL: "redis://h", TLS: &tls.Config{}},
		"printable characters": {URL: "redis://h", KeyPrefix: "{x}"},
	} {
		if _, err := o.validated(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: want one with %q", err, name)
		}
	}
}

func TestASecretDoesNotShow(t *testing.T) {
	o := Options{URL: "redis://h", SentinelPassword: "hunter2"}
	marshalled, err := json.Marshal(o.SentinelPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb+verb, o, o.SentinelPassword) + string(marshalled); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74") {
			t.Errorf("gives the password away: %s", text)
		}
	}
	if fmt.Sprint(Secret("")) != "" {
		t.Error("no secret looks like one")
	}
}
