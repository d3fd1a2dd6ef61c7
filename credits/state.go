package credits

import (
	"maps"
	"slices"
	"sort"
	"time"
)

// State is what is open in an account: everything a decision needs. Its size
// does not grow with history. The zero value with an Account is an account that
// nothing ever happened to.
type State struct {
	Account string
	Seq     int64     // of the last entry; zero: none
	At      time.Time // of the last entry; the account's time never runs back
	Balance Amount    // the last entry's: the sum over Lots less Debt
	Due     time.Time // the earliest instant at which time does something; zero: never

	Debt     Amount   // what the account owes, zero or more
	DebtHeld Amount   // what holds set aside of the overdraft, zero or more
	Settings Settings // the account's own

	Lots       []Lot       // the open lots in ascending order of [Lot.Compare]
	Holds      []Hold      // the open holds in ascending order of ID
	Terms      []Term      // the open terms in ascending order of ID
	Allowances []Allowance // the running allowances in ascending order of ID
}

// Settings are what an account is configured to. The zero value is the default.
type Settings struct {
	Overdraft Amount // how far spends may take the account into debt; zero: not at all
	Frozen    bool   // refuses spends, reserves, extensions and captures beyond a hold; time still settles
}

// Change is what a decision does to a [State]. The zero Change does nothing.
type Change struct {
	Entries []Entry   // to append, in order; the first continues State.Seq
	Due     time.Time // the new State.Due

	Debt, DebtHeld Amount   // the new State.Debt and State.DebtHeld
	Settings       Settings // the new State.Settings

	// Every touched record once, as it is now: new, changed or closed. A lot that
	// opened and closed within the change may be left out.
	Lots       []Lot
	Holds      []Hold
	Terms      []Term
	Allowances []Allowance
}

// IsZero reports whether there is nothing to write.
func (c *Change) IsZero() bool { return len(c.Entries) == 0 }

// Apply makes the change to s. It is how a store in memory, a draft and a replay
// come to the same state; a store in a database does the same in its own tables.
// Afterwards s shares no memory with c.
func (s *State) Apply(c Change) {
	if c.IsZero() {
		return
	}
	last := &c.Entries[len(c.Entries)-1]
	s.Seq, s.At, s.Balance, s.Due = last.Seq, last.At, last.Balance, c.Due
	s.Debt, s.DebtHeld, s.Settings = c.Debt, c.DebtHeld, c.Settings
	s.applyRecords(&c)
}

// applyRecords makes the part of a change that is about lots, holds, terms and
// allowances.
func (s *State) applyRecords(c *Change) {
	s.applyLots(c.Lots)
	for i := range c.Holds {
		hold := c.Holds[i].Clone()
		s.Holds = place(s.Holds, &hold)
	}
	for i := range c.Terms {
		s.Terms = place(s.Terms, &c.Terms[i])
	}
	for i := range c.Allowances {
		allowance := c.Allowances[i].Clone()
		s.Allowances = place(s.Allowances, &allowance)
	}
}

// manyLots is when looking at lots one by one gives way to an index.
const manyLots = 16

// applyLots puts lots in their places; closed ones go.
func (s *State) applyLots(lots []Lot) {
	if len(lots) <= manyLots {
		for i := range lots {
			s.applyLot(&lots[i])
		}
		return
	}
	newer := make(map[string]*Lot, len(lots))
	for i := range lots {
		newer[lots[i].ID] = &lots[i]
	}
	for i := range s.Lots {
		if lot := newer[s.Lots[i].ID]; lot != nil {
			s.replaceLot(i, lot)
			delete(newer, lot.ID)
		}
	}
	for i := range lots {
		if newer[lots[i].ID] != nil {
			s.Lots = append(s.Lots, lots[i].Clone())
		}
	}
	s.Lots = slices.DeleteFunc(s.Lots, func(l Lot) bool { return l.Closed() })
	sortLots(s.Lots)
}

func (s *State) applyLot(lot *Lot) {
	i, found := s.place(lot)
	if found {
		if lot.Closed() {
			s.Lots = slices.Delete(s.Lots, i, i+1)
			return
		}
		s.replaceLot(i, lot)
		return
	}
	// New, or what it is ordered by has changed.
	if old := s.lot(lot.ID); old >= 0 {
		s.Lots = slices.Delete(s.Lots, old, old+1)
		if old < i {
			i--
		}
	}
	if !lot.Closed() {
		s.Lots = slices.Insert(s.Lots, i, lot.Clone())
	}
}

// place returns where a lot is, or would be, by the order. A spend is nearly
// always of the first.
func (s *State) place(lot *Lot) (int, bool) {
	if len(s.Lots) > 0 && s.Lots[0].Compare(lot) == 0 {
		return 0, true
	}
	return sort.Find(len(s.Lots), func(i int) int { return lot.Compare(&s.Lots[i]) })
}

// replaceLot keeps the memory of what did not change, which is nearly always all.
func (s *State) replaceLot(i int, lot *Lot) {
	features, meta := s.Lots[i].Features, s.Lots[i].Meta
	if !slices.Equal(features, lot.Features) {
		features = slices.Clone(lot.Features)
	}
	s.Lots[i] = *lot
	s.Lots[i].Features, s.Lots[i].Meta = features, meta
}

