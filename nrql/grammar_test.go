package nrql

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A meaning is a query without a spelling: what must stay the same however it is
// written, and must differ where anything in it does. Its alphabets are small, so
// that two meanings are often nearly the same.
type meaning struct {
	Selected []item
	From     []string
	Where    *condition
	Facet    []string
	OrderBy  string // of the facet
	Sorted   []string
	Limit    int // 0 for none, -1 for MAX
	Series   int // 0 for none, -1 for AUTO, else minutes
	Since    int // minutes ago; 60 is the default
	Until    int // minutes ago; 0 is now
	Compared int // days; 0 for none
	Zone     string
}

type item struct {
	Function, Attribute, Label string
	Where                      *condition
}

type condition struct {
	Joined string // AND, OR, or empty for a comparison
	Parts  []condition

	Attribute, Operator, Value string
	Query                      *meaning
}

var (
	attributes = []string{"a", "A", "b.c", "`a b`", "`from`", "Über"}
	types      = []string{"T", "t", "`my T`"}
	functions  = []string{"", "", "max", "uniqueCount", "percentage"}
	operators  = []string{"=", "!=", "<", ">=", "LIKE", "NOT LIKE", "IN", "IS"}
	values     = []string{"'x'", "'X'", "'x '", "'-- x'", "'(x)'", "'it\\'s'", "1", "1.0", "`x`", "NULL"}
	timezones  = []string{"", "", "", "'Asia/Tokyo'", "'UTC '"}
)

func drawMeaning(depth int) *rapid.Generator[*meaning] {
	return rapid.Custom(func(t *rapid.T) *meaning {
		m := &meaning{
			Selected: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) item {
				i := item{Function: pick(t, functions), Attribute: pick(t, attributes), Label: pick(t, []string{"", "", "'l'", "'L'", "l"})}
				if i.Function == "percentage" {
					i.Where = drawCondition(depth, false).Draw(t, "where")
				}
				return i
			}), 1, 3).Draw(t, "selected"),
			From:   rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, 2, rapid.ID).Draw(t, "from"),
			Facet:  rapid.SliceOfN(rapid.SampledFrom(attributes), 0, 2).Draw(t, "facet"),
			Sorted: rapid.SliceOfN(rapid.SampledFrom(attributes), 0, 2).Draw(t, "sorted"),
			Limit:  pick(t, []int{0, 0, -1, 5}),
			Since:  pick(t, []int{60, 60, 5, 1440, 10080, 43200}),
			Zone:   pick(t, timezones),
		}
		if len(m.Facet) > 0 && len(m.Sorted) == 0 {
			m.OrderBy = pick(t, []string{"", "a"})
		}
		if rapid.Bool().Draw(t, "filtered") {
			m.Where = drawCondition(depth, true).Draw(t, "condition")
		}
		if depth == 0 {
			m.Series = pick(t, []int{0, 0, -1, 1, 5})
			m.Until = pick(t, []int{0, 0, 1, 30})
			m.Compared = pick(t, []int{0, 0, 1, 7})
		}
		return m
	})
}

func drawCondition(depth int, nested bool) *rapid.Generator[*condition] {
	return rapid.Custom(func(t *rapid.T) *condition {
		if nested && rapid.Bool().Draw(t, "joined") {
			c := &condition{Joined: pick(t, []string{"AND", "OR"})}
			for range rapid.IntRange(2, 3).Draw(t, "parts") {
				c.Parts = append(c.Parts, *drawCondition(depth, rapid.Bool().Draw(t, "deeper")).Draw(t, "part"))
			}
			return c
		}
		c := &condition{Attribute: pick(t, attributes), Operator: pick(t, operators), Value: pick(t, values)}
		if c.Operator == "IS" {
			c.Value = "NULL"
		}
		if c.Operator == "=" && depth < 2 && rapid.IntRange(0, 3).Draw(t, "subquery") == 0 {
			c.Value, c.Query = "", drawMeaning(depth+1).Draw(t, "query")
		}
		return c
	})
}

func pick[T any](t *rapid.T, choices []T) T { return rapid.SampledFrom(choices).Draw(t, "pick") }

// speller writes a meaning in one of its spellings: each place where NRQL leaves
// a choice is drawn.
type speller struct {
	t *rapid.T
	b strings.Builder
}

// spell writes a whole query.
func spell(t *rapid.T, m *meaning) string {
	s := &speller{t: t}
	s.query(m, true)
	return s.b.String()
}

func (s *speller) choose(choices ...string) string { return pick(s.t, choices) }

