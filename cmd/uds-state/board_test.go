package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/inspect"
)

// page is a page of a dashboard, as JSON.
func page[T any](t *testing.T, address string) (decoded T) {
	t.Helper()
	resp, err := httpClient(t, "").Get(address + "?format=json")
	if err != nil {
		t.Error(err)
		return decoded
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&decoded); err != nil {
		t.Errorf("%s: %v", resp.Status, err)
	}
	return decoded
}

func TestTheTableEndsWithTheDashboardsFigures(t *testing.T) {
	opened := standInFor(t, standin.Options{})
	looked := false
	r, err := demoAgainst(opened).run(t.Context(), func(r *report) error {
		looked = true
		shown := page[inspect.Overview](t, r.Dashboard.Address)
		f := r.Dashboard
		if !r.Settled || !reflect.DeepEqual(f.Calls, shown.Calls) || !reflect.DeepEqual(f.Queries, shown.Queries) || f.Entries != shown.Entries {
			t.Errorf("the report has %+v, the dashboard %+v", f, shown)
		}
		// What sessions saw is what the state counted. Who waited behind a preview may
		// have found the answer in memory.
		if n := shown.Calls.FromMemory; n < uint64(r.Memory) || n > uint64(r.Memory+r.Refined) || shown.Queries.Sent != uint64(opened.server.Queries()) {
			t.Errorf("sessions had %d from memory, the dashboard %d; NRDB got %d, the dashboard says %d",
				r.Memory, shown.Calls.FromMemory, opened.server.Queries(), shown.Queries.Sent)
		}
		if least := uint64(r.Sent + r.Memory + r.Collapsed); shown.Calls.Calls() < least {
			t.Errorf("the dashboard has %d calls, sessions made %d", shown.Calls.Calls(), least)
		}
		if shown.Calls.Loaded != uint64(r.Sent) || r.Ahead.Prefetched == 0 {
			t.Errorf("the dashboard has %d loads of callers' own, sessions sent %d, %d were ahead", shown.Calls.Loaded, r.Sent, r.Ahead.Prefetched)
		}
		list := page[inspect.SessionList](t, r.Dashboard.Address+"sessions")
		if len(list.Sessions) != r.Sessions {
			t.Errorf("the dashboard has %d sessions, want %d", len(list.Sessions), r.Sessions)
		}
		one := page[inspect.SessionPage](t, r.Dashboard.Address+"sessions/"+list.Sessions[0].ID)
		if len(one.Calls) == 0 || len(one.Explored) == 0 || len(one.Marks) == 0 {
			t.Errorf("a session has %d calls, explored %d, with %d marks", len(one.Calls), len(one.Explored), len(one.Marks))
		}
		var table bytes.Buffer
		if err := r.write(&table, false); err != nil {
			t.Error(err)
		}
		_, end, _ := strings.Cut(table.String(), "dashboard: "+r.Dashboard.Address)
		for _, figure := range []uint64{f.Calls.FromMemory, f.Calls.Shared, f.Calls.Loaded, f.Queries.Sent} {
			if !strings.Contains(end, " "+grouped(int64(figure))) {
				t.Errorf("the table does not end with %d:\n%s", figure, end)
			}
		}
		return nil
	})
	if err != nil || !looked {
		t.Fatal(err)
	}
	if resp, err := httpClient(t, "").Get(r.Dashboard.Address); err == nil {
		resp.Body.Close()
		t.Error("the dashboard is there after the end")
	}
}

func TestTheDemoIsIdleWhenAllLoadsHaveEnded(t *testing.T) {
	h := state.Health{Kinds: []state.KindStats{{Name: "a"}, {Name: "b", Loads: 2}}, Loads: []state.LoadStats{{Name: "a"}, {Name: "b", Ended: 1}}}
	if idle(h) {
		t.Error("idle with a load under way")
	}
	if h.Loads[1].Ended++; !idle(h) {
		t.Error("not idle with all of them ended")
	}
}

// onLine calls a function with the text from a word on, once it is written.
type onLine struct {
	word string
	do   func(rest string)
}

func (w *onLine) Write(b []byte) (int, error) {
	if _, rest, ok := strings.Cut(string(b), w.word); ok {
		w.do(rest)
	}
	return len(b), nil
}

func TestTheDashboardStaysWhereItIsToldTo(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	stayed := false
	p := process{getenv: func(string) string { return "" }, stdout: &out, stderr: &onLine{word: "stays at ", do: func(rest string) {
		address, _, _ := strings.Cut(rest, " ")
		resp, err := httpClient(t, "").Get(address)
		if err != nil {
			t.Error(err)
		} else {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			stayed = resp.StatusCode == http.StatusOK && strings.Contains(out.String(), address)
		}
		interrupt()
	}}}
	code := run(ctx, []string{"demo", "--stay", "--duration", "200ms", "--sessions", "2"}, p)
	if code != exitOK || !stayed {
		t.Errorf("exit %d, stayed %v: %s", code, stayed, out.String())
	}
}

// The test ends at all, which make demo in a pipeline must.
func TestTheDemoEndsWhereNobodyLooks(t *testing.T) {
	code, stdout, stderr := command(t, nil, "demo", "--duration", "200ms", "--sessions", "2")
	if code != exitOK || !strings.Contains(stdout, "dashboard: http://127.0.0.1:") || strings.Contains(stderr, "Ctrl-C") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
