package fuzz

import "math"

// script reads decisions off a fuzzer's bytes. It never fails: past its end
// every decision is zero, so whoever loops asks whether there is more.
type script struct{ rest []byte }

func (s *script) more() bool { return len(s.rest) > 0 }

func (s *script) byte() byte {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b
}

func (s *script) bool() bool { return s.byte()&1 == 1 }

// below returns a number from 0 up to n, and not n, which is at most 256.
func (s *script) below(n int) int { return int(s.byte()) % n }

// choose returns one of at most 256 choices.
func choose[T any](s *script, choices ...T) T { return choices[s.below(len(choices))] }

// size returns a number from 0 to 4095.
func (s *script) size() int { return int(s.byte()) | int(s.byte()&0x0f)<<8 }

// integer returns any integer, most often a small one or one next to where
// something overflows.
func (s *script) integer() int64 {
	shape, low := s.byte(), int64(s.byte())
	switch shape % 8 {
	case 0:
		return low
	case 1:
		return -low
	case 2:
		return math.MaxInt64 - low
	case 3:
		return math.MinInt64 + low
	case 4:
		return 1<<(low%63) - 1
	case 5:
		return 1 << (low % 63)
	case 6:
		return -(1 << (low % 63)) - 1
	default:
		n := low
		for range 7 {
			n = n<<8 | int64(s.byte())
		}
		return n
	}
}

// text returns a string of at most 255 bytes.
func (s *script) text() string {
	n := min(int(s.byte()), len(s.rest))
	text := string(s.rest[:n])
	s.rest = s.rest[n:]
	return text
}
