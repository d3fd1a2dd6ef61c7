package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// shop is a rig with a table of the caller's own.
func shop(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, postgres.Options{}, nil)
	if _, err := r.sound.Exec(t.Context(), "CREATE TABLE "+r.schema+".orders (id text PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	r.grant("ada", 10)
	return r
}

func (r *rig) begin(ctx context.Context) pgx.Tx {
	r.Helper()
	tx, err := r.pool.Begin(ctx)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // done already: as good
	return tx
}

func (r *rig) order(tx pgx.Tx, id string) {
	r.Helper()
	if _, err := tx.Exec(r.Context(), "INSERT INTO "+r.schema+".orders VALUES ($1)", id); err != nil {
		r.Fatalf("the transaction does not take an order: %v", err)
	}
}

func (r *rig) commit(tx pgx.Tx) {
	r.Helper()
	if err := tx.Commit(r.Context()); err != nil {
		r.Fatalf("Commit = %v, want no error", err)
	}
}

func (r *rig) wantOrders(want int) {
	r.Helper()
	if got := one[int](r, r.sound, "SELECT count(*) FROM "+r.schema+".orders"); got != want {
		r.Errorf("%d orders, want %d", got, want)
	}
}

// in returns a ledger inside a transaction.
func (r *rig) in(tx pgx.Tx) *credits.Ledger {
	return credits.New(r.store.WithTx(tx), credits.Options{Now: clock()})
}

func (r *rig) spendIn(tx pgx.Tx, id string) {
	r.Helper()
	if _, err := r.in(tx).Spend(r.Context(), spend(id, "ada", 1)); err != nil {
		r.Fatalf("Spend(%q) = %v, want no error", id, err)
	}
}

// Credits and the caller's own rows are there together, or not at all.
func TestOwnTransaction(t *testing.T) {
	r := shop(t)
	tx := r.begin(t.Context())
	r.spendIn(tx, "undone")
	r.order(tx, "undone")
	r.wantIDs("ada", "grant")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wantIDs("ada", "grant")
	r.wantOrders(0)

	tx = r.begin(t.Context())
	r.spendIn(tx, "first")
	r.order(tx, "first")
	r.spendIn(tx, "second") // another ledger
	balance, err := r.in(tx).Balance(t.Context(), "ada")
	if err != nil || balance.Available != credits.Of(8) {
		t.Errorf("Balance = %v, %v, want 8 within the transaction", balance.Available, err)
	}
	r.wantIDs("ada", "grant")
	r.commit(tx)
	r.wantIDs("ada", "grant", "first", "second")
	r.wantOrders(1)
}

