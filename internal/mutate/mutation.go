package main

import (
	"fmt"
	"path"
	"strings"
)

// mutation is one way to break one file, and the tests that notice.
type mutation struct {
	name  string
	why   string
	file  string   // relative to the module, with slashes
	tests []string // in the file's folder
	tags  string   // build tags, separated by commas, or none

	// occurrence says which of several places is meant, from 1 up; zero where
	// there is only one.
	occurrence int

	// old is replaced by new. Both are text and need not be whole lines.
	old, new string

	origin string // where it is written, for errors
}

// folder is the package that the mutation is in.
func (m *mutation) folder() string { return path.Dir(m.file) }

// String returns the name that -run is held against.
func (m *mutation) String() string { return m.folder() + "/" + m.name }

// apply returns the source with the mutation made.
func (m *mutation) apply(source string) (string, error) {
	count := strings.Count(source, m.old)
	switch {
	case count == 0:
		return "", fmt.Errorf("%s: %s: the old text is not in %s", m.origin, m.name, m.file)
	case m.occurrence == 0 && count > 1:
		return "", fmt.Errorf("%s: %s: the old text is in %s %d times; want one, or an occurrence", m.origin, m.name, m.file, count)
	case m.occurrence > count:
		return "", fmt.Errorf("%s: %s: the old text is in %s %d times; want occurrence %d", m.origin, m.name, m.file, count, m.occurrence)
	}
	at := 0
	for range max(m.occurrence, 1) - 1 {
		at += strings.Index(source[at:], m.old) + len(m.old)
	}
	at += strings.Index(source[at:], m.old)
	return source[:at] + m.new + source[at+len(m.old):], nil
}
