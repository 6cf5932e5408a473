package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/nrqltext"
	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/nrql"
)

// asker is the part of state.State that a session uses.
type asker interface {
	Query(ctx context.Context, account int, nrql string) (state.Result[state.Rows], error)
	QueryPreview(ctx context.Context, account int, nrql string) (state.Preview[state.Rows], error)
	StorePreview(account int, nrql string, rows state.Rows, t state.PreviewTerms) (bool, error)
}

// session is one discovery session: somebody who explores an account by the
// typical sequence (list, explore, profile, relate, assess), one event type
// after the other. Sessions share a state and nothing else; popular event types
// come up in many of them, which is what makes a shared state pay.
type session struct {
	state   asker
	name    string // tells its calls from those of others
	account int
	random  *rand.Rand
	record  *recorder
	diary   *diary // for a dashboard; nil where nobody looks
	// popularity orders event types the same way for every session of a run.
	popularity uint64
	// think is the longest pause between two queries.
	think time.Duration
	// rounds ends the session after so many event types; 0 means never.
	rounds int
}

const (
	// zipfExponent makes a few event types as popular as all others together.
	zipfExponent = 1.3
	// countedTypes is how many event types a session counts after it listed them:
	// a page of a long list.
	countedTypes = 8
	// exploredAttributes is how many attributes it looks at more closely.
	exploredAttributes = 4
	// listAttempts is how often it asks for the list before it gives up.
	listAttempts = 3
	// sampleRows is the size of the sample that quality is assessed on.
	sampleRows = 1000
	// glancedRows is the size of the sample that it begins with.
	glancedRows = 100
	// profiledHours is what a profile covers, and glancedHours what a preview of
	// it does.
	profiledHours = 24
	glancedHours  = 3
)

// run explores until the context ends, the rounds are over, or the account
// can't even be listed.
func (s *session) run(ctx context.Context) {
	for round := 0; ctx.Err() == nil && (s.rounds == 0 || round < s.rounds); round++ {
		types, ok := s.list(ctx)
		if !ok {
			return
		}
		s.explore(ctx, types)
	}
}

// list asks for the event types, most popular first.
func (s *session) list(ctx context.Context) (types []string, ok bool) {
	ctx = s.calling(ctx, "list", "")
	for range listAttempts {
		rows, err := s.ask(ctx, "SHOW EVENT TYPES SINCE 1 day ago")
		var f *fault
		if errors.As(err, &f) && f.unauthorized() {
			return nil, false
		}
		if err == nil && len(rows) > 0 {
			return s.byPopularity(textsOf(rows, "eventType")), true
		}
	}
	return nil, false
}

// byPopularity shuffles the list, for every session alike.
func (s *session) byPopularity(types []string) []string {
	ordered := slices.Clone(types)
	shared := rand.New(rand.NewPCG(s.popularity, 0))
	shared.Shuffle(len(ordered), func(i, j int) { ordered[i], ordered[j] = ordered[j], ordered[i] })
	return ordered
}

// pick draws an event type, popular ones more often.
func (s *session) pick(types []string) string {
	return types[rand.NewZipf(s.random, zipfExponent, 1, uint64(len(types)-1)).Uint64()]
}

// explore walks the sequence for one event type. What one step can't learn, the
// next does without, as a person would.
func (s *session) explore(ctx context.Context, types []string) {
	for range min(countedTypes, len(types)) {
		s.learn(s.calling(ctx, "list", ""), "SELECT count(*) FROM %s SINCE 24 hours ago", nrqltext.Name(s.pick(types)))
	}
	eventType := s.pick(types)
	exploring := s.calling(ctx, "explore", eventType)
	attributes := s.attributes(exploring, eventType)
	s.examine(exploring, eventType, attributes)
	s.profile(s.calling(ctx, "profile", eventType), eventType, attributes)
	s.relate(s.calling(ctx, "relate", eventType), eventType, attributes, s.pick(types))
	s.assess(s.calling(ctx, "assess", eventType), eventType)
}

// calling is ctx for the queries of one call of a tool: it lets the state foresee
// the next.
func (s *session) calling(ctx context.Context, tool, subject string) context.Context {
	return state.WithCall(ctx, state.Call{Session: s.name, Tool: tool, Subject: subject})
}

// attribute is a column as keyset() lists it.
type attribute struct {
	name string
	kind string
}

func (s *session) attributes(ctx context.Context, eventType string) []attribute {
	rows := s.learn(ctx, "SELECT keyset() FROM %s SINCE 1 hour ago", nrqltext.Name(eventType))
	var attributes []attribute
	for _, row := range rows {
		name, _ := row["key"].(string)
		kind, _ := row["type"].(string)
		if name != "" && name != "timestamp" {
			attributes = append(attributes, attribute{name: name, kind: kind})
		}
	}
	return attributes
}

// examine asks for coverage and examples of some attributes.
func (s *session) examine(ctx context.Context, eventType string, attributes []attribute) {
	for i, a := range attributes {
		if i == exploredAttributes {
			return
		}
		name, from := nrqltext.Name(a.name), nrqltext.Name(eventType)
		s.learn(ctx, "SELECT percentage(count(*), WHERE %s IS NOT NULL) FROM %s SINCE 1 hour ago", name, from)
		s.learn(ctx, "SELECT uniques(%s, 10) FROM %s SINCE 1 hour ago", name, from)
	}
}

