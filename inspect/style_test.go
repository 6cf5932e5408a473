package inspect

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// luminance is the relative luminance of #rrggbb (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil || len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	channel := func(shift int) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func contrast(t *testing.T, one, other string) float64 {
	a, b := luminance(t, one), luminance(t, other)
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

func TestColoursHaveContrastInBothSchemes(t *testing.T) {
	declared := regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{6});`)
	light, dark, ok := strings.Cut(string(style.content), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		colours := make(map[string]string)
		for _, m := range declared.FindAllStringSubmatch(scheme, -1) {
			colours[m[1]] = m[2]
		}
		if len(colours) != 12 {
			t.Fatalf("%s: %d colours", name, len(colours))
		}
		for colour, least := range map[string]float64{
			"text": 7, "quiet": 4.5, "link": 4.5, "hit": 4.5, "stale": 4.5, "prefetched": 4.5, "miss": 4.5, "other": 4.5, "past": 3,
		} {
			for _, surface := range []string{"page", "card"} {
				if got := contrast(t, colours[colour], colours[surface]); got < least {
					t.Errorf("%s: %s on %s has %.2f, want %v", name, colour, surface, got, least)
				}
			}
		}
	}
	if raw := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).FindAllString(strings.SplitN(string(style.content), "* {", 2)[1], -1); len(raw) > 3 {
		t.Errorf("colours beside the two schemes: %v", raw)
	}
}