// words writes keywords in any case with any space round them.
func (s *speller) words(words ...string) {
	for _, word := range words {
		s.b.WriteString(s.choose(" ", "\n", "\t ", "/* a 'comment */", " -- FROM\n", "//`\r\n"))
		letters := []byte(word)
		switch s.choose("upper", "lower", "mixed") {
		case "lower":
			letters = []byte(strings.ToLower(word))
		case "mixed":
			letters = []byte(strings.ToLower(word[:1]) + word[1:])
		}
		s.b.Write(letters)
		s.b.WriteString(s.choose(" ", "\r\n", "/**/"))
	}
}

// sign writes what needs no space round it.
func (s *speller) sign(text string) {
	s.b.WriteString(s.choose("", " ", "/* ) */"))
	s.b.WriteString(text)
	s.b.WriteString(s.choose("", " ", "\t"))
}

// name writes a name, perhaps with backticks that it does not need.
func (s *speller) name(name string) {
	if name[0] != '`' && name[0] < 0x80 && s.choose("plain", "quoted") == "quoted" {
		name = "`" + name + "`"
	}
	s.b.WriteString(name)
}

func (s *speller) names(names []string) {
	for i, name := range names {
		if i > 0 {
			s.sign(",")
		}
		s.name(name)
	}
}

// query writes the clauses of a query in any order that begins with SELECT or
// FROM.
func (s *speller) query(m *meaning, outermost bool) {
	first, second := func() { s.words("SELECT"); s.items(m.Selected) }, func() { s.words("FROM"); s.names(m.From) }
	if s.choose("SELECT", "FROM") == "FROM" {
		first, second = second, first
	}
	first()
	clauses := []func(){second}
	add := func(stated bool, clause func()) {
		if stated {
			clauses = append(clauses, clause)
		}
	}
	add(m.Where != nil, func() { s.words("WHERE"); s.where(m.Where) })
	add(len(m.Sorted) > 0, func() {
		s.words("ORDER", "BY")
		for i, name := range m.Sorted {
			if i > 0 {
				s.sign(",")
			}
			s.name(name)
			if s.choose("", "asc") != "" {
				s.words("ASC")
			}
		}
	})
	add(m.Limit != 0, func() {
		s.words("LIMIT")
		if m.Limit < 0 {
			s.words("MAX")
		} else {
			fmt.Fprint(&s.b, m.Limit)
		}
	})
	add(m.Limit == 0 && s.choose("", "", "bare") != "", func() { s.words("LIMIT") })
	add(m.Series != 0, func() {
		s.words("TIMESERIES")
		if m.Series < 0 {
			s.words("AUTO")
		} else {
			fmt.Fprint(&s.b, m.Series)
			s.words(s.choose("MINUTE", "MINUTES"))
		}
	})
	stated := !outermost || m.Compared != 0 || m.Until != 0
	add(m.Since != 60 || stated || s.choose("", "since") != "", func() { s.words("SINCE"); s.ago(m.Since) })
	add(m.Until != 0, func() { s.words("UNTIL"); s.ago(m.Until) })
	add(m.Until == 0 && !stated && s.choose("", "until") != "", func() { s.words("UNTIL", "NOW") })
	add(m.Compared != 0, func() { s.words("COMPARE", "WITH"); s.ago(m.Compared * 1440) })
	add(m.Zone != "", func() { s.words("WITH", "TIMEZONE"); s.b.WriteString(m.Zone) })
	add(m.Zone == "" && outermost && s.choose("", "", "zone") != "", func() { s.words("WITH", "TIMEZONE"); s.b.WriteString("'UTC'") })
	for _, i := range rapid.Permutation(indices(len(clauses))).Draw(s.t, "order") {
		clauses[i]()
		s.b.WriteString(s.choose(" ", "\n"))
	}
	if len(m.Facet) > 0 { // last, so that no ORDER BY follows by chance
		s.words("FACET")
		s.names(m.Facet)
		if m.OrderBy != "" {
			s.words("ORDER", "BY")
			s.name(m.OrderBy)
		}
	}
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func (s *speller) items(items []item) {
	for i, one := range items {
		if i > 0 {
			s.sign(",")
		}
		if one.Function == "" {
			s.name(one.Attribute)
		} else {
			s.b.WriteString(s.choose(one.Function, strings.ToUpper(one.Function), strings.ToLower(one.Function)))
			s.sign("(")
			s.name(one.Attribute)
			if one.Where != nil {
				s.sign(",")
				s.words("WHERE")
				s.condition(one.Where, false)
			}
			s.sign(")")
		}
		if one.Label != "" {
			s.words("AS")
			s.b.WriteString(one.Label)
		}
	}
}

// where writes a condition with as many parentheses round it as one likes.
func (s *speller) where(c *condition) {
	for range rapid.IntRange(0, 2).Draw(s.t, "parentheses") {
		s.sign("(")
		defer s.sign(")")
	}
	s.condition(c, true)
}

// condition writes a condition. Where they are free, a comparison may have
// parentheses; what AND and OR join has them always.
func (s *speller) condition(c *condition, free bool) {
	if c.Joined == "" {
		s.comparison(c)
		return
	}
	for i := range c.Parts {
		if i > 0 {
			s.words(c.Joined)
		}
		part := &c.Parts[i]
		pairs := 0
		if part.Joined != "" {
			pairs = 1
		}
		if free {
			pairs += rapid.IntRange(0, 1).Draw(s.t, "pairs")
		}
		for range pairs {
			s.sign("(")
		}
		s.condition(part, free)
		for range pairs {
			s.sign(")")
		}
	}
}

func (s *speller) comparison(c *condition) {
	s.name(c.Attribute)
	if c.Operator[0] < 'A' {
		s.sign(c.Operator)
	} else {
		s.words(strings.Fields(c.Operator)...)
	}
	if c.Query == nil {
		value := c.Value
		if c.Operator == "IN" {
			s.sign("(")
			defer s.sign(")")
		}
		s.b.WriteString(value)
		return
	}
	s.sign("(")
	s.query(c.Query, false)
	s.sign(")")
}

// ago writes a duration in minutes, in any unit that divides it.
func (s *speller) ago(minutes int) {
	type unit struct {
		name    string
		minutes int
	}
	var fits []unit
	for _, u := range []unit{{"MINUTE", 1}, {"HOUR", 60}, {"DAY", 1440}, {"WEEK", 10080}, {"MONTH", 43200}} {
		if minutes%u.minutes == 0 {
			fits = append(fits, u)
		}
	}
	u := pick(s.t, fits)
	fmt.Fprint(&s.b, minutes/u.minutes)
	s.words(u.name+s.choose("", "S"), "AGO")
}

// Any two spellings of one query share a key.
func TestAllSpellingsShareAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeaning(0).Draw(t, "meaning")
		a, b := spell(t, m), spell(t, m)
		qa, qb := checkSpelling(t, a), checkSpelling(t, b)
		if !reflect.DeepEqual(qa, qb) {
			t.Fatalf("%q\nreads as %+v\n%q\nreads as %+v", a, qa, b, qb)
		}
	})
}

