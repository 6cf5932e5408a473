package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// cuttable is a file system whose power may be cut before any of its
// operations. What was not synced then, content or name, is there, or not, or in
// part, by chance.
type cuttable struct {
	left    int // operations until the power is cut; negative for never
	names   map[string]*content
	durable map[string]*content // the names that survive
	made    bool
}

type content struct {
	bytes  []byte
	synced int // how many of the bytes survive
}

var errPower = errors.New("power cut")

func (c *cuttable) step() error {
	if c.left == 0 {
		return errPower
	}
	c.left--
	return nil
}

func (c *cuttable) MakeFolder(string) error {
	c.made = true
	return c.step()
}

func (c *cuttable) Names(string) ([]string, error) {
	if !c.made {
		return nil, fs.ErrNotExist
	}
	var names []string
	for path := range c.names {
		names = append(names, filepath.Base(path))
	}
	return names, c.step()
}

func (c *cuttable) Create(path string) (writableFile, error) {
	if err := c.step(); err != nil {
		return nil, err
	}
	if c.names[path] != nil {
		return nil, fs.ErrExist
	}
	c.names[path] = &content{}
	return &cuttableFile{c, c.names[path]}, nil
}

func (c *cuttable) Open(path string) (readableFile, error) {
	file := c.names[path]
	if file == nil {
		return nil, fs.ErrNotExist
	}
	return inMemory{bytes.NewReader(file.bytes)}, nil
}

func (c *cuttable) Rename(from, to string) error {
	if err := c.step(); err != nil {
		return err
	}
	c.names[to] = c.names[from]
	delete(c.names, from)
	return nil
}

func (c *cuttable) Remove(path string) error {
	if err := c.step(); err != nil {
		return err
	}
	delete(c.names, path)
	return nil
}

func (c *cuttable) SyncFolder(string) error {
	if err := c.step(); err != nil {
		return err
	}
	c.durable = make(map[string]*content)
	for path, file := range c.names {
		c.durable[path] = file
	}
	return nil
}

// restart is what a new process finds.
func (c *cuttable) restart(random *rand.Rand) *cuttable {
	after := &cuttable{left: -1, made: true, names: make(map[string]*content)}
	survives := func(path string, file *content) {
		b := bytes.Clone(file.bytes)
		if lost := b[file.synced:]; random.IntN(2) == 0 {
			b = b[:file.synced+random.IntN(len(lost)+1)]
		} else {
			clear(lost[random.IntN(len(lost)+1):])
		}
		after.names[path] = &content{b, len(b)}
	}
	for path, file := range c.durable {
		if c.names[path] != nil || random.IntN(2) == 0 { // a removal may not have lasted
			survives(path, file)
		}
	}
	for path, file := range c.names {
		if c.durable[path] == nil && random.IntN(2) == 0 {
			survives(path, file)
		}
	}
	return after
}

type cuttableFile struct {
	disk *cuttable
	*content
}

func (f *cuttableFile) Write(b []byte) (int, error) {
	if err := f.disk.step(); err != nil {
		return 0, err
	}
	f.bytes = append(f.bytes, b...)
	return len(b), nil
}

func (f *cuttableFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	f.synced = len(f.bytes)
	return nil
}

func (f *cuttableFile) Close() error { return f.disk.step() }

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error           { return nil }
func (f inMemory) Size() (int64, error) { return f.Reader.Size(), nil }

// snapshots are taken until the power is cut, before each of the operations in
// turn; the next process finds the last one that had succeeded, or the one after,
// whole, and takes the next.
func TestWhateverIsCutOffTheLastSnapshotIsThere(t *testing.T) {
	const snapshots = 6
	for cut := 0; ; cut++ {
		disk := &cuttable{left: cut, names: map[string]*content{}}
		k := keeper(t, Options{Folder: "folder", files: disk})
		succeeded := 0
		for succeeded < snapshots {
			if _, err := k.store.write([]Source{numbered(succeeded + 1)}); err != nil {
				break
			}
			succeeded++
		}
		for seed := range uint64(20) {
			found := loadedAfterCut(t, disk.restart(rand.New(rand.NewPCG(seed, uint64(cut)))))
			if found != succeeded && found != succeeded+1 {
				t.Fatalf("cut before operation %d, seed %d: found snapshot %d after %d", cut, seed, found, succeeded)
			}
		}
		if succeeded == snapshots {
			if cut < 40 {
				t.Errorf("only %d operations were cut", cut)
			}
			return
		}
	}
}

// numbered yields enough for several writes, each naming the snapshot.
func numbered(snapshot int) Source {
	return func(yield func(Type, []byte) bool) {
		for i := range 50 {
			if !yield(1, fmt.Appendf(nil, "%d %d %s", snapshot, i, strings.Repeat("x", 7000))) {
				return
			}
		}
	}
}

// loadedAfterCut returns which snapshot is found, having checked that it is whole
// and that another can follow.
func loadedAfterCut(t *testing.T, disk *cuttable) (snapshot int) {
	t.Helper()
	k := keeper(t, Options{Folder: "folder", files: disk})
	list, report, err := loaded(t, k)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range list {
		var of, number int
		if _, err := fmt.Sscan(text, &of, &number); err != nil || number != i || i > 0 && of != snapshot {
			t.Fatalf("record %d of snapshot %d is %.20q", i, snapshot, text)
		}
		snapshot = of
	}
	if report.File != "" && (!report.Complete || len(list) != 50 || len(report.Unreadable) > 0) {
		t.Fatalf("%+v", report)
	}
	wrote(t, k, texts("next"))
	if next, _, err := loaded(t, k); err != nil || len(next) != 1 || next[0] != "next" {
		t.Fatalf("after the restart: %v, %v", next, err)
	}
	for path := range disk.names {
		if strings.HasSuffix(path, temporarySuffix) {
			t.Fatalf("%s is left over", path)
		}
	}
	return snapshot
}
