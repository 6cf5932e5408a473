package inspect

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// Figures are written for people, with their units, and carry the exact value for
// programs: <data value="0.934">93.4 %</data>. They hold nothing but numbers, so
// that they can be HTML.

func figure(value, text string) template.HTML {
	return template.HTML(`<data value="` + value + `">` + text + `</data>`)
}

// nothing is said in words, where there is no number.
func nothing(text string) template.HTML {
	return template.HTML(`<span class="none">` + text + `</span>`)
}

func countHTML(n any) template.HTML {
	text := fmt.Sprintf("%d", n)
	return figure(text, grouped(text))
}

// grouped puts a narrow space between thousands.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// percentHTML writes a share: a float64 or a pointer to one, nil for none.
func percentHTML(share any) template.HTML {
	switch share := share.(type) {
	case float64:
		return figure(exact(share), percent(share))
	case *float64:
		if share != nil {
			return figure(exact(*share), percent(*share))
		}
	}
	return nothing("none yet")
}

func percent(share float64) string {
	return strconv.FormatFloat(100*share, 'f', 1, 64) + "\u00a0%"
}

// roundPercent is for axes, whose labels are round.
func roundPercent(share float64) string {
	return strconv.FormatFloat(100*share, 'g', 3, 64) + "\u00a0%"
}

func exact(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// bytesHTML writes a number of bytes: a number or a pointer to an int64, nil for
// not measured.
func bytesHTML(n any) template.HTML {
	switch n := n.(type) {
	case uint64:
		return figure(strconv.FormatUint(n, 10), bytesText(float64(n)))
	case int:
		return figure(strconv.Itoa(n), bytesText(float64(n)))
	case *int64:
		if n != nil {
			return figure(strconv.FormatInt(*n, 10), bytesText(float64(*n)))
		}
	}
	return nothing("not measured")
}

func bytesText(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 {
			return significant(n) + "\u00a0" + unit
		}
		n /= 1024
	}
	return significant(n) + "\u00a0TiB"
}

// significant has three digits where there are as many after the first.
func significant(n float64) string {
	switch {
	case n == math.Trunc(n) || n >= 100:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n >= 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

func secondsHTML(s float64) template.HTML { return figure(exact(s), secondsText(s)) }

func secondsText(s float64) string {
	switch {
	case s == 0:
		return "0\u00a0s"
	case s < 1e-3:
		return significant(s*1e6) + "\u00a0µs"
	case s < 1:
		return significant(s*1e3) + "\u00a0ms"
	case s < 60:
		return significant(s) + "\u00a0s"
	case s < 3600:
		return twoUnits(s, 60, "min", "s")
	case s < 48*3600:
		return twoUnits(s/60, 60, "h", "min")
	}
	return twoUnits(s/3600, 24, "d", "h")
}

// twoUnits writes n small units as large ones and what is left.
func twoUnits(n, small float64, large, rest string) string {
	whole := math.Floor(n / small)
	text := strconv.FormatFloat(whole, 'f', 0, 64) + "\u00a0" + large
	if left := math.Floor(n - whole*small); left > 0 {
		text += "\u00a0" + strconv.FormatFloat(left, 'f', 0, 64) + "\u00a0" + rest
	}
	return text
}

// clockHTML writes a time of day, in UTC.
func clockHTML(t time.Time) template.HTML { return timeHTML(t, time.TimeOnly) }

// momentHTML writes a date and a time of day, in UTC.
func momentHTML(t time.Time) template.HTML { return timeHTML(t, "2006-01-02 15:04:05") }

func timeHTML(t time.Time, layout string) template.HTML {
	if t.IsZero() {
		return nothing("never")
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339Nano) + `">` + t.Format(layout) + `</time>`)
}
