package standin

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// row is one line of a result.
type row map[string]any

// answer is an evaluated query: its rows, the window they cover, and what NRDB
// would have had to do for them.
type answer struct {
	rows       []row
	eventTypes []string
	begin, end time.Time
	cost       Cost
}

var (
	// errWindow refuses a window that ends before it begins, in NRDB's words.
	//lint:ignore ST1005 the words are NRDB's
	errWindow = errors.New("Your query's start time must be before its end time")
	// errBuckets refuses too fine a TIMESERIES, in NRDB's words.
	errBuckets = fmt.Errorf("TIMESERIES supports a maximum of %d buckets", maxBuckets)
)

// sampleSize bounds how many events an aggregate looks at. Counts without a
// WHERE are exact; what depends on values is measured on a sample spread evenly
// over the window, and scaled to it.
const sampleSize = 2048

// evaluate answers a query as of now.
func (d *dataset) evaluate(q *query, now time.Time) (*answer, error) {
	a := &answer{rows: []row{}, eventTypes: q.from, begin: now.Add(-defaultWindow), end: now}
	if q.since != nil {
		a.begin = q.since.at(now)
	}
	if q.until != nil {
		a.end = q.until.at(now)
	}
	if !a.begin.Before(a.end) {
		return nil, errWindow
	}
	if q.showEventTypes {
		d.showEventTypes(a)
		return a, nil
	}
	spans := d.spansOf(q.from, a.begin, a.end)
	a.cost = costOf(q, spans)
	switch {
	case q.selections[0].function == "keyset":
		a.rows = keysetOf(spans)
	case q.selections[0].function == "":
		a.rows = rawEvents(q, spans)
		a.cost.Rows = len(a.rows)
	case q.timeseries:
		return a, d.bucketsOf(q, a)
	default:
		a.rows = []row{aggregate(q, spans)}
	}
	return a, nil
}

func (d *dataset) showEventTypes(a *answer) {
	a.cost.Metadata = true
	for _, name := range d.names {
		if t := d.types[name]; t.before(a.end) > t.before(a.begin) {
			a.rows = append(a.rows, row{"eventType": name})
		}
	}
}

// span is the events of one type that lie in a window.
type span struct {
	of         *eventType
	first, end int64
}

func (s span) count() int64 { return s.end - s.first }

// spansOf finds the events of a window. A type the account does not have is
// empty, not an error: that is how NRDB sees it.
func (d *dataset) spansOf(names []string, begin, end time.Time) []span {
	var spans []span
	for _, name := range names {
		if t, ok := d.types[name]; ok {
			spans = append(spans, span{of: t, first: t.before(begin), end: t.before(end)})
		}
	}
	return spans
}

func totalOf(spans []span) (total int64) {
	for _, s := range spans {
		total += s.count()
	}
	return total
}

func costOf(q *query, spans []span) Cost {
	cost := Cost{Events: totalOf(spans), Filtered: q.where != nil}
	for _, s := range q.selections {
		switch s.function {
		case "keyset":
			cost.Metadata = true
		case "uniques", "uniquecount":
			cost.Distinct++
		case "":
		default:
			cost.Functions++
		}
	}
	return cost
}

func keysetOf(spans []span) []row {
	rows := []row{}
	listed := make(map[any]bool)
	for _, s := range spans {
		if s.count() == 0 {
			continue
		}
		for _, key := range s.of.keys() {
			if !listed[key["key"]] {
				listed[key["key"]] = true
				rows = append(rows, key)
			}
		}
	}
	return rows
}

// rawEvents returns the newest matching events first, as NRDB does.
func rawEvents(q *query, spans []span) []row {
	limit := q.limit
	if limit == 0 {
		limit = defaultLimit
	}
	rows := []row{}
	for _, s := range spans {
		// A condition that hardly anything meets must not read a whole window.
		lowest := max(s.first, s.end-int64(limit)-sampleSize)
		for number := s.end - 1; number >= lowest && len(rows) < limit; number-- {
			e := event{of: s.of, number: number}
			if q.where == nil || q.where(e) {
				rows = append(rows, project(e, q.selections))
			}
		}
	}
	return rows
}

func project(e event, selections []selection) row {
	if slices.ContainsFunc(selections, func(s selection) bool { return s.attribute == "*" }) {
		return e.row()
	}
	r := row{}
	for _, s := range selections {
		r[nameOf(s)] = e.value(s.attribute)
	}
	return r
}

