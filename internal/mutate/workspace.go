package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// workspace is a copy of the module that mutations are made in, one at a time.
//
// Copies share the build cache: paths are trimmed from what is built, so that
// only the package that is mutated is compiled again.
type workspace struct{ folder string }

// newWorkspace copies a module, without the modules inside it.
func newWorkspace(module string) (*workspace, error) {
	folder, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return nil, err
	}
	w := &workspace{folder: folder}
	err = copyModule(folder, module)
	if err == nil {
		err = anchorReplacements(folder, module)
	}
	if err != nil {
		return nil, errors.Join(err, w.remove())
	}
	return w, nil
}

var relativeReplacement = regexp.MustCompile(`(?m)(=>\s+)(\.\.?/?\S*)`)

// anchorReplacements makes a copy's go.mod find the folders that the module's names
// relative to itself.
func anchorReplacements(copied, module string) error {
	path := filepath.Join(copied, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	module, err = filepath.Abs(module)
	if err != nil {
		return err
	}
	anchored := relativeReplacement.ReplaceAllStringFunc(string(content), func(found string) string {
		parts := relativeReplacement.FindStringSubmatch(found)
		return parts[1] + strconv.Quote(filepath.Join(module, filepath.FromSlash(parts[2])))
	})
	return os.WriteFile(path, []byte(anchored), 0o600)
}

func (w *workspace) remove() error { return os.RemoveAll(w.folder) }

func copyModule(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && relative != "." && isApart(path):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), content, 0o600)
	})
}

// isApart says of a folder that it is no part of the module.
func isApart(folder string) bool {
	if strings.HasPrefix(filepath.Base(folder), ".") {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// with makes a mutation, and leaves no more tests than it needs, for as long as
// do runs.
func (w *workspace) with(m *mutation, do func()) error {
	path := filepath.Join(w.folder, filepath.FromSlash(m.file))
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", m.origin, err)
	}
	mutated, err := m.apply(string(source))
	if err != nil {
		return err
	}
	bringBack, err := hide(filepath.Dir(path), m.tags, m.tests)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(mutated), 0o600); err != nil {
		return errors.Join(err, bringBack())
	}
	do()
	return errors.Join(os.WriteFile(path, source, 0o600), bringBack())
}

// outcome is what a run of go test came to.
type outcome struct {
	passed   bool
	ran      bool   // the tests were compiled and at least one was run
	failure  string // the first test that failed, or what else went wrong
	output   string
	duration time.Duration
}

var (
	failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: ([^\s/]+)`)
	hungTest   = regexp.MustCompile(`running tests:\n\s*(\S+)`)
	startedRun = regexp.MustCompile(`(?m)^=== RUN `)
)

// test runs tests of one folder. Flags that are the same for every mutation keep
// its cost down: no vet, nothing cached that would have to be checked, nothing for
// debuggers.
func (w *workspace) test(ctx context.Context, g group, tests []string, timeout time.Duration) outcome {
	// The tests end themselves at the timeout; what stops them from outside is
	// for a compiler that hangs.
	const grace = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, timeout+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-v", "-count=1", "-failfast", "-vet=off", "-trimpath",
		"-gcflags=-dwarf=false", "-ldflags=-s -w",
		"-timeout", timeout.String(), "-tags", g.tags, "-run", "^("+strings.Join(tests, "|")+")$", "./"+g.folder)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	cmd.WaitDelay = time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	started := time.Now()
	err := cmd.Run()
	o := outcome{passed: err == nil, output: output.String(), duration: time.Since(started)}
	o.ran = startedRun.MatchString(o.output)
	if !o.passed {
		o.failure = whatFailed(o.output)
	}
	return o
}

func whatFailed(output string) string {
	if found := hungTest.FindStringSubmatch(output); found != nil {
		return found[1] + ", which did not end,"
	}
	if found := failedTest.FindStringSubmatch(output); found != nil {
		return found[1]
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(line)
		}
	}
	return "a failure outside the tests"
}
