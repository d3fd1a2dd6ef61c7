package memory

import "hash/maphash"

// index finds the records of a shard by account and ID, and by account and Of. It is
// a table of cells of fixed size, without a pointer for the garbage collector to
// follow: a lookup looks at the cells from its hash on, up to a free one, and so
// nearly always at one place of the memory, also for what is not there. Nothing is
// ever removed.
//
// The records of one Of are a list: the index has the last, and each has the one
// before it, so that adding another costs the same however many there are.
type index struct {
	seed  maphash.Seed
	log   *log
	cells []cell // as many as a power of two
	used  int
}

// cell is one entry of an index.
type cell struct {
	hash uint64
	ref  ref
}

// ref is a position, and whether it is of the last record of an Of, or of an ID. The
// zero value is a free cell's.
type ref uint64

func refTo(at position, of bool) ref {
	r := ref(at+1) << 1
	if of {
		r |= 1
	}
	return r
}

func (r ref) position() position { return position(r>>1) - 1 }
func (r ref) of() bool           { return r&1 == 1 }

// firstCells is how many cells an index begins with.
const firstCells = 16

func newIndex(seed maphash.Seed, log *log) index {
	return index{seed: seed, log: log, cells: make([]cell, firstCells)}
}

// hash mixes an account's number into the hash of an ID.
func (x *index) hash(account int, id string) uint64 {
	const golden = 0x9e3779b97f4a7c15 // spreads small numbers over all bits
	return maphash.String(x.seed, id) ^ (uint64(account)+1)*golden
}

// find yields the records of an account whose ID or Of is id.
func (x *index) find(account int, id string, yield func(record []byte)) {
	hash := x.hash(account, id)
	for i := x.first(hash); x.cells[i].ref != 0; i = x.next(i) {
		if x.cells[i].hash != hash {
			continue
		}
		record := x.log.at(x.cells[i].ref.position())
		switch key := peek(record); {
		case key.account != account:
		case !x.cells[i].ref.of() && string(key.id) == id:
			yield(record)
		case x.cells[i].ref.of() && string(key.of) == id:
			yield(record)
			for at, more := key.before(); more; at, more = peek(record).before() {
				record = x.log.at(at)
				yield(record)
			}
		}
	}
}

// add enters a record of an account, of which there is none yet with that ID.
func (x *index) add(account int, id, of string, at position) {
	x.insert(cell{hash: x.hash(account, id), ref: refTo(at, false)})
	if of == "" {
		return
	}
	hash := x.hash(account, of)
	if i, found := x.lastOf(hash, account, of); found {
		x.cells[i].ref = refTo(at, true)
		return
	}
	x.insert(cell{hash: hash, ref: refTo(at, true)})
}

// last returns the last record of an account with that Of.
func (x *index) last(account int, of string) (at position, found bool) {
	i, found := x.lastOf(x.hash(account, of), account, of)
	return x.cells[i].ref.position(), found
}

// lastOf returns the cell of the last record with that Of, or the free one after
// where it would be.
func (x *index) lastOf(hash uint64, account int, of string) (i int, found bool) {
	for i = x.first(hash); x.cells[i].ref != 0; i = x.next(i) {
		if x.cells[i].hash != hash || !x.cells[i].ref.of() {
			continue
		}
		if key := peek(x.log.at(x.cells[i].ref.position())); key.account == account && string(key.of) == of {
			return i, true
		}
	}
	return i, false
}

// insert puts a cell in the first free place from its hash on.
func (x *index) insert(c cell) {
	if 8*x.used >= 5*len(x.cells) {
		x.grow()
	}
	i := x.first(c.hash)
	for x.cells[i].ref != 0 {
		i = x.next(i)
	}
	x.cells[i] = c
	x.used++
}

// grow makes room for as many cells again. Shards grow one by one, and each cell
// knows its hash, so that no update waits long for it.
func (x *index) grow() {
	old := x.cells
	x.cells, x.used = make([]cell, 2*len(old)), 0
	for _, c := range old {
		if c.ref != 0 {
			x.insert(c)
		}
	}
}

func (x *index) first(hash uint64) int { return int(hash & uint64(len(x.cells)-1)) }
func (x *index) next(i int) int        { return (i + 1) & (len(x.cells) - 1) }
