package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// guess decides the updates of accounts that are kept, and writes those whose accounts
// are still the same, in one round trip. It returns the updates that are left: those
// of other accounts, those that are refused by what was kept, and those that ask for
// more than whether an ID is new. While most of the accounts that are not kept turn out
// to be new, the rest are guessed to be.
func (s *Store) guess(ctx context.Context, l *lane, updates []*update) []*update {
	if s.sql.unused == "" {
		return updates
	}
	var guessed, rest []*update
	accounts := make(map[string]*kept, len(updates))
	for _, u := range updates {
		of, known := accounts[u.account]
		if !known {
			if of = l.kept.get(u.account); of == nil && l.kept.makes.Load() {
				of = &kept{state: credits.State{Account: u.account}, alone: true}
			}
			accounts[u.account] = of
		}
		if of != nil && of.alone && u.doubt == nil {
			guessed = append(guessed, u)
		} else {
			rest = append(rest, u)
		}
	}
	if len(guessed) == 0 {
		return updates
	}
	t := newTransaction(s.sql, guessed)
	for name, a := range t.accounts {
		a.read, a.written, a.kept = accounts[name].state, accounts[name].written, true
	}
	t.writes.unused = t.ask()
	wrote, err := t.decide()
	if err != nil || !wrote {
		return updates
	}
	definite := true
	err = over(ctx, s.pool, func(conn *pgx.Conn) (err error) {
		definite, err = t.guess(ctx, conn)
		return err
	})
	if err == nil {
		return append(t.answered(l), rest...)
	}
	l.kept.makes.Store(false)
	if !definite {
		t.doubt(wrap("update", err))
	}
	return updates
}

// doubt is about an update that was sent to be written in one go, with an answer that
// was lost. Whoever finds its entry can't know that it was not there before; where
// there is none, and the account is written, there will never be.
type doubt struct {
	err error
	of  version // the account's, for which it was written
}

// doubt notes of all updates that were sent, and lost, what they were about.
func (t *transaction) doubt(err error) {
	for _, u := range t.updates {
		if a := t.accounts[u.account]; !a.unsure {
			u.doubt = &doubt{err: err, of: versionOf(&a.read, a.written)}
		}
	}
}
