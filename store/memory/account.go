package memory

import (
	"slices"
	"sort"
	"time"

	"github.com/scriphq/scrip/credits"
)

// account is one account's open state, and where its history is in the shard's
// log. The shard's lock guards it.
type account struct {
	state   credits.State
	number  int        // within the shard, from 0
	history []position // of the entry with Seq 1, 2, 3 and so on
	due     int        // its place in the shard's heap; notDue: not in it
}

// update is Update under the shard's lock. The decision sees the account's own
// memory, which it does not write to.
func (sh *shard) update(name string, ids []string, decide credits.Decision) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, known := sh.accounts[name]
	if !known {
		a = &account{state: credits.State{Account: name}, number: len(sh.accounts), due: notDue}
	}
	change, err := decide(a.state, sh.prior(a, ids))
	if err != nil || change.IsZero() {
		return err
	}
	if !known {
		sh.accounts[name] = a
	}
	sh.append(a, change.Entries)
	due := a.state.Due
	a.state.Apply(change)
	a.fit()
	if !a.state.Due.Equal(due) { // most changes leave it, and others' memory alone
		sh.reschedule(a)
	}
	return nil
}

// fewLots is how many lots most accounts have at most, for long.
const fewLots = 8

// fit gives back the room that few lots do not need: a third of their memory. More
// of them need it, to come and go.
func (a *account) fit() {
	if lots := a.state.Lots; len(lots) < cap(lots) && cap(lots) <= fewLots {
		a.state.Lots = append(make([]credits.Lot, 0, len(lots)), lots...)
	}
}

// append adds entries to the log, the index and the account's history.
func (sh *shard) append(a *account, entries []credits.Entry) {
	for i := range entries {
		e := &entries[i]
		w := encoder{bytes: sh.log.scratch[:0]}
		w.entry(a.number, sh.linkOf(a, e.Of), e)
		sh.log.scratch = w.bytes
		at := sh.log.add(w.bytes)
		sh.index.add(a.number, e.ID, e.Of, at)
		a.history = append(a.history, at)
	}
}

// linkOf returns a new record's link to the one before it with the same Of.
func (sh *shard) linkOf(a *account, of string) uint64 {
	if of == "" {
		return 0
	}
	if at, found := sh.index.last(a.number, of); found {
		return uint64(at) + 1
	}
	return 0
}

// prior returns the entries of an account whose ID or Of is in ids, by Seq.
func (sh *shard) prior(a *account, ids []string) []credits.Entry {
	var prior []credits.Entry
	for _, id := range ids {
		sh.index.find(a.number, id, func(record []byte) {
			prior = append(prior, decode(record, a.state.Account))
		})
	}
	slices.SortFunc(prior, func(a, b credits.Entry) int { return int(a.Seq - b.Seq) })
	return slices.CompactFunc(prior, func(a, b credits.Entry) bool { return a.Seq == b.Seq })
}

// state returns a copy of an account's state.
func (sh *shard) state(name string) credits.State {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if a, known := sh.accounts[name]; known {
		return a.state.Clone()
	}
	return credits.State{Account: name}
}

// pageSize is how many entries a reader looks at under the lock: enough to make
// the lock cheap, few enough that a spend hardly waits.
const pageSize = 64

// window is what is left of a query to look at: Seqs from first to last.
type window struct{ first, last int64 }

func (w window) empty() bool { return w.first > w.last }

// window returns the Seqs that a query can select now. At never decreases with
// Seq, so that a search finds the bounds of a range of time.
func (sh *shard) window(q *credits.Query) window {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, known := sh.accounts[q.Account]
	if !known {
		return window{first: 1}
	}
	last := int64(len(a.history))
	w := window{first: min(q.After, last) + 1, last: last}
	if q.Before > 0 {
		w.last = min(w.last, q.Before-1)
	}
	if !q.From.IsZero() {
		w.first = max(w.first, sh.firstAt(a, q.From))
	}
	if !q.To.IsZero() {
		w.last = min(w.last, sh.firstAt(a, q.To)-1)
	}
	return w
}

// firstAt returns the Seq of an account's first entry at or after an instant.
func (sh *shard) firstAt(a *account, t time.Time) int64 {
	return 1 + int64(sort.Search(len(a.history), func(i int) bool {
		return !recordedAt(sh.log.at(a.history[i])).Before(t)
	}))
}

// page returns the selected entries among the next few of a window, in the
// query's order, and the rest of the window.
func (sh *shard) page(q *credits.Query, w window) ([]credits.Entry, window) {
	if w.empty() {
		return nil, w
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := sh.accounts[q.Account]
	var page []credits.Entry
	for range pageSize {
		if w.empty() {
			break
		}
		seq := w.first
		if q.NewestFirst {
			seq = w.last
			w.last--
		} else {
			w.first++
		}
		if e := decode(sh.log.at(a.history[seq-1]), a.state.Account); q.Matches(&e) {
			page = append(page, e)
		}
	}
	return page, w
}