// profile asks how the type behaves over a day, and over a few hours first.
func (s *session) profile(ctx context.Context, eventType string, attributes []attribute) {
	measured := "count(*)"
	for _, a := range attributes {
		if a.kind == "numeric" && (measured == "count(*)" || a.name == "duration") {
			measured = fmt.Sprintf("count(*), average(%s)", nrqltext.Name(a.name))
		}
	}
	over := func(hours int) string {
		return fmt.Sprintf("SELECT %s FROM %s TIMESERIES 1 hour SINCE %d hours ago", measured, nrqltext.Name(eventType), hours)
	}
	now := time.Now()
	s.glance(ctx, over(profiledHours), over(glancedHours), state.PreviewTerms{
		Window: nrql.Window{From: now.Add(-glancedHours * time.Hour), To: now},
	})
}

// assess looks at a sample of a day's events, and at a small one first.
func (s *session) assess(ctx context.Context, eventType string) {
	sample := func(rows int) string {
		return fmt.Sprintf("SELECT * FROM %s SINCE 24 hours ago LIMIT %d", nrqltext.Name(eventType), rows)
	}
	s.glance(ctx, sample(sampleRows), sample(glancedRows), state.PreviewTerms{SampleRate: float64(glancedRows) / sampleRows})
}

// glance asks for a preview and then waits for the full answer. Where there is no
// preview yet, it asks what is quicker to answer meanwhile, and leaves that behind
// as one, on these terms.
func (s *session) glance(ctx context.Context, nrql, quicker string, terms state.PreviewTerms) {
	if ctx.Err() != nil {
		return
	}
	began := time.Now()
	preview, err := s.state.QueryPreview(ctx, s.account, nrql)
	if err != nil {
		s.note(ctx, nrql, began, sent, state.Nothing, err)
		return
	}
	s.record.previews[preview.Quality]++
	if preview.Quality == state.Full {
		s.note(ctx, nrql, began, fromMemory, state.Full, nil)
		return
	}
	if preview.Quality == state.Nothing {
		if rows, err := s.ask(ctx, quicker); err == nil {
			// It is no loss where it is not kept: there is a better one by now.
			_, _ = s.state.StorePreview(s.account, nrql, rows, terms)
		}
	}
	full, err := preview.Wait(ctx)
	how := refined
	if full.Source == state.Origin {
		how = sent // there were too many loads behind previews
	}
	s.note(ctx, nrql, began, how, state.Full, err)
}

// relate checks whether another type can be joined: whether values of an
// attribute that both have occur in both.
func (s *session) relate(ctx context.Context, eventType string, attributes []attribute, other string) {
	if other == eventType {
		return
	}
	key := sharedKey(attributes, s.attributes(ctx, other))
	if key == "" {
		return
	}
	rows := s.learn(ctx, "SELECT uniques(%s, 10) FROM %s SINCE 1 hour ago", nrqltext.Name(key), nrqltext.Name(eventType))
	if len(rows) == 0 {
		return
	}
	values, _ := rows[0]["uniques."+key].([]any)
	var literals []string
	for _, v := range values {
		if text, ok := v.(string); ok {
			literals = append(literals, nrqltext.String(text))
		}
	}
	if len(literals) == 0 {
		return
	}
	s.learn(ctx, "SELECT uniqueCount(%s) FROM %s WHERE %s IN (%s) SINCE 1 hour ago",
		nrqltext.Name(key), nrqltext.Name(other), nrqltext.Name(key), strings.Join(literals, ", "))
}

// sharedKey is the first string attribute that both types have.
func sharedKey(one, other []attribute) string {
	for _, a := range one {
		if a.kind == "string" && slices.Contains(other, a) {
			return a.name
		}
	}
	return ""
}

// learn asks a query whose failure the session can live with: ask records the
// error, and the session goes on as if there were no rows.
func (s *session) learn(ctx context.Context, format string, args ...any) state.Rows {
	rows, err := s.ask(ctx, fmt.Sprintf(format, args...))
	if err != nil {
		return nil
	}
	return rows
}

// ask asks one query, records what came of it, and thinks about the answer.
func (s *session) ask(ctx context.Context, nrql string) (state.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	began := time.Now()
	result, err := s.state.Query(ctx, s.account, nrql)
	if err == nil && result.Quality == state.Stale {
		s.record.stale++
	}
	s.note(ctx, nrql, began, outcomeOf(result.Source), result.Quality, err)
	return result.Value, err
}

// note records what came of a query, and thinks about it.
func (s *session) note(ctx context.Context, nrql string, began time.Time, how outcome, quality state.Quality, err error) {
	took := time.Since(began)
	switch {
	case err != nil && ctx.Err() != nil:
		s.record.interrupted++
		return
	case err != nil:
		s.record.refused(err)
		how = failed
	default:
		s.record.answered(nrql, began, took, how)
	}
	s.diary.note(s.account, nrql, began, took, how, quality == state.Stale)
	if s.think > 0 {
		_ = clock.Sleep(ctx, time.Duration(s.random.Int64N(int64(s.think)))) // the next ask sees that the context ended
	}
}

func outcomeOf(source state.Source) outcome {
	switch source {
	case state.Memory:
		return fromMemory
	case state.Flight:
		return collapsed
	default:
		return sent
	}
}

// textsOf collects the strings of one column.
func textsOf(rows state.Rows, key string) []string {
	var texts []string
	for _, row := range rows {
		if text, ok := row[key].(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