// bucketsOf evaluates a TIMESERIES: one row a bucket, oldest first.
func (d *dataset) bucketsOf(q *query, a *answer) error {
	width := q.bucket
	if width == 0 {
		width = max(a.end.Sub(a.begin)/defaultBuckets, time.Second)
	}
	if a.end.Sub(a.begin)/width > maxBuckets {
		return errBuckets
	}
	for begin := a.begin; begin.Before(a.end); begin = begin.Add(width) {
		end := begin.Add(width)
		if end.After(a.end) {
			end = a.end
		}
		r := aggregate(q, d.spansOf(q.from, begin, end))
		r["beginTimeSeconds"] = begin.Unix()
		r["endTimeSeconds"] = end.Unix()
		a.rows = append(a.rows, r)
	}
	a.cost.Buckets = len(a.rows)
	return nil
}

// aggregate computes the SELECT's functions over spans.
func aggregate(q *query, spans []span) row {
	total := totalOf(spans)
	if onlyCounts(q) {
		return row{nameOf(q.selections[0]): total}
	}
	sample, matching := sampleOf(q.where, spans)
	r := row{}
	for _, s := range q.selections {
		r[nameOf(s)] = s.apply(sample, int64(math.Round(matching*float64(total))))
	}
	return r
}

// onlyCounts is true for SELECT count(*) alone, which needs no sample.
func onlyCounts(q *query) bool {
	return len(q.selections) == 1 && q.where == nil && q.selections[0].function == "count" && q.selections[0].attribute == "*"
}

// sampleOf picks events evenly from spans and returns those that match, with
// the share of the picked ones that did.
func sampleOf(where condition, spans []span) (sample []event, matching float64) {
	picked := 0
	for _, s := range spans {
		size := min(s.count(), int64(sampleSize/len(spans)))
		for i := range size {
			picked++
			// Computed in floating point because count·i may exceed int64.
			offset := int64(float64(s.count()) * float64(i) / float64(size))
			e := event{of: s.of, number: s.first + offset}
			if where == nil || where(e) {
				sample = append(sample, e)
			}
		}
	}
	if picked == 0 {
		return nil, 0
	}
	return sample, float64(len(sample)) / float64(picked)
}

// nameOf is the key of a selection in a result, as NerdGraph names it.
func nameOf(s selection) string {
	switch {
	case s.alias != "":
		return s.alias
	case s.function == "":
		return s.attribute
	case s.attribute == "" || s.attribute == "*":
		return s.function
	case s.function == "uniquecount":
		return "uniqueCount." + s.attribute
	}
	return s.function + "." + s.attribute
}

// apply computes one function over the sampled events that matched; total is how
// many events of the window they stand for.
func (s selection) apply(sample []event, total int64) any {
	switch s.function {
	case "count":
		return s.count(sample, total)
	case "percentage":
		return s.percentage(sample)
	case "uniques":
		values := distinct(sample, s.attribute)
		return values[:min(len(values), s.limit)]
	case "uniquecount":
		return len(distinct(sample, s.attribute))
	case "latest":
		return latest(sample, s.attribute)
	}
	return s.arithmetic(sample, total)
}

func (s selection) count(sample []event, total int64) any {
	if s.attribute == "*" || len(sample) == 0 {
		return total
	}
	present := 0
	for _, e := range sample {
		if e.value(s.attribute) != nil {
			present++
		}
	}
	return int64(math.Round(float64(total) * float64(present) / float64(len(sample))))
}

func (s selection) percentage(sample []event) any {
	if len(sample) == 0 {
		return nil
	}
	matching := 0
	for _, e := range sample {
		if s.where(e) {
			matching++
		}
	}
	return 100 * float64(matching) / float64(len(sample))
}

// distinct lists the values of an attribute in the order they were met.
func distinct(sample []event, key string) []any {
	values := []any{}
	met := make(map[any]bool)
	for _, e := range sample {
		if v := e.value(key); v != nil && !met[v] {
			met[v] = true
			values = append(values, v)
		}
	}
	return values
}

func latest(sample []event, key string) any {
	for _, e := range slices.Backward(sample) {
		if v := e.value(key); v != nil {
			return v
		}
	}
	return nil
}

// arithmetic is average, sum, min and max over the numbers of an attribute;
// null without any.
func (s selection) arithmetic(sample []event, total int64) any {
	sum, count := 0.0, 0
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, e := range sample {
		v, ok := e.value(s.attribute).(float64)
		if !ok {
			continue
		}
		sum, count = sum+v, count+1
		lowest, highest = min(lowest, v), max(highest, v)
	}
	if count == 0 {
		return nil
	}
	switch s.function {
	case "average":
		return sum / float64(count)
	case "sum":
		return sum * float64(total) / float64(len(sample))
	case "min":
		return lowest
	default:
		return highest
	}
}
