package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uds-platform/state/bench/peers"
)

// flags are a command's own, besides those that all commands have.
type flags struct {
	*flag.FlagSet
	results    string
	caches     string
	statistics bool
}

func newFlags(b *bench, name string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet("bench "+name, flag.ContinueOnError)}
	f.SetOutput(b.progress)
	f.StringVar(&f.results, "results", "results", "the `folder` to write CSV files into")
	f.StringVar(&f.caches, "caches", "", "only these, separated by commas; ours is always among them")
	f.BoolVar(&f.statistics, "statistics", true, "statistics on, in every cache where that is a choice")
	return f
}

// parse reads the command line; what is wrong with it is an errUsage.
func (f *flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: %q is too much; everything is said by flags", errUsage, f.Args())
	}
	if f.results == "" {
		return fmt.Errorf("%w: -results is empty; want a folder", errUsage)
	}
	return nil
}

// names returns the caches to measure; empty for all.
func (f *flags) names(besides ...string) ([]string, error) {
	names := list(f.caches)
	if len(names) == 0 {
		return nil, nil
	}
	for _, name := range names {
		if slices.Contains(besides, name) {
			continue
		}
		if _, err := peers.Find(peers.Strings(), name); err != nil {
			return nil, fmt.Errorf("%w: -caches: %w", errUsage, err)
		}
	}
	return append(names, oursAndHarness()...), nil
}

// list splits a flag's value at its commas.
func list(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// numbers is list, of numbers from least up.
func numbers(name, s string, least, most int) ([]int, error) {
	var all []int
	for _, item := range list(s) {
		n, err := strconv.Atoi(item)
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("%w: -%s: %q; want numbers from %d to %d, separated by commas", errUsage, name, item, least, most)
		}
		all = append(all, n)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: -%s is empty; want numbers, separated by commas", errUsage, name)
	}
	return all, nil
}

// choices is list, of words out of a set.
func choices(name, s string, from ...string) ([]string, error) {
	all := list(s)
	for _, item := range all {
		if !slices.Contains(from, item) {
			return nil, fmt.Errorf("%w: -%s: %q; want some of %s, separated by commas", errUsage, name, item, strings.Join(from, ", "))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: -%s is empty; want some of %s", errUsage, name, strings.Join(from, ", "))
	}
	return all, nil
}

func positive(name string, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("%w: -%s is %v; want a positive duration", errUsage, name, d)
	}
	return nil
}
