package inspect

import (
	"strings"
	"testing"

	"github.com/uds-platform/state/session"
)

// Each kind of mark is drawn in a way of its own, named in the legend, and in the JSON.
func TestMarksAreToldApartByKind(t *testing.T) {
	w := newWorld(t)
	kinds := []string{"goal", "suggestion", "conflict", "restore", "something else"}
	w.options.Marks = func(s *session.Session) (marks []Mark) {
		for _, kind := range kinds {
			marks = append(marks, Mark{At: s.Created(), Kind: kind, Note: "note of " + kind})
		}
		return marks
	}
	h := w.handler(t)
	path := "/sessions/" + idOf(w.session.Handle())
	drawn := make(map[string]int) // by class, in the legend and on the line
	for _, e := range parse(t, get(t, h, path)) {
		if class := e.attributes["class"]; e.name == "rect" && (class == "mark" || strings.HasPrefix(class, "mark ")) {
			drawn[class]++
		}
	}
	for _, class := range []string{"mark goal", "mark suggestion", "mark conflict", "mark restore", "mark"} {
		if drawn[class] != 2 {
			t.Errorf("%q is drawn %d times; want once on the line and once in the legend", class, drawn[class])
		}
	}
	shapes := make(map[[2]string]string)
	for _, kind := range kinds {
		k := markKindOf(kind)
		if other, taken := shapes[[2]string{k.Y, k.Height}]; taken {
			t.Errorf("%s and %s differ by colour alone", kind, other)
		}
		shapes[[2]string{k.Y, k.Height}] = kind
	}
	page := getJSON[SessionPage](t, h, path)
	for i, m := range page.Marks {
		if m.Kind != kinds[i] || m.Note != "note of "+m.Kind {
			t.Errorf("mark %d is %+v", i, m)
		}
	}
	if len(page.Marks) != len(kinds) {
		t.Errorf("%d marks in the JSON", len(page.Marks))
	}
}

func TestRedisIsTheSources(t *testing.T) {
	w := newWorld(t)
	h := w.handler(t)
	if page := getJSON[RedisPage](t, h, "/redis"); page.Tier == nil || page.Tier.Nodes != 3 || page.HitRatio == nil || *page.HitRatio != 61.0/78 {
		t.Errorf("%+v", page)
	}
	if got := getJSON[Overview](t, h, "/").Redis; got != "live" {
		t.Errorf("the first page says %q", got)
	}
	alone, err := Handler(w.state, w.options)
	if err != nil {
		t.Fatal(err)
	}
	if page := getJSON[RedisPage](t, alone, "/redis"); page.Tier != nil {
		t.Errorf("a State without Redis has %+v", page.Tier)
	}
}
