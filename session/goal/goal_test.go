package goal

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

func TestGoalsComeBackFromCBORAndJSON(t *testing.T) {
	l := evaluationLexicon(t)
	zone := time.FixedZone("", 5400)
	for _, e := range append(readExamples(t), example{text: "except 'x'\xff: by a.b, compared to last week"}) {
		g := l.Parse(e.text, time.Date(2026, 11, 23, 15, 30, 1, 999, zone))
		var fromCBOR, fromJSON Goal
		data, err := cbor.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := cbor.Unmarshal(data, &fromCBOR); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &fromJSON); err != nil {
			t.Fatal(err)
		}
		for _, back := range []Goal{fromCBOR, fromJSON} {
			if !back.Window.From.Equal(g.Window.From) || !back.Window.To.Equal(g.Window.To) {
				t.Errorf("%+v became %+v", g.Window, back.Window)
			}
			back.Window.From, back.Window.To = g.Window.From, g.Window.To
			if !reflect.DeepEqual(back, g) {
				t.Errorf("%+v\nbecame\n%+v", g, back)
			}
		}
	}
}

func TestWindowsInNRQL(t *testing.T) {
	from := time.UnixMilli(1_000_000)
	for want, w := range map[string]Window{
		"":                            {},
		"SINCE 2 days ago":            {From: from, To: from.Add(48 * time.Hour), Open: true, Length: 48 * time.Hour},
		"SINCE 1 hour ago":            {From: from, To: from.Add(time.Hour), Open: true, Length: time.Hour},
		"SINCE 90 minutes ago":        {From: from, To: from.Add(time.Hour), Open: true, Length: 90 * time.Minute},
		"SINCE 5 seconds ago":         {From: from, To: from.Add(time.Hour), Open: true, Length: 5 * time.Second},
		"SINCE 1000000":               {From: from, To: from.Add(time.Hour), Open: true},
		"SINCE 1000000 UNTIL 1060000": {From: from, To: from.Add(time.Minute)},
		"SINCE 0 UNTIL 1000000":       {From: from.AddDate(-20, 0, 0), To: from},
		"SINCE 0 UNTIL 0":             {From: from.AddDate(-20, 0, 0), To: from.AddDate(-10, 0, 0)},
		"SINCE 1 hour ago COMPARE WITH 1 day ago": {Compare: 24 * time.Hour},
	} {
		if got := w.Clause(); got != want {
			t.Errorf("%+v is %q, want %q", w, got, want)
		}
	}
}
