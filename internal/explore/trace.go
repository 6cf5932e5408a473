//go:build explore

package explore

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// Step is one operation in the trace of an interleaving, which is kept only for
// one that failed or is replayed.
type Step struct {
	thread      *thread
	threadName  string
	op          Op
	description any // of an event
	position    string
	operands    []any
	result      []any
}

// Took notes what an operation was given.
func (s *Step) Took(operands ...any) *Step {
	s.operands = operands
	return s
}

// Saw notes what an operation found.
func (s *Step) Saw(result any) { s.result = []any{result} }

func newStep(t *thread, op Op) *Step {
	return &Step{
		thread:     t,
		threadName: t.explorer.trial.Threads[t.index].Name,
		op:         op,
		position:   callerPosition(),
	}
}

// callerPosition is where the code under test makes the operation: the first
// caller outside of the packages atomics and explore.
func callerPosition() string {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		folder := filepath.Base(filepath.Dir(frame.File))
		inside := folder == "atomics" || folder == "explore" && !strings.HasSuffix(frame.File, "_test.go")
		if !inside || !more {
			return fmt.Sprintf("%s/%s:%d %s", folder, filepath.Base(frame.File), frame.Line, functionName(frame.Function))
		}
	}
}

// functionName leaves out the package's path and type arguments.
func functionName(name string) string {
	name = strings.ReplaceAll(name, "[...]", "")
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, name, _ = strings.Cut(name, ".")
	return name
}

// formatTrace writes one line a step. Pointers get names in the order in which
// they are met, so that two traces of one schedule are the same text.
func formatTrace(steps []*Step) string {
	names := make(map[uintptr]string)
	var b strings.Builder
	for i, s := range steps {
		if s.op == Note {
			fmt.Fprintf(&b, "%4d  %c %-14s %v\n", i+1, 'a'+s.thread.index, s.threadName, s.description)
			continue
		}
		fmt.Fprintf(&b, "%4d  %c %-14s    %-46s %s(%s)%s\n", i+1, 'a'+s.thread.index, s.threadName,
			s.position, s.op, nameAll(names, s.operands), arrow(nameAll(names, s.result)))
	}
	return b.String()
}

func arrow(result string) string {
	if result == "" {
		return ""
	}
	return " = " + result
}

func nameAll(names map[uintptr]string, values []any) string {
	var list []string
	for _, value := range values {
		list = append(list, nameValue(names, value))
	}
	return strings.Join(list, ", ")
}

func nameValue(names map[uintptr]string, value any) string {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Pointer {
		return fmt.Sprint(value)
	}
	if v.IsNil() {
		return "nil"
	}
	name, known := names[v.Pointer()]
	if !known {
		kind, _, _ := strings.Cut(v.Type().Elem().Name(), "[")
		name = fmt.Sprintf("%s%d", kind, len(names)+1)
		names[v.Pointer()] = name
	}
	return name
}
