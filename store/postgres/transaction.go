package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/scriphq/scrip/credits"
)

// missingError names accounts that have to be made before they are decided about.
type missingError []string

func (e missingError) Error() string {
	return fmt.Sprintf("postgres: the accounts %q are missing", []string(e))
}

// transaction decides updates of any accounts in one transaction: it locks the
// accounts, reads all they need, decides one after the other, and writes what came
// of it.
type transaction struct {
	sql      *statements
	updates  []*update
	accounts map[string]*account
	prior    priors
	writes   writes
	create   []string // accounts that are missing
	waits    bool     // for accounts that others have locked
	number   int64    // PostgreSQL's, for the feed; zero: none
}

func newTransaction(sql *statements, updates []*update, create []string, waits bool) *transaction {
	return &transaction{sql: sql, updates: updates, create: create, waits: waits, accounts: make(map[string]*account), prior: make(priors)}
}

// queueRead locks the accounts and asks for everything. One that waits for locks
// makes all accounts that it makes any of, so that it has them in one order.
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
	lock, create := t.sql.lockFree, t.create
	if t.waits {
		lock = t.sql.lock
	}
	if t.waits && len(create) > 0 {
		create = names
	}
	if len(create) > 0 {
		b.Queue(t.sql.make, create)
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
		if a := t.accounts[u.account]; a.known && !a.locked {
			u.locked = !t.waits
			continue
		}
		if err := u.decideOn(t, left[u.account] > 0); err != nil {
			return false, err
		}
	}
	if missing := t.missing(); len(missing) > 0 {
		return false, missing
	}
	wrote := false
	for _, name := range slices.Sorted(maps.Keys(t.accounts)) {
		switch a := t.accounts[name]; {
		case a.last().Seq > 0:
			wrote = true
			if err := t.writes.add(a); err != nil {
				return false, err
			}
		case a.locked && a.read.Seq == 0:
			t.writes.unmade = append(t.writes.unmade, name)
		}
	}
	return wrote, nil
}

// missing returns the accounts that have to be made: those of which there is no row to
// lock yet, and, where locks are waited for, those that came after that.
func (t *transaction) missing() (names missingError) {
	for name, a := range t.accounts {
		if !a.locked && (a.last().Seq > 0 || a.known && t.waits) {
			names = append(names, name)
		}
	}
	return names
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
	read.Queue("BEGIN ISOLATION LEVEL READ COMMITTED") // whatever is the default: the lock is enough
	if t.sql.settings != "" {
		read.Queue(t.sql.settings, milliseconds(t.lockTimeout(options))).QueryRow(func(row pgx.Row) error { return row.Scan(nil, nil, nil, nil, nil, &t.number) })
	}
	t.queueRead(&read)
	if err := conn.SendBatch(ctx, &read).Close(); err != nil {
		return true, rollBack(conn, err)
	}
	if err := t.look(ctx, conn); err != nil {
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

// makeTimeout is how long a transaction that does not wait for accounts which others
// have locked still waits for those that others are making: about as long as it takes
// to make one.
const makeTimeout = 50 * time.Millisecond

func (t *transaction) lockTimeout(o *Options) time.Duration {
	if !t.waits && len(t.create) > 0 {
		return min(o.LockTimeout, makeTimeout)
	}
	return o.LockTimeout
}

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
