package postgres

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/scriphq/scrip/credits"
)

// account is one account while a transaction has it locked.
type account struct {
	read    credits.State  // as the database has it, or had it when it was kept
	now     credits.State  // with what was decided so far; until then, read
	touched credits.Change // the records touched so far, each as it is now; of entries, the figures

	version int64 // as read: no two states of an account have the same, in whichever past
	next    int64 // as it is to be written
	written int64 // the transaction of its last entry, as read
	wrote   int64 // and as written

	locked bool // its row was read, which in a transaction locks it
	known  bool // it has a row all the same
	kept   bool // it was not read, but kept
	unsure bool // what was kept is not enough to decide on
	fenced bool // nothing was decided, but it gets another version
	done   bool // it was written
}

func newAccount(name string) *account {
	return &account{read: credits.State{Account: name}, next: rand.Int64()}
}

// settle gets what was read ready to be decided on. What was read of an account that
// is not locked is not of one moment; there is none, or others have it.
func (a *account) settle() {
	switch {
	case a.kept:
	case a.locked:
		sortState(&a.read)
	default:
		a.read = credits.State{Account: a.read.Account}
	}
	a.now, a.wrote = a.read, a.written
}

// apply makes a further change, of which it keeps nothing but copies.
func (a *account) apply(c *credits.Change, again bool) {
	if again { // another decision will look at the account
		if a.last().Seq == 0 {
			a.now = a.read.Clone()
		}
		a.now.Apply(*c)
	}
	last := c.Entries[len(c.Entries)-1]
	next := credits.Change{
		Entries: []credits.Entry{{Seq: last.Seq, At: last.At, Balance: last.Balance}},
		Due:     c.Due, Debt: c.Debt, DebtHeld: c.DebtHeld, Settings: c.Settings,
		Terms: slices.Clone(c.Terms),
	}
	for i := range c.Lots {
		next.Lots = append(next.Lots, c.Lots[i].Clone())
	}
	for i := range c.Holds {
		next.Holds = append(next.Holds, c.Holds[i].Clone())
	}
	for i := range c.Allowances {
		next.Allowances = append(next.Allowances, c.Allowances[i].Clone())
	}
	if a.last().Seq == 0 {
		a.touched = next
	} else {
		a.touched.Join(next)
	}
}

// figures are those of the state that is to be written.
func (a *account) figures() credits.State {
	s, last := a.read, a.last()
	if last.Seq > 0 {
		s.Seq, s.At, s.Balance, s.Due = last.Seq, last.At, last.Balance, a.touched.Due
		s.Debt, s.DebtHeld, s.Settings = a.touched.Debt, a.touched.DebtHeld, a.touched.Settings
	}
	return s
}

// last returns the figures of the last entry that was decided on; none: zero.
func (a *account) last() credits.Entry {
	if n := len(a.touched.Entries); n > 0 {
		return a.touched.Entries[n-1]
	}
	return credits.Entry{}
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

// forget forgets what was read of entries that were asked for.
func (p priors) forget(account string, ids []string) {
	for _, id := range ids {
		p[key{account, id}] = []credits.Entry{}
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
