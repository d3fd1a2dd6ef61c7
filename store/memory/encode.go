package memory

import (
	"encoding/binary"
	"time"

	"github.com/scriphq/scrip/credits"
)

// An entry is kept as bytes, and so is an account that is asleep, because a garbage
// collector has to look at every pointer and at no byte: with ten million entries that
// is seconds against nothing. What identifies them comes first, to be compared in
// place.

// encoder appends the fields of an entry or an account.
type encoder struct{ bytes []byte }

func (w *encoder) unsigned(n uint64)       { w.bytes = binary.AppendUvarint(w.bytes, n) }
func (w *encoder) number(n int64)          { w.bytes = binary.AppendVarint(w.bytes, n) }
func (w *encoder) amount(a credits.Amount) { w.number(a.Micros()) }

func (w *encoder) text(s string) {
	w.unsigned(uint64(len(s)))
	w.bytes = append(w.bytes, s...)
}

func (w *encoder) flag(b bool) bool {
	if b {
		w.bytes = append(w.bytes, 1)
	} else {
		w.bytes = append(w.bytes, 0)
	}
	return b
}

func (w *encoder) at(t time.Time) {
	w.bytes = binary.LittleEndian.AppendUint64(w.bytes, uint64(t.UnixMicro()))
}

func (w *encoder) instant(t time.Time) {
	if w.flag(!t.IsZero()) {
		w.at(t)
	}
}

// count appends how many there are of something, one more so that none is told from
// nil.
func (w *encoder) count(n int, isNil bool) {
	if isNil {
		w.unsigned(0)
	} else {
		w.unsigned(uint64(n) + 1)
	}
}

func (w *encoder) meta(meta map[string]string) {
	w.count(len(meta), meta == nil)
	for key, value := range meta {
		w.text(key)
		w.text(value)
	}
}

// entry appends e as a record of the account with that number in its shard and that
// history, where before leads to the record before it with the same Of.
func (w *encoder) entry(account int, before link, history history, e *credits.Entry) {
	w.unsigned(uint64(account))
	w.text(e.ID)
	w.text(e.Of)
	if e.Of != "" {
		w.unsigned(uint64(before))
	}
	w.number(e.Seq)
	for level := range levels(e.Seq) + 1 {
		w.unsigned(uint64(history.link(level)))
	}
	w.at(e.At)
	w.text(string(e.Kind))
	w.amount(e.Amount)
	w.amount(e.Balance)
	w.count(len(e.Postings), e.Postings == nil)
	for _, posting := range e.Postings {
		w.text(posting.Lot)
		w.amount(posting.Available)
		w.amount(posting.Held)
	}
	w.text(e.Feature)
	w.text(e.Quantity)
	if w.flag(!e.Price.IsZero()) {
		w.price(e.Price)
	}
	if w.flag(isRich(e)) {
		w.rest(e)
	}
	if w.flag(e.Digest != credits.Digest{}) {
		w.bytes = append(w.bytes, e.Digest[:]...)
	}
}

// isRich reports whether an entry has more than most spends have.
func isRich(e *credits.Entry) bool {
	return e.Source != "" || e.Peer != "" || !e.Short.IsZero() || !e.Money.IsZero() || e.Meta != nil ||
		e.Lots != nil || e.Hold != nil || e.Term != nil || e.Allowance != nil || e.Settings != nil
}

// rest appends what few entries have.
func (w *encoder) rest(e *credits.Entry) {
	w.text(e.Source)
	w.text(e.Peer)
	w.amount(e.Short)
	w.money(e.Money)
	w.records(e)
	w.meta(e.Meta)
}

// records appends what an entry set.
func (w *encoder) records(e *credits.Entry) {
	w.lots(e.Lots)
	if w.flag(e.Hold != nil) {
		w.hold(e.Hold)
	}
	if w.flag(e.Term != nil) {
		w.term(e.Term)
	}
	if w.flag(e.Allowance != nil) {
		w.allowance(e.Allowance)
	}
	if w.flag(e.Settings != nil) {
		w.settings(*e.Settings)
	}
}

// account appends an account: what names.go and history.go read comes first.
func (w *encoder) account(a *account) {
	s := &a.state
	w.text(s.Account)
	w.history(a.history)
	w.number(s.Seq)
	w.at(s.At)
	w.amount(s.Balance)
	w.instant(s.Due)
	w.amount(s.Debt)
	w.amount(s.DebtHeld)
	w.settings(s.Settings)
	w.lots(s.Lots)
	w.count(len(s.Holds), s.Holds == nil)
	for i := range s.Holds {
		w.hold(&s.Holds[i])
	}
	w.count(len(s.Terms), s.Terms == nil)
	for i := range s.Terms {
		w.term(&s.Terms[i])
	}
	w.count(len(s.Allowances), s.Allowances == nil)
	for i := range s.Allowances {
		w.allowance(&s.Allowances[i])
	}
}

func (w *encoder) history(h history) {
	w.unsigned(uint64(len(h)))
	for _, at := range h {
		w.unsigned(uint64(at))
	}
}
