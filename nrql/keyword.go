package nrql

// keyword is a word that NRQL gives a meaning, in any letter case.
type keyword uint8

const (
	notKeyword keyword = iota

	// The first ones are reserved: unless it stands in backticks, such a word
	// is never a name. That no name can begin a clause is what makes the end of
	// every clause certain.
	kwAnd
	kwAs
	kwBy
	kwCompare
	kwExtrapolate
	kwFacet
	kwFalse
	kwFrom
	kwIn
	kwInner
	kwIs
	kwJoin
	kwLeft
	kwLike
	kwLimit
	kwNot
	kwNull
	kwOffset
	kwOn
	kwOr
	kwOrder
	kwRlike
	kwSelect
	kwShow
	kwSince
	kwSlide
	kwTimeseries
	kwTrue
	kwUntil
	kwWhere
	kwWith

	// The others mean something in their place only, and are names elsewhere.
	kwAgo
	kwAsc
	kwAt
	kwAuto
	kwDesc
	kwEvent
	kwLast
	kwMax
	kwMetricFormat
	kwNow
	kwThis
	kwTimezone
	kwTypes
	kwToday
	kwYesterday
	kwSunday
	kwMonday
	kwTuesday
	kwWednesday
	kwThursday
	kwFriday
	kwSaturday
	kwMillisecond
	kwSecond
	kwMinute
	kwHour
	kwDay
	kwWeek
	kwMonth
	kwQuarter
	kwYear
	keywords
)

// INVARIANT: the order is that of the constants.
var spellings = [keywords]string{
	"", "AND", "AS", "BY", "COMPARE", "EXTRAPOLATE", "FACET", "FALSE", "FROM", "IN", "INNER", "IS", "JOIN", "LEFT",
	"LIKE", "LIMIT", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER", "RLIKE", "SELECT", "SHOW", "SINCE", "SLIDE",
	"TIMESERIES", "TRUE", "UNTIL", "WHERE", "WITH",
	"AGO", "ASC", "AT", "AUTO", "DESC", "EVENT", "LAST", "MAX", "METRIC_FORMAT", "NOW", "THIS", "TIMEZONE", "TYPES",
	"TODAY", "YESTERDAY", "SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY",
	"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
}

func (k keyword) String() string { return spellings[k] }

func (k keyword) reserved() bool { return k >= kwAnd && k <= kwWith }

// longestKeyword is METRIC_FORMAT, or a unit with its plural s.
const longestKeyword = 13

var bySpelling = func() map[string]keyword {
	m := make(map[string]keyword, 2*keywords)
	for k := kwAnd; k < keywords; k++ {
		m[k.String()] = k
		if k >= kwMillisecond {
			m[k.String()+"S"] = k // a unit's plural means the same
		}
	}
	return m
}()

// lengths has, for each letter, a bit for each length of the keywords that begin
// with it: most names are told from keywords by that alone.
var lengths = func() (bits [26]uint16) {
	for spelling := range bySpelling {
		bits[spelling[0]-'A'] |= 1 << len(spelling)
	}
	return bits
}()

// keywordOf looks a word up. Only ASCII letters have two cases here: Unicode
// would fold the Kelvin sign and the long s into words that NRQL does not know.
func keywordOf(text string) keyword {
	if text == "" || len(text) > longestKeyword || !isLetter(text[0]) || lengths[text[0]|0x20-'a']&(1<<len(text)) == 0 {
		return notKeyword
	}
	var room [longestKeyword]byte
	upper := room[:len(text)]
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	return bySpelling[string(upper)]
}
