package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// An account that comes into being between the statements of a reading is read
// whole or not at all.
func TestAccountMadeWhileItIsRead(t *testing.T) {
	for _, options := range []postgres.Options{{}, {Portable: true}} {
		t.Run(fmt.Sprintf("Portable=%t", options.Portable), func(t *testing.T) {
			options.Transactions = 1
			r := newRig(t, options, nil)
			if err := r.spendApart("spend", "bob"); !errors.Is(err, credits.ErrInsufficient) { // its connection knows the statements
				t.Fatal(err)
			}
			tx, err := r.sound.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), "LOCK TABLE "+r.schema+".lots IN ACCESS EXCLUSIVE MODE"); err != nil {
				t.Fatal(err)
			}
			read := make(chan credits.State, 1)
			updated := make(chan error, 1)
			go func() {
				var last credits.State
				updated <- r.store.Update(context.Background(), "ada", nil, func(s credits.State, _ []credits.Entry) (credits.Change, error) {
					last = s.Clone()
					return credits.Change{}, nil
				})
				read <- last
			}()
			r.await("the update waits for the lots, after it has looked for the account", func() bool { return r.waits() == 1 })
			if _, err := r.in(tx).Configure(t.Context(), credits.Configure{ID: "open", Account: "ada", Overdraft: new(credits.Of(100))}); err != nil {
				t.Fatal(err)
			}
			_, err = r.in(tx).Grant(t.Context(), credits.Grant{ID: "grant", Account: "ada", Amount: credits.Of(10), Validity: expiry.Permanent()})
			if err != nil {
				t.Fatal(err)
			}
			r.commit(tx)
			if err := <-updated; err != nil {
				t.Errorf("Update = %v, want no error", err)
			}
			s := <-read
			if whole := s.Seq == 2 && len(s.Lots) == 1 && s.Balance == credits.Of(10); !whole && (s.Seq != 0 || len(s.Lots) != 0) {
				t.Errorf("the decision saw Seq %d, balance %v and %d lots, want 2, 10 and 1", s.Seq, s.Balance, len(s.Lots))
			}
		})
	}
}

// A connection that ends under a reading is no matter of the reader's.
func TestReadingsAreRepeated(t *testing.T) {
	var ends atomic.Int64 // how many more connections end before they are used
	sound := openPool(t)
	r := newRig(t, postgres.Options{}, func(c *pgxpool.Config) {
		c.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			if ends.Add(-1) < 0 {
				return true, nil
			}
			_, err := sound.Exec(ctx, "SELECT pg_terminate_backend($1, 10000)", conn.PgConn().PID())
			return true, err
		}
	})
	r.grant("ada", 10)
	for name, read := range map[string]func() (int, error){
		"State": func() (int, error) {
			s, err := r.store.State(t.Context(), "ada")
			return len(s.Lots), err
		},
		"Entries": func() (n int, err error) {
			for _, err = range r.store.Entries(t.Context(), credits.Query{Account: "ada"}) {
				n++
			}
			return n, err
		},
		"Due": func() (int, error) {
			_, err := r.store.Due(t.Context(), dawn, 10)
			return 1, err
		},
		"Feed": func() (int, error) {
			entries, _, err := r.store.Feed(t.Context(), postgres.Position{}, 10)
			return len(entries), err
		},
	} {
		ends.Store(2)
		if n, err := read(); n != 1 || err != nil {
			t.Errorf("%s = %d, %v, want 1 and no error though connections end", name, n, err)
		}
		if left := ends.Load(); left >= 0 {
			t.Errorf("%s used %d connections that end, want 2", name, 2-left)
		}
	}
}

// A history longer than a page has every entry once, whatever its direction and limit.
func TestHistoryGoesOnAfterItsFirstPage(t *testing.T) {
	const entries = 1101 // a grant, and more spends than two pages
	ledger := credits.New(open(t), credits.Options{Now: clock()})
	commands := []credits.Command{credits.Grant{ID: "1", Account: "ada", Amount: credits.Of(5000), Validity: expiry.Permanent()}}
	for n := 2; n <= entries; n++ {
		commands = append(commands, spend(fmt.Sprint(n), "ada", 1))
	}
	for part := range slices.Chunk(commands, credits.MaxBatch) {
		results, err := ledger.Batch(t.Context(), part)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, newest := range []bool{false, true} {
		for _, limit := range []int{0, 1, 499, 500, 501, 1000, 1001, entries, entries + 1} {
			var got, want []int64
			for e, err := range ledger.History(t.Context(), credits.Query{Account: "ada", NewestFirst: newest, Limit: limit}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Seq)
			}
			for n := int64(1); n <= entries; n++ {
				want = append(want, n)
			}
			if newest {
				slices.Reverse(want)
			}
			if limit > 0 {
				want = want[:min(limit, entries)]
			}
			if !slices.Equal(got, want) {
				t.Errorf("History(newest first: %v, limit %d) has %d entries, want %d in order", newest, limit, len(got), len(want))
			}
		}
	}
}
