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
	if s.sql.unused == "" || l.kept.hasLostMany() {
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
		of := accounts[name]
		a.read, a.version, a.written, a.kept = of.state, of.version, of.written, true
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
		t.doubt(l, wrap("update", err))
	}
	return updates
}

// doubt notes of a guess that was sent, and whose answer was lost, that it may be
// written, or still be on its way: for ever, until the account gets another version.
func (t *transaction) doubt(l *lane, err error) {
	for _, u := range t.updates {
		if a := t.accounts[u.account]; !a.unsure {
			u.doubt = err
			l.kept.lose(u.account, a.version)
		}
	}
}
