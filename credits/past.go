package credits

import (
	"slices"

	"github.com/scriphq/scrip/expiry"
)

// moreError asks for the entries of further IDs. An account's state has only what
// is open; what was closed is read back from its entries.
type moreError struct{ id string }

func (e *moreError) Error() string { return "credits: the entries of " + e.id + " are needed" }

// lotWas returns a lot as it is, or, where it is closed, as it was last. Revoked
// with what was spent as debt, it is indebted.
func (d *draft) lotWas(id string) (lot Lot, indebted bool, err error) {
	lot, open := d.lot(id)
	if open && !lot.endedAt(d.now) {
		return lot, false, nil
	}
	if !slices.Contains(d.ids, id) {
		return Lot{}, false, &moreError{id: id}
	}
	found, opened := open, int64(0)
	for i := range d.prior {
		entry := &d.prior[i]
		if !open && lot.relive(entry, id) {
			found, opened = true, entry.Seq
		}
		indebted = indebted || entry.Kind == KindRevoke && entry.Of == id && owes(entry)
	}
	if !found {
		return Lot{}, false, &NotFoundError{Account: d.state.Account, What: "lot", ID: id, Hint: "give the ID of its grant"}
	}
	if open {
		return lot, indebted, nil
	}
	return lot, indebted, d.followNow(&lot, opened)
}

// relive makes the effect that an entry had on a closed lot, but for spends and
// refunds: what is not ended, revoked or moved was spent. It reports whether the
// entry opened the lot.
func (l *Lot) relive(e *Entry, id string) (opened bool) {
	for i := range e.Lots {
		if e.Lots[i].ID != id {
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
	for i := range d.prior {
		if e := &d.prior[i]; e.Kind == KindLapse && e.Term != nil && e.Term.ID == lot.Term && e.Seq > opened {
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
