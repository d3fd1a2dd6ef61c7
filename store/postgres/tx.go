package postgres

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

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
// default, and above. Like the transaction, it is not safe for simultaneous use.
func (s *Store) WithTx(tx pgx.Tx) credits.Store { return &txStore{sql: s.sql, conn: tx} }

// txStore is a store inside a transaction.
type txStore struct {
	sql  *statements
	conn sender
}

// Update implements [credits.Store].
func (s *txStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{account: account, ids: ids, decide: decide}
	t := newTransaction(s.sql, []*update{u})
	wrote, err := t.readIn(ctx, s.conn)
	if err == nil && wrote {
		err = t.writeIn(ctx, s.conn)
	}
	if err == nil && wrote {
		return nil
	}
	err = errors.Join(err, s.undo(ctx))
	if u.panicked != nil {
		panic(u.panicked)
	}
	if err != nil {
		return wrap("update", err)
	}
	return u.err
}

// readIn is the first round trip inside a transaction: it sets the savepoint.
func (t *transaction) readIn(ctx context.Context, conn sender) (wrote bool, err error) {
	var read pgx.Batch
	read.Queue("SAVEPOINT scrip")
	t.queueRead(&read)
	if err := conn.SendBatch(ctx, &read).Close(); err != nil {
		return false, err
	}
	return t.decide()
}

// writeIn is the second, which gives the savepoint up.
func (t *transaction) writeIn(ctx context.Context, conn sender) error {
	var write pgx.Batch
	t.writes.queue(t.sql, &write)
	write.Queue("RELEASE SAVEPOINT scrip")
	return conn.SendBatch(ctx, &write).Close()
}

// undo goes back to the savepoint, also where ctx is done.
func (s *txStore) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollBackTimeout)
	defer cancel()
	var b pgx.Batch
	b.Queue("ROLLBACK TO SAVEPOINT scrip")
	b.Queue("RELEASE SAVEPOINT scrip")
	return s.conn.SendBatch(ctx, &b).Close()
}

// State implements [credits.Store].
func (s *txStore) State(ctx context.Context, account string) (credits.State, error) {
	return s.sql.state(ctx, s.conn, account, false)
}

// Entries implements [credits.Store].
func (s *txStore) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return s.sql.entriesOf(ctx, s.conn, q)
}

// Due implements [credits.Store].
func (s *txStore) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	return s.sql.due(ctx, s.conn, at, limit)
}