// Two queries that differ in anything never share one.
func TestDifferentMeaningsNeverShareAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeaning(0).Draw(t, "meaning")
		other := edited(t, m)
		if reflect.DeepEqual(m, other) {
			return
		}
		a, b := spell(t, m), spell(t, other)
		if qa, qb := checkSpelling(t, a), checkSpelling(t, b); qa.Canonical == qb.Canonical {
			t.Fatalf("%q\nand %q\nshare %s", a, b, qa.Canonical)
		}
	})
}

func checkSpelling(t *rapid.T, text string) Query {
	q := Read(text)
	if !q.Understood {
		t.Fatalf("not understood: %q", text)
	}
	if again := Read(q.Canonical); !reflect.DeepEqual(again, q) {
		t.Fatalf("%q reads as\n%+v\nbut its canonical form as\n%+v", text, q, again)
	}
	return q
}

// edited returns another meaning: one part of it drawn anew.
func edited(t *rapid.T, m *meaning) *meaning {
	c := *m
	fresh := drawMeaning(0).Draw(t, "other")
	switch rapid.IntRange(0, 9).Draw(t, "edit") {
	case 0:
		c.Selected = fresh.Selected
	case 1:
		c.Selected = slices.Clone(m.Selected)
		c.Selected[0].Attribute = pick(t, attributes)
	case 2:
		c.From = fresh.From
	case 3:
		c.Where = fresh.Where
	case 4:
		if m.Where != nil {
			where := editedCondition(t, *m.Where)
			c.Where = &where
		}
	case 5:
		c.Facet, c.OrderBy, c.Sorted = fresh.Facet, fresh.OrderBy, fresh.Sorted
	case 6:
		c.Limit, c.Series = fresh.Limit, fresh.Series
	case 7:
		c.Since, c.Until = fresh.Since, fresh.Until
	case 8:
		c.Compared, c.Zone = fresh.Compared, fresh.Zone
	default:
		return fresh
	}
	return &c
}

func editedCondition(t *rapid.T, c condition) condition {
	if c.Joined == "" {
		if c.Operator != "IS" && c.Query == nil {
			c.Value = pick(t, values)
		}
		return c
	}
	switch pick(t, []string{"joined", "order", "part"}) {
	case "joined":
		c.Joined = pick(t, []string{"AND", "OR"})
	case "order":
		c.Parts = slices.Clone(c.Parts)
		slices.Reverse(c.Parts)
	default:
		c.Parts = slices.Clone(c.Parts)
		c.Parts[0] = editedCondition(t, c.Parts[0])
	}
	return c
}
