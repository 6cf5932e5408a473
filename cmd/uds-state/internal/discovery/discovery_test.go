package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/nrql"
	"github.com/uds-platform/state/session"
)

func TestTheGateLetsSoManyThroughAndSoManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		for range 2 {
			if err := g.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		outcomes := make(chan error, 2*waitersPerCall)
		for range 2 * waitersPerCall {
			go func() { outcomes <- g.enter(ctx) }()
		}
		synctest.Wait()
		var failure *Failure
		if err := g.enter(t.Context()); !errors.As(err, &failure) || failure.Code != Busy || !failure.Retryable {
			t.Errorf("one too many: %v", err)
		}
		g.leave()
		if err := <-outcomes; err != nil {
			t.Errorf("whose turn it is: %v", err)
		}
		for range 2*waitersPerCall - 1 {
			if err := <-outcomes; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who waits for too long: %v", err)
			}
		}
		if n := g.waiting.Load(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

func TestAnAnswerIsAsOldAsItsOldestAndAsGoodAsItsWorst(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	parts := []part{
		{source: state.Memory, quality: state.Full, asOf: ago(time.Hour), window: nrql.Window{From: ago(3 * time.Hour), To: ago(time.Hour)}},
		{source: state.Origin, quality: state.Full, asOf: now, window: nrql.Window{From: ago(time.Hour), To: now}},
		{source: state.Flight, quality: state.Stale, asOf: ago(time.Minute)},
		{source: state.Shared, quality: state.Full, asOf: ago(time.Minute)},
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 2, 3, 0}} {
		var w whole
		for _, i := range order {
			w.add(parts[i])
		}
		p := w.provenance("profile", now)
		if p.Source != "origin" || p.Quality != "stale" || p.AgeSeconds != 3600 || p.Queries != 4 || p.Preview ||
			!p.Window.From.Equal(ago(3*time.Hour)) || !p.Window.To.Equal(now) || p.Note == "" {
			t.Errorf("%v: %+v", order, p)
		}
	}
	for quality, preview := range map[state.Quality]bool{state.Full: false, state.Stale: false, state.Narrow: true, state.Sampled: true, state.Nothing: true} {
		var w whole
		w.add(part{source: state.Memory, quality: quality, asOf: now})
		p := w.provenance("profile", now)
		if p.Preview != preview || preview != strings.Contains(p.Note, `Call profile again with mode "full"`) {
			t.Errorf("%v: %+v", quality, p)
		}
	}
}

