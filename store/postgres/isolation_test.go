package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// A transaction of the caller's that has an old view of the database decides on it
// nowhere: it fails, and whoever else is at work stands.
func TestTransactionsWithAnOldView(t *testing.T) {
	commands := map[string]struct {
		before func(r *rig) // by somebody else, after the transaction has its view
		do     func(l *credits.Ledger, r *rig) error
		want   error // at READ COMMITTED, which sees it
	}{
		"a spend of what another has spent": {
			func(r *rig) { r.must(r.spendAll("ada")) },
			func(l *credits.Ledger, r *rig) error {
				_, err := l.Spend(r.Context(), spend("order", "ada", 1))
				return err
			},
			credits.ErrInsufficient,
		},
		"a spend of what another has granted": {
			func(r *rig) { r.grant("poor", 5) },
			func(l *credits.Ledger, r *rig) error {
				_, err := l.Spend(r.Context(), spend("order", "poor", 1))
				return err
			},
			nil,
		},
		"a grant that another has made": {
			func(r *rig) { r.grant("new", 5) },
			func(l *credits.Ledger, r *rig) error {
				_, err := l.Grant(r.Context(), credits.Grant{ID: "grant", Account: "new", Amount: credits.Of(6), Validity: pack("new").Validity})
				return err
			},
			credits.ErrIDReused,
		},
	}
	for name, c := range commands {
		for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
			t.Run(name+" at "+string(level), func(t *testing.T) {
				r := shop(t)
				tx, err := r.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(t.Context()) // done already: as good
				one[int](r, tx, "SELECT count(*) FROM "+r.schema+".orders")
				c.before(r)
				err = c.do(r.in(tx), r)
				switch {
				case level == pgx.ReadCommitted && !errors.Is(err, c.want):
					t.Errorf("the command fails with %v, want %v", err, c.want)
				case level != pgx.ReadCommitted && (code(err) != "40001" || !errors.Is(err, credits.ErrUnknown)):
					t.Errorf("the command fails with %v, want a serialization failure", err)
				}
				r.order(tx, "order") // the transaction is none the worse
				r.commit(tx)
				r.wantOrders(1)
				for _, account := range []string{"ada", "poor", "new"} {
					verify(t, r.ledger, account)
				}
			})
		}
	}
}

// spendAll spends what an account has been granted.
func (r *rig) spendAll(account string) error {
	_, err := r.ledger.Spend(r.Context(), spend("all", account, 10))
	return err
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}
