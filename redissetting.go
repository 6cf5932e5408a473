package state

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// durationWithin is a duration that has a longest as well.
func durationWithin(
	name, field string, standard, least, most time.Duration, of func(*Config) *time.Duration, meaning string,
) setting {
	s := durationSetting(name, field, standard, least, of, meaning)
	s.want = fmt.Sprintf("a duration with its unit, such as 90s, 5m or 4h, from %v to %v", least, shortDuration(most))
	check := s.check
	s.check = func(c *Config) string {
		if *of(c) > most {
			return "is too long"
		}
		return check(c)
	}
	return s
}

// neverSetting is a duration whose 0 in the environment is Never in a Config, whose 0
// means the default.
func neverSetting(
	name, field string, standard, least, most time.Duration, of func(*Config) *time.Duration, meaning string,
) setting {
	s := durationWithin(name, field, standard, least, most, of, meaning)
	read, check := s.parse, s.check
	s.want += ", or 0"
	s.parse = func(c *Config, text string) string {
		problem := read(c, text)
		if problem == "" && *of(c) == 0 {
			*of(c) = Never
		}
		return problem
	}
	s.check = func(c *Config) string {
		if *of(c) == Never {
			return ""
		}
		return check(c)
	}
	return s
}

// longestPrefix is package remote's bound.
const longestPrefix = 64

func prefixSetting(name, field, standard, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Default: standard, Meaning: meaning},
		field:    field,
		want:     fmt.Sprintf(`1 to %d printable characters, none of them a space or one of {}*?[]\`, longestPrefix),
		parse:    func(c *Config, text string) string { c.RedisKeyPrefix = text; return "" },
		check: func(c *Config) string {
			if strings.ContainsFunc(c.RedisKeyPrefix, func(r rune) bool {
				return r <= ' ' || r > '~' || strings.ContainsRune(`{}*?[]\`, r)
			}) {
				return "has a character that it can't have"
			}
			if len(c.RedisKeyPrefix) > longestPrefix {
				return "is too long"
			}
			return ""
		},
		current: func(c *Config) string { return strconv.Quote(c.RedisKeyPrefix) },
		fill: func(c *Config) {
			if c.RedisKeyPrefix == "" {
				c.RedisKeyPrefix = standard
			}
		},
	}
}