// sortLots puts lots in ascending order of [Lot.Compare]. Lots that are in order
// already, as most are, cost one comparison each.
func sortLots(lots []Lot) {
	inOrder := true
	for i := 1; i < len(lots) && inOrder; i++ {
		inOrder = lots[i-1].Compare(&lots[i]) < 0
	}
	if !inOrder {
		slices.SortFunc(lots, func(a, b Lot) int { return a.Compare(&b) })
	}
}

// record is what an account has some of, by ID, while it is open.
type record[T any] interface {
	*T
	key() string
	Closed() bool
}

func (h *Hold) key() string      { return h.ID }
func (t *Term) key() string      { return t.ID }
func (a *Allowance) key() string { return a.ID }

// findID returns where the record with that ID is, or would be.
func findID[T any, P record[T]](records []T, id string) (int, bool) {
	i := sort.Search(len(records), func(i int) bool { return P(&records[i]).key() >= id })
	return i, i < len(records) && P(&records[i]).key() == id
}

// place puts a record in its place in records ordered by ID; a closed one goes.
func place[T any, P record[T]](records []T, r P) []T {
	i, found := findID[T, P](records, r.key())
	switch {
	case found && r.Closed():
		return slices.Delete(records, i, i+1)
	case found:
		records[i] = *r
	case !r.Closed():
		return slices.Insert(records, i, *r)
	}
	return records
}

// touch puts a record among those that a change touched, each once.
func touch[T any, P record[T]](touched []T, r P) []T {
	for i := range touched {
		if P(&touched[i]).key() == r.key() {
			touched[i] = *r
			return touched
		}
	}
	return append(touched, *r)
}

// follow moves the lots that follow a term to its end, and returns them as they
// are now. The order of Lots goes by their ends.
func (s *State) follow(term Term) []Lot {
	var moved []Lot
	for i := range s.Lots {
		if lot := &s.Lots[i]; lot.Term == term.ID && lot.Validity.FollowsTerm() {
			*lot = lot.follow(term)
			moved = append(moved, *lot)
		}
	}
	sortLots(s.Lots)
	return moved
}

// stoppedBy returns the allowances that stop with a term, stopped.
func (s *State) stoppedBy(term string) []Allowance {
	var stopped []Allowance
	for _, allowance := range s.Allowances {
		if allowance.Term == term {
			allowance.Stopped = true
			stopped = append(stopped, allowance)
		}
	}
	return stopped
}

// lot returns the index of the open lot with that ID, or -1.
func (s *State) lot(id string) int {
	return findLot(s.Lots, id)
}

// findLot returns the index of the lot with that ID, or -1. Lots are too large to
// be handed over one by one, as slices.IndexFunc does.
func findLot(lots []Lot, id string) int {
	for i := range lots {
		if lots[i].ID == id {
			return i
		}
	}
	return -1
}

// hasTerm reports whether the term of that ID is open.
func (s *State) hasTerm(id string) bool {
	_, open := findID(s.Terms, id)
	return open
}

// nextDue returns the earliest instant at which time does something to what is
// open besides lots, where some holds are as given.
func (s *State) nextDue(holds []Hold) time.Time {
	var due time.Time
	for i := range holds {
		if !holds[i].Closed() {
			due = sooner(due, holds[i].Deadline)
		}
	}
	for i := range s.Holds {
		if !hasHold(holds, s.Holds[i].ID) { // else it is not as it was
			due = sooner(due, s.Holds[i].Deadline)
		}
	}
	for i := range s.Terms {
		due = sooner(due, s.Terms[i].Until)
	}
	for i := range s.Allowances {
		due = sooner(due, s.Allowances[i].Next)
	}
	return due
}

// hasHold reports whether holds, in any order, has that ID.
func hasHold(holds []Hold, id string) bool {
	for i := range holds {
		if holds[i].ID == id {
			return true
		}
	}
	return false
}

// nextRank returns the index of the first lot after the one at i that its end does
// not order after it: all between end no sooner.
func (s *State) nextRank(i int) int {
	return i + sort.Search(len(s.Lots)-i, func(n int) bool { return !s.Lots[i].ranksWith(&s.Lots[i+n]) })
}

// sooner returns the earlier of two instants, where the zero time is never.
func sooner(a, b time.Time) time.Time {
	if compareEnds(b, a) < 0 {
		return b
	}
	return a
}

// own makes the records of s its own, to write to. What records point to is never
// written to, so that this is enough within a decision.
func (s *State) own() {
	s.Lots = slices.Clone(s.Lots)
	s.Holds = slices.Clone(s.Holds)
	s.Terms = slices.Clone(s.Terms)
	s.Allowances = slices.Clone(s.Allowances)
}

// cloneLots returns a copy that shares no memory with lots.
func cloneLots(lots []Lot) []Lot {
	lots = slices.Clone(lots)
	for i := range lots {
		lot := &lots[i]
		if lot.Features != nil {
			lot.Features = slices.Clone(lot.Features)
		}
		if lot.Meta != nil {
			lot.Meta = maps.Clone(lot.Meta)
		}
	}
	return lots
}

// Clone returns a copy that shares no memory with s.
func (s State) Clone() State {
	s.Lots = cloneLots(s.Lots)
	s.Holds = slices.Clone(s.Holds)
	for i := range s.Holds {
		s.Holds[i] = s.Holds[i].Clone()
	}
	s.Terms = slices.Clone(s.Terms)
	s.Allowances = slices.Clone(s.Allowances)
	for i := range s.Allowances {
		s.Allowances[i] = s.Allowances[i].Clone()
	}
	return s
}