// A savepoint of the caller's undoes what happened after it, and nothing else.
func TestOwnSavepoints(t *testing.T) {
	r := shop(t)
	tx := r.begin(t.Context())
	r.spendIn(tx, "outer")
	for _, id := range []string{"kept", "undone"} {
		inner, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.spendIn(inner, id)
		r.order(inner, id)
		if id == "kept" {
			r.commit(inner)
		} else if err := inner.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(t.Context(), "SAVEPOINT scrip"); err != nil { // as the store's own
		t.Fatal(err)
	}
	if _, err := r.in(tx).Spend(t.Context(), spend("too much", "ada", 1000)); !errors.Is(err, credits.ErrInsufficient) {
		t.Errorf("Spend = %v, want ErrInsufficient", err)
	}
	r.spendIn(tx, "undone too")
	if _, err := tx.Exec(t.Context(), "ROLLBACK TO SAVEPOINT scrip"); err != nil {
		t.Fatal(err)
	}
	r.spendIn(tx, "last")
	r.commit(tx)
	r.wantIDs("ada", "grant", "outer", "kept", "last")
	r.wantOrders(1)
}

// R52: whatever fails inside the caller's transaction is undone alone, and leaves it
// usable.
func TestR52_ErrorInOwnTransaction(t *testing.T) {
	poison := func(s credits.State, _ []credits.Entry) (credits.Change, error) {
		return credits.Change{Entries: []credits.Entry{{Account: s.Account, Seq: s.Seq + 1, ID: "poison", At: dawn}}}, nil
	}
	for name, fail := range map[string]func(r *rig, tx pgx.Tx) (got, want error){
		"a refusal": func(r *rig, tx pgx.Tx) (error, error) {
			_, err := r.in(tx).Spend(r.Context(), spend("much", "ada", 1000))
			return err, credits.ErrInsufficient
		},
		"a refusal on an account that is not there": func(r *rig, tx pgx.Tx) (error, error) {
			_, err := r.in(tx).Spend(r.Context(), spend("first", "nobody", 1))
			return err, credits.ErrInsufficient
		},
		"an ID with another intent": func(r *rig, tx pgx.Tx) (error, error) {
			_, err := r.in(tx).Spend(r.Context(), spend("grant", "ada", 1))
			return err, credits.ErrIDReused
		},
		"a change that the database refuses": func(r *rig, tx pgx.Tx) (error, error) {
			err := r.store.WithTx(tx).Update(r.Context(), "ada", nil, poison)
			if code(err) != "23514" {
				return err, errors.New("23514")
			}
			return nil, nil
		},
		"a decision that panics": func(r *rig, tx pgx.Tx) (got, want error) {
			want = errors.New("mine")
			defer func() { got, _ = recover().(error) }()
			return r.store.WithTx(tx).Update(r.Context(), "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) { panic(want) }), want
		},
		"an account that is locked": func(r *rig, tx pgx.Tx) (error, error) {
			r.grant("bob", 10)
			_, release := r.lock("bob")
			defer release()
			if _, err := tx.Exec(r.Context(), "SET LOCAL lock_timeout = '50ms'"); err != nil {
				r.Fatal(err)
			}
			_, err := r.in(tx).Spend(r.Context(), spend("spend", "bob", 1))
			if code(err) != "55P03" {
				return err, errors.New("55P03")
			}
			return nil, nil
		},
		"a context that was done before": func(r *rig, tx pgx.Tx) (error, error) {
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			return r.store.WithTx(tx).Update(ctx, "ada", nil, poison), context.Canceled
		},
		"a context that ends between reading and writing": func(r *rig, tx pgx.Tx) (error, error) {
			ctx, cancel := context.WithCancel(r.Context())
			return r.store.WithTx(tx).Update(ctx, "ada", nil, func(s credits.State, _ []credits.Entry) (credits.Change, error) {
				cancel()
				return credits.Change{Entries: []credits.Entry{{Account: s.Account, Seq: s.Seq + 1, ID: "late", Kind: credits.KindSpend, At: s.At, Balance: s.Balance}}}, nil
			}), context.Canceled
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			tx := r.begin(t.Context())
			r.spendIn(tx, "before")
			if got, want := fail(r, tx); !errors.Is(got, want) {
				t.Errorf("the failure is %v, want %v", got, want)
			}
			r.order(tx, "after")
			r.spendIn(tx, "after")
			r.commit(tx)
			r.wantIDs("ada", "grant", "before", "after")
			r.wantOrders(1)
			if names := one[int](r, r.sound, "SELECT count(*) FROM "+r.schema+".accounts WHERE seq = 0"); names != 0 {
				t.Errorf("%d accounts were made by a refusal, want none", names)
			}
		})
	}
}

// R52: where the failure ends the connection, nothing of the transaction is left, and
// its commit says so.
func TestR52_LostTransaction(t *testing.T) {
	for name, lose := range map[string]func(ctx context.Context, r *rig, tx pgx.Tx) error{
		"the connection is terminated": func(ctx context.Context, r *rig, tx pgx.Tx) error {
			return r.store.WithTx(tx).Update(ctx, "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
				one[bool](r, r.sound, "SELECT pg_terminate_backend($1)", int32(tx.Conn().PgConn().PID()))
				return credits.Change{}, nil
			})
		},
		"the context ends while the server is at work": func(ctx context.Context, r *rig, tx pgx.Tx) error {
			r.grant("bob", 10)
			other, _ := r.lock("bob")
			ctx, cancel := context.WithCancel(ctx)
			go func() {
				r.await("the store waits for a lock", func() bool { return r.waitsForLock(other) })
				cancel()
			}()
			_, err := r.in(tx).Spend(ctx, spend("spend", "bob", 1))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			tx := r.begin(t.Context())
			r.order(tx, "order")
			r.spendIn(tx, "before")
			if err := lose(t.Context(), r, tx); err == nil {
				t.Error("Update = nil, want an error")
			}
			if err := tx.Commit(t.Context()); err == nil {
				t.Error("Commit = nil, want an error")
			}
			r.wantIDs("ada", "grant")
			r.wantOrders(0)
		})
	}
}

// R52: a transaction that had failed before, or fails where there is no way back, is
// said to be lost.
func TestR52_FailedTransaction(t *testing.T) {
	r := shop(t)
	elsewhere, err := postgres.New(r.pool, postgres.Options{Schema: "not_there"})
	if err != nil {
		t.Fatal(err)
	}
	for name, fail := range map[string]func(tx pgx.Tx) credits.Store{
		"it failed before": func(tx pgx.Tx) credits.Store {
			_, _ = tx.Exec(t.Context(), "SELECT 1/0") // it has to fail
			return r.store.WithTx(tx)
		},
		"there are no tables": func(tx pgx.Tx) credits.Store { return elsewhere.WithTx(tx) },
	} {
		t.Run(name, func(t *testing.T) {
			tx := r.begin(t.Context())
			_, err := credits.New(fail(tx), credits.Options{Now: clock()}).Spend(t.Context(), spend("spend", "ada", 1))
			if err == nil || !strings.Contains(err.Error(), "has to be rolled back") {
				t.Errorf("Spend = %v, want an error that says that the transaction has to be rolled back", err)
			}
			if err := tx.Commit(t.Context()); !errors.Is(err, pgx.ErrTxCommitRollback) {
				t.Errorf("Commit = %v, want %v", err, pgx.ErrTxCommitRollback)
			}
			r.wantIDs("ada", "grant")
		})
	}
}
