package fuzz

import (
	"math"
	"reflect"
	"time"
)

type (
	namedText    string
	namedInteger int64
	namedList    []any
	namedOctets  []byte
	namedFloat   float64
)

// spell writes a meaning as a Go value, in one of the ways that are to give the
// same key.
func spell(s *script, m any) any {
	switch m := m.(type) {
	case natural:
		return spellInteger(s, uint64(m), uint64(m) <= math.MaxInt64, int64(m))
	case negative:
		return spellInteger(s, 0, true, ^int64(m))
	case float64:
		return spellFloat(s, m)
	case string:
		return choose[any](s, m, namedText(m))
	case octets:
		return spellOctets(s, m)
	case instant:
		zone := time.FixedZone("", int(s.byte())*300-12*3600)
		return time.Unix(m.seconds, m.nanoseconds).In(choose(s, time.UTC, zone))
	case sequence:
		return spellList(s, m)
	case mapping:
		return spellMapping(s, m)
	default:
		return m
	}
}

func spellList(s *script, m sequence) any {
	list := make([]any, 0, len(m))
	texts := make([]string, 0, len(m))
	for _, element := range m {
		list = append(list, spell(s, element))
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	switch way := s.below(4); {
	case way == 0 && len(m) == 0:
		return []time.Time(nil)
	case way == 1 && len(m) == 2:
		return [2]any(list)
	case way == 2 && len(texts) == len(m):
		return texts
	case way == 3:
		return namedList(list)
	}
	return list
}

func spellMapping(s *script, m mapping) any {
	if len(m) == 0 && s.bool() {
		return map[namedText]int(nil)
	}
	plain, named := make(map[string]any), make(map[namedText]any)
	for i := range m {
		p := m[(i+1)%len(m)]
		value := spell(s, p.value)
		plain[p.key], named[namedText(p.key)] = value, value
	}
	return choose[any](s, plain, named)
}

func spellOctets(s *script, m octets) any {
	if len(m) == 4 && s.bool() {
		return [4]byte([]byte(m))
	}
	return choose[any](s, []byte(m), namedOctets(m))
}

func spellFloat(s *script, m float64) any {
	if m == 0 && s.bool() {
		return math.Copysign(0, -1)
	}
	if narrow := float32(m); float64(narrow) == m && s.bool() {
		return narrow
	}
	return choose[any](s, m, namedFloat(m))
}

// spellInteger chooses among the types that hold an integer: n where it is
// signed, u where it is not negative.
func spellInteger(s *script, u uint64, signed bool, n int64) any {
	types := []reflect.Type{reflect.TypeFor[uint64]()}
	if signed {
		types = []reflect.Type{reflect.TypeFor[int64](), reflect.TypeFor[namedInteger]()}
		for _, t := range []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32]()} {
			if !reflect.Zero(t).OverflowInt(n) {
				types = append(types, t)
			}
		}
	}
	if !signed || n >= 0 {
		for _, t := range []reflect.Type{reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64]()} {
			if !reflect.Zero(t).OverflowUint(u) {
				types = append(types, t)
			}
		}
	}
	t := types[s.below(len(types))]
	if t.Kind() >= reflect.Uint {
		return reflect.ValueOf(u).Convert(t).Interface()
	}
	return reflect.ValueOf(n).Convert(t).Interface()
}
