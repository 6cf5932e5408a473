// Package snapshot keeps on disk what a process must not forget: it writes
// records into a file that survives damage, and takes such files again and again
// behind the process's back.
//
// # The idea
//
// A record is a type and some bytes; what they mean, its owner knows. A file that
// holds a hundred thousand of them will one day come back with a flipped bit, a
// lost sector or without its end, and then the question is not whether the file
// is good, but which records are. So each record proves itself:
//
//	header  64 bytes: magic, version, marker, created, writer, crc
//	record  marker | sequence | type | length | payload crc | frame crc | payload
//	record  …
//	footer  a record of type 0: how many there were, crc of all their frames
//	header  once more
//
// The marker is eight random bytes that are drawn for each file. A reader that
// finds a broken frame looks for the next marker, so a flipped length costs one
// record and not what follows; and nobody can put a record inside a payload, since
// nobody knows the marker of a file that is not written yet. The frame has a crc
// of its own, so a length is believed before anything is allocated for it, or not
// at all. The sequence says how many records are missing, and that none comes
// twice. The second header is for a file whose first sector is gone.
//
// Checksums are CRC-32C (Castagnoli 1993), which processors compute; numbers are
// little-endian. What they detect is accident: whoever may write the file may
// forge one.
//
// # Generations
//
// A file is written under a temporary name with mode 0600, synced, renamed to
// NAME-NUMBER.snapshot, and then the folder is synced. So a file under its final
// name is complete, unless the disk lost some of it, and a process that is killed
// leaves the generations that it had. The last three are kept.
//
// Load takes the newest generation, and every intact record in it. An older one
// takes its place only where the newest has no readable header, or nothing intact
// in it. Rejected: the older generation as soon as anything is damaged, which
// loses an interval of everybody's work for one bad record; and to fetch the
// missing records from the older one, which brings back what was deleted or
// revoked since: one generation is a state that was once true, two mixed are not.
// A file of a newer version is an error and not a reason to fall back, for
// the same reason: its content is fine, and the wrong program is reading it.
//
// # Keeping
//
// A [Keeper] takes a snapshot every interval in which something has changed, after
// so many changes, when it is asked, and when it is closed. Who changes something
// pays one atomic add. A failure, such as a full disk, is a state that [Keeper.Status]
// shows, not an error that stops anything: the keeper goes on trying, and what was
// there before stays.
//
// # What it promises
//
//   - Whatever is in a file, reading it neither panics nor allocates more than the
//     largest permitted record, and a buffer.
//   - Every record whose bytes are intact is found, where a header is.
//   - No record is accepted that was not written so.
//   - What a snapshot that has succeeded holds is there after a crash of the process
//     or the machine, if the disk keeps what it has synced.
//
// One process keeps one folder. Two that share it mix up their generations.
package snapshot
