// Package auth knows who may ask: API keys that are made once, shown once, and
// kept only as hashes.
//
//	keys, err := auth.New(auth.Options{})
//	text, key, err := keys.Create(auth.Spec{Owner: "ada", Scopes: []string{"read"}})
//	principal, err := keys.Verify(string(text))
//	handler := keys.Require(mux, "read")
//
// # The idea
//
//	uds_kbdwy3dpeb2ha33q_ …52 letters… 4vx2c7a
//	    id: public       secret        CRC-32
//
// A key is 256 random bits behind a public id. Nobody guesses it and no dictionary
// has it, so one SHA-256 keeps it as well as a slow hash would, and costs about
// a microsecond rather than a tenth of a second of everybody's processor. The id
// finds the key; the hashes are compared in constant time. The prefix and the
// checksum are for secret scanners, which can tell a key from noise without asking
// anybody, and for us, who refuse a typing error without a look. There is one spelling of
// a key, and a double click selects all of it.
//
// Verify takes no lock and allocates nothing: the table is a map that is never
// changed, behind one atomic pointer. Who makes a key copies it.
//
// # What a wrong key is told
//
// That it is wrong. Misspelt, unknown and wrong are one error, ErrUnauthorized, and
// the work for the last two is the same. That a key has expired or was revoked is
// told to who has proved that it had the whole of it: that helps its owner, and a
// thief learns what the next attempt would have shown. Both errors match
// ErrUnauthorized too, and [Keys.Require] answers all three alike.
//
// # Failures are limited
//
// By remote address and in all, see [Options]. With 256 bits it is not guessing
// that has to be stopped but the noise of a broken client: beyond the limit a
// failure is told to come back later, is not logged any more, and a key
// that is right is let in nevertheless. To refuse right keys as well would let any
// client lock out all who share its proxy.
//
// # What is kept
//
// Records: id, hash, owner, scopes, and times. They come from [Keys.Create], from a
// file of them ([Keys.LoadFile]) and from a snapshot ([Keys.Restore]); a revocation
// outlives all three. A plaintext is in a [Plaintext], which neither fmt nor a
// logger nor a JSON encoder prints, and is gone when its Wipe is called.
//
// Go makes no promise about memory: a string cannot be wiped, a stack that grows
// leaves a copy behind until it is used again, and the request that brought a key has
// it in its header. This package copies no plaintext to the heap and wipes what it had
// on the stack; what callers convert to strings is theirs to forget.
package auth
