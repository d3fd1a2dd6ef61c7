package credits

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// moreError asks for the entries of further IDs. An account's state has only what
// is open; what was closed is read back from its entries.
type moreError struct{ ids []string }

func (e *moreError) Error() string {
	return "credits: the entries of " + strings.Join(e.ids, ", ") + " are needed"
}

// need asks for the entries of those IDs that were not asked for yet, all at once.
func (d *draft) need(ids ...string) error {
	missing := slices.DeleteFunc(ids, d.hasAsked)
	if len(missing) == 0 {
		return nil
	}
	return &moreError{ids: missing}
}

func (d *draft) hasAsked(id string) bool {
	if len(d.ids) <= manyLots {
		return slices.Contains(d.ids, id)
	}
	_, asked := d.places()[id]
	return asked
}

// places returns where prior has the entries about each of ids: those of it, and those
// that changed the lot of that name.
func (d *draft) places() map[string][]int {
	if d.asked != nil {
		return d.asked
	}
	d.asked = make(map[string][]int, len(d.ids))
	for _, id := range d.ids {
		d.asked[id] = nil
	}
	note := func(id string, i int) {
		if places, asked := d.asked[id]; asked && (len(places) == 0 || places[len(places)-1] != i) {
			d.asked[id] = append(places, i)
		}
	}
	for i := range d.prior {
		note(d.prior[i].Of, i)
		for j := range d.prior[i].Lots {
			note(d.prior[i].Lots[j].ID, i)
		}
	}
	return d.asked
}

// toldOf yields those of told that are about a lot, and maybe others: all of them, as
// long as few were asked for.
func (d *draft) toldOf(lot string) iter.Seq[*Entry] {
	if len(d.ids) <= manyLots {
		return d.told
	}
	return func(yield func(*Entry) bool) {
		for _, i := range d.places()[lot] {
			if !yield(&d.prior[i]) {
				return
			}
		}
		for i := range d.change.Entries {
			if !yield(&d.change.Entries[i]) {
				return
			}
		}
	}
}

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
	if err := d.need(id); err != nil {
		return Lot{}, 0, err
	}
	found, opened := open, int64(0)
	for entry := range d.toldOf(id) {
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
	if err := d.resetNow(&lot, opened); err != nil {
		return Lot{}, 0, err
	}
	return lot, owedSince, d.followNow(&lot, opened)
}

// resetNow ends a closed lot where its allowance has been reset since. An allowance
// that was stopped meanwhile is read back from its entries.
func (d *draft) resetNow(lot *Lot, opened int64) error {
	if lot.Allowance == "" {
		return nil
	}
	var at time.Time
	i, running := findID(d.state.Allowances, lot.Allowance)
	if running && opened > d.state.Allowances[i].Since {
		if a := &d.state.Allowances[i]; a.ResetSeq > opened {
			at = a.ResetAt
		}
	} else {
		if err := d.need(lot.Allowance); err != nil {
			return err
		}
		at = d.resetAfter(lot.Allowance, opened)
	}
	if !at.IsZero() && !lot.endedAt(at) {
		lot.End, lot.Validity, lot.Rollover = at, expiry.Until(at), expiry.Rollover{}
	}
	return nil
}

// resetAfter returns when an allowance was first reset after an entry; zero: it was
// not.
func (d *draft) resetAfter(allowance string, seq int64) time.Time {
	resets := false
	for e := range d.told {
		switch {
		case e.Of != allowance:
		case e.Kind == KindAllow && e.Allowance != nil:
			resets = e.Allowance.Reset
		case e.occurs() && resets && e.Seq > seq:
			return e.At
		}
	}
	return time.Time{}
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
// lapsed after the entry that opened the lot, which it then outlived.
func (d *draft) followNow(lot *Lot, opened int64) error {
	if lot.Term == "" {
		return nil
	}
	if err := d.need(lot.Term); err != nil {
		return err
	}
	for e := range d.told {
		if e.Kind == KindLapse && e.Term != nil && e.Term.ID == lot.Term && e.Seq > opened {
			if lot.Validity.FollowsTerm() {
				*lot = lot.follow(*e.Term)
			}
			lot.Term = ""
			return nil
		}
	}
	if i, open := findID(d.state.Terms, lot.Term); open && lot.Validity.FollowsTerm() {
		*lot = lot.follow(d.state.Terms[i])
	}
	return nil
}
