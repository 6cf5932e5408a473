package main

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hiddenSuffix takes a file out of its package.
const hiddenSuffix = ".hidden"

// hide takes the test files out of a folder that the named tests do without:
// compiling the tests of a generic package costs several times as much as
// running one of them. The returned function brings them back.
func hide(folder, tags string, tests []string) (bringBack func() error, err error) {
	files, err := readTestFiles(folder, tags)
	if err != nil {
		return nil, err
	}
	keep := needed(files, tests)
	var hidden []string
	bringBack = func() error {
		var faults []error
		for _, path := range hidden {
			faults = append(faults, os.Rename(path+hiddenSuffix, path))
		}
		return errors.Join(faults...)
	}
	for path := range files {
		if keep[path] {
			continue
		}
		if err := os.Rename(path, path+hiddenSuffix); err != nil {
			return nil, errors.Join(err, bringBack())
		}
		hidden = append(hidden, path)
	}
	return bringBack, nil
}

// testFile is what a test file declares and which names occur in it.
type testFile struct {
	pkg string

	// declared are names of the package, and methods of whatever.
	declared, methods map[string]bool

	// plain names may be the package's; selected ones are what stands behind a
	// dot, and may be methods, or another package's.
	plain, selected map[string]bool
}

// readTestFiles reads the test files of a folder that are built with the tags.
func readTestFiles(folder, tags string) (map[string]*testFile, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	context := build.Default
	context.BuildTags = strings.Split(tags, ",")
	files := make(map[string]*testFile)
	for _, path := range paths {
		if matches, err := context.MatchFile(folder, filepath.Base(path)); err != nil {
			return nil, err
		} else if !matches {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files[path] = readNames(syntax)
	}
	return files, nil
}

func readNames(syntax *ast.File) *testFile {
	f := &testFile{
		pkg:      syntax.Name.Name,
		declared: make(map[string]bool), methods: make(map[string]bool),
		plain: make(map[string]bool), selected: make(map[string]bool),
	}
	for _, declaration := range syntax.Decls {
		f.declare(declaration)
	}
	ast.Inspect(syntax, f.meet)
	return f
}

func (f *testFile) meet(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		f.selected[n.Sel.Name] = true
		ast.Inspect(n.X, f.meet)
		return false
	case *ast.Ident:
		f.plain[n.Name] = true
	}
	return true
}

func (f *testFile) declare(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			f.methods[d.Name.Name] = true
		} else {
			f.declared[d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				f.declared[spec.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					f.declared[name.Name] = true
				}
			}
		}
	}
}

// needed goes by names alone: a file that declares a name which occurs in a file
// that is needed is needed too. That may keep too many, and never too few.
func needed(files map[string]*testFile, tests []string) map[string]bool {
	keep := make(map[string]bool)
	for more := true; more; {
		more = false
		for path, f := range files {
			if !keep[path] && f.isNeeded(files, keep, tests) {
				keep[path], more = true, true
			}
		}
	}
	return keep
}

func (f *testFile) isNeeded(files map[string]*testFile, keep map[string]bool, tests []string) bool {
	if f.declared["init"] || slices.ContainsFunc(tests, func(test string) bool { return f.declared[test] }) {
		return true
	}
	for path := range keep {
		if files[path].uses(f) {
			return true
		}
	}
	return false
}

// uses reports whether a name of other's occurs here. Another package's names are
// reached through a dot.
func (f *testFile) uses(other *testFile) bool {
	names := f.plain
	if f.pkg != other.pkg {
		names = f.selected
	}
	return intersect(names, other.declared) || intersect(f.selected, other.methods)
}

func intersect(a, b map[string]bool) bool {
	for name := range b {
		if a[name] {
			return true
		}
	}
	return false
}