func TestOnlyReadsAreTaken(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT count(*) FROM Log":            true,
		"from Log select count(*)":            true,
		"SHOW EVENT TYPES":                    true,
		"-- a comment\nSELECT 1 FROM x":       true,
		"/* one */ /* two */ select %%%":      true,
		"WITH foo AS bar SELECT x":            true,
		"SELECT anything that NRDB may judge": true,
		"INSERT INTO Log":                     false,
		"UPDATE Log SET x = 1":                false,
		"selection FROM Log":                  false,
		"SELECT_FROM":                         false,
		"; SELECT count(*) FROM Log":          false,
		"":                                    false,
		"/* never ends SELECT":                false,
		"\x00SELECT":                          false,
		"{ actor { user { name } } }":         false,
	} {
		_, err := readOnly(text)
		if (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
		var failure *Failure
		if err != nil && (!errors.As(err, &failure) || failure.Code != NotARead || !strings.Contains(failure.Message, "SELECT, FROM or SHOW")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzWhatBeginsOtherwiseIsNotARead(f *testing.F) {
	for _, text := range []string{"SELECT 1", "delete from Log", "/* */ DROP", "-- \n SHOW", "//", "WITH a SELECT"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := readOnly(text); err != nil {
			return
		}
		switch word := strings.ToUpper(firstWord(text)); word {
		case "SELECT", "FROM", "SHOW", "WITH":
		default:
			t.Errorf("%q is taken for a read, and begins with %q", text, word)
		}
	})
}

// said is an error with NRDB's words.
type said struct{ kind error }

func (s said) Error() string        { return "an error" }
func (s said) Words() string        { return "NRDB's words" }
func (s said) Is(target error) bool { return target == s.kind }

func TestFailuresSayWhatToDo(t *testing.T) {
	s := &Server{options: Options{CallTimeout: time.Minute, IdleTimeout: time.Hour, Lifetime: 2 * time.Hour}}
	for _, c := range []struct {
		err   error
		code  Code
		again bool
		words string
	}{
		{session.ErrNotFound, UnknownHandle, false, "list_discoveries"},
		{fmt.Errorf("%w here; %w: %w", session.ErrNotFound, session.ErrUnreached, errors.New("a secret")), Unavailable, true, "try again"},
		{session.ErrExpired, ExpiredHandle, false, "ends after 1h without a call, and 2h after its start"},
		{session.ErrLimit, LimitReached, false, "end_discovery"},
		{context.DeadlineExceeded, Timeout, true, "1m0s"},
		{context.Canceled, Cancelled, false, ""},
		{&queryError{said{state.ErrDenied}}, AccessDenied, false, "NRDB's words"},
		{&queryError{said{state.ErrPermanent}}, QueryFailed, false, "NRDB's words"},
		{&queryError{said{state.ErrTemporary}}, Busy, true, "NRDB's words"},
		{&queryError{said{}}, Unavailable, true, "NRDB's words"},
		{&queryError{fmt.Errorf("%w: too long", state.ErrBadQuery)}, QueryFailed, false, ""},
		{&queryError{state.ErrLoadTimeout}, Timeout, true, "less time"},
		{&queryError{errors.New("a secret")}, Unavailable, true, "NRDB gave no answer"},
		{errors.New("a secret"), Internal, false, "log"},
		{fmt.Errorf("state: waiting: %w: %w", context.Canceled, errCut), Unavailable, true, "about to end"},
	} {
		f := s.failureOf(c.err)
		if f.Code != c.code || f.Retryable != c.again || !strings.Contains(f.Message, c.words) || strings.Contains(f.Message, "secret") {
			t.Errorf("%v: %+v", c.err, f)
		}
	}
}

func TestASchemaIsStrictOnTheWireToo(t *testing.T) {
	encoded, err := json.Marshal(object(map[string]*jsonschema.Schema{"n": number(1, 5, 2, "")}, "n"))
	if err != nil || !strings.Contains(string(encoded), `"additionalProperties":false`) || !strings.Contains(string(encoded), `"maximum":5`) {
		t.Errorf("%s, %v", encoded, err)
	}
}

func TestTextsAreCutBetweenLetters(t *testing.T) {
	for _, text := range []string{strings.Repeat("€", 100), strings.Repeat("a", 100), "\xff\xfe" + strings.Repeat("a", 100)} {
		for most := range 20 {
			if got := shortened(text, most); !utf8.ValidString(got) || len(got) > most+len("…") {
				t.Errorf("%q at %d: %q", text[:10], most, got)
			}
		}
	}
}

func TestOptionsNameEveryFault(t *testing.T) {
	_, err := New(Options{MaxCalls: -1, CallTimeout: time.Hour})
	if !errors.Is(err, ErrOptions) {
		t.Fatal(err)
	}
	for _, field := range []string{"State, Sessions and Owner", "Accounts", "IdleTimeout", "MaxCalls", "CallTimeout"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}

func TestAQualityAssessmentFindsWhatIsWrong(t *testing.T) {
	taken := time.UnixMilli(10_000_000)
	rows := state.Rows{}
	for i := range 10 {
		row := map[string]any{"timestamp": float64(1_000_000 + i), "ok": "a", "mixed": "b", "blank": " "}
		if i == 0 {
			row["sparse"], row["mixed"] = "c", 1.0
		}
		rows = append(rows, row)
	}
	rows = append(rows, rows[9])
	var out assessed
	out.assess(rows, taken)
	issues := strings.Join(out.Issues, "; ")
	for _, want := range []string{"less than half of the events: sparse", "several types: mixed", "empty texts: blank", "1 events come twice", "newest event is 2h30m"} {
		if !strings.Contains(issues, want) {
			t.Errorf("%q is not in %s", want, issues)
		}
	}
	if out.Attributes[0].Name != "sparse" || out.Score >= 100 || out.Duplicates != 1 {
		t.Errorf("%+v", out)
	}
}

func TestArgumentsAreHeldAgainstTheirSchema(t *testing.T) {
	input, err := object(map[string]*jsonschema.Schema{
		"handle": handleArgument(), "event_type": eventTypeArgument(), "mode": modeArgument(), "hours": number(1, 10, 5, ""),
	}, "handle", "event_type").Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	const handle = "AAAAAAAAAAAAAAAAAAAAAAAA"
	var in profileInput
	if err := read(json.RawMessage(`{"handle":"`+handle+`","event_type":"Log"}`), input, &in); err != nil {
		t.Fatal(err)
	}
	if in.Handle != handle || in.EventType != "Log" || in.Mode != modeFull || in.Hours != 5 {
		t.Errorf("%+v", in)
	}
	for _, arguments := range []string{
		``, `null`, `[]`, `{`, `{"handle":"` + handle + `"}`, `{"handle":"` + handle + `","event_type":"Log","hour":1}`,
		`{"handle":"` + handle + `","event_type":"Log","hours":11}`, `{"handle":"` + handle + `","event_type":"Log","hours":1.5}`,
		`{"handle":"` + handle + `","event_type":"a\u0060b"}`, `{"handle":"` + handle + `","event_type":"` + strings.Repeat("€", 100) + `"}`,
	} {
		var failure *Failure
		if err := read(json.RawMessage(arguments), input, &profileInput{}); !errors.As(err, &failure) || failure.Code != InvalidArguments {
			t.Errorf("%s: %v", arguments, err)
		}
	}
}

func TestOnlyTheServersAccountsAreExplored(t *testing.T) {
	s := &Server{options: Options{Accounts: []int{3, 4}}}
	var failure *Failure
	if _, err := start(&call{server: s}, startInput{Goal: " ", Account: 5}); !errors.As(err, &failure) || failure.Code != AccountNotAllowed {
		t.Errorf("another account: %v", err)
	}
	if _, err := start(&call{server: s}, startInput{Goal: " ", Account: 4}); !errors.As(err, &failure) || failure.Code != InvalidArguments {
		t.Errorf("a blank goal: %v", err)
	}
}

func TestRowsAreBounded(t *testing.T) {
	rows := state.Rows{}
	for range 1000 {
		rows = append(rows, map[string]any{"text": strings.Repeat("a", 1000)})
	}
	kept, size := bounded(rows, 1000)
	if size > maxRowsBytes+len(kept) || len(kept) < 100 || len(kept) == 1000 {
		t.Errorf("%d rows of %d bytes", len(kept), size)
	}
	if kept, _ := bounded(rows, 3); len(kept) != 3 {
		t.Errorf("%d rows", len(kept))
	}
}

func TestAPanicInAPartIsTheCallers(t *testing.T) {
	c := &call{}
	defer func() {
		if r := recover(); r != "oops" {
			t.Errorf("recovered %v", r)
		}
	}()
	c.each(10, func(i int) {
		if i == 3 {
			panic("oops")
		}
	})
	t.Error("nobody is told")
}
