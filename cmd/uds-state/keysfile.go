package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/uds-platform/state/auth"
)

// keysFile is a file of API keys that is being changed.
//
// What is in it besides records (comments, empty lines, order) stays. It is replaced
// as a whole, by rename, so that a server never reads half of it and a crash leaves
// the old one. The new one is made under a fixed name that must not exist: so two
// who change the file at once can't lose each other's change.
type keysFile struct {
	path  string
	lines [][]byte // without their ends
	keys  *auth.Keys
	next  *os.File // the new one
	saved bool
}

// editKeys lets a function change a file of keys. There may be no such file yet.
func editKeys(path string, edit func(*keysFile) error) (err error) {
	f := &keysFile{path: path}
	if f.keys, err = auth.New(auth.Options{}); err != nil {
		return err
	}
	f.next, err = os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s.new is there: somebody else is changing the keys, or was interrupted; if nobody is, remove it", path)
	}
	if err != nil {
		return fmt.Errorf("the file of keys: %w", err)
	}
	defer func() {
		if !f.saved {
			_ = f.next.Close() // which save may have done
			err = errors.Join(err, os.Remove(f.next.Name()))
		}
	}()
	if err := f.load(); err != nil {
		return err
	}
	return edit(f)
}

func (f *keysFile) load() error {
	content, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the file of keys: %w", err)
	}
	if err := f.keys.LoadFile(f.path); err != nil {
		return err
	}
	content = bytes.TrimSuffix(content, []byte("\n"))
	if len(content) > 0 {
		f.lines = bytes.Split(content, []byte("\n"))
	}
	return nil
}

// record is the line of a key.
func (f *keysFile) record(id auth.ID) ([]byte, error) {
	for r := range f.keys.Export() {
		if r.ID == id {
			r.Listed = false // whoever reads the file knows
			return json.Marshal(r)
		}
	}
	return nil, fmt.Errorf("%w: %v", auth.ErrNotFound, id)
}

func (f *keysFile) append(id auth.ID) error {
	line, err := f.record(id)
	f.lines = append(f.lines, line)
	return err
}

// replace puts the record of a key in the place of its line.
func (f *keysFile) replace(id auth.ID) error {
	line, err := f.record(id)
	if err != nil {
		return err
	}
	for i, old := range f.lines {
		var r auth.Record
		if strings.HasPrefix(strings.TrimSpace(string(old)), "{") && json.Unmarshal(old, &r) == nil && r.ID == id {
			f.lines[i] = line
			return nil
		}
	}
	return fmt.Errorf("%w: %v", auth.ErrNotFound, id)
}

// save puts the new file in the place of the old.
func (f *keysFile) save() error {
	_, err := f.next.Write(append(bytes.Join(f.lines, []byte("\n")), '\n'))
	if err == nil {
		err = f.next.Sync()
	}
	err = errors.Join(err, f.next.Close())
	if err == nil {
		err = os.Rename(f.next.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("the file of keys could not be written: %w", err)
	}
	f.saved = true
	return syncFolder(filepath.Dir(f.path))
}

// syncFolder makes a rename last. Some systems can't, and say so by an error that
// means nothing here.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return nil
	}
	_ = folder.Sync()
	return folder.Close()
}
