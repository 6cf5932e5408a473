package main

import (
	"context"
	"fmt"

	"github.com/uds-platform/state/bench/charts"
)

func plotCommand(_ context.Context, b *bench, args []string) error {
	f := newFlags(b, "plot")
	folder := f.String("charts", "../docs/charts", "the `folder` to write SVG files into")
	if err := f.parse(args); err != nil {
		return err
	}
	if *folder == "" {
		return fmt.Errorf("%w: -charts is empty; want a folder", errUsage)
	}
	drawn, err := charts.Draw(f.results, *folder)
	for _, name := range drawn {
		fmt.Fprintln(b.out, name)
	}
	return err
}
