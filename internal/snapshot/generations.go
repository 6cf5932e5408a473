package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	suffix          = ".snapshot"
	temporarySuffix = ".snapshot.tmp"
	// numberDigits has names sort by age. Numbers with more digits are nobody's.
	numberDigits = 16
	lastNumber   = 9_999_999_999_999_999
)

// generations are the snapshots of one name in one folder.
//
// Contract: what write has returned nil for is complete and lasts. Until then
// nothing is removed but what earlier writes left unfinished, so a failure leaves
// what was there.
//
// Accepted: on the way there are keep+1 files. To remove the oldest first would
// help a disk that is nearly full, and lose a generation whenever the write then
// fails.
type generations struct {
	files  fileSystem
	folder string
	name   string
	keep   int
	most   int // the largest payload
	writer string
}

// generation is one file.
type generation struct {
	number uint64
	path   string
}

// list returns the generations, the newest first, and what unfinished writes
// have left.
func (g *generations) list() (found []generation, leftovers []string, err error) {
	names, err := g.files.Names(g.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if number, ok := g.numberOf(name, suffix); ok {
			found = append(found, generation{number, filepath.Join(g.folder, name)})
		} else if _, ok := g.numberOf(name, temporarySuffix); ok {
			leftovers = append(leftovers, filepath.Join(g.folder, name))
		}
	}
	slices.SortFunc(found, func(a, b generation) int { return cmp.Compare(b.number, a.number) })
	return found, leftovers, nil
}

func (g *generations) numberOf(name, suffix string) (uint64, bool) {
	digits, hasPrefix := strings.CutPrefix(name, g.name+"-")
	digits, hasSuffix := strings.CutSuffix(digits, suffix)
	if !hasPrefix || !hasSuffix || len(digits) != numberDigits || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil
}

func (g *generations) path(number uint64, suffix string) string {
	return filepath.Join(g.folder, fmt.Sprintf("%s-%0*d%s", g.name, numberDigits, number, suffix))
}

// written is what a write has brought about.
type written struct {
	path    string
	bytes   int64
	records int
	// refused counts records that are too large, and is no failure: one of
	// them must not cost all the others.
	refused int
	// untidy is why something old could not be removed.
	untidy error
}

// write takes a generation of what the sources yield.
func (g *generations) write(sources []Source) (written, error) {
	if err := g.files.MakeFolder(g.folder); err != nil {
		return written{}, err
	}
	old, leftovers, err := g.list()
	if err != nil {
		return written{}, err
	}
	var number uint64 = 1
	if len(old) > 0 {
		number = old[0].number + 1
	}
	if number > lastNumber {
		return written{}, fmt.Errorf("%s has the last number that there is; rename it to go on", old[0].path)
	}
	untidy := g.remove(leftovers)
	w, err := g.create(number, sources)
	if err != nil {
		return written{}, err
	}
	w.untidy = errors.Join(untidy, g.prune(old))
	return w, nil
}

// create writes the file, and has it last.
func (g *generations) create(number uint64, sources []Source) (w written, err error) {
	temporary := g.path(number, temporarySuffix)
	w.path = g.path(number, suffix)
	file, err := g.files.Create(temporary)
	if err != nil {
		return w, err
	}
	err = g.fill(file, sources, &w)
	if err == nil {
		err = file.Sync() // before the rename, or the name may outlive the content
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = g.files.Rename(temporary, w.path)
	}
	if err != nil {
		g.files.Remove(temporary) // else list finds it the next time
		return w, err
	}
	return w, g.files.SyncFolder(g.folder)
}

func (g *generations) fill(file writableFile, sources []Source, w *written) error {
	out, err := NewWriter(file, Header{Created: time.Now(), Writer: g.writer}, g.most)
	if err != nil {
		return err
	}
	for i, source := range sources {
		if err := drain(out, i, source, w); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	w.bytes, w.records = out.Bytes(), out.Records()
	return nil
}

// drain writes what a source yields. A source that panics ends the snapshot and
// not the process.
func drain(out *Writer, number int, source Source, w *written) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("source %d panicked: %v", number, p)
		}
	}()
	source(func(t Type, payload []byte) bool {
		err = out.Append(t, payload)
		if errors.Is(err, ErrRecord) {
			w.refused++
			err = nil
		}
		return err == nil
	})
	return err
}

// prune removes all but the newest of the generations that were there before the
// last write.
func (g *generations) prune(old []generation) error {
	var paths []string
	for _, one := range old[min(len(old), g.keep-1):] {
		if !g.newer(one.path) {
			paths = append(paths, one.path)
		}
	}
	return g.remove(paths)
}

// newer is true for a file that only a newer version can read: it is all that
// is left of what that version knew.
func (g *generations) newer(path string) bool {
	f, err := openFile(g.files, path, g.most)
	if err == nil {
		f.Close()
	}
	return errors.Is(err, ErrVersion)
}

func (g *generations) remove(paths []string) error {
	var faults []error
	for _, path := range paths {
		if err := g.files.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// load hands every intact record of the newest usable generation to restore; see
// the package's comment for which that is.
func (g *generations) load(restore func(Record) error) (Report, error) {
	found, _, err := g.list()
	if err != nil {
		return Report{}, err
	}
	var unreadable []error
	for _, one := range found {
		report, err := g.read(one, restore)
		report.Unreadable = unreadable
		if err == nil || errors.Is(err, ErrVersion) {
			return report, err
		}
		unreadable = append(unreadable, err)
	}
	report := Report{Unreadable: unreadable}
	if len(unreadable) > 0 {
		return report, fmt.Errorf("%w in any of %d generations: %w", ErrHeader, len(unreadable), errors.Join(unreadable...))
	}
	return report, nil
}

// read restores one generation. The error means that restore was not called.
func (g *generations) read(one generation, restore func(Record) error) (Report, error) {
	f, err := openFile(g.files, one.path, g.most)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	refused := 0
	for record, err := range f.Records() {
		if err == nil && restore(record) != nil {
			refused++
		}
	}
	report := f.Report()
	report.Refused = refused
	if report.Records == 0 && !report.Complete {
		return Report{}, fmt.Errorf("%s: %w: nothing in it is intact", one.path, ErrDamaged)
	}
	return report, nil
}
