package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/scriphq/scrip/credits"
)

// transaction decides updates of any accounts in one transaction: it locks the
// accounts, reads all they need, decides one after the other, and writes what came
// of it.
type transaction struct {
	sql      *statements
	updates  []*update
	accounts map[string]*account
	prior    priors
	writes   writes
	kept     *keeper // of the lane; nil: there is none
	waits    bool    // for accounts that others have locked
	makes    bool    // makes accounts that are not there before it decides, so as to have them locked
}

func newTransaction(sql *statements, updates []*update) *transaction {
	t := &transaction{sql: sql, updates: updates, accounts: make(map[string]*account, len(updates)), prior: make(priors, len(updates))}
	for _, u := range updates {
		if t.accounts[u.account] == nil {
			t.accounts[u.account] = newAccount(u.account)
		}
	}
	t.writes.expect(len(updates))
	return t
}

// queueRead locks the accounts and asks for everything.
func (t *transaction) queueRead(b *pgx.Batch) {
	names, want := slices.Sorted(maps.Keys(t.accounts)), t.ask()
	lock := t.sql.lockFree
	if t.waits {
		lock = t.sql.lock
	}
	if t.makes {
		b.Queue(t.sql.make, names)
	}
	t.sql.queueStates(b, lock, names, t.accounts)
	if len(want.ids) > 0 {
		b.Queue(t.sql.prior, want.accounts, want.ids).Query(eachRow(func(rows pgx.Rows) error {
			e, err := readEntry(rows)
			t.prior.note(&e)
			return err
		}))
	}
}

// ask makes room for the entries that the updates ask for, and returns which they are.
func (t *transaction) ask() (want keys) {
	for _, u := range t.updates {
		for _, id := range u.ids {
			if k := (key{u.account, id}); t.prior[k] == nil {
				t.prior[k] = []credits.Entry{}
				want.add(u.account, id)
			}
		}
	}
	return want
}

// look finds out of the accounts that were not locked which others have locked. It
// looks after all is read, so that of an account that is still not there nothing was
// read either.
func (t *transaction) look(ctx context.Context, conn *pgx.Conn) error {
	var names []string
	for name, a := range t.accounts {
		if !a.locked {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, t.sql.known, names)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range known {
		t.accounts[name].known = true
	}
	return err
}

// decide runs the decisions on what was read, but for those about accounts that
// others have locked. It reports whether there is anything to write.
func (t *transaction) decide() (bool, error) {
	left := make(map[string]int, len(t.accounts))
	for _, a := range t.accounts {
		a.settle()
	}
	for _, u := range t.updates {
		left[u.account]++
		if a := t.accounts[u.account]; !a.locked {
			t.prior.forget(u.account, u.ids)
		}
	}
	for _, u := range t.updates {
		left[u.account]--
		switch a := t.accounts[u.account]; {
		case a.known && !a.locked:
			u.locked = true
		case a.unsure:
		default:
			if err := u.decideOn(t, left[u.account] > 0); err != nil {
				return false, err
			}
		}
	}
	wrote := false
	for _, name := range slices.Sorted(maps.Keys(t.accounts)) {
		a := t.accounts[name]
		a.fenced = a.last().Seq == 0 && !a.kept && (a.locked || !a.known) && t.kept != nil && t.kept.mayBeWritten(name, a.version)
		if a.fenced || a.last().Seq > 0 && !a.unsure {
			wrote = true
			if err := t.writes.add(a); err != nil {
				return false, err
			}
		}
	}
	return wrote, nil
}

// take makes the change that an update decided on.
func (t *transaction) take(u *update, c *credits.Change, again bool) error {
	a := t.accounts[u.account]
	for i := range c.Entries {
		if err := t.writes.entry(&c.Entries[i], a.written); err != nil {
			return err
		}
		if again {
			e := c.Entries[i].Clone()
			t.prior.note(&e)
		}
	}
	a.apply(c, again)
	return nil
}

// run does the whole in two round trips over a connection that is in no
// transaction, and one more where not all accounts were there to be locked. A
// definite failure is one after which certainly nothing of it was written.
func (t *transaction) run(ctx context.Context, conn *pgx.Conn, options *Options) (definite bool, err error) {
	var read pgx.Batch
	t.queueBegin(&read, options.LockTimeout)
	t.queueRead(&read)
	if err := conn.SendBatch(ctx, &read).Close(); err != nil {
		return true, rollBack(conn, err)
	}
	if !t.waits {
		if err := t.look(ctx, conn); err != nil {
			return true, rollBack(conn, err)
		}
	}
	wrote, err := t.decide()
	if err != nil || !wrote {
		return true, rollBack(conn, err)
	}
	var write pgx.Batch
	if len(t.writes.made.account) > 0 && !t.waits {
		write.Queue(t.sql.lockTimeout, milliseconds(min(options.LockTimeout, makeTimeout)))
	}
	return t.commit(ctx, conn, &write)
}

// guessTimeout is how long a guess waits for locks: hardly, since who has to wait has
// time to read; but longer than a table takes to grow.
const guessTimeout = 5 * time.Millisecond

// guess does the whole in one round trip, with accounts that are all kept.
func (t *transaction) guess(ctx context.Context, conn *pgx.Conn) (definite bool, err error) {
	var batch pgx.Batch
	t.queueBegin(&batch, guessTimeout)
	return t.commit(ctx, conn, &batch)
}

func (t *transaction) queueBegin(b *pgx.Batch, lockTimeout time.Duration) {
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED") // whatever is the default: the lock is enough
	if t.sql.settings != "" {
		b.Queue(t.sql.settings, milliseconds(lockTimeout))
	}
}

// commit sends a batch, with what is to be written behind it.
func (t *transaction) commit(ctx context.Context, conn *pgx.Conn, b *pgx.Batch) (definite bool, err error) {
	t.queueWrite(b)
	b.Queue("COMMIT")
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return refusedByServer(err), rollBack(conn, err)
	}
	return true, nil
}

// queueWrite writes what was decided, and notes which accounts were written.
func (t *transaction) queueWrite(b *pgx.Batch) {
	t.writes.queue(t.sql, b, func(account string, written int64) {
		a := t.accounts[account]
		a.done, a.wrote = true, written
	})
}

// makeTimeout is how long a transaction that does not wait for accounts which others
// have locked still waits for those that others are making: about as long as it takes
// to make some.
const makeTimeout = 50 * time.Millisecond

// milliseconds is how PostgreSQL reads a duration, rounded up.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)
}

// rollBackTimeout bounds how long a rollback may take: a server that does not
// answer it has lost the connection, and rolls back by itself.
const rollBackTimeout = 5 * time.Second

// rollBack ends a transaction, also where the caller's context is done. It returns
// the error that was the reason.
func rollBack(conn *pgx.Conn, reason error) error {
	if conn.PgConn().IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return reason
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollBackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		return errors.Join(reason, wrap("roll back", err))
	}
	return reason
}

// refusedByServer reports whether an error is the answer to a statement, after
// which the server did nothing of what followed it. One that ended the connection
// is not: it may have come after the commit.
func refusedByServer(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && answer.SeverityUnlocalized == "ERROR"
}
