package credits

import (
	"fmt"
	"iter"

	"github.com/scriphq/scrip/expiry"
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
	d := draft{state: state}
	state.Due = d.nextDue()
	return state, nil
}

// replay makes one entry's effect.
func (s *State) replay(e *Entry) error {
	s.Seq, s.At, s.Balance = e.Seq, e.At, e.Balance
	s.replayRecords(e)
	for _, posting := range e.Postings {
		if err := s.replayPosting(e, posting); err != nil {
			return err
		}
	}
	if e.sends() {
		return nil
	}
	for i := range e.Lots { // as the entry left them, postings included
		s.applyLot(&e.Lots[i])
	}
	return nil
}

// sends reports whether the entry's Lots are those of another account.
func (e *Entry) sends() bool { return e.Kind == KindTransfer && e.Amount.Sign() < 0 }

// replayRecords takes over what the entry set.
func (s *State) replayRecords(e *Entry) {
	if e.Hold != nil {
		s.Holds = place(s.Holds, cloned(e.Hold))
	}
	if e.Term != nil {
		s.Terms = place(s.Terms, e.Term)
		if !e.Term.Lapsed {
			s.follow(*e.Term)
		}
		if e.Term.Lapsed {
			s.outlive(e.Term.ID)
		}
	}
	if e.Allowance != nil {
		s.Allowances = place(s.Allowances, cloned(e.Allowance))
	}
	if e.occurs() {
		s.occurred(e)
	}
	if e.Settings != nil {
		s.Settings = *e.Settings
	}
}

// occurs reports whether the entry is an occurrence of an allowance.
func (e *Entry) occurs() bool { return e.Kind == KindGrant && e.Of != "" }

// occurred moves an allowance on over one occurrence, unless the entry says how it
// left it: the last one does.
func (s *State) occurred(e *Entry) {
	if i, running := findID(s.Allowances, e.Of); running && e.Allowance == nil {
		s.Allowances[i].advance(e.Amount, e.At, e.Seq)
	}
}

// outlive makes what the lapse of a term does to what is left.
func (s *State) outlive(term string) {
	for _, allowance := range s.stoppedBy(term) {
		s.Allowances = place(s.Allowances, &allowance)
	}
	for i := range s.Lots {
		if s.Lots[i].Term == term {
			s.Lots[i].Term = ""
		}
	}
}

// replayPosting changes a lot, or the debt.
func (s *State) replayPosting(e *Entry, p Posting) error {
	if p.Lot == "" {
		s.Debt = s.Debt.minus(p.Available).minus(p.Held)
		s.DebtHeld = s.DebtHeld.plus(p.Held)
		return nil
	}
	if !e.sends() && findLot(e.Lots, p.Lot) >= 0 {
		return nil
	}
	i := s.lot(p.Lot)
	if i < 0 {
		return fmt.Errorf("credits: entry %d of account %q posts to lot %q, which is not open", e.Seq, e.Account, p.Lot)
	}
	lot := s.Lots[i]
	lot.Available = lot.Available.plus(p.Available)
	lot.Held = lot.Held.plus(p.Held)
	switch e.Kind {
	case KindSpend, KindCapture, KindRefund:
		lot.Spent = lot.Spent.minus(p.Available).minus(p.Held)
	case KindEnd:
		if !lot.endedAt(e.At) { // an allowance was reset
			lot.End, lot.Validity, lot.Rollover = e.At, expiry.Until(e.At), expiry.Rollover{}
		}
	}
	s.applyLot(&lot)
	return nil
}
