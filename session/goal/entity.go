package goal

import (
	"slices"
	"strings"
	"unicode"
)

// kinds are the words beside which a name stands, and the kind that they say.
var kinds = map[string]string{
	"service": "service", "microservice": "service", "app": "service", "application": "service", "api": "service",
	"host": "host", "server": "host", "machine": "host", "instance": "host", "node": "host", "vm": "host",
	"cluster": "cluster", "namespace": "namespace", "pod": "pod", "deployment": "deployment", "container": "container",
	"database": "database", "db": "database", "queue": "queue", "topic": "topic", "team": "team", "monitor": "monitor", "job": "job",
}

// quotedName reads a text in quotes: the name of an event type or an attribute,
// where it is one, or else of something.
func (r *reader) quotedName() {
	t := &r.tokens[r.at]
	if name, ok := r.lexicon.types[strings.ToLower(t.raw)]; ok && name == t.raw {
		r.nameType(name)
		return
	}
	if r.attributeName(t) {
		return
	}
	if strings.IndexFunc(t.raw, unicode.IsLetter) >= 0 {
		r.addEntity(r.kindBeside(r.at), t.raw)
	}
}

func (r *reader) kindBeside(i int) string {
	if kind := kinds[r.word(i+1)]; kind != "" && r.tokens[i+1].brk == 0 {
		return kind
	}
	before := r.word(i - 1)
	if before == "called" || before == "named" {
		before = r.word(i - 2)
	}
	return kinds[before]
}

func (r *reader) addEntity(kind, name string) {
	e := Entity{Kind: kind, Name: name, Excluded: r.scope.negated()}
	same := func(other Entity) bool { return other.Name == name }
	if list := &r.goal.Entities; len(*list) < MaxGuesses && len(name) <= maxQuoted && !slices.ContainsFunc(*list, same) {
		*list = append(*list, e)
	}
}

// plainName reads a word that means nothing to the lexicon: it is a name where it
// is written like one (checkout-service, web-01), or stands beside "service" and
// the like.
func (r *reader) plainName() {
	t := &r.tokens[r.at]
	letters := strings.IndexFunc(t.raw, unicode.IsLetter) >= 0
	mark := strings.IndexByte(t.raw, '-')
	if letters && mark > 0 && !strings.ContainsAny(t.raw, ":/$%@+") && !plainCompound(t.word) {
		r.addEntity(r.kindBeside(r.at), t.raw)
		return
	}
	r.service(r.at, r.at+1)
}

// plainCompound is true of what is written with a hyphen and is no name.
func plainCompound(w string) bool {
	first, _, _ := strings.Cut(w, "-")
	return compounds[first] || functional[first] || first[0] <= '9' && len(first) < 4
}

var compounds = map[string]bool{
	"real": true, "end": true, "read": true, "write": true, "re": true, "non": true, "high": true, "low": true, "long": true, "slow": true,
	"so": true, "per": true, "week": true, "month": true, "day": true, "year": true, "e": true, "multi": true, "cross": true, "pre": true, "post": true,
	"third": true, "on": true, "up": true, "out": true, "client": true, "server": true, "user": true, "root": true, "cold": true, "sign": true, "log": true, "drill": true, "deep": true, "top": true, "break": true,
}

// service reads "the checkout service": the words from i to next are a name if
// they are one plain word, the next says what kind of thing it is, and they mean
// nothing that would make "slow service" a name.
func (r *reader) service(i, next int) {
	kind := kinds[r.word(next)]
	if kind == "" || next-i != 1 || r.tokens[next].brk != 0 {
		return
	}
	t := &r.tokens[i]
	if plural := strings.HasSuffix(strings.ToLower(r.tokens[next].raw), "s"); plural || functional[t.word] || generic[t.word] || len(t.word) < 3 || t.word[0] <= '9' || r.facetAt(i) {
		return
	}
	if e, _ := r.lexicon.match(r.tokens[:next], i); e != nil && !nameable(e) {
		return
	}
	if _, _, ok := r.calendar.at(i); ok {
		return
	}
	r.addEntity(kind, t.raw)
}

func (r *reader) facetAt(i int) bool { return facetCues[r.word(i-1)] }

// nameable says that what an entry's words mean may be the name of a service too:
// orders, payments, search.
func nameable(e *Entry) bool {
	for _, g := range e.Intents {
		if g.Intent != Business {
			return false
		}
	}
	return len(e.EventTypes) == 0 && e.Measure.Function == ""
}

// generic are words before "service" that name none.
var generic = map[string]bool{
	"web": true, "backend": true, "public": true, "internal": true, "external": true, "downstream": true, "upstream": true, "new": true, "old": true,
	"production": true, "prod": true, "staging": true, "main": true, "same": true, "single": true, "background": true, "ios": true, "android": true,
	"kubernetes": true, "k8s": true, "mobile": true, "rest": true, "your": true, "critical": true, "custom": true,
}

// attributeName reads a word that is written as only attributes are, or that is
// one of those that exist.
func (r *reader) attributeName(t *token) bool {
	name, known := r.lexicon.attributes[strings.ToLower(t.raw)]
	if known && (name == t.raw || isAttribute(t.raw)) {
		r.addAttribute(name)
		return true
	}
	if !isAttribute(t.raw) {
		return false
	}
	r.addAttribute(t.raw)
	return true
}

func (r *reader) addAttribute(name string) {
	if list := &r.goal.Attributes; len(*list) < MaxGuesses && !r.scope.negated() && !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// isAttribute is true of appName, http.statusCode, status_code; and false of
// example.com, 2.5, e.g, GitHub, iOS.
func isAttribute(raw string) bool {
	if len(raw) < 4 || len(raw) > maxNameBytes || raw[0] < 'a' || raw[0] > 'z' {
		return false
	}
	camel, marked := false, false
	for i := 1; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c >= 'A' && c <= 'Z':
			camel = camel || i > 1
		case c == '.' || c == '_':
			marked = true
		default:
			return false
		}
	}
	if camel || !marked {
		return camel
	}
	last := raw[strings.LastIndexAny(raw, "._")+1:]
	return len(last) > 1 && !topLevel[last]
}

// topLevel are the ends of what is a host rather than an attribute.
var topLevel = map[string]bool{"com": true, "net": true, "org": true, "io": true, "dev": true, "local": true, "internal": true, "example": true, "go": true, "js": true, "py": true, "java": true, "html": true, "php": true, "json": true}
