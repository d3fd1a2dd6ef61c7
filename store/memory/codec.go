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

// entry appends e as a record of the account with that number in its shard. Before
// is where the account's record before it with the same Of is, plus one; zero: there
// is none.
func (w *encoder) entry(account int, before uint64, e *credits.Entry) {
	w.number(int64(account))
	w.text(e.ID)
	w.text(e.Of)
	if e.Of != "" {
		w.bytes = binary.AppendUvarint(w.bytes, before)
	}
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
	return e.Source != "" || e.Peer != "" || !e.Short.IsZero() || !e.Money.IsZero() || len(e.Meta) > 0 ||
		len(e.Lots) > 0 || e.Hold != nil || e.Term != nil || e.Allowance != nil || e.Settings != nil
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
	w.number(int64(len(e.Lots)))
	for i := range e.Lots {
		w.lot(&e.Lots[i])
	}
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
		w.amount(e.Settings.Overdraft)
		w.flag(e.Settings.Frozen)
	}
}

func (w *encoder) money(m credits.Money) {
	w.number(m.Minor)
	w.text(m.Currency)
}

func (w *encoder) texts(list []string) {
	w.number(int64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

func (w *encoder) lot(l *credits.Lot) {
	w.text(l.ID)
	w.text(l.Source)
	w.amount(l.Granted)
	w.amount(l.Available)
	w.amount(l.Held)
	w.amount(l.Spent)
	w.instant(l.Start)
	w.instant(l.End)
	w.text(l.Validity.String())
	w.text(l.Term)
	w.instant(l.PeriodEnd)
	w.texts(l.Features)
	w.number(int64(l.Priority))
	w.text(l.OnlyWith)
	w.money(l.Paid)
	w.flag(l.NonRefundable)
	w.text(l.Rollover.String())
	w.amount(l.Origin)
	w.number(int64(l.Rolled))
	w.text(l.Allowance)
	w.meta(l.Meta)
}

func (w *encoder) hold(h *credits.Hold) {
	w.text(h.ID)
	w.text(h.Feature)
	w.instant(h.Deadline)
	w.amount(h.Reserved)
	w.amount(h.Captured)
	w.number(int64(len(h.Parts)))
	for _, part := range h.Parts {
		w.text(part.Lot)
		w.amount(part.Amount)
	}
	w.text(h.Quantity)
	w.price(h.Price)
	w.flag(h.Settled)
}

func (w *encoder) price(p credits.Price) {
	w.text(p.Card)
	w.text(p.Version)
	w.text(p.Explanation)
}

func (w *encoder) term(t *credits.Term) {
	w.text(t.ID)
	w.instant(t.Since)
	w.instant(t.Until)
	w.flag(t.Lapsed)
}

func (w *encoder) allowance(a *credits.Allowance) {
	w.text(a.ID)
	w.amount(a.Amount)
	w.text(a.Every.String())
	w.instant(a.Anchor)
	w.number(int64(a.Number))
	w.instant(a.Next)
	w.flag(a.Reset)
	w.amount(a.Most)
	w.text(a.Within.String())
	w.amount(a.Granted)
	w.instant(a.Counted)
	w.instant(a.ResetAt)
	w.number(a.ResetSeq)
	w.number(a.Since)
	w.text(a.Term)
	w.text(a.Source)
	w.text(a.Validity.String())
	w.texts(a.Features)
	w.number(int64(a.Priority))
	w.text(a.OnlyWith)
	w.flag(a.NonRefundable)
	w.text(a.Rollover.String())
	w.money(a.Paid)
	w.number(int64(a.PaidFor))
	w.meta(a.Meta)
	w.flag(a.Stopped)
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
	e := credits.Entry{Account: account, ID: r.text(), Of: r.text()}
	if e.Of != "" {
		r.link()
	}
	e.Seq, e.Kind = r.number(), credits.Kind(r.text())
	e.At = time.UnixMicro(r.number()).UTC()
	e.Amount, e.Balance = r.amount(), r.amount()
	if n := r.number(); n > 0 {
		e.Postings = make([]credits.Posting, n)
	}
	for i := range e.Postings {
		e.Postings[i] = credits.Posting{Lot: r.text(), Available: r.amount(), Held: r.amount()}
	}
	e.Feature, e.Quantity = r.text(), r.text()
	if r.flag() {
		e.Price = r.price()
	}
	if r.flag() {
		e.Source, e.Peer, e.Short, e.Money = r.text(), r.text(), r.amount(), r.money()
		r.records(&e)
		e.Meta = r.meta()
	}
	if r.flag() {
		copy(e.Digest[:], r.bytes)
	}
	return e
}

func (r *decoder) records(e *credits.Entry) {
	for range r.number() {
		e.Lots = append(e.Lots, r.lot())
	}
	if r.flag() {
		e.Hold = r.hold()
	}
	if r.flag() {
		e.Term = r.term()
	}
	if r.flag() {
		e.Allowance = r.allowance()
	}
	if r.flag() {
		e.Settings = &credits.Settings{Overdraft: r.amount(), Frozen: r.flag()}
	}
}

func (r *decoder) money() credits.Money {
	return credits.Money{Minor: r.number(), Currency: r.text()}
}

func (r *decoder) price() credits.Price {
	return credits.Price{Card: r.text(), Version: r.text(), Explanation: r.text()}
}

func (r *decoder) texts() (list []string) {
	for range r.number() {
		list = append(list, r.text())
	}
	return list
}

func (r *decoder) lot() (l credits.Lot) {
	l = credits.Lot{ID: r.text(), Source: r.text(), Granted: r.amount(), Available: r.amount(), Held: r.amount(), Spent: r.amount()}
	l.Start, l.End = r.instant(), r.instant()
	l.Validity = parsed(r, expiry.Parse)
	l.Term, l.PeriodEnd = r.text(), r.instant()
	l.Features, l.Priority, l.OnlyWith = r.texts(), int(r.number()), r.text()
	l.Paid, l.NonRefundable = r.money(), r.flag()
	l.Rollover, l.Origin, l.Rolled = parsed(r, expiry.ParseRollover), r.amount(), int(r.number())
	l.Allowance, l.Meta = r.text(), r.meta()
	return l
}

func (r *decoder) hold() *credits.Hold {
	h := &credits.Hold{ID: r.text(), Feature: r.text(), Deadline: r.instant(), Reserved: r.amount(), Captured: r.amount()}
	for range r.number() {
		h.Parts = append(h.Parts, credits.Part{Lot: r.text(), Amount: r.amount()})
	}
	h.Quantity, h.Price, h.Settled = r.text(), r.price(), r.flag()
	return h
}

func (r *decoder) term() *credits.Term {
	return &credits.Term{ID: r.text(), Since: r.instant(), Until: r.instant(), Lapsed: r.flag()}
}

func (r *decoder) allowance() *credits.Allowance {
	a := &credits.Allowance{ID: r.text(), Amount: r.amount(), Every: parsed(r, expiry.ParseSpan), Anchor: r.instant()}
	a.Number, a.Next, a.Reset = int(r.number()), r.instant(), r.flag()
	a.Most, a.Within, a.Granted = r.amount(), parsed(r, expiry.ParseSpan), r.amount()
	a.Counted, a.ResetAt, a.ResetSeq, a.Since = r.instant(), r.instant(), r.number(), r.number()
	a.Term, a.Source, a.Validity = r.text(), r.text(), parsed(r, expiry.Parse)
	a.Features, a.Priority, a.OnlyWith = r.texts(), int(r.number()), r.text()
	a.NonRefundable, a.Rollover = r.flag(), parsed(r, expiry.ParseRollover)
	a.Paid, a.PaidFor = r.money(), int(r.number())
	a.Meta, a.Stopped = r.meta(), r.flag()
	return a
}

// parsed reads back what a policy, span or rollover said of itself.
func parsed[T any](r *decoder, parse func(string) (T, error)) (value T) {
	text := r.text()
	if text == "" {
		return value
	}
	value, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("memory: broken invariant: stored text %q: %v", text, err))
	}
	return value
}

// recordKey is what identifies a record, in the log's memory.
type recordKey struct {
	account int
	id, of  []byte
	link    uint64
}

// before returns where the record before it with the same Of is.
func (k recordKey) before() (position, bool) { return position(k.link - 1), k.link > 0 }

// peek reads what identifies a record, in place.
func peek(record []byte) recordKey {
	r := decoder{bytes: record}
	return r.key()
}

func (r *decoder) key() (k recordKey) {
	k.account, k.id, k.of = int(r.number()), r.part(), r.part()
	if len(k.of) > 0 {
		k.link = r.link()
	}
	return k
}

func (r *decoder) link() uint64 {
	link, size := binary.Uvarint(r.bytes)
	r.bytes = r.bytes[size:]
	return link
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
	r.key()
	r.number() // Seq
	r.part()   // Kind
	return time.UnixMicro(r.number()).UTC()
}
