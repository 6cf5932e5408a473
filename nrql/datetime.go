package nrql

import (
	"strings"
	"time"
)

// dateTime reads the text of a date, a time, or both, in the forms that New Relic
// documents:
//
//	[Date][T or a space][Time][zone][AM or PM]
//
// The date is 2023-12-18, 20231218 or 2023-12; the time 12:34, 12:34:56 or
// 12:34:56.789, after a T also without the colons; the zone Z, -0600, +05:30,
// [America/Chicago] or CST, perhaps after a space.
func dateTime(text string) (m moment, ok bool) {
	s := scanner{rest: text}
	year, month, day, hasDate := s.date()
	millis, hasTime := int64(0), false
	switch {
	case !hasDate:
		millis, hasTime = s.clock(false)
	case s.take("T"):
		if millis, hasTime = s.clock(true); !hasTime {
			return m, false
		}
	case s.timeFollows():
		s.take(" ")
		if millis, hasTime = s.clock(false); !hasTime {
			return m, false
		}
	}
	if !hasDate && !hasTime || !s.zone(&m) || !s.halfDay(hasTime, m.zone != "", &millis) || s.rest != "" {
		return m, false
	}
	if !hasDate {
		m.kind, m.millis = clockMoment, millis
		return m, true
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if int(date.Month()) != month {
		return m, false // such as February 30
	}
	m.kind, m.millis = wallMoment, date.UnixMilli()+millis
	if m.zoned && m.zone == "" {
		m.kind, m.millis = instant, m.millis-int64(m.offset)*1000
	}
	return m, true
}

// scanner takes a text apart from its beginning. What does not fit is left.
type scanner struct {
	rest    string
	compact bool // a time without colons has been taken
}

func (s *scanner) take(prefix string) bool {
	rest, ok := strings.CutPrefix(s.rest, prefix)
	s.rest = rest
	return ok
}

// digits takes exactly n digits, with no further one behind them unless more may
// follow.
func (s *scanner) digits(n int, more bool) (value int, ok bool) {
	if len(s.rest) < n || !more && len(s.rest) > n && isDigit(s.rest[n]) {
		return 0, false
	}
	for i := range n {
		if !isDigit(s.rest[i]) {
			return 0, false
		}
		value = value*10 + int(s.rest[i]-'0')
	}
	s.rest = s.rest[n:]
	return value, true
}

// date takes a date, or nothing.
func (s *scanner) date() (year, month, day int, ok bool) {
	before := s.rest
	if year, ok = s.digits(4, true); ok && s.take("-") {
		if month, ok = s.digits(2, false); ok {
			day = 1
			if beforeDay := s.rest; s.take("-") {
				if d, isDay := s.digits(2, false); isDay && !strings.HasPrefix(s.rest, ":") {
					day = d
				} else { // an offset, as in 2023-12-06:00
					s.rest = beforeDay
				}
			}
		}
	} else if ok {
		if month, ok = s.digits(2, true); ok {
			day, ok = s.digits(2, false)
		}
	}
	if !ok || year < 1 || month < 1 || month > 12 || day < 1 {
		s.rest = before
		return 0, 0, 0, false
	}
	return year, month, day, true
}

// timeFollows tells the space before a time from the one before a zone.
func (s *scanner) timeFollows() bool {
	return len(s.rest) > 1 && s.rest[0] == ' ' && isDigit(s.rest[1])
}

// clock takes a time of the day. A compact one may lack the colons.
func (s *scanner) clock(compact bool) (millis int64, ok bool) {
	hour, ok := s.digits(2, compact)
	colons := strings.HasPrefix(s.rest, ":")
	if !ok {
		hour, ok = s.digits(1, false)
		colons = true
	}
	if !ok || colons && !s.take(":") {
		return 0, false
	}
	s.compact = !colons
	minute, ok := s.digits(2, !colons)
	second, fraction := 0, 0
	if ok && (colons && s.take(":") || !colons && s.rest != "" && isDigit(s.rest[0])) {
		if second, ok = s.digits(2, false); ok && s.take(".") {
			fraction, ok = s.fraction()
		}
	}
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return int64(hour*3600+minute*60+second)*1000 + int64(fraction), true
}

// fraction takes one to three digits as milliseconds.
func (s *scanner) fraction() (millis int, ok bool) {
	scale := 100
	for n := 1; n <= 3; n++ {
		digit, isDigit := s.digits(1, true)
		if !isDigit {
			return millis, n > 1
		}
		millis += digit * scale
		scale /= 10
	}
	return millis, s.rest == "" || !isDigit(s.rest[0])
}

// zone takes the zone, if there is one.
func (s *scanner) zone(m *moment) bool {
	before := s.rest
	s.take(" ")
	switch {
	case s.take("Z"):
		m.zoned = true
	case strings.HasPrefix(s.rest, "+") || strings.HasPrefix(s.rest, "-"):
		east := s.rest[0] == '+'
		s.rest = s.rest[1:]
		hours, ok := s.digits(2, true)
		s.take(":")
		minutes, alsoOK := s.digits(2, false)
		if !ok || !alsoOK || hours > 18 || minutes > 59 {
			return false
		}
		m.zoned, m.offset = true, int32(hours*3600+minutes*60)
		if !east {
			m.offset = -m.offset
		}
	case s.take("["):
		id, rest, ok := strings.Cut(s.rest, "]")
		if !ok || id == "" {
			return false
		}
		m.zoned, m.zone, s.rest = true, id, rest
	case len(s.rest) >= 3 && abbreviations[s.rest[:3]] != "":
		m.zoned, m.zone, s.rest = true, s.rest[:3], s.rest[3:]
	default:
		s.rest = before
	}
	return true
}

// halfDay takes AM or PM, which turn the hours 1 to 12 into 0 to 23. Neither goes
// with a zone's name, nor with a time without colons.
func (s *scanner) halfDay(hasTime, namedZone bool, millis *int64) bool {
	const hour = 3_600_000
	before := s.rest
	s.take(" ")
	afternoon := s.take("PM")
	if !afternoon && !s.take("AM") {
		s.rest = before
		return true
	}
	h := *millis / hour
	if !hasTime || s.compact || namedZone || h < 1 || h > 12 {
		return false
	}
	if h == 12 {
		*millis -= 12 * hour
	}
	if afternoon {
		*millis += 12 * hour
	}
	return true
}
