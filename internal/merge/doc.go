// Package merge brings the changes of several instances to a session together:
// by one pure function, and by one Lua script that does the same inside Redis.
//
// # The idea
//
// Instances write without asking each other. So what a session holds is kept in
// fields that can be joined whatever came first, each by the smallest rule that
// does (Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data
// Types", SSS 2011). A field is a name and a string, exactly as they lie in the
// session's Redis HASH; stamps are 24 hexadecimal digits, see [Stamp].
//
//	r:NAME     STAMP payload        register: the later stamp wins
//	s:NAME     ADDED REMOVED payload
//	                                element of a set: there while ADDED > REMOVED
//	w:G:NAME   STAMP payload        window G: a register, of which the latest
//	                                256 in G are kept
//	_del       STAMP DEADLINE       tombstone: nothing else is left
//
// Of a set's element each stamp is joined by itself, by taking the later. A
// remover writes the ADDED that it saw into REMOVED; so whoever adds the element
// again meanwhile, with a later ADDED, wins. An earlier draft with one stamp and
// a flag depended on the order of arrival.
//
// Two more fields are the HASH's own and never part of [Fields]: _inc names
// its incarnation, so that one that was lost and made again is not mistaken for the
// old one, and _v is the time of its last change: see [Mark].
//
// # The laws
//
// For fields that [Fields.Check] accepts and Merge has seen once,
//
//	Merge(a, b) = Merge(b, a)
//	Merge(a, Merge(b, c)) = Merge(Merge(a, b), c)
//	Merge(a, a) = a
//
// so it does not matter in which order changes arrive, nor how often. Windows keep
// the laws, because an entry that is not among the latest 256 of a part is not
// among those of the whole.
//
// # Clocks
//
// A stamp is a hybrid logical clock's (Kulkarni, Demirbas, Madappa, Avva and
// Leone, "Logical Physical Clocks", OPODIS 2014): near the wall clock, but never
// before what has been seen. A machine whose clock is far ahead would win every
// field for as long as it is ahead; so who receives fields refuses those stamped
// more than [MaxAhead] ahead of the own clock, see [Fields.Admit].
package merge
