package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// code returns PostgreSQL's code of an error.
func code(err error) string {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fmt.Sprintf("none of PostgreSQL's: %v", err)
	}
	return answer.Code
}

// Connections that end under way lose nothing and do nothing twice.
func TestTerminatedConnections(t *testing.T) {
	chance := rand.New(rand.NewPCG(seed(t), 10))
	var name string
	named := func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["application_name"] = name }
	name = fmt.Sprintf("terminated%d", schemas.Add(1))
	r := newRig(t, postgres.Options{}, named)
	site := newSite(r.stores(3, named))
	load := site.start(t, newClients(9, seed(t), "ada", "bob", "cyd"))
	killed := 0
	for range rounds(t, 40) {
		load.await(1 + chance.IntN(12))
		killed += one[int](r, r.sound, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1`, name)
	}
	load.await(20)
	t.Logf("%d connections terminated", killed)
	audit(t, r.reader(), load.stop())
}

// A server that is read only for a while is one on which nothing happens.
func TestReadOnlyServer(t *testing.T) {
	var readOnly atomic.Int64 // for how many more transactions
	r := newRig(t, postgres.Options{}, func(c *pgxpool.Config) {
		c.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			_, err := conn.Exec(ctx, fmt.Sprintf("SET default_transaction_read_only = %t", readOnly.Add(-1) >= 0))
			return true, err
		}
	})
	const accounts = 40
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprintf("account%02d", i)
		r.grant(names[i], 10)
	}
	spendAll := func(id string) []error {
		errs := make([]error, accounts)
		var calls sync.WaitGroup
		for i, account := range names {
			calls.Go(func() { _, errs[i] = r.ledger.Spend(t.Context(), spend(id, account, 1)) })
		}
		calls.Wait()
		return errs
	}

	readOnly.Store(1 << 40)
	before := time.Now()
	for i, err := range spendAll("refused") {
		if !errors.Is(err, credits.ErrUnknown) || code(err) != "25006" {
			t.Errorf("Spend(%q) = %v, want an unknown outcome for a read only server", names[i], err)
		}
	}
	if took := time.Since(before); took > 5*time.Second {
		t.Errorf("%d callers at once were told after %v that the server is read only, want less than 5 s", accounts, took)
	}
	readOnly.Store(2) // less than an update tries
	if _, err := r.ledger.Spend(t.Context(), spend("patient", names[0], 1)); err != nil {
		t.Errorf("Spend(patient) = %v, want no error from a server that is read only for a moment", err)
	}
	readOnly.Store(0)
	for i, err := range spendAll("refused") {
		if err != nil {
			t.Errorf("Spend(%q) = %v, want no error after the server took writes again", names[i], err)
		}
	}
	r.wantIDs(names[0], "grant", "patient", "refused")
	for _, account := range names[1:] {
		r.wantIDs(account, "grant", "refused")
	}
}

// The connections' default isolation does not matter.
func TestIsolationByDefault(t *testing.T) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			change := func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["default_transaction_isolation"] = level }
			r := newRig(t, postgres.Options{}, change)
			site := newSite(r.stores(3, change))
			load := site.start(t, newClients(12, seed(t), "ada", "bob"))
			load.await(300)
			claims := load.stop()
			audit(t, r.reader(), claims)
			for _, c := range claims {
				if c.sent > 1 {
					t.Errorf("%v: had to be sent %d times, want once", c.command, c.sent)
				}
			}
		})
	}
}

// A deadlock with a transaction of somebody else's passes, where a transaction of the
// store waits for one account while it has another.
func TestDeadlock(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1, Portable: true}, nil)
	r.grant("ada", 10)
	r.grant("bob", 10)
	release := r.jam()
	errs := make(chan error, 2)
	for _, account := range []string{"ada", "bob"} {
		go func() { errs <- r.spendApart("spend", account) }()
	}
	tx, rollBack := r.lock("bob")
	const deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
	before := one[int64](r, r.sound, deadlocks)
	r.await("both spends wait", func() bool { return r.store.Waiting() == 2 })
	release() // the store's transaction has ada, and waits for bob
	r.await("the store waits for a lock", func() bool { return r.waitsForLock(tx) })
	if _, err := tx.Exec(t.Context(), "SET LOCAL deadlock_timeout = '1min'"); err != nil { // the store's transaction is to give way
		t.Fatal(err)
	}
	r.lockIn(tx, "ada")
	rollBack()
	for range 2 {
		if err := <-errs; err != nil {
			t.Errorf("Spend = %v, want no error", err)
		}
	}
	r.await("the server has counted a deadlock", func() bool { return one[int64](r, r.sound, deadlocks) > before })
	r.wantIDs("ada", "grant", "spend")
	r.wantIDs("bob", "grant", "spend")
}

// waitsForLock reports whether somebody waits for a transaction to end.
func (r *rig) waitsForLock(tx pgx.Tx) bool {
	r.Helper()
	return one[bool](r, r.sound, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))", int32(tx.Conn().PgConn().PID()))
}
