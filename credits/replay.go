package credits

import (
	"fmt"
	"iter"
)

// replay rebuilds the state of an account from its entries, oldest first. It
// uses the same functions as the decisions that made them.
func replay(account string, entries iter.Seq2[Entry, error]) (State, error) {
	state := State{Account: account}
	for entry, err := range entries {
		if err != nil {
			return State{}, err
		}
		if err := state.replay(&entry); err != nil {
			return State{}, err
		}
	}
	state.Due = state.nextDue()
	return state, nil
}

// replay makes one entry's effect.
func (s *State) replay(e *Entry) error {
	s.Seq, s.At, s.Balance = e.Seq, e.At, e.Balance
	if e.Term != nil {
		s.applyTerm(e.Term)
		s.follow(*e.Term)
	}
	for _, posting := range e.Postings {
		lot, err := s.posted(e, posting.Lot)
		if err != nil {
			return err
		}
		lot.Available = lot.Available.plus(posting.Available)
		lot.Held = lot.Held.plus(posting.Held)
		s.applyLot(&lot)
	}
	return nil
}

// posted returns the lot that a posting is to change: an open one, or the one
// that the entry opens, before anything was posted to it.
func (s *State) posted(e *Entry, id string) (Lot, error) {
	if i := s.lot(id); i >= 0 {
		return s.Lots[i], nil
	}
	if e.Lot != nil && e.Lot.ID == id {
		lot := *e.Lot
		lot.Available, lot.Held = Amount{}, Amount{}
		return lot, nil
	}
	return Lot{}, fmt.Errorf("credits: entry %d of account %q posts to lot %q, which is not open", e.Seq, e.Account, id)
}
