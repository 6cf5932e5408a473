package fuzz

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A meaning is what a key's part stands for, however it is written in Go: nil, a
// bool, a float64, a string, a time.Duration, or one of the types below. Two
// meanings are the same where reflect.DeepEqual says so.
type (
	natural  uint64
	negative uint64 // -(n+1)
	octets   string
	instant  struct{ seconds, nanoseconds int64 }
	sequence []any
	mapping  []pair // by key
	pair     struct {
		key   string
		value any
	}
)

// deepestDrawn keeps what a script draws well within MaxKeyDepth.
const deepestDrawn = 5

func drawMeanings(s *script, depth int) sequence {
	list := sequence{}
	for range s.below(5) {
		list = append(list, drawMeaning(s, depth))
	}
	return list
}

func drawMeaning(s *script, depth int) any {
	kinds := 12
	if depth >= deepestDrawn {
		kinds = 10
	}
	switch s.below(kinds) {
	case 0:
		return nil
	case 1:
		return s.bool()
	case 2, 3:
		if n := s.integer(); n < 0 {
			return negative(^n)
		} else {
			return natural(n)
		}
	case 4:
		return natural(uint64(s.integer()))
	case 5:
		return drawFloat(s)
	case 6:
		return octets(s.text())
	case 7:
		const furthest = 1 << 36
		return instant{s.integer() % furthest, int64(s.size()) * 200_000}
	case 8:
		return time.Duration(s.integer())
	case 10:
		return drawMeanings(s, depth+1)
	case 11:
		return drawMapping(s, depth+1)
	default:
		return s.text()
	}
}

// drawFloat never returns NaN, which is no part, nor -0, which means 0.
func drawFloat(s *script) float64 {
	f := math.Float64frombits(uint64(s.integer()))
	if f != f || f == 0 {
		return float64(s.byte())
	}
	return f
}

func drawMapping(s *script, depth int) mapping {
	m := mapping{}
	for range s.below(4) {
		m = append(m, pair{s.text(), drawMeaning(s, depth)})
	}
	slices.SortStableFunc(m, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	return slices.CompactFunc(m, func(a, b pair) bool { return a.key == b.key })
}

// edited returns meanings that are close to the given ones: most often others,
// of the sort that a careless encoding would confuse, and sometimes the same.
func edited(s *script, list sequence) sequence {
	list = slices.Clone(list)
	if len(list) == 0 {
		return drawMeanings(s, 0)
	}
	i := s.below(len(list))
	switch s.below(12) {
	case 0:
		return append(list, nil)
	case 1:
		return slices.Delete(list, i, i+1)
	case 2:
		list[0], list[i] = list[i], list[0]
	case 3:
		return shifted(list, i)
	case 4:
		list[i] = sequence{list[i]}
	case 5:
		if inner, ok := list[i].(sequence); ok {
			return slices.Replace(list, i, i+1, inner...)
		}
	case 6:
		return sequence{list}
	case 7:
		list[i] = drawMeaning(s, 0)
	case 8:
		return joined(s, list, i)
	case 9:
		return absorbed(list, i)
	default:
		list[i] = lookalike(s, list[i])
	}
	return list
}

// shifted moves the last byte of a text to the beginning of the next.
func shifted(list sequence, i int) sequence {
	if i+1 == len(list) {
		return list
	}
	a, isText := list[i].(string)
	b, areTexts := list[i+1].(string)
	if isText && areTexts && a != "" {
		last := len(a) - 1
		list[i], list[i+1] = a[:last], a[last:]+b
	}
	return list
}

// joined makes two texts one, with a byte between them that might be taken for
// what an encoding puts there.
func joined(s *script, list sequence, i int) sequence {
	if i+1 == len(list) {
		return list
	}
	a, isText := list[i].(string)
	b, areTexts := list[i+1].(string)
	if !isText || !areTexts {
		return list
	}
	return slices.Replace(list, i, i+2, any(a+string([]byte{s.byte()})+b))
}

// absorbed moves what follows a list into it.
func absorbed(list sequence, i int) sequence {
	inner, ok := list[i].(sequence)
	if !ok || i+1 == len(list) {
		return list
	}
	return slices.Replace(list, i, i+2, any(append(slices.Clone(inner), list[i+1])))
}

// lookalike returns another meaning that prints alike, or has the same bits.
func lookalike(s *script, m any) any {
	switch m := m.(type) {
	case bool:
		return !m
	case natural:
		return choose[any](s, negative(m), time.Duration(m), float64(m), m+1, octets([]byte{byte(m)}))
	case negative:
		return choose[any](s, natural(m), time.Duration(^m), m+1)
	case float64:
		return natural(math.Float64bits(m))
	case string:
		return choose[any](s, octets(m), m+"\x00", sequence{m})
	case octets:
		return string(m)
	case time.Duration:
		return choose[any](s, instant{0, int64(m) & 0xffff}, natural(uint64(m)))
	case instant:
		return choose[any](s, instant{m.seconds + 1, m.nanoseconds}, time.Duration(m.seconds))
	case mapping:
		list := sequence{}
		for _, p := range m {
			list = append(list, p.key, p.value)
		}
		return list
	case sequence:
		return choose[any](s, nil, mapping{})
	default:
		return choose[any](s, false, "", sequence{})
	}
}
