package discovery

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uds-platform/state"
)

// texts collects the strings of one column.
func texts(rows state.Rows, column string) []string {
	found := make([]string, 0, len(rows))
	for _, row := range rows {
		if t, ok := row[column].(string); ok && t != "" {
			found = append(found, t)
		}
	}
	return found
}

// figure is a number of the only row.
func figure(rows state.Rows, column string) (float64, bool) {
	if len(rows) == 0 {
		return 0, false
	}
	return asNumber(rows[0][column])
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// asList is a column of the only row that holds a list, such as that of uniques.
func asList(rows state.Rows, column string) []any {
	if len(rows) == 0 {
		return nil
	}
	values, _ := rows[0][column].([]any)
	return values
}

const (
	// maxValueBytes bounds a single value in an answer.
	maxValueBytes = 512
	// maxRowsBytes bounds the rows in an answer, as JSON. An answer has them twice,
	// as text and as structured content.
	maxRowsBytes = 128 << 10
)

// bounded returns the first rows, as many as fit. Rows are shared with others, and
// so are never written to.
func bounded(rows state.Rows, most int) (kept []map[string]any, sizeBytes int) {
	kept = []map[string]any{}
	for _, row := range rows[:min(len(rows), most)] {
		encoded, err := json.Marshal(row)
		if err != nil || sizeBytes+len(encoded) > maxRowsBytes {
			break
		}
		sizeBytes += len(encoded) + 1
		kept = append(kept, row)
	}
	return kept, sizeBytes
}

// brief cuts a value that is too long to be an example.
func brief(v any) any {
	if t, ok := v.(string); ok {
		return shortened(t, maxValueBytes)
	}
	return v
}

// shown writes a value into a summary.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case float64:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
	}
	return shortened(fmt.Sprint(v), 80)
}

func writeSuggestions(b *strings.Builder, suggestions []Suggested) {
	if len(suggestions) == 0 {
		return
	}
	b.WriteString("Worth doing next:\n")
	for _, s := range suggestions {
		fmt.Fprintf(b, "- %s", s.Tool)
		for _, name := range [...]string{"event_type", "nrql"} {
			if v, ok := s.Arguments[name]; ok {
				fmt.Fprintf(b, " %s=%q", name, v)
			}
		}
		fmt.Fprintf(b, ": %s\n", s.Reason)
	}
}
