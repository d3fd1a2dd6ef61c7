package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/scriphq/scrip/credits"
)

// WithTx returns the store inside a transaction of the caller's, so that credits
// and the caller's own rows commit together or not at all:
//
//	tx, err := pool.Begin(ctx)
//	...
//	ledger := credits.New(store.WithTx(tx), credits.Options{})
//	_, err = ledger.Spend(ctx, spend)
//	_, err = tx.Exec(ctx, "INSERT INTO orders ...")
//	err = tx.Commit(ctx)
//
// What fails is undone by a savepoint and leaves the transaction usable; only after
// a lost connection it is not. An account that was changed is locked until the
// transaction ends: end it soon, and where it touches several accounts, touch them
// in the order of their names, so that two such transactions do not wait for each
// other. A receipt is worth nothing until the commit, and notices go out before it.
//
// Nothing is retried: a serialization failure or a deadlock needs the caller's whole
// transaction anew. It waits for locks as long as the transaction's own lock_timeout
// says. It works at the isolation level READ COMMITTED, which is PostgreSQL's
// default, and above. Like the transaction, it is not safe for simultaneous use;
// Ledger.Batch and Ledger.Sweep do one thing after the other in it.
func (s *Store) WithTx(tx pgx.Tx) credits.Store {
	return &txStore{sql: s.sql, with: func(use func(sender) error) error { return use(tx) }}
}

// WithSQL is WithTx for database/sql and its adapter pgx/v5/stdlib: conn is the
// connection that the transaction was begun on.
//
//	conn, err := db.Conn(ctx)
//	...
//	tx, err := conn.BeginTx(ctx, nil)
//	...
//	ledger := credits.New(store.WithSQL(conn), credits.Options{})
//
// It fails where conn is not of that adapter, or not in a transaction.
func (s *Store) WithSQL(conn *sql.Conn) credits.Store {
	return &txStore{sql: s.sql, with: func(use func(sender) error) error {
		return conn.Raw(func(driver any) error {
			adapter, ok := driver.(*stdlib.Conn)
			if !ok {
				return fmt.Errorf("postgres: the connection is a %T: open the database with pgx/v5/stdlib", driver)
			}
			if adapter.Conn().PgConn().TxStatus() == 'I' {
				return errors.New("postgres: the connection is in no transaction: begin one on it first")
			}
			return use(adapter.Conn())
		})
	}}
}

// txStore is a store inside a transaction.
type txStore struct {
	sql  *statements
	with func(use func(sender) error) error // calls use with the transaction
}

// Width implements [credits.Wide]: a transaction does one thing after the other.
func (s *txStore) Width() int { return 1 }

// Update implements [credits.Store].
func (s *txStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{account: account, ids: ids, decide: decide}
	err := s.with(func(conn sender) error {
		t := newTransaction(s.sql, []*update{u})
		t.waits, t.makes = true, true
		return t.runIn(ctx, conn)
	})
	if u.panicked != nil {
		panic(u.panicked)
	}
	if err != nil {
		return wrap("update", err)
	}
	return u.err
}

// runIn is run inside a transaction of the caller's, with a savepoint.
func (t *transaction) runIn(ctx context.Context, conn sender) error {
	set, wrote, err := t.readIn(ctx, conn)
	if err == nil && wrote {
		err = t.writeIn(ctx, conn)
	}
	switch {
	case err == nil && wrote:
		return nil
	case set:
		if lost := undo(ctx, conn); lost != nil {
			return fmt.Errorf("the transaction has to be rolled back: %w", errors.Join(err, lost))
		}
	case refusedByServer(err): // before there was a savepoint to go back to
		return fmt.Errorf("the transaction has to be rolled back: %w", err)
	}
	return err
}

// readIn is the first round trip inside a transaction. It reports whether it set the
// savepoint.
func (t *transaction) readIn(ctx context.Context, conn sender) (set, wrote bool, err error) {
	var read pgx.Batch
	read.Queue("SAVEPOINT scrip").Exec(func(pgconn.CommandTag) error {
		set = true
		return nil
	})
	t.queueRead(&read)
	if err := conn.SendBatch(ctx, &read).Close(); err != nil {
		return set, false, err
	}
	wrote, err = t.decide()
	return set, wrote, err
}

// writeIn is the second, which gives the savepoint up.
func (t *transaction) writeIn(ctx context.Context, conn sender) error {
	var write pgx.Batch
	t.queueWrite(&write)
	write.Queue("RELEASE SAVEPOINT scrip")
	return conn.SendBatch(ctx, &write).Close()
}

// undo goes back to the savepoint, also where ctx is done. A transaction that has
// failed prepares no statement before it has, so that this is sent as text.
func undo(ctx context.Context, conn sender) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollBackTimeout)
	defer cancel()
	_, err := conn.Exec(ctx, "ROLLBACK TO SAVEPOINT scrip; RELEASE SAVEPOINT scrip")
	return err
}

// State implements [credits.Store].
func (s *txStore) State(ctx context.Context, account string) (state credits.State, err error) {
	err = s.with(func(conn sender) (err error) {
		state, err = s.sql.stateIn(ctx, conn, account)
		return err
	})
	if err != nil {
		return credits.State{}, wrap("state", err)
	}
	return state, nil
}

// Entries implements [credits.Store].
func (s *txStore) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return entries(q, func(q *credits.Query) (page []credits.Entry, err error) {
		err = s.with(func(conn sender) (err error) {
			page, err = s.sql.page(ctx, conn, q)
			return err
		})
		return page, err
	})
}

// Due implements [credits.Store].
func (s *txStore) Due(ctx context.Context, at time.Time, limit int) (accounts []string, err error) {
	err = s.with(func(conn sender) (err error) {
		accounts, err = s.sql.due(ctx, conn, at, limit)
		return err
	})
	if err != nil {
		return nil, wrap("due", err)
	}
	return accounts, nil
}
