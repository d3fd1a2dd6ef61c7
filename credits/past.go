package credits

import (
	"slices"

	"github.com/scriphq/scrip/expiry"
)

// moreError asks for the entries of further IDs. An account's state has only what
// is open; what was closed is read back from its entries.
type moreError struct{ id string }

func (e *moreError) Error() string { return "credits: the entries of " + e.id + " are needed" }

// told yields the entries that were asked for, and those that settling made now.
func (d *draft) told(yield func(*Entry) bool) {
	for _, entries := range [][]Entry{d.prior, d.change.Entries} {
		for i := range entries {
			if !yield(&entries[i]) {
				return
			}
		}
	}
}

// lotWas returns a lot as it is, or, where it is closed, as it was last; and the
// Seq of the revocation that made a debt of what had been spent of it, if any.
func (d *draft) lotWas(id string) (lot Lot, owedSince int64, err error) {
	lot, open := d.lot(id)
	if open && !lot.endedAt(d.now) {
		return lot, 0, nil
	}
	if !slices.Contains(d.ids, id) {
		return Lot{}, 0, &moreError{id: id}
	}
	found, opened := open, int64(0)
	for entry := range d.told {
		if !open && lot.relive(entry, id) {
			found, opened = true, entry.Seq
		}
		if entry.Kind == KindRevoke && entry.Of == id && owes(entry) {
			owedSince = entry.Seq
		}
	}
	if !found {
		return Lot{}, 0, &NotFoundError{Account: d.state.Account, What: "lot", ID: id, Hint: "give the ID of its grant"}
	}
	if open {
		return lot, owedSince, nil
	}
	return lot, owedSince, d.followNow(&lot, opened)
}

// relive makes the effect that an entry had on a closed lot, but for spends and
// refunds: what is not ended, revoked or moved was spent. It reports whether the
// entry opened the lot.
func (l *Lot) relive(e *Entry, id string) (opened bool) {
	for i := range e.Lots {
		if e.Lots[i].ID != id || e.sends() {
			continue
		}
		opened = e.ID == id
		spent := l.Spent
		if opened {
			spent = e.Lots[i].Granted
		}
		*l = e.Lots[i].Clone()
		l.Available, l.Held, l.Spent = Amount{}, Amount{}, spent
	}
	if e.Of != id {
		return opened
	}
	switch e.Kind {
	case KindEnd, KindRevoke, KindRollover, KindTransfer:
		for _, posting := range e.Postings {
			if posting.Lot == id {
				l.Spent = l.Spent.plus(posting.Available)
			}
		}
	}
	if e.Kind == KindEnd && !l.endedAt(e.At) {
		l.End, l.Validity = e.At, expiry.Until(e.At)
	}
	return opened
}

// owes reports whether a revocation booked debt.
func owes(e *Entry) bool {
	for _, posting := range e.Postings {
		if posting.Lot == "" {
			return true
		}
	}
	return false
}

// followNow moves a closed lot's end to where its term is, or was when it first
// lapsed after the entry that opened the lot.
func (d *draft) followNow(lot *Lot, opened int64) error {
	if lot.Term == "" || !lot.Validity.FollowsTerm() {
		return nil
	}
	if !slices.Contains(d.ids, lot.Term) {
		return &moreError{id: lot.Term}
	}
	for e := range d.told {
		if e.Kind == KindLapse && e.Term != nil && e.Term.ID == lot.Term && e.Seq > opened {
			*lot = lot.follow(*e.Term)
			lot.Term = ""
			return nil
		}
	}
	if i, open := findID(d.state.Terms, lot.Term); open {
		*lot = lot.follow(d.state.Terms[i])
	}
	return nil
}
