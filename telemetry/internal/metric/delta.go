package metric

// Counters holds counters where they were while they seem to go back.
//
// What a State counts is read one number after the other, and some counters are
// differences: a hit may be found out to be none a moment after it was counted. So
// one may go back by a little. Whoever collects counters takes that for a restart,
// and counts everything since the start once more. A State never begins again, so
// the highest value that was seen is the right one until there is a higher one.
//
// It is not safe for concurrent use.
type Counters struct {
	// INVARIANT: the highest value of each sample of a counter that Rise was given.
	highest map[sampleKey]float64
}

type sampleKey struct{ name, label string }

// Rise returns the highest value that a sample of m had, and by how much it has
// grown since the last time. The first time, it has grown since 0.
func (c *Counters) Rise(m *Metric, s Sample) (value, growth float64) {
	if c.highest == nil {
		c.highest = make(map[sampleKey]float64)
	}
	key := sampleKey{m.Name, s.Label}
	before := c.highest[key]
	if s.Value <= before {
		return before, 0
	}
	c.highest[key] = s.Value
	return s.Value, s.Value - before
}

// Deltas turns readings into what happened between them. It is not safe for
// concurrent use.
type Deltas struct{ counters Counters }

// Report calls emit with every number of a reading that New Relic is to get: the
// growth of each counter since the last report, what each gauge is, and each ratio
// whose denominator grew. The first report has what happened before it.
func (d *Deltas) Report(r *Reading, emit func(m *Metric, label string, value float64)) {
	growth := make(map[sampleKey]float64)
	labels := make(map[string][]string) // of each counter, in order
	for i := range Table {
		m := &Table[i]
		if m.Type == Ratio {
			continue
		}
		for _, s := range m.Read(r) {
			value := s.Value
			if m.Type == Counter {
				_, value = d.counters.Rise(m, s)
				growth[sampleKey{m.Name, s.Label}] = value
				labels[m.Name] = append(labels[m.Name], s.Label)
			}
			emit(m, s.Label, value)
		}
	}
	for i := range Table {
		m := &Table[i]
		if m.Type != Ratio {
			continue
		}
		for _, label := range labels[m.Under] {
			if under := growth[sampleKey{m.Under, label}]; under > 0 {
				emit(m, label, growth[sampleKey{m.Over, label}]/under)
			}
		}
	}
}
