package state

import (
	"fmt"
	"slices"
	"testing"
)

func newRepertoire() *repertoire { return &repertoire{tools: make(map[string]*habits)} }

func TestRepertoireKnowsWhatAToolUsuallySends(t *testing.T) {
	r := newRepertoire()
	for i := range 6 {
		r.note("explore", "keys", true)
		r.note("explore", "count", false)
		if i%2 == 0 {
			r.note("explore", "half", false)
		}
		if i%3 == 0 {
			r.note("explore", "third", false)
		}
		r.note("explore", form(fmt.Sprint("once ", i)), false)
	}
	if got, want := r.usual("explore"), []form{"keys", "count", "half"}; !slices.Equal(got, want) {
		t.Errorf("got %q: want %q", got, want)
	}
	if got := r.usual("profile"); got != nil {
		t.Errorf("of a tool that was never called: %q", got)
	}
}

// A tool that has changed is known as it is now, soon.
func TestRepertoireForgets(t *testing.T) {
	r := newRepertoire()
	for range 1000 {
		r.note("explore", "old", true)
	}
	for range 2 * habitCalls {
		r.note("explore", "new", true)
	}
	if got, want := r.usual("explore"), []form{"new"}; !slices.Equal(got, want) {
		t.Errorf("got %q: want %q", got, want)
	}
}

func TestRepertoireIsBounded(t *testing.T) {
	r := newRepertoire()
	for i := range 2 * maxTools {
		r.note(fmt.Sprint("tool ", i), "query", true)
	}
	for i := range 10 * maxForms {
		r.note("tool 1", form(fmt.Sprint("query ", i)), false)
	}
	r.note("tool 1", form(make([]byte, maxFormBytes+1)), true)
	if len(r.tools) != maxTools || len(r.tools["tool 1"].forms) != maxForms {
		t.Errorf("%d tools, %d forms", len(r.tools), len(r.tools["tool 1"].forms))
	}
	// What is frequent is not what gives way.
	for range 3 {
		r.note("tool 2", "frequent", true)
	}
	for i := range 10 * maxForms {
		r.note("tool 2", form(fmt.Sprint("query ", i)), false)
	}
	if !slices.Contains(r.usual("tool 2"), "frequent") {
		t.Error("the frequent form gave way")
	}
}
