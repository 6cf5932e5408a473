package state

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/uds-platform/state/warm"
)

// repertoire knows which queries each tool sends, as forms.
//
// It is bounded, whatever tools and queries there are: a form that comes seldom
// gives way to a new one, and tools beyond the bound are not learned, since tools
// are written by programmers and are few.
type repertoire struct {
	mu    sync.Mutex
	tools map[string]*habits // INVARIANT: guarded by mu; at most maxTools.
}

// habits are one tool's. Counts are halved now and then, so that what a tool sent
// before its last change is forgotten.
type habits struct {
	calls int
	forms []habit // INVARIANT: at most maxForms.
}

type habit struct {
	form  form
	calls int // in which it was sent, about
}

const (
	maxTools     = 512
	maxForms     = 16
	maxFormBytes = 2 << 10
	// habitCalls is how many calls are counted in full.
	habitCalls = 64
	// maxHabitCalls is more than a form is ever counted: a call may send one many
	// times.
	maxHabitCalls = 1 << 30
)

// note counts a query of a tool, the first of a call or a further one.
func (r *repertoire) note(tool string, f form, first bool) {
	if len(f) > maxFormBytes {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.tools[tool]
	if h == nil {
		if len(r.tools) == maxTools {
			return
		}
		h = &habits{}
		r.tools[tool] = h
	}
	if first {
		h.begin()
	}
	h.note(f)
}

func (h *habits) begin() {
	if h.calls == habitCalls {
		h.calls /= 2
		for i := range h.forms {
			h.forms[i].calls /= 2
		}
	}
	h.calls++
}

func (h *habits) note(f form) {
	at := slices.IndexFunc(h.forms, func(one habit) bool { return one.form == f })
	switch {
	case at >= 0:
		h.forms[at].calls++
	case len(h.forms) < maxForms:
		h.forms = append(h.forms, habit{form: f, calls: 1})
	default:
		rarest := 0
		for i, one := range h.forms {
			if one.calls < h.forms[rarest].calls {
				rarest = i
			}
		}
		h.forms[rarest] = habit{form: f, calls: 1}
	}
}

// usual returns the forms that came in half of the tool's calls or more, the most
// frequent first.
func (r *repertoire) usual(tool string) []form {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.tools[tool]
	if h == nil {
		return nil
	}
	habits := slices.Clone(h.forms)
	slices.SortStableFunc(habits, func(a, b habit) int { return cmp.Compare(b.calls, a.calls) })
	var forms []form
	for _, one := range habits {
		if 2*one.calls >= h.calls {
			forms = append(forms, one.form)
		}
	}
	return forms
}

// keptHabits are a tool's habits in a snapshot.
type keptHabits struct {
	Tool  string      `cbor:"1,keyasint"`
	Calls int         `cbor:"2,keyasint"`
	Forms []keptHabit `cbor:"3,keyasint"`
}

type keptHabit struct {
	Form  string `cbor:"1,keyasint"`
	Calls int    `cbor:"2,keyasint"`
}

// kept returns everything that is known, by the tools' names.
func (r *repertoire) kept() (all []keptHabits) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for tool, h := range r.tools {
		if len(tool) > warm.MaxTemplateBytes {
			continue // nothing is predicted of it
		}
		one := keptHabits{Tool: tool, Calls: h.calls}
		for _, f := range h.forms {
			one.Forms = append(one.Forms, keptHabit{Form: string(f.form), Calls: min(f.calls, maxHabitCalls)})
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b keptHabits) int { return cmp.Compare(a.Tool, b.Tool) })
	return all
}

// errHabits is the error of what kept can't have returned.
var errHabits = errors.New("state: a tool's habits in a snapshot can't be")

// restore takes over a tool's habits, unless it has been called already, which is
// newer.
func (r *repertoire) restore(one keptHabits) error {
	if len(one.Tool) > warm.MaxTemplateBytes || one.Calls < 0 || one.Calls > habitCalls || len(one.Forms) > maxForms {
		return errHabits
	}
	h := &habits{calls: one.Calls}
	for _, f := range one.Forms {
		if len(f.Form) > maxFormBytes || f.Calls < 0 || f.Calls > maxHabitCalls {
			return errHabits
		}
		h.forms = append(h.forms, habit{form: form(f.Form), calls: f.Calls})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tools[one.Tool] == nil && len(r.tools) < maxTools {
		r.tools[one.Tool] = h
	}
	return nil
}
