package fuzz

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/uds-platform/state"
)

// FuzzKey makes keys of parts that mean the same, and of parts that nearly do:
// the keys are the same exactly where scope, name and meanings are.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{
		"",
		"\x00\x01\x00\x01n\x03\x0b\x02ab\x0b\x01c\x02\x05\x00\x00\x00\x03",
		"\x00\x07\x03bob\x01n\x02\x02\x00\x05\x05\x04\x03\x00\x01\x02\x00\x00\x00\x08\x00",
		"\x00\x07\x00\x01n\x02\x0a\x02\x0b\x01a\x0b\x01b\x0b\x02\x01a\x02\x00\x09\x01b\x0b\x01c\x03\x00\x01\x05",
		"\x00\x07\x00\x01n\x02\x09\x01a\x09\x01b\x00\x00\x00\x00\x04\x00\x08\x06",
		"\x00\x07\x01p\x02no\x01\x06\x04abcd\x01\x01\x00\x00\x09\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		a := named{drawScope(s), s.text(), drawMeanings(s, 0)}
		key, ok := a.key(t, s)
		if !ok {
			return
		}
		if again, _ := a.key(t, s); again != key {
			t.Fatalf("two ways to write %#v gave two keys", a)
		}
		checkText(t, a, key)
		b := a.edited(s)
		other, ok := b.key(t, s)
		if same := reflect.DeepEqual(a, b); ok && same != (key == other) {
			t.Fatalf("same: %v, same key: %v\n%#v\n%#v", same, key == other, a, b)
		}
		if want := fmt.Sprintf("%s (account %d)", a.name, a.scope.Account); key.String() != want {
			t.Fatalf("the key of %#v prints as %q", a, key)
		}
	})
}

// named is what a key is made of.
type named struct {
	scope state.Scope
	name  string
	parts sequence
}

func drawScope(s *script) state.Scope {
	account := s.integer()
	return state.Scope{Account: int(min(account, math.MaxInt)), Principal: s.text()}
}

// key makes the key of one way to write the parts. It is not ok where the scope
// or the name must be refused.
func (n named) key(t *testing.T, s *script) (state.Key, bool) {
	var parts []any
	for _, m := range n.parts {
		parts = append(parts, spell(s, m))
	}
	key, err := state.NewKey(n.scope, n.name, parts...)
	if n.scope.Account <= 0 || n.name == "" || len(n.name) > 128 {
		checkRefused(t, key, err)
		return key, false
	}
	if err != nil {
		t.Fatalf("NewKey of %#v: %v", n, err)
	}
	return key, true
}

// edited changes one thing, or moves a byte over a boundary.
func (n named) edited(s *script) named {
	switch s.below(6) {
	case 0:
		n.scope.Account++
	case 1:
		n.scope.Principal += "\x00"
	case 2:
		n.name, n.scope.Principal = n.name[1:], n.scope.Principal+n.name[:1]
	case 3:
		if p := n.scope.Principal; p != "" {
			n.scope.Principal, n.name = p[1:], n.name+p[:1]
		}
	default:
		n.parts = edited(s, n.parts)
	}
	return n
}

// checkText: TextKey is NewKey for one text, and only for that.
func checkText(t *testing.T, n named, key state.Key) {
	text := "text"
	if len(n.parts) > 0 {
		text, _ = n.parts[0].(string)
	}
	short, err := state.TextKey(n.scope.Account, n.name, text)
	if err != nil {
		t.Fatalf("TextKey of %q: %v", text, err)
	}
	same := reflect.DeepEqual(n, named{state.Scope{Account: n.scope.Account}, n.name, sequence{text}})
	if same != (short == key) {
		t.Fatalf("TextKey of %q is the key of %#v: %v, want %v", text, n, short == key, same)
	}
}

func checkRefused(t *testing.T, key state.Key, err error) {
	t.Helper()
	if !errors.Is(err, state.ErrBadKey) || key != (state.Key{}) {
		t.Fatalf("%v, %v; want the zero Key and ErrBadKey", key, err)
	}
}

// secret is what no error may repeat.
const secret = "hunter2"

// FuzzHostileParts puts what cannot be part of a key, or contains itself, or is
// too large, anywhere among good parts: an error names the part, and never its
// value.
func FuzzHostileParts(f *testing.F) {
	for kind := range byte(hostileParts) {
		f.Add([]byte{1, 0, kind, 0})
		f.Add([]byte{2, 0, 0, kind, 40, 1, 0, 1, 0, 1})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{rest: data}
		var parts []any
		for _, m := range drawMeanings(s, 0) {
			parts = append(parts, spell(s, m))
		}
		index := len(parts)
		parts = append(parts, wrapped(s, hostile(s)))
		for _, m := range drawMeanings(s, 0) {
			parts = append(parts, spell(s, m))
		}
		key, err := state.NewKey(state.Scope{Account: 1, Principal: secret}, "name", parts...)
		checkRefused(t, key, err)
		if !strings.Contains(err.Error(), fmt.Sprintf(": part %d (", index)) {
			t.Fatalf("part %d is to blame: %v", index, err)
		}
		if strings.Contains(err.Error(), secret) {
			t.Fatalf("the error repeats a value: %v", err)
		}
	})
}

// hostileParts is how many kinds of hostile part there are.
const hostileParts = 16

// hostile returns a part that NewKey must refuse.
func hostile(s *script) any {
	text, cyclicList, cyclicMap := secret, []any{secret, nil}, map[string]any{}
	cyclicList[1], cyclicMap[secret] = cyclicList, cyclicMap
	return []any{
		&text,
		(*int)(nil),
		struct{ Password string }{secret},
		func() string { return secret },
		make(chan string),
		uintptr(7),
		math.NaN(),
		float32(math.NaN()),
		complex(1, 2),
		errors.New(secret),
		cyclicList,
		cyclicMap,
		map[int]string{1: secret},
		strings.Repeat(secret, state.MaxKeyBytes/len(secret)+1),
		make([]any, state.MaxKeyBytes),
		[]any{[]byte(strings.Repeat(secret, state.MaxKeyBytes/len(secret))), "and more"},
	}[s.below(hostileParts)]
}

// wrapped hides a part in lists and maps, past the depth that is allowed and
// within it.
func wrapped(s *script, part any) any {
	for range s.below(2 * state.MaxKeyDepth) {
		if s.bool() {
			part = map[string]any{secret: part, "": nil}
		} else {
			part = []any{secret, part}
		}
	}
	return part
}
