package postgres

import (
	"cmp"
	"slices"

	"github.com/scriphq/scrip/credits"
)

// account is one account while a transaction has it locked.
type account struct {
	read    credits.State  // as the database has it
	now     credits.State  // with what was decided so far; until then, read
	last    credits.Entry  // of what was decided, without what it points to
	touched credits.Change // the records touched so far, each as it is now, without entries
	written int64          // the number that its entries get
	exists  bool           // it has a row, which is locked
}

func newAccount(name string) *account { return &account{read: credits.State{Account: name}} }

// apply makes a further change.
func (a *account) apply(c *credits.Change, again bool) {
	if again { // another decision will look at the account
		if a.last.Seq == 0 {
			a.now = a.read.Clone()
		}
		a.now.Apply(*c)
	}
	last := &c.Entries[len(c.Entries)-1]
	a.last = credits.Entry{Seq: last.Seq, At: last.At, Balance: last.Balance}
	t := &a.touched
	t.Due, t.Debt, t.DebtHeld, t.Settings = c.Due, c.Debt, c.DebtHeld, c.Settings
	for i := range c.Lots {
		t.Lots = touch(t.Lots, c.Lots[i].Clone(), func(l *credits.Lot) string { return l.ID })
	}
	for i := range c.Holds {
		t.Holds = touch(t.Holds, c.Holds[i].Clone(), func(h *credits.Hold) string { return h.ID })
	}
	for i := range c.Terms {
		t.Terms = touch(t.Terms, c.Terms[i], func(t *credits.Term) string { return t.ID })
	}
	for i := range c.Allowances {
		t.Allowances = touch(t.Allowances, c.Allowances[i].Clone(), func(a *credits.Allowance) string { return a.ID })
	}
}

// touch puts a record in the place of its earlier version.
func touch[T any](records []T, r T, id func(*T) string) []T {
	for i := range slices.Backward(records) {
		if id(&records[i]) == id(&r) {
			records[i] = r
			return records
		}
	}
	return append(records, r)
}

// key names an entry that was asked for, by what it is or what it is about.
type key struct{ account, id string }

// priors are the entries that a transaction's updates asked for.
type priors map[key][]credits.Entry

// note keeps an entry under each of the names that were asked for.
func (p priors) note(e *credits.Entry) {
	for _, id := range []string{e.ID, e.Of} {
		k := key{e.Account, id}
		if entries, asked := p[k]; asked && id != "" {
			p[k] = append(entries, *e)
		}
	}
}

// of returns what one update asked for, by Seq, each once.
func (p priors) of(account string, ids []string) []credits.Entry {
	var prior []credits.Entry
	for _, id := range ids {
		prior = append(prior, p[key{account, id}]...)
	}
	slices.SortFunc(prior, func(a, b credits.Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.CompactFunc(prior, func(a, b credits.Entry) bool { return a.Seq == b.Seq })
}
