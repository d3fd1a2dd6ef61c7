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

// errMissing says that an account has to be made, before it is decided about.
var errMissing = errors.New("postgres: an account is missing")

// transaction decides updates of any accounts in one transaction: it locks the
// accounts, reads all they need, decides one after the other, and writes what came
// of it.
type transaction struct {
	sql      *statements
	updates  []*update
	accounts map[string]*account
	prior    priors
	writes   writes
	create   bool  // accounts that are missing are made
	number   int64 // PostgreSQL's, for the feed; zero: none
}

func newTransaction(sql *statements, updates []*update, create bool) *transaction {
	return &transaction{sql: sql, updates: updates, create: create, accounts: make(map[string]*account), prior: make(priors)}
}

// queueRead locks the accounts and asks for everything.
func (t *transaction) queueRead(b *pgx.Batch) {
	var want keys
	for _, u := range t.updates {
		if t.accounts[u.account] == nil {
			t.accounts[u.account] = newAccount(u.account)
		}
		for _, id := range u.ids {
			if k := (key{u.account, id}); t.prior[k] == nil {
				t.prior[k] = []credits.Entry{}
				want.add(u.account, id)
			}
		}
	}
	names := slices.Sorted(maps.Keys(t.accounts))
	if t.create {
		b.Queue(t.sql.make, names)
	}
	t.sql.queueStates(b, t.sql.lock, names, t.accounts)
	if len(want.ids) > 0 {
		b.Queue(t.sql.prior, want.accounts, want.ids).Query(eachRow(func(rows pgx.Rows) error {
			e, err := readEntry(rows)
			t.prior.note(&e)
			return err
		}))
	}
}

// decide runs the decisions on what was read. It reports whether there is anything
// to write.
func (t *transaction) decide() (bool, error) {
	left := make(map[string]int)
	for _, u := range t.updates {
		left[u.account]++
	}
	for _, a := range t.accounts {
		sortState(&a.read)
		a.now, a.written = a.read, max(a.written, t.number)
	}
	for _, u := range t.updates {
		left[u.account]--
		if err := u.decideOn(t, left[u.account] > 0); err != nil {
			return false, err
		}
	}
	wrote := false
	for _, name := range slices.Sorted(maps.Keys(t.accounts)) {
		switch a := t.accounts[name]; {
		case a.last().Seq > 0:
			if !a.exists {
				return false, errMissing
			}
			wrote = true
			if err := t.writes.add(a); err != nil {
				return false, err
			}
		case a.exists && a.read.Seq == 0:
			t.writes.unmade = append(t.writes.unmade, name)
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
// transaction. A definite failure is one after which certainly nothing of it was
// written.
func (t *transaction) run(ctx context.Context, conn *pgx.Conn, options *Options) (definite bool, err error) {
	var read pgx.Batch
	read.Queue("BEGIN ISOLATION LEVEL READ COMMITTED") // whatever is the default: the lock is enough
	if t.sql.settings != "" {
		read.Queue(t.sql.settings, lockTimeout(options)).QueryRow(func(row pgx.Row) error { return row.Scan(nil, nil, nil, nil, nil, &t.number) })
	}
	t.queueRead(&read)
	if err := conn.SendBatch(ctx, &read).Close(); err != nil {
		return true, rollBack(conn, err)
	}
	wrote, err := t.decide()
	if err != nil || !wrote {
		return true, rollBack(conn, err)
	}
	var write pgx.Batch
	t.writes.queue(t.sql, &write)
	write.Queue("COMMIT")
	if err := conn.SendBatch(ctx, &write).Close(); err != nil {
		return refusedByServer(err), rollBack(conn, err)
	}
	return true, nil
}

// lockTimeout is how PostgreSQL reads it: in milliseconds, rounded up.
func lockTimeout(o *Options) string {
	return strconv.FormatInt(int64((o.LockTimeout+time.Millisecond-1)/time.Millisecond), 10)
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
