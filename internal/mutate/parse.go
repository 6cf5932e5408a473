package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// errList is matched by every error about a list of mutations.
var errList = errors.New("bad list of mutations")

// listFiles are the lists in a folder.
const listFiles = "*.mutations"

// readLists reads every list in a folder. Names must be unique in a package.
func readLists(folder string) ([]*mutation, error) {
	names, err := filepath.Glob(filepath.Join(folder, listFiles))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: no %s in %s", errList, listFiles, folder)
	}
	var all []*mutation
	var faults []error
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list, err := parse(filepath.Base(name), string(text))
		all, faults = append(all, list...), append(faults, err)
	}
	return all, errors.Join(append(faults, duplicates(all))...)
}

func duplicates(all []*mutation) error {
	var faults []error
	origins := make(map[string]string)
	for _, m := range all {
		if first, ok := origins[m.String()]; ok {
			faults = append(faults, fmt.Errorf("%w: %s: the name %s is taken by %s", errList, m.origin, m, first))
		}
		origins[m.String()] = m.origin
	}
	return errors.Join(faults...)
}

// parse reads a list: blocks with a blank line between them. A block is lines of
// "field: value", and then the change as a diff has it, with "-" before a line
// of the old text, "+" before one of the new, and a space before one of both.
// The text is taken as it stands after that one character; its first line may
// begin, and its last may end, in the middle of a line of the file. Lines that
// begin with "#" are comments.
//
//	name        what the mutation is called; lower case, with hyphens
//	why         what goes wrong with it
//	file        the file, from the module's folder
//	test        the tests in its package that fail, with blanks between them
//	tags        build tags to build and run them with (optional)
//	occurrence  which of several places is meant, from 1 up (optional)
//
// The error names every fault with its file and line.
func parse(file, text string) ([]*mutation, error) {
	var list []*mutation
	var faults []error
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" || lines[i][0] == '#' {
			continue
		}
		start := i
		for i < len(lines) && lines[i] != "" {
			i++
		}
		b := block{file: file, line: start + 1, m: &mutation{origin: fmt.Sprintf("%s:%d", file, start+1)}}
		for offset, line := range lines[start:i] {
			b.read(start+1+offset, line)
		}
		b.finish()
		list, faults = append(list, b.m), append(faults, b.faults...)
	}
	return list, errors.Join(faults...)
}

// block is a mutation that is being read.
type block struct {
	file     string
	line     int
	m        *mutation
	fields   []string
	old, new []string
	faults   []error
}

func (b *block) fault(line int, format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf("%w: %s:%d: %s", errList, b.file, line, fmt.Sprintf(format, args...)))
}

func (b *block) read(number int, line string) {
	switch line[0] {
	case '#':
	case '-':
		b.old = append(b.old, line[1:])
	case '+':
		b.new = append(b.new, line[1:])
	case ' ':
		b.old, b.new = append(b.old, line[1:]), append(b.new, line[1:])
	default:
		b.field(number, line)
	}
}

func (b *block) field(number int, line string) {
	name, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch {
	case !ok || value == "":
		b.fault(number, "%q is neither a field with a value nor a line of a diff", line)
		return
	case len(b.old)+len(b.new) > 0:
		b.fault(number, "the field %s comes after the diff", name)
		return
	case slices.Contains(b.fields, name):
		b.fault(number, "the field %s is given twice", name)
		return
	}
	b.fields = append(b.fields, name)
	switch name {
	case "name":
		b.m.name = value
	case "why":
		b.m.why = value
	case "file":
		b.m.file = value
	case "test":
		b.m.tests = strings.Fields(value)
	case "tags":
		b.m.tags = value
	case "occurrence":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			b.fault(number, "occurrence is %q; want a number from 1 up", value)
		}
		b.m.occurrence = n
	default:
		b.fault(number, "there is no field %s; want name, why, file, test, tags or occurrence", name)
	}
}

var (
	properName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	properTest = regexp.MustCompile(`^Test[A-Za-z0-9_]*$`)
	properTags = regexp.MustCompile(`^[a-z0-9_]+(,[a-z0-9_]+)*$`)
)

func (b *block) finish() {
	m := b.m
	m.old, m.new = strings.Join(b.old, "\n"), strings.Join(b.new, "\n")
	for _, name := range []string{"name", "why", "file", "test"} {
		if !slices.Contains(b.fields, name) {
			b.fault(b.line, "the field %s is missing", name)
		}
	}
	if m.name != "" && !properName.MatchString(m.name) {
		b.fault(b.line, "name is %q; want lower-case words with hyphens", m.name)
	}
	if m.file != "" && (path.IsAbs(m.file) || path.Clean(m.file) != m.file || strings.HasPrefix(m.file, "..") || !isSource(m.file)) {
		b.fault(b.line, "file is %q; want the path of a Go or Lua file from the module's folder", m.file)
	}
	for _, test := range m.tests {
		if !properTest.MatchString(test) {
			b.fault(b.line, "test is %q; want names of test functions", test)
		}
	}
	if m.tags != "" && !properTags.MatchString(m.tags) {
		b.fault(b.line, "tags are %q; want build tags with commas", m.tags)
	}
	if strings.TrimSpace(m.old) == "" {
		b.fault(b.line, "there is no old text")
	} else if m.old == m.new {
		b.fault(b.line, "the new text is the old one")
	}
}

// isSource is true for what tests run: Go, and what Go embeds to be run elsewhere.
func isSource(file string) bool {
	return strings.HasSuffix(file, ".go") || strings.HasSuffix(file, ".lua")
}
