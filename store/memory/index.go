package memory

import "hash/maphash"

// index finds the records of a shard by account and ID, and by account and Of. It
// maps a hash to a position: no pointer for the garbage collector to follow, and
// Go's maps grow piece by piece. Where two records have the same hash, the later
// one is at the next free hash after it; nothing is ever removed.
type index struct {
	seed maphash.Seed
	at   map[uint64]position
}

func newIndex(seed maphash.Seed) index {
	return index{seed: seed, at: make(map[uint64]position)}
}

// hash mixes an account's number into the hash of an ID.
func (x *index) hash(account int, id string) uint64 {
	const golden = 0x9e3779b97f4a7c15 // spreads small numbers over all bits
	return maphash.String(x.seed, id) ^ (uint64(account)+1)*golden
}

// add enters a record under an ID or an Of of its account.
func (x *index) add(account int, id string, p position) {
	for h := x.hash(account, id); ; h++ {
		if _, taken := x.at[h]; !taken {
			x.at[h] = p
			return
		}
	}
}

// find yields the positions that may be records under that ID or Of.
func (x *index) find(account int, id string, yield func(position)) {
	for h := x.hash(account, id); ; h++ {
		p, found := x.at[h]
		if !found {
			return
		}
		yield(p)
	}
}
