package credits

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is what is open in an account: everything a decision needs. Its size
// does not grow with history. The zero value with an Account is an account that
// nothing ever happened to.
type State struct {
	Account string
	Seq     int64     // of the last entry; zero: none
	At      time.Time // of the last entry; the account's time never runs back
	Balance Amount    // the last entry's: the sum over Lots
	Due     time.Time // the earliest instant at which something ends; zero: nothing will
	Lots    []Lot     // the open lots in ascending order of [Lot.Compare]
	Terms   []Term    // the open terms in ascending order of ID
}

// Change is what a decision does to a [State]. The zero Change does nothing.
type Change struct {
	Entries []Entry   // to append, in order; the first continues State.Seq
	Lots    []Lot     // every touched lot once, as it is now: opened, changed or closed
	Terms   []Term    // every touched term once, as it is now
	Due     time.Time // the new State.Due
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
	for i := range c.Lots {
		s.applyLot(&c.Lots[i])
	}
	for i := range c.Terms {
		s.applyTerm(&c.Terms[i])
	}
}

func (s *State) applyLot(lot *Lot) {
	i, found := slices.BinarySearchFunc(s.Lots, lot, func(a Lot, b *Lot) int { return a.Compare(b) })
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

// replaceLot keeps the memory of what did not change, which is nearly always all.
func (s *State) replaceLot(i int, lot *Lot) {
	features, meta := s.Lots[i].Features, s.Lots[i].Meta
	if !slices.Equal(features, lot.Features) {
		features = slices.Clone(lot.Features)
	}
	s.Lots[i] = *lot
	s.Lots[i].Features, s.Lots[i].Meta = features, meta
}

func (s *State) applyTerm(term *Term) {
	i, found := s.term(term.ID)
	switch {
	case found && term.Closed():
		s.Terms = slices.Delete(s.Terms, i, i+1)
	case found:
		s.Terms[i] = *term
	case !term.Closed():
		s.Terms = slices.Insert(s.Terms, i, *term)
	}
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
	slices.SortFunc(s.Lots, func(a, b Lot) int { return a.Compare(&b) })
	return moved
}

// lot returns the index of the open lot with that ID, or -1.
func (s *State) lot(id string) int {
	return slices.IndexFunc(s.Lots, func(l Lot) bool { return l.ID == id })
}

// term returns the index of the open term with that ID, or where it would be.
func (s *State) term(id string) (int, bool) {
	return slices.BinarySearchFunc(s.Terms, id, func(t Term, id string) int { return strings.Compare(t.ID, id) })
}

// nextDue returns the earliest instant at which a lot or a term ends.
func (s *State) nextDue() time.Time {
	var due time.Time
	for i := range s.Lots {
		due = sooner(due, s.Lots[i].End)
	}
	for i := range s.Terms {
		due = sooner(due, s.Terms[i].Until)
	}
	return due
}

// sooner returns the earlier of two instants, where the zero time is never.
func sooner(a, b time.Time) time.Time {
	if compareEnds(b, a) < 0 {
		return b
	}
	return a
}

// Clone returns a copy that shares no memory with s.
func (s State) Clone() State {
	s.Lots = slices.Clone(s.Lots)
	for i := range s.Lots {
		lot := &s.Lots[i]
		lot.Features, lot.Meta = slices.Clone(lot.Features), maps.Clone(lot.Meta)
	}
	s.Terms = slices.Clone(s.Terms)
	return s
}
