package state

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// sharedName is a key as Redis knows it, less the kind and the account: 16 bytes of
// the SHA-256 of its encoding. Two keys of a kind have the same with a chance of 1 in
// 2^128, and nobody can make two that do.
//
// A key may be as long as the longest query and hold a principal's name, and keys
// are what shows of a Redis in its logs and tools. So its parts are not in it. Who can
// guess all of a key's parts can tell whether Redis has it.
type sharedName [16]byte

func nameOfKey(key string) sharedName {
	sum := sha256.Sum256([]byte(key))
	return sharedName(sum[:16])
}

// keyName is the whole of it: KIND/ACCOUNT/NAME.
func (n sharedName) keyName(kind string, account int) string {
	return kind + "/" + strconv.Itoa(account) + "/" + base64.RawURLEncoding.EncodeToString(n[:])
}

// parseKeyName takes apart what keyName made.
func parseKeyName(s string) (kind string, n sharedName, ok bool) {
	kind, rest, ok := strings.Cut(s, "/")
	if !ok {
		return "", n, false
	}
	_, text, ok := strings.Cut(rest, "/")
	if !ok {
		return "", n, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != len(n) {
		return "", n, false
	}
	return kind, sharedName(b), true
}

// keyIndex leads from what Redis calls keys to what a cache calls them, since Redis
// only reports the former.
//
// It has every key that is kept or being loaded, and some that were: each that is
// added has a few others looked at, and those go that nobody has any more. So about
// a third more are in it than in the cache, whatever comes and goes, and nothing
// has to be done where the engine evicts.
//
// The caller sees to it that one method runs at a time.
type keyIndex struct{ keys map[sharedName]string }

// sweep is how many keys are looked at for each that is added.
const sweep = 4

func newKeyIndex() *keyIndex { return &keyIndex{make(map[sharedName]string)} }

// add enters a key; alive says of another whether it is needed.
func (x *keyIndex) add(n sharedName, key string, alive func(key string) bool) {
	if _, known := x.keys[n]; known {
		return
	}
	looked := 0
	for other, key := range x.keys { // which begins somewhere else each time
		if looked++; looked > sweep {
			break
		}
		if !alive(key) {
			delete(x.keys, other)
		}
	}
	x.keys[n] = key
}
