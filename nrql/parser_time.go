package nrql

import "time"

// timeClause is what SINCE or UNTIL says, and in which words.
type timeClause struct {
	moment
	spelled string // of a string or a number, as it stands
	at      string // of AT, as it stands
}

// series is what TIMESERIES says.
type series struct {
	stated  bool
	maximal bool          // MAX: as many buckets as there may be
	width   time.Duration // of a bucket, where it is stated
	slide   time.Duration // of SLIDE BY, where it is stated
}

// unitMillis are the lengths of the units of time, which NRDB has fixed: a month
// is 30 days, a quarter 91, a year 365.
var unitMillis = [...]int64{
	0:                         1,
	kwSecond - kwMillisecond:  1000,
	kwMinute - kwMillisecond:  60_000,
	kwHour - kwMillisecond:    3_600_000,
	kwDay - kwMillisecond:     86_400_000,
	kwWeek - kwMillisecond:    7 * 86_400_000,
	kwMonth - kwMillisecond:   30 * 86_400_000,
	kwQuarter - kwMillisecond: 91 * 86_400_000,
	kwYear - kwMillisecond:    365 * 86_400_000,
}

// longestMillis bounds every duration, far from overflow: 100 years.
const longestMillis = 100 * 365 * 86_400_000

// firstMilli is where numbers stop to be seconds: 1973 in milliseconds, the year
// 5138 in seconds. The documentation knows milliseconds only; queries with
// seconds are around.
const firstMilli = 100_000_000_000

// moment reads a point in time. It writes nothing.
func (p *parser) moment() timeClause {
	t := timeClause{spelled: p.spelled(p.token)}
	switch {
	case p.accept(kwNow):
		t.kind = nowMoment
	case p.token.keyword >= kwToday && p.token.keyword <= kwSaturday:
		t.kind, t.day = dayMoment, p.token.keyword
		p.advance()
		p.clockTime(&t)
	case p.is(kwThis) || p.is(kwLast):
		t.kind, t.last = unitMoment, p.is(kwLast)
		p.advance()
		t.day = p.token.keyword
		if t.day != kwHour && (t.day < kwWeek || t.day > kwYear) {
			p.fail()
		}
		p.advance()
	case p.token.kind == number && p.following().kind == word && p.following().keyword >= kwMillisecond:
		t.kind, t.millis = agoMoment, p.ago()
	case p.token.kind == number:
		t.kind, t.millis = instant, p.epoch()
	default:
		var ok bool
		if t.moment, ok = dateTime(p.string()); !ok {
			p.fail()
		}
		p.advance()
	}
	return t
}

// clockTime reads the AT 'time' that may follow the name of a day.
func (p *parser) clockTime(t *timeClause) {
	if !p.accept(kwAt) {
		return
	}
	t.at = p.spelled(p.token)
	clock, ok := dateTime(p.string())
	if !ok || clock.kind != clockMoment || clock.zoned || clock.millis%1000 != 0 {
		p.fail()
	}
	t.millis = clock.millis
	p.advance()
}

// ago reads a duration and AGO.
func (p *parser) ago() (millis int64) {
	millis = p.duration()
	p.expect(kwAgo)
	return millis
}

// duration reads a whole number and a unit.
func (p *parser) duration() (millis int64) {
	n, ok := wholeNumber(p.spelled(p.token))
	p.advance()
	unit := p.token.keyword
	if !ok || unit < kwMillisecond || n > longestMillis/unitMillis[unit-kwMillisecond] {
		p.fail()
		return 0
	}
	p.advance()
	return n * unitMillis[unit-kwMillisecond]
}

// epoch reads a Unix time.
func (p *parser) epoch() (millis int64) {
	n, ok := wholeNumber(p.spelled(p.token))
	if !ok {
		p.fail()
		return 0
	}
	p.advance()
	if n < firstMilli {
		return n * 1000
	}
	return n
}

// wholeNumber reads a number of up to 14 digits, without a superfluous zero.
func wholeNumber(text string) (n int64, ok bool) {
	if text == "" || len(text) > 14 || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = n*10 + int64(text[i]-'0')
	}
	return n, true
}

// timeseries reads a TIMESERIES clause with its SLIDE BY.
func (p *parser) timeseries() series {
	s := series{stated: true}
	p.put("TIMESERIES")
	s.maximal = p.is(kwMax)
	s.width = p.bucket()
	if p.accept(kwSlide) {
		p.expect(kwBy)
		p.put(" SLIDE BY")
		before := len(p.out)
		s.slide = p.bucket()
		if len(p.out) == before {
			p.fail()
		}
	}
	return s
}

// bucket reads AUTO, MAX, a duration, or a number of milliseconds, if any comes.
// Unlike in SINCE the unit is kept: whether buckets of 1 day and of 24 hours are
// the same ones is not documented.
func (p *parser) bucket() time.Duration {
	if p.is(kwAuto) || p.is(kwMax) {
		p.put(" ")
		p.put(p.token.keyword.String())
		p.advance()
		return 0
	}
	if p.token.kind != number {
		return 0
	}
	p.put(" ")
	p.put(p.spelled(p.token))
	n, unit := int64(0), p.following().keyword
	if unit >= kwMillisecond {
		n = p.duration()
		p.put(" ")
		p.put(unit.String())
	} else if whole, ok := wholeNumber(p.spelled(p.token)); ok && whole <= longestMillis {
		n = whole
		p.advance()
	}
	if n == 0 {
		p.fail()
	}
	return time.Duration(n) * time.Millisecond
}
