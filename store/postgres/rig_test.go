package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// rig is a store over a pool that a test makes trouble in, with a pool beside it
// that is sound.
type rig struct {
	*testing.T
	schema  string
	options postgres.Options
	sound   *pgxpool.Pool
	pool    *pgxpool.Pool // of store
	store   *postgres.Store
	ledger  *credits.Ledger
}

// newRig returns a rig whose store's pool is changed from the usual. When the test
// is over, no connection of that may be in use.
func newRig(t *testing.T, options postgres.Options, change func(*pgxpool.Config)) *rig {
	t.Helper()
	options.Schema = fmt.Sprintf("tbroken%d_%d", os.Getpid(), schemas.Add(1))
	r := &rig{T: t, schema: options.Schema, options: options, sound: openPool(t)}
	openStore(t, r.sound, options)
	r.pool, r.store = r.another(change)
	r.ledger = credits.New(r.store, credits.Options{Now: clock()})
	return r
}

// another returns a further store on the rig's tables, over a pool of its own.
func (r *rig) another(change func(*pgxpool.Config)) (*pgxpool.Pool, *postgres.Store) {
	r.Helper()
	pool := poolWith(r, change)
	r.Cleanup(func() { r.checkReturned(pool) })
	store, err := postgres.New(pool, r.options)
	if err != nil {
		r.Fatal(err)
	}
	return pool, store
}

// checkReturned checks that a pool gets all its connections back.
func (r *rig) checkReturned(pool *pgxpool.Pool) {
	r.Helper()
	r.await("all connections of the pool are returned", func() bool { return pool.Stat().AcquiredConns() == 0 })
}

// await waits for something that happens soon.
func (r *rig) await(what string, happened func() bool) {
	r.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !happened(); <-tick.C {
		if time.Now().After(deadline) {
			r.Errorf("after a minute it is not so that %s", what)
			return
		}
	}
}

// stores returns the rig's store and others as if in processes of their own.
func (r *rig) stores(n int, change func(*pgxpool.Config)) []*postgres.Store {
	r.Helper()
	stores := []*postgres.Store{r.store}
	for len(stores) < n {
		_, store := r.another(change)
		stores = append(stores, store)
	}
	return stores
}

// grant gives an account credits through the sound pool.
func (r *rig) grant(account string, amount int64) {
	r.Helper()
	ledger := credits.New(r.reader(), credits.Options{Now: clock()})
	_, err := ledger.Grant(r.Context(), credits.Grant{ID: "grant", Account: account, Amount: credits.Of(amount), Validity: expiry.Permanent()})
	if err != nil {
		r.Fatal(err)
	}
}

// spendApart spends one credit through a ledger of its own, which no other caller's
// command shares an update with.
func (r *rig) spendApart(id, account string) error {
	_, err := credits.New(r.store, credits.Options{Now: clock()}).Spend(context.Background(), spend(id, account, 1))
	return err
}

// reader returns a store on the sound pool.
func (r *rig) reader() *postgres.Store {
	r.Helper()
	store, err := postgres.New(r.sound, r.options)
	if err != nil {
		r.Fatal(err)
	}
	return store
}

// spend makes a command of it.
func spend(id, account string, amount int64) credits.Spend {
	return credits.Spend{ID: id, Account: account, Amount: credits.Of(amount)}
}

// wantIDs checks which entries an account has, and that they are right.
func (r *rig) wantIDs(account string, want ...string) {
	r.Helper()
	store := r.reader()
	var got []string
	for _, e := range ledgerOf(r.T, store, account) {
		got = append(got, e.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.Errorf("the entries of %q are %v, want %v", account, got, want)
	}
	verify(r.T, credits.New(store, credits.Options{Now: clock()}), account)
}

// lock locks an account's row in a transaction of somebody else's, until the
// function returned is called.
func (r *rig) lock(account string) (tx pgx.Tx, release func()) {
	r.Helper()
	tx, err := r.sound.Begin(context.Background())
	if err != nil {
		r.Fatal(err)
	}
	release = func() { _ = tx.Rollback(context.Background()) } // done already: as good
	r.Cleanup(release)
	r.lockIn(tx, account)
	return tx, release
}

func (r *rig) lockIn(tx pgx.Tx, account string) {
	r.Helper()
	one[string](r, tx, "SELECT account FROM "+r.schema+".accounts WHERE account = $1 FOR UPDATE", account)
}

// jam keeps the store's only transaction busy with an update of an account of its
// own, so that what comes meanwhile shares the next, until the function returned is
// called.
func (r *rig) jam() (release func()) {
	r.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		ended <- r.store.Update(context.Background(), "jam", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
			if first {
				first = false
				close(begun)
				<-end
			}
			return credits.Change{}, nil
		})
	}()
	<-begun
	once := false
	release = func() {
		if once {
			return
		}
		once = true
		close(end)
		if err := <-ended; err != nil {
			r.Errorf("Update(jam) = %v, want no error", err)
		}
	}
	r.Cleanup(release)
	return release
}
