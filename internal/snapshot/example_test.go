package snapshot_test

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/uds-platform/state/internal/snapshot"
)

func ExampleKeeper() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	run := func(name string) {
		k, err := snapshot.New(snapshot.Options{Folder: folder})
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = k.Load(func(r snapshot.Record) error {
			fmt.Printf("%s restores %s\n", name, r.Payload)
			return nil
		})
		k.Register(func(yield func(snapshot.Type, []byte) bool) { yield(1, []byte("what "+name+" knew")) })
		k.Start()
		fmt.Println(name, "loads:", err)
		k.Changed(1) // whenever something has changed
		fmt.Println(name, "ends:", k.Close(context.Background()))
	}
	run("the first")
	run("the second")
	// Output:
	// the first loads: <nil>
	// the first ends: <nil>
	// the second restores what the first knew
	// the second loads: <nil>
	// the second ends: <nil>
}

func ExampleReader() {
	var file bytes.Buffer
	w, err := snapshot.NewWriter(&file, snapshot.Header{Writer: "example"}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"one", "two", "three"} {
		if err := w.Append(7, []byte(text)); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	b := file.Bytes()
	b[bytes.Index(b, []byte("two"))] = 'T' // as a disk might
	r, err := snapshot.NewReader(bytes.NewReader(b), int64(len(b)), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for record, err := range r.Records() {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(record.Type, string(record.Payload))
	}
	fmt.Println(r.Report().Missing, "missing")
	// Output:
	// 7 one
	// snapshot: damaged: 31 bytes at 95: the payload's checksum is wrong
	// 7 three
	// 1 missing
}
