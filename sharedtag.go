package state

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// What Redis knows of tags are their names there:
//
//	a/ACCOUNT   k/KIND   e/ACCOUNT/EVENT TYPE   n/ACCOUNT/NAME   u/ACCOUNT
//
// A result that newer events can make stale has each of its own tags once more, with
// agedMark before it. ObserveData invalidates that one only: to Redis a result that
// is not the newest any more is like one that is wrong, and is loaded again, while an
// instance that has it serves it as Stale.
const agedMark = "~"

// maxTagName is the length from which on a tag's name is replaced by its SHA-256:
// names may be made of what a client says.
const maxTagName = 256

var tagLetters = map[tagClass]string{
	accountTag: "a", kindTag: "k", eventTypeTag: "e", namedTag: "n", unreadTag: "u",
}

// bounded is the tag with a name that is not too long. It stands for the tag
// everywhere: two that are the same by it are one.
func (t Tag) bounded() Tag {
	if len(t.name) > maxTagName {
		sum := sha256.Sum256([]byte(t.name))
		t.name = "#" + hex.EncodeToString(sum[:])
	}
	return t
}

// sharedName is how Redis knows the tag.
func (t Tag) sharedName() string {
	t = t.bounded()
	letter := tagLetters[t.class]
	if t.class == kindTag {
		return letter + "/" + t.name
	}
	name := letter + "/" + strconv.Itoa(t.account)
	if t.class == eventTypeTag || t.class == namedTag {
		name += "/" + t.name
	}
	return name
}

func sharedNames(tags []Tag) []string {
	names := make([]string, len(tags))
	for i, tag := range tags {
		names[i] = tag.sharedName()
	}
	return names
}

// agedNames are the names by which tags age.
func agedNames(tags []Tag) []string {
	names := sharedNames(tags)
	for i := range names {
		names[i] = agedMark + names[i]
	}
	return names
}

// tagOf reads a tag's name in Redis. It is not ok for what another version may have
// written.
func tagOf(name string) (tag Tag, aged, ok bool) {
	name, aged = strings.CutPrefix(name, agedMark)
	letter, rest, ok := strings.Cut(name, "/")
	if !ok {
		return Tag{}, aged, false
	}
	for class, l := range tagLetters {
		if l == letter {
			tag.class = class
		}
	}
	text := rest
	switch tag.class {
	case 0:
		return Tag{}, aged, false
	case kindTag:
		tag.name = rest
		return tag, aged, rest != ""
	case eventTypeTag, namedTag:
		if text, tag.name, ok = strings.Cut(rest, "/"); !ok {
			return Tag{}, aged, false
		}
	}
	account, err := strconv.Atoi(text)
	if err != nil {
		return Tag{}, aged, false
	}
	tag.account = account
	return tag, aged, true
}
