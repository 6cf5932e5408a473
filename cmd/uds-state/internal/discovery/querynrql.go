package discovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/nrql"
)

type queryInput struct {
	onDiscovery
	NRQL string `json:"nrql"`
	Rows int    `json:"rows"`
	Mode string `json:"mode"`
}

type queried struct {
	Answer
	Rows []map[string]any `json:"rows"`
	// Total is how many NRDB returned.
	Total     int  `json:"total" jsonschema:"how many rows NRDB returned"`
	Truncated bool `json:"truncated" jsonschema:"true where not all of them are here"`
	// Understood is false for a query whose answer is kept for a short time only.
	Understood bool     `json:"understood" jsonschema:"false for a query that the cache could not read, whose answer is kept only briefly"`
	EventTypes []string `json:"event_types,omitempty" jsonschema:"that the query reads"`
}

func addQueryNRQL(s *Server) error {
	return add(s, definition{
		name:  Tools.Query,
		title: "Query with NRQL",
		description: fmt.Sprintf("Asks an NRQL query of the discovery's account. Reads only: it begins with SELECT, FROM or SHOW. At most %d KiB of rows are returned; "+
			"ask for aggregates rather than for events, and say the time with SINCE.", maxRowsBytes>>10),
		input: object(map[string]*jsonschema.Schema{
			"handle": handleArgument(),
			"nrql":   text(1, maxNRQLRunes, "", "such as: SELECT percentile(duration, 95) FROM Transaction FACET appName SINCE 1 day ago"),
			"rows":   number(1, 2000, 100, "how many rows to return"),
			"mode":   modeArgument(),
		}, "handle", "nrql"),
		asksNRDB: true,
	}, query)
}

func query(c *call, in queryInput) (*queried, error) {
	read, err := readOnly(in.NRQL)
	if err != nil {
		return nil, err
	}
	if len(read.EventTypes) > 0 && len(read.EventTypes[0]) <= maxNameBytes {
		c.subject = read.EventTypes[0] // on the timeline
	}
	rows, err := c.glance(in.Mode, in.NRQL, nil)
	if err != nil {
		return nil, err
	}
	out := &queried{Total: len(rows), Understood: read.Understood, EventTypes: read.EventTypes}
	out.Rows, _ = bounded(rows, in.Rows)
	out.Truncated = len(out.Rows) < len(rows)
	return out, nil
}

// readOnly refuses what is not a read.
//
// NRQL has no statement that writes, and NerdGraph runs one query and no more. This is
// for the day on which either changes, and for clients that try SQL: they learn
// what would be right rather than what is wrong at position 1. What package nrql
// understands is a read by its grammar; of what it doesn't, only the word that it
// begins with is known, and NRDB judges the rest.
func readOnly(text string) (nrql.Query, error) {
	read := nrql.Read(text)
	if read.Understood {
		return read, nil
	}
	switch word := firstWord(text); strings.ToUpper(word) {
	case "SELECT", "FROM", "SHOW":
		return read, nil
	case "WITH": // variables, or WITH TIMEZONE, before SELECT
		if strings.Contains(strings.ToUpper(text), "SELECT") {
			return read, nil
		}
		fallthrough
	default:
		return read, failf(NotARead, "the query begins with %q; only reads are answered, which begin with SELECT, FROM or SHOW", shortened(word, 40))
	}
}

// firstWord is the first word of a query, after comments.
func firstWord(text string) string {
	for {
		text = strings.TrimSpace(text)
		switch {
		case strings.HasPrefix(text, "--"), strings.HasPrefix(text, "//"):
			_, rest, _ := strings.Cut(text, "\n")
			text = rest
		case strings.HasPrefix(text, "/*"):
			_, rest, _ := strings.Cut(text[2:], "*/")
			text = rest
		default:
			end := strings.IndexFunc(text, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_') })
			switch {
			case end < 0:
				return text
			case end == 0:
				return shortened(text, 8)
			}
			return text[:end]
		}
	}
}

// summarisedRows is how many rows the text shows; the rest is in the structured
// content.
const summarisedRows = 10

func (o *queried) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows", o.Total)
	if o.Truncated {
		fmt.Fprintf(&b, ", of which %d are here; ask for more with \"rows\", or for less by LIMIT and aggregates", len(o.Rows))
	}
	b.WriteString("\n")
	for i, row := range o.Rows {
		if i == summarisedRows {
			b.WriteString("…\n")
			break
		}
		for j, name := range slices.Sorted(maps.Keys(row)) {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(shortened(name, 80) + "=" + shown(row[name]))
		}
		b.WriteString("\n")
	}
	b.WriteString(o.Worth.words())
	return b.String()
}
