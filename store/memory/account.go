package memory

import (
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// account is one account's open state and its history. Its shard's lock guards
// it.
type account struct {
	state credits.State
	log   log
	ids   map[string]int64   // the Seq of the entry with an ID
	of    map[string][]int64 // the Seqs of the entries with an Of
	due   int                // its place in the shard's heap; -1: not in it
}

func newAccount(name string) *account {
	return &account{state: credits.State{Account: name}, ids: make(map[string]int64), due: notDue}
}

// update is Update under the shard's lock. The decision sees the account's own
// memory, which it must not write to, and decides in place of a copy.
func (sh *shard) update(name string, ids []string, decide credits.Decision) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, known := sh.accounts[name]
	if !known {
		a = newAccount(name)
	}
	change, err := decide(a.state, a.prior(ids))
	if err != nil || change.IsZero() {
		return err
	}
	if !known {
		a.state.Account = string([]byte(name)) // not a part of a larger text
		sh.accounts[a.state.Account] = a
	}
	a.apply(change)
	sh.reschedule(a)
	return nil
}

func (a *account) apply(change credits.Change) {
	for i := range change.Entries {
		e := a.log.add(&change.Entries[i])
		a.ids[e.ID] = e.Seq
		if e.Of != "" {
			if a.of == nil {
				a.of = make(map[string][]int64)
			}
			a.of[e.Of] = append(a.of[e.Of], e.Seq)
		}
	}
	a.state.Apply(change)
}

// prior returns the entries whose ID or Of is in ids, by Seq.
func (a *account) prior(ids []string) []credits.Entry {
	var seqs []int64
	for _, id := range ids {
		if seq, found := a.ids[id]; found {
			seqs = append(seqs, seq)
		}
		seqs = append(seqs, a.of[id]...)
	}
	if len(seqs) == 0 {
		return nil
	}
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	prior := make([]credits.Entry, len(seqs))
	for i, seq := range seqs {
		prior[i] = *a.log.at(seq)
	}
	return prior
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
// Seq, which finds the ends of a time range without a walk.
func (sh *shard) window(q *credits.Query) window {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a, known := sh.accounts[q.Account]
	if !known {
		return window{first: 1}
	}
	w := window{first: q.After + 1, last: a.log.len()}
	if q.Before > 0 {
		w.last = min(w.last, q.Before-1)
	}
	if !q.From.IsZero() {
		w.first = max(w.first, a.log.firstAt(q.From))
	}
	if !q.To.IsZero() {
		w.last = min(w.last, a.log.firstAt(q.To)-1)
	}
	return w
}

// page returns copies of the selected entries among the next few of a window, in
// the query's order, and the rest of the window.
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
		if e := a.log.at(seq); q.Matches(e) {
			page = append(page, e.Clone())
		}
	}
	return page, w
}

// log is an append-only list of entries in blocks, so that it grows without
// copying what is there.
type log struct {
	blocks   [][]credits.Entry
	postings []credits.Posting // the rest of a block that entries' postings are cut from
}

// blockSize is how many entries, and how many postings, are allocated together.
const blockSize = 64

func (l *log) len() int64 {
	if len(l.blocks) == 0 {
		return 0
	}
	return int64(len(l.blocks)-1)*blockSize + int64(len(l.blocks[len(l.blocks)-1]))
}

// at returns the entry with that Seq, which must be there.
func (l *log) at(seq int64) *credits.Entry {
	return &l.blocks[(seq-1)/blockSize][(seq-1)%blockSize]
}

// firstAt returns the Seq of the first entry at or after an instant.
func (l *log) firstAt(t time.Time) int64 {
	first, last := int64(1), l.len()+1
	for first < last {
		middle := (first + last) / 2
		if l.at(middle).At.Before(t) {
			first = middle + 1
		} else {
			last = middle
		}
	}
	return first
}

// add appends a copy of an entry.
func (l *log) add(e *credits.Entry) *credits.Entry {
	if n := l.len(); n == 0 {
		l.blocks = append(l.blocks, nil) // grows as needed: most accounts stay small
	} else if n%blockSize == 0 {
		l.blocks = append(l.blocks, make([]credits.Entry, 0, blockSize))
	}
	last := &l.blocks[len(l.blocks)-1]
	*last = append(*last, *e)
	added := &(*last)[len(*last)-1]
	postings := l.copyPostings(e.Postings)
	added.Postings = nil
	*added = added.Clone()
	added.Postings = postings
	return added
}

// copyPostings cuts a copy from a block that many entries share.
func (l *log) copyPostings(postings []credits.Posting) []credits.Posting {
	if len(postings) > cap(l.postings)-len(l.postings) {
		room := min(blockSize, 2+int(l.len()))
		l.postings = make([]credits.Posting, 0, max(room, len(postings)))
	}
	start := len(l.postings)
	l.postings = append(l.postings, postings...)
	return l.postings[start:len(l.postings):len(l.postings)]
}
