package memory

import "hash/maphash"

// index finds the records of a shard by account and ID, and by account and Of. It
// maps a hash to a position: no pointer for the garbage collector to follow, and
// Go's maps grow piece by piece. Where two keys have the same hash, the later one
// is at the next free hash after it; nothing is ever removed.
//
// The records of one Of are a list: the index has the last, and each has the one
// before it, so that adding another costs the same however many there are.
type index struct {
	seed maphash.Seed
	log  *log
	ids  map[uint64]position
	ofs  map[uint64]position
}

func newIndex(seed maphash.Seed, log *log) index {
	return index{seed: seed, log: log, ids: make(map[uint64]position), ofs: make(map[uint64]position)}
}

// hash mixes an account's number into the hash of an ID.
func (x *index) hash(account int, id string) uint64 {
	const golden = 0x9e3779b97f4a7c15 // spreads small numbers over all bits
	return maphash.String(x.seed, id) ^ (uint64(account)+1)*golden
}

// byID returns where an account's record with that ID is entered, or would be.
func (x *index) byID(account int, id string) (slot uint64, at position, found bool) {
	for slot = x.hash(account, id); ; slot++ {
		if at, found = x.ids[slot]; !found {
			return slot, 0, false
		}
		if key := peek(x.log.at(at)); key.account == account && string(key.id) == id {
			return slot, at, true
		}
	}
}

// byOf returns where an account's last record with that Of is entered, or would
// be.
func (x *index) byOf(account int, of string) (slot uint64, at position, found bool) {
	for slot = x.hash(account, of); ; slot++ {
		if at, found = x.ofs[slot]; !found {
			return slot, 0, false
		}
		if key := peek(x.log.at(at)); key.account == account && string(key.of) == of {
			return slot, at, true
		}
	}
}

// find yields the records of an account whose ID or Of is id.
func (x *index) find(account int, id string, yield func(record []byte)) {
	if _, at, found := x.byID(account, id); found {
		yield(x.log.at(at))
	}
	for _, at, more := x.byOf(account, id); more; {
		record := x.log.at(at)
		yield(record)
		at, more = peek(record).before()
	}
}
