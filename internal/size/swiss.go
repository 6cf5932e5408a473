package size

import (
	"math/bits"
	"unsafe"
)

// What Go's maps are made of since Go 1.24 (internal/runtime/maps): a header; up
// to eight entries in one group of slots; from nine on a directory of tables, of
// up to 1,024 slots each, seven eighths of them in use at the most.
const (
	groupSlots     = 8
	controlBytes   = 8
	tableSlots     = 1024
	mapHeaderBytes = 16 + 4*int64(unsafe.Sizeof(uintptr(0)))
	tableBytes     = 16 + 2*int64(unsafe.Sizeof(uintptr(0)))
	// inlineBytes is the largest key or element that lies in its slot; of a
	// larger one the slot has a pointer.
	inlineBytes = 128
)

// mapBytes is what a map takes besides what its keys and elements refer to, if it
// has grown entry by entry and lost none.
func mapBytes(entries int, slotBytes int64, pointers bool) int64 {
	group := controlBytes + groupSlots*slotBytes
	header := allocated(mapHeaderBytes, true)
	switch {
	case entries == 0:
		return header
	case entries <= groupSlots:
		return header + allocated(group, pointers)
	}
	slots := ceilPower((entries*groupSlots + groupSlots - 2) / (groupSlots - 1))
	tables := int64(1)
	if slots > tableSlots {
		tables = int64(slots / tableSlots)
		slots = tableSlots
	}
	table := allocated(tableBytes, true) + allocated(int64(slots/groupSlots)*group, pointers)
	return header + allocated(tables*int64(unsafe.Sizeof(uintptr(0))), true) + tables*table
}

// ceilPower returns the smallest power of two that is not below n.
func ceilPower(n int) int { return 1 << bits.Len(uint(n-1)) }
