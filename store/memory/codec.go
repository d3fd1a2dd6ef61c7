package memory

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// An entry is kept as bytes, because a garbage collector has to look at every
// pointer and at no byte: with ten million entries that is seconds against
// nothing. What identifies the entry comes first, to be compared in place.

// encoder appends an entry's fields.
type encoder struct{ bytes []byte }

func (w *encoder) number(n int64)          { w.bytes = binary.AppendVarint(w.bytes, n) }
func (w *encoder) amount(a credits.Amount) { w.number(a.Micros()) }

func (w *encoder) text(s string) {
	w.bytes = binary.AppendUvarint(w.bytes, uint64(len(s)))
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

func (w *encoder) instant(t time.Time) {
	if w.flag(!t.IsZero()) {
		w.number(t.UnixMicro())
	}
}

func (w *encoder) meta(meta map[string]string) {
	w.number(int64(len(meta)))
	for key, value := range meta {
		w.text(key)
		w.text(value)
	}
}

// entry appends e as a record of the account with that number in its shard.
func (w *encoder) entry(account int, e *credits.Entry) {
	w.number(int64(account))
	w.text(e.ID)
	w.text(e.Of)
	w.number(e.Seq)
	w.text(string(e.Kind))
	w.number(e.At.UnixMicro())
	w.amount(e.Amount)
	w.amount(e.Balance)
	w.number(int64(len(e.Postings)))
	for _, posting := range e.Postings {
		w.text(posting.Lot)
		w.amount(posting.Available)
		w.amount(posting.Held)
	}
	w.text(e.Feature)
	w.text(e.Quantity)
	w.text(e.Price.Card)
	w.text(e.Price.Version)
	w.text(e.Price.Explanation)
	w.text(e.Source)
	if w.flag(e.Lot != nil) {
		w.lot(e.Lot)
	}
	if w.flag(e.Term != nil) {
		w.term(e.Term)
	}
	w.meta(e.Meta)
	if w.flag(e.Digest != credits.Digest{}) {
		w.bytes = append(w.bytes, e.Digest[:]...)
	}
}

func (w *encoder) lot(l *credits.Lot) {
	w.text(l.ID)
	w.text(l.Source)
	w.amount(l.Granted)
	w.amount(l.Available)
	w.amount(l.Held)
	w.instant(l.Start)
	w.instant(l.End)
	w.text(l.Validity.String())
	w.text(l.Term)
	w.instant(l.PeriodEnd)
	w.number(int64(len(l.Features)))
	for _, feature := range l.Features {
		w.text(feature)
	}
	w.number(int64(l.Priority))
	w.number(l.Paid.Minor)
	w.text(l.Paid.Currency)
	w.flag(l.NonRefundable)
	w.meta(l.Meta)
}

func (w *encoder) term(t *credits.Term) {
	w.text(t.ID)
	w.instant(t.Since)
	w.instant(t.Until)
	w.flag(t.Lapsed)
}

// decoder reads what an encoder wrote. The texts it returns are parts of one
// copy of the record, so that they share no memory with the log.
type decoder struct {
	record string
	bytes  []byte // the rest of the record
}

func (r *decoder) number() int64 {
	n, size := binary.Varint(r.bytes)
	r.bytes = r.bytes[size:]
	return n
}

func (r *decoder) amount() credits.Amount { return credits.Micros(r.number()) }

func (r *decoder) text() string {
	length, size := binary.Uvarint(r.bytes)
	r.bytes = r.bytes[size:]
	start := len(r.record) - len(r.bytes)
	r.bytes = r.bytes[length:]
	return r.record[start : start+int(length)]
}

func (r *decoder) flag() bool {
	set := r.bytes[0] == 1
	r.bytes = r.bytes[1:]
	return set
}

func (r *decoder) instant() time.Time {
	if !r.flag() {
		return time.Time{}
	}
	return time.UnixMicro(r.number()).UTC()
}

func (r *decoder) meta() map[string]string {
	n := r.number()
	if n == 0 {
		return nil
	}
	meta := make(map[string]string, n)
	for range n {
		key := r.text()
		meta[key] = r.text()
	}
	return meta
}

// decode returns the entry of a record, which belongs to that account.
func decode(record []byte, account string) credits.Entry {
	r := decoder{record: string(record), bytes: record}
	r.number() // the account
	e := credits.Entry{Account: account, ID: r.text(), Of: r.text(), Seq: r.number(), Kind: credits.Kind(r.text())}
	e.At = time.UnixMicro(r.number()).UTC()
	e.Amount, e.Balance = r.amount(), r.amount()
	if n := r.number(); n > 0 {
		e.Postings = make([]credits.Posting, n)
	}
	for i := range e.Postings {
		e.Postings[i] = credits.Posting{Lot: r.text(), Available: r.amount(), Held: r.amount()}
	}
	e.Feature, e.Quantity = r.text(), r.text()
	e.Price = credits.Price{Card: r.text(), Version: r.text(), Explanation: r.text()}
	e.Source = r.text()
	if r.flag() {
		e.Lot = r.lot()
	}
	if r.flag() {
		e.Term = r.term()
	}
	e.Meta = r.meta()
	if r.flag() {
		copy(e.Digest[:], r.bytes)
	}
	return e
}

func (r *decoder) lot() *credits.Lot {
	l := &credits.Lot{ID: r.text(), Source: r.text(), Granted: r.amount(), Available: r.amount(), Held: r.amount()}
	l.Start, l.End = r.instant(), r.instant()
	l.Validity = r.policy()
	l.Term, l.PeriodEnd = r.text(), r.instant()
	for range r.number() {
		l.Features = append(l.Features, r.text())
	}
	l.Priority = int(r.number())
	l.Paid = credits.Money{Minor: r.number(), Currency: r.text()}
	l.NonRefundable = r.flag()
	l.Meta = r.meta()
	return l
}

// policy reads back what a policy said of itself.
func (r *decoder) policy() (p expiry.Policy) {
	text := r.text()
	if text == "" {
		return p
	}
	p, err := expiry.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("memory: broken invariant: stored policy %q: %v", text, err))
	}
	return p
}

func (r *decoder) term() *credits.Term {
	return &credits.Term{ID: r.text(), Since: r.instant(), Until: r.instant(), Lapsed: r.flag()}
}

// peek reads what identifies a record, in place.
func peek(record []byte) (account int, id, of []byte) {
	r := decoder{bytes: record}
	account = int(r.number())
	return account, r.part(), r.part()
}

func (r *decoder) part() []byte {
	length, size := binary.Uvarint(r.bytes)
	part := r.bytes[size : size+int(length)]
	r.bytes = r.bytes[size+int(length):]
	return part
}

// recordedAt reads a record's At, in place.
func recordedAt(record []byte) time.Time {
	r := decoder{bytes: record}
	r.number() // the account
	r.part()   // ID
	r.part()   // Of
	r.number() // Seq
	r.part()   // Kind
	return time.UnixMicro(r.number()).UTC()
}
