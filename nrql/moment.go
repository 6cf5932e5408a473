package nrql

import (
	"cmp"
	"time"
)

// momentKind says how a query words a point in time.
type momentKind uint8

const (
	unstated    momentKind = iota
	nowMoment              // NOW
	agoMoment              // 5 minutes ago
	instant                // 1702899296789, or a date and time in a known zone
	wallMoment             // a date and time in a zone that is looked up
	clockMoment            // a time of the day, most recently
	dayMoment              // TODAY, YESTERDAY or a weekday, perhaps AT a time
	unitMoment             // THIS or LAST hour, week, month, quarter or year
)

// moment is a point in time as a query words it. Only at a given time, in a given
// zone, is it a point in time.
type moment struct {
	kind momentKind
	day  keyword // of a dayMoment; of a unitMoment its unit
	last bool    // of a unitMoment

	// millis are a duration (agoMoment), Unix time (instant), Unix time if the
	// zone were UTC (wallMoment), or a time of the day (clockMoment, dayMoment).
	millis int64

	// A date or time may name its own zone.
	zoned  bool
	zone   string // its ID, or
	offset int32  // seconds east of UTC
}

// slides reports whether the point moves with the clock.
func (m moment) slides() bool {
	return m.kind == agoMoment || m.kind == nowMoment
}

// compare orders moments as words, not as points in time.
func (m moment) compare(o moment) int {
	return cmp.Or(
		cmp.Compare(m.kind, o.kind),
		cmp.Compare(m.day, o.day),
		compareBools(m.last, o.last),
		cmp.Compare(m.millis, o.millis),
		compareBools(m.zoned, o.zoned),
		cmp.Compare(m.zone, o.zone),
		cmp.Compare(m.offset, o.offset),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// at resolves a moment. It is not ok where its zone is not known here. A SINCE
// never means the future: where a time of the day alone has not come yet today,
// the last one counts.
func (m moment) at(now time.Time, zone *time.Location, since bool) (t time.Time, ok bool) {
	switch m.kind {
	case nowMoment:
		return now, true
	case agoMoment:
		return now.Add(-time.Duration(m.millis) * time.Millisecond), true
	case instant:
		return time.UnixMilli(m.millis), true
	}
	if m.zoned {
		if zone, ok = m.location(); !ok {
			return time.Time{}, false
		}
	}
	local := now.In(zone)
	switch m.kind {
	case wallMoment:
		wall := time.UnixMilli(m.millis).UTC()
		return onDay(wall, 0, wall.Sub(onDay(wall, 0, 0, time.UTC)).Milliseconds(), zone), true
	case clockMoment:
		t = onDay(local, 0, m.millis, zone)
		if since && t.After(now) {
			t = onDay(local, -1, m.millis, zone)
		}
		return t, true
	case dayMoment:
		return m.dayAt(local, since), true
	case unitMoment:
		return m.unitAt(local), true
	}
	return time.Time{}, false
}

func (m moment) location() (*time.Location, bool) {
	if m.zone == "" {
		return time.FixedZone("", int(m.offset)), true
	}
	return locate(m.zone)
}

// dayAt resolves the name of a day.
func (m moment) dayAt(local time.Time, since bool) time.Time {
	back, again := 0, 1
	switch m.day {
	case kwToday:
	case kwYesterday:
		back = 1
	default:
		back = (int(local.Weekday()) - int(m.day-kwSunday) + 7) % 7
		again = 7
	}
	t := onDay(local, -back, m.millis, local.Location())
	if since && t.After(local) {
		t = onDay(local, -back-again, m.millis, local.Location())
	}
	return t
}

// unitAt resolves the beginning of a unit of the calendar.
func (m moment) unitAt(local time.Time) time.Time {
	back := 0
	if m.last {
		back = 1
	}
	year, month, day := local.Date()
	hour := 0
	switch m.day {
	case kwHour:
		hour = local.Hour() - back
	case kwWeek: // begins on Monday
		day -= (int(local.Weekday())+6)%7 + 7*back
	case kwMonth:
		day, month = 1, month-time.Month(back)
	case kwQuarter:
		day, month = 1, month-(month-1)%3-time.Month(3*back)
	case kwYear:
		day, month, year = 1, time.January, year-back
	}
	return time.Date(year, month, day, hour, 0, 0, 0, local.Location())
}

// onDay returns a time of the day, so many days after the day of t. It counts by
// the clock on the wall, which may jump.
func onDay(t time.Time, days int, millis int64, zone *time.Location) time.Time {
	year, month, day := t.Date()
	seconds := int(millis / 1000)
	return time.Date(year, month, day+days, 0, 0, seconds, int(millis%1000)*1e6, zone)
}
