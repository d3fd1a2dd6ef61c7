package memory

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/scriphq/scrip/credits"
)

// shard is a part of the accounts under one lock.
type shard struct {
	mu      sync.Mutex
	texts   *texts // the store's
	names   names
	places  []place    // of the accounts by number
	awake   []account  // few of them
	large   []*account // awake for ever
	most    int        // how many are in awake at most
	small   int        // how many records an account has at most that falls asleep
	hand    int        // of the clock that says who falls asleep next
	log     log
	index   index
	due     dueHeap
	scratch []byte   // memory to encode in
	_       [64]byte // keeps the locks of two shards off one cache line
}

// place says where an account is.
type place struct {
	asleep string // the account encoded; empty: it is awake
	awake  int32  // its place in the shard's awake, or below zero in its large, while it is there
	due    int32  // its place in the shard's heap; notDue: not in it
}

func (sh *shard) begin(seed maphash.Seed, texts *texts, mostAwake, mostAsleep int) {
	sh.texts, sh.most, sh.small = texts, mostAwake, mostAsleep
	sh.names = newNames()
	sh.index = newIndex(seed, &sh.log)
}

// update is Update under the shard's lock. The decision sees the account's own
// memory, which it does not write to.
func (sh *shard) update(name string, hash uint64, ids []string, decide credits.Decision) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	fresh := sh.index.glance(hash, ids)
	number, known := sh.number(name, hash)
	if !known {
		return sh.create(name, hash, decide)
	}
	a := sh.wake(number)
	var prior []credits.Entry
	if !fresh {
		prior = sh.prior(a, hash, ids)
	}
	change, err := decide(a.state, prior)
	if err == nil && !change.IsZero() {
		sh.apply(a, hash, change)
	}
	return err
}

// create is update of an account that does not exist, and so has no entry.
func (sh *shard) create(name string, hash uint64, decide credits.Decision) error {
	change, err := decide(credits.State{Account: name}, nil)
	if err != nil || change.IsZero() {
		return err
	}
	number, at := len(sh.places), sh.vacate()
	sh.awake[at] = account{state: credits.State{Account: name}, number: number}
	sh.places = append(sh.places, place{awake: int32(at), due: notDue})
	sh.names.add(hash, number)
	sh.apply(&sh.awake[at], hash, change)
	return nil
}

// apply makes a change to an account that is awake.
func (sh *shard) apply(a *account, hash uint64, change credits.Change) {
	sh.append(a, hash, change.Entries)
	due := a.state.Due
	a.state.Apply(change)
	if !a.state.Due.Equal(due) { // most changes leave it, and others' memory alone
		sh.reschedule(a.number, a.state.Due)
	}
}

// append adds entries to the log, the index and the account's history.
func (sh *shard) append(a *account, hash uint64, entries []credits.Entry) {
	for i := range entries {
		e := &entries[i]
		w := encoder{bytes: sh.scratch[:0]}
		w.entry(a.number, sh.linkOf(a, hash, e.Of), a.history, e)
		sh.scratch = w.bytes
		at := sh.log.add(w.bytes)
		sh.index.add(a.number, hash, e.ID, e.Of, at)
		a.history.add(e.Seq, at)
	}
}

// linkOf returns a new record's link to the one before it with the same Of.
func (sh *shard) linkOf(a *account, hash uint64, of string) link {
	if of == "" {
		return 0
	}
	return sh.index.last(a.number, hash, of)
}

// prior returns the entries of an account whose ID or Of is in ids, by Seq.
func (sh *shard) prior(a *account, hash uint64, ids []string) []credits.Entry {
	var prior []credits.Entry
	for _, id := range ids {
		sh.index.find(a.number, hash, id, func(record []byte) {
			prior = append(prior, decode(record, a.state.Account, sh.texts))
		})
	}
	slices.SortFunc(prior, func(a, b credits.Entry) int { return int(a.Seq - b.Seq) })
	return slices.CompactFunc(prior, func(a, b credits.Entry) bool { return a.Seq == b.Seq })
}

// state returns a copy of an account's state. Under the lock, for which spends wait,
// are only the records of an account that is awake copied, into memory that is there
// already where it is much; what records point to is never written to.
func (sh *shard) state(name string, hash uint64) credits.State {
	var room []credits.Lot
	for {
		sh.mu.Lock()
		number, known := sh.number(name, hash)
		if !known {
			sh.mu.Unlock()
			return credits.State{Account: name}
		}
		if asleep := sh.places[number].asleep; asleep != "" {
			sh.mu.Unlock()
			return sh.decode(asleep)
		}
		s := sh.awakeAt(&sh.places[number]).state
		if lots := len(s.Lots); lots > max(fewLots, cap(room)) {
			sh.mu.Unlock()
			room = make([]credits.Lot, 0, lots)
			continue
		}
		s = copied(s, room)
		sh.mu.Unlock()
		return owned(s)
	}
}

// decode returns the state of an account that is asleep.
func (sh *shard) decode(asleep string) credits.State {
	var a account
	r := decoder{rest: asleep, texts: sh.texts}
	r.account(&a)
	return a.state
}

// copied returns a state with copies of its records; many lots go into room.
func copied(s credits.State, room []credits.Lot) credits.State {
	if len(s.Lots) > fewLots {
		s.Lots = append(room, s.Lots...)
	} else {
		s.Lots = slices.Clone(s.Lots)
	}
	s.Holds = slices.Clone(s.Holds)
	s.Terms, s.Allowances = slices.Clone(s.Terms), slices.Clone(s.Allowances)
	return s
}

// owned makes what the records of a state point to the state's own.
func owned(s credits.State) credits.State {
	for i := range s.Lots {
		if lot := &s.Lots[i]; lot.Features != nil || lot.Meta != nil {
			*lot = lot.Clone()
		}
	}
	for i := range s.Holds {
		s.Holds[i] = s.Holds[i].Clone()
	}
	for i := range s.Allowances {
		s.Allowances[i] = s.Allowances[i].Clone()
	}
	return s
}
