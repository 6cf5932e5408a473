package goal

import (
	"cmp"
	"slices"
)

// relevant are the event types that an intent leads to when the text names none,
// in tenths of certainty.
var relevant = map[Intent][]scored{
	Performance:  weighted("Transaction 6 Span 4 PageView 3 Metric 2"),
	Errors:       weighted("TransactionError 6 Transaction 4 Log 4 JavaScriptError 3 Span 2"),
	Cost:         weighted("NrConsumption 7 NrMTDConsumption 5 NrUsage 3 Metric 2"),
	Usage:        weighted("Transaction 5 PageView 5 PageAction 3 MobileSession 2"),
	Capacity:     weighted("SystemSample 6 StorageSample 4 ProcessSample 4 ContainerSample 3 K8sNodeSample 3 K8sContainerSample 3"),
	Availability: weighted("SyntheticCheck 6 NrAiIncident 5 Transaction 3 SystemSample 2"),
	Security:     weighted("NrAuditEvent 5 Log 4 Vulnerability 4"),
	Change:       weighted("Deployment 6 ChangeTrackingEvent 4 NrAuditEvent 3 InfrastructureEvent 3"),
	Business:     weighted("PageAction 4 Transaction 2"),
	Quality:      weighted("NrIntegrationError 4 Metric 2"),
}

// Rank orders event types by their relevance to a goal, best first, and those
// that are as relevant as they were given. It takes together what the text says
// of a type, what its intents lead to, and the words of the type's name that are
// in the text, as Parse takes evidence together. Types that the text rules out are
// left out; what it says nothing of has confidence 0.
//
// It takes time in proportion to the types' names and the text.
func (l *Lexicon) Rank(g Goal, eventTypes []string) []TypeGuess {
	mentioned := make(map[string]bool)
	for _, t := range tokenise(g.Text[:min(len(g.Text), MaxBytes)]) {
		for _, w := range camelWords(t.raw) {
			mentioned[w] = !functional[w]
		}
	}
	list := make([]scored, 0, len(eventTypes))
	for _, name := range eventTypes {
		if !slices.Contains(g.Excluded, name) {
			list = append(list, scored{name, miss(g, name, mentioned)})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(a.miss, b.miss) })
	ranked := make([]TypeGuess, len(list))
	for i, s := range list {
		ranked[i] = TypeGuess{s.name, certainty(s.miss)}
	}
	return ranked
}

// perWord is what a word of a type's name is worth when it is in the text. It is
// little: every sample has "sample" in its name.
const perWord = 0.3

func miss(g Goal, name string, mentioned map[string]bool) float64 {
	m := 1.0
	for _, t := range g.EventTypes {
		if t.Name == name {
			m *= 1 - t.Confidence
		}
	}
	for _, i := range g.Intents {
		for _, s := range relevant[i.Intent] {
			if s.name == name {
				m *= 1 - i.Confidence*(1-s.miss)
			}
		}
	}
	for _, w := range camelWords(name) {
		if mentioned[w] {
			m *= 1 - perWord
		}
	}
	return m
}
