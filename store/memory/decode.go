package memory

import (
	"time"

	"github.com/scriphq/scrip/credits"
)

// decoder reads what an encoder wrote. The texts it returns are parts of what it
// reads, which never changes.
type decoder struct {
	rest  string // what is still to be read
	texts *texts // of policies, spans and rollovers
}

func (r *decoder) unsigned() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := r.rest[shift/7]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			r.rest = r.rest[shift/7+1:]
			return n
		}
	}
}

func (r *decoder) number() int64 {
	n := r.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *decoder) amount() credits.Amount { return credits.Micros(r.number()) }

func (r *decoder) text() string {
	n := r.unsigned()
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func (r *decoder) flag() bool {
	set := r.rest[0] == 1
	r.rest = r.rest[1:]
	return set
}

func (r *decoder) at() time.Time {
	b := r.rest[:8]
	r.rest = r.rest[8:]
	micros := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	return time.UnixMicro(int64(micros)).UTC()
}

func (r *decoder) instant() time.Time {
	if !r.flag() {
		return time.Time{}
	}
	return r.at()
}

// count returns how many there are of something, and whether there is even none.
func (r *decoder) count() (n int, some bool) {
	more := int(r.unsigned())
	return more - 1, more > 0
}

// list returns as many zero records as there are to be read, in the memory of others.
func list[T any](r *decoder, memory []T) []T {
	n, some := r.count()
	if !some {
		return nil
	}
	return reuse(memory, n)
}

func (r *decoder) meta() map[string]string {
	n, some := r.count()
	if !some {
		return nil
	}
	meta := make(map[string]string, n)
	for range n {
		key := r.text()
		meta[key] = r.text()
	}
	return meta
}

// decode returns the entry of a record, which belongs to that account. It shares no
// memory with the record.
func decode(record []byte, account string, texts *texts) credits.Entry {
	r := decoder{rest: string(record), texts: texts}
	r.unsigned() // the account's number
	e := credits.Entry{Account: account, ID: r.text(), Of: r.text()}
	if e.Of != "" {
		r.unsigned()
	}
	e.Seq = r.number()
	for range levels(e.Seq) + 1 {
		r.unsigned()
	}
	e.At, e.Kind = r.at(), credits.Kind(r.text())
	e.Amount, e.Balance = r.amount(), r.amount()
	e.Postings = list[credits.Posting](&r, nil)
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
		copy(e.Digest[:], r.rest)
	}
	return e
}

func (r *decoder) records(e *credits.Entry) {
	e.Lots = r.lots(nil)
	if r.flag() {
		e.Hold = new(credits.Hold)
		r.hold(e.Hold)
	}
	if r.flag() {
		e.Term = new(credits.Term)
		r.term(e.Term)
	}
	if r.flag() {
		e.Allowance = new(credits.Allowance)
		r.allowance(e.Allowance)
	}
	if r.flag() {
		e.Settings = new(credits.Settings)
		*e.Settings = r.settings()
	}
}

// account reads an account into the memory of another.
func (r *decoder) account(a *account) {
	s := &a.state
	s.Account = r.text()
	a.history = r.history(a.history)
	s.Seq, s.At, s.Balance, s.Due = r.number(), r.at(), r.amount(), r.instant()
	s.Debt, s.DebtHeld, s.Settings = r.amount(), r.amount(), r.settings()
	s.Lots, s.Holds = r.lots(s.Lots), list(r, s.Holds)
	for i := range s.Holds {
		r.hold(&s.Holds[i])
	}
	s.Terms = list(r, s.Terms)
	for i := range s.Terms {
		r.term(&s.Terms[i])
	}
	s.Allowances = list(r, s.Allowances)
	for i := range s.Allowances {
		r.allowance(&s.Allowances[i])
	}
}

func (r *decoder) history(memory history) history {
	h := reuse(memory, int(r.unsigned()))
	for level := range h {
		h[level] = position(r.unsigned())
	}
	return h
}
