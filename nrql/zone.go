package nrql

import (
	"strings"
	"sync"
	"time"
)

// zones holds the time zones that have been asked for: loading one reads a file.
//
// INVARIANT: only zones that exist are in it, so their number bounds it.
var zones sync.Map // from string to *time.Location

// abbreviations are the ones that the documentation uses, and their sisters. As
// there, they mean the place, whose clocks may be on summer time.
var abbreviations = map[string]string{
	"GMT": "UTC",
	"EST": "America/New_York",
	"CST": "America/Chicago",
	"MST": "America/Denver",
	"PST": "America/Los_Angeles",
}

// locate finds a zone by its ID. It is not ok for one that this machine does not
// know; a program for machines without a zone database can import time/tzdata.
func locate(id string) (*time.Location, bool) {
	if known, ok := abbreviations[id]; ok {
		id = known
	}
	if id == "UTC" {
		return time.UTC, true
	}
	if zone, ok := zones.Load(id); ok {
		return zone.(*time.Location), true
	}
	if id == "" || id == "Local" { // names of package time's own
		return nil, false
	}
	zone, err := time.LoadLocation(id)
	if err != nil {
		return nil, false
	}
	zones.Store(strings.Clone(id), zone)
	return zone, true
}
