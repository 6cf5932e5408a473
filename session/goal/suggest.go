package goal

import (
	"cmp"
	"slices"
)

// Tools are the names that an embedder gives the tools of a discovery. A name left
// empty is the one that the field's comment has; "-" is a tool that there is not.
type Tools struct {
	List    string // list_event_types
	Explore string // explore_attributes
	Profile string // profile
	Relate  string // find_relationships
	Assess  string // assess_quality
	Query   string // query_nrql
}

const steps = 6

// names returns the tools in the order of a discovery.
func (t Tools) names() [steps]string {
	return [...]string{
		cmp.Or(t.List, "list_event_types"), cmp.Or(t.Explore, "explore_attributes"), cmp.Or(t.Profile, "profile"),
		cmp.Or(t.Relate, "find_relationships"), cmp.Or(t.Assess, "assess_quality"), cmp.Or(t.Query, "query_nrql"),
	}
}

// The steps of a discovery, in its order.
const (
	listStep = iota
	exploreStep
	profileStep
	relateStep
	assessStep
	queryStep
)

// Done is a call that a session has made.
type Done struct {
	Tool      string
	EventType string // what it was called on, if anything
}

// Progress is how far a session has come.
type Progress struct {
	// Available are the event types that are known to exist: at best those that
	// the first tool has listed. Without any, the goal's own are taken.
	Available []string
	// Explored are the event types whose attributes are known.
	Explored []string
	// Calls are in the order that they were made in.
	Calls []Done
	// Tools are the embedder's.
	Tools Tools
	// Learned is what was taken before in such a place; nil where nothing is.
	Learned *Learner
}

// Suggestion is a call that may be made next.
type Suggestion struct {
	Tool      string
	EventType string // what to call it on; "" for the list of event types
	NRQL      string // for the query tool; else ""
	Reason    string // a sentence's part, for people
	// Score orders suggestions. Only its order means anything.
	Score float64
}

const (
	// suggestedTypes is how many event types suggestions are made for.
	suggestedTypes = 5
	// MaxSuggestions is how many Suggest returns, at most.
	MaxSuggestions = 10
	// mostLearned bounds how far habit can move a suggestion up or down, so that
	// a fresh one is still seen.
	mostLearned = 3.0
)

// Suggest returns what may be called next, best first. The order of a discovery
// says what can be called: event types are listed, a type is explored before it
// is profiled, related or assessed, and nothing is suggested that was done. The
// goal says on which type and how urgently: assess_quality for a goal of quality,
// query_nrql for one that has a measure. Habit says the rest: a step is worth more
// by as much as Learned has it likelier than others.
//
// The same arguments give the same suggestions in the same order.
func (l *Lexicon) Suggest(g Goal, p Progress) []Suggestion {
	s := suggesting{goal: g, progress: &p, tools: p.Tools.names()}
	if n := len(p.Calls); n > 0 {
		s.previous = p.Calls[n-1].Tool
	}
	s.list()
	available := p.Available
	if len(available) == 0 {
		for _, t := range g.EventTypes {
			available = append(available, t.Name)
		}
	}
	for i, t := range l.Rank(g, available) {
		if i == suggestedTypes || t.Confidence == 0 && i > 0 {
			break
		}
		s.about(t)
	}
	slices.SortStableFunc(s.found, func(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) })
	return s.found[:min(len(s.found), MaxSuggestions)]
}

// suggesting is one run of Suggest.
type suggesting struct {
	goal     Goal
	progress *Progress
	tools    [steps]string
	previous string
	found    []Suggestion
}

func (s *suggesting) done(step int, eventType string) bool {
	return slices.Contains(s.progress.Calls, Done{s.tools[step], eventType}) || step == exploreStep && slices.Contains(s.progress.Explored, eventType)
}

func (s *suggesting) after(intent Intent) bool {
	return slices.ContainsFunc(s.goal.Intents, func(i IntentGuess) bool { return i.Intent == intent })
}

// add takes a suggestion up, weighed by habit.
func (s *suggesting) add(step int, base float64, sug Suggestion) {
	sug.Tool = s.tools[step]
	if sug.Tool == "-" {
		return
	}
	habit := steps * s.progress.Learned.probability(s.goal, s.previous, sug.Tool, steps)
	habit = max(min(habit, mostLearned), 1/mostLearned)
	sug.Score = base * habit
	if habit > 1.5 {
		sug.Reason += "; it is what usually comes next"
	}
	s.found = append(s.found, sug)
}

func (s *suggesting) list() {
	listed := len(s.progress.Available) > 0 || slices.ContainsFunc(s.progress.Calls, func(d Done) bool { return d.Tool == s.tools[listStep] })
	if listed {
		return
	}
	if len(s.goal.EventTypes) > 0 {
		s.add(listStep, 0.6, Suggestion{Reason: "the event types of the account are not known yet, though the goal speaks of " + s.goal.EventTypes[0].Name})
		return
	}
	s.add(listStep, 1, Suggestion{Reason: "the event types of the account are not known yet"})
}

// about adds what can be done next with an event type.
func (s *suggesting) about(t TypeGuess) {
	weight := 0.2 + 0.8*t.Confidence
	if !s.done(exploreStep, t.Name) {
		s.add(exploreStep, weight, Suggestion{EventType: t.Name, Reason: s.relevance(t) + ", and its attributes are not known yet"})
		return
	}
	for _, step := range s.further(t.Name) {
		if !s.done(step.step, t.Name) {
			s.add(step.step, weight*step.base, Suggestion{EventType: t.Name, NRQL: step.nrql, Reason: step.reason})
		}
	}
}

type furtherStep struct {
	step         int
	base         float64
	nrql, reason string
}

// further are the steps with a type that is explored.
func (s *suggesting) further(name string) []furtherStep {
	steps := []furtherStep{
		{profileStep, 0.7, "", "the attributes of " + name + " are known, their values are not"},
		{relateStep, 0.4, "", "what " + name + " has in common with other event types is not known yet"},
		{assessStep, 0.35, "", "how far " + name + " can be trusted is not known yet"},
	}
	if s.after(Exploration) && len(s.goal.EventTypes) > 1 {
		steps[1].base, steps[1].reason = 0.9, "the goal speaks of several event types, and what "+name+" has in common with them is not known yet"
	}
	if s.after(Quality) {
		steps[2].base, steps[2].reason = 1, "the goal is about the quality of the data, and "+name+" has not been assessed"
	}
	if q, ok := answer(s.goal, name); ok {
		steps = append(steps, furtherStep{queryStep, 0.85, q.NRQL, "it asks for what the goal is after: " + q.Reason})
	}
	return steps
}

func (s *suggesting) relevance(t TypeGuess) string {
	if slices.ContainsFunc(s.goal.EventTypes, func(own TypeGuess) bool { return own.Name == t.Name }) {
		return "the goal speaks of " + t.Name
	}
	if t.Confidence > 0 && len(s.goal.Intents) > 0 {
		return t.Name + " is about " + string(s.goal.Intents[0].Intent)
	}
	return t.Name + " is there"
}
