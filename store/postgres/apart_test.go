package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// A caller that sits in a transaction of its own holds up nobody but those who want
// the same account, and those get it in the order in which they came.
func TestLockedAccountIsNoMatterOfOthers(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1, LockTimeout: time.Minute}, nil)
	r.grant("ada", 100)
	r.grant("bob", 100)
	tx := r.begin(t.Context())
	if _, err := r.in(tx).Spend(t.Context(), spend("order", "ada", 1)); err != nil {
		t.Fatal(err)
	}
	const callers = 10
	want := []string{"grant", "order"}
	errs := make(chan error, callers)
	for i := range callers {
		id := fmt.Sprint("spend", i)
		want = append(want, id)
		go func() { errs <- r.spendApart(id, "ada") }()
		// The first is at work, the second behind it, and so on.
		r.await("the spend is queued", func() bool { return r.store.Waiting() == i && r.waits() == 1 })
		if err := r.spendApart(id, "bob"); err != nil {
			t.Fatalf("Spend(bob) = %v, want no error while ada is locked", err)
		}
		if err := r.spendApart("first", "new"+id); !errors.Is(err, credits.ErrInsufficient) {
			t.Fatalf("Spend(new) = %v, want ErrInsufficient while ada is locked", err)
		}
	}
	r.commit(tx)
	for range callers {
		if err := <-errs; err != nil {
			t.Errorf("Spend(ada) = %v, want no error after the transaction has ended", err)
		}
	}
	r.wantIDs("ada", want...)
}

// An account that a transaction of somebody else's is making is as good as locked.
func TestAccountThatOthersMakeIsNoMatterOfOthers(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1, LockTimeout: time.Minute}, nil)
	r.grant("bob", 10)
	tx := r.begin(t.Context())
	if _, err := r.in(tx).Grant(t.Context(), pack("new")); err != nil {
		t.Fatal(err)
	}
	release := r.jam()
	replayed, beside := make(chan error, 1), make(chan error, 2)
	go func() {
		receipt, err := credits.New(r.store, credits.Options{Now: clock()}).Grant(context.Background(), pack("new"))
		if err == nil && !receipt.Replayed {
			err = errors.New("was not replayed")
		}
		replayed <- err
	}()
	go func() { beside <- r.spendApart("spend", "bob") }()
	go func() {
		_, err := credits.New(r.store, credits.Options{Now: clock()}).Grant(context.Background(), pack("newer"))
		beside <- err
	}()
	r.await("three are queued", func() bool { return r.store.Waiting() == 3 })
	release()
	for range 2 {
		if err := <-beside; err != nil {
			t.Errorf("Spend(bob), Grant(newer) = %v, want no error", err)
		}
	}
	r.await("the grant waits", func() bool { return r.waits() == 1 })
	r.commit(tx)
	if err := <-replayed; err != nil {
		t.Errorf("Grant(new) = %v, want a replay", err)
	}
	r.wantIDs("new", "pack")
	r.wantIDs("newer", "pack")
	r.wantIDs("bob", "grant", "spend")
}

// pack grants an account ten credits.
func pack(account string) credits.Grant {
	return credits.Grant{ID: "pack", Account: account, Amount: credits.Of(10), Validity: expiry.Permanent()}
}

// waits returns how many of the schema's transactions wait for a lock.
func (r *rig) waits() int {
	return one[int](r, r.sound, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\""+r.schema+"\"%'")
}

// Many accounts that are locked elsewhere take no more connections than there are
// transactions, beside those of the others.
func TestLockedAccountsTakeFewConnections(t *testing.T) {
	const transactions, accounts = 2, 12
	r := newRig(t, postgres.Options{Transactions: transactions, LockTimeout: time.Minute}, nil)
	var releases []func()
	for i := range accounts {
		name := fmt.Sprint("locked", i)
		r.grant(name, 10)
		_, release := r.lock(name)
		releases = append(releases, release)
	}
	var calls sync.WaitGroup
	for i := range accounts {
		for n := range 5 {
			calls.Go(func() {
				if err := r.spendApart(fmt.Sprint("spend", n), fmt.Sprint("locked", i)); err != nil {
					t.Errorf("Spend = %v, want no error after the lock is gone", err)
				}
			})
		}
	}
	r.await("two wait for locks", func() bool { return r.waits() == transactions })
	for i := range 20 {
		account := fmt.Sprint("free", i)
		_, err := r.ledger.Grant(t.Context(), credits.Grant{ID: "grant", Account: account, Amount: credits.Of(1), Validity: expiry.Permanent()})
		if err != nil {
			t.Errorf("Grant(%s) = %v, want no error while others are locked", account, err)
		}
		if n := r.pool.Stat().AcquiredConns(); n > 2*transactions {
			t.Errorf("%d connections are in use, want at most %d", n, 2*transactions)
		}
	}
	for _, release := range releases {
		release()
	}
	calls.Wait()
	for i := range accounts {
		if got := len(ledgerOf(t, r.reader(), fmt.Sprint("locked", i))); got != 6 {
			t.Errorf("locked%d has %d entries, want 6", i, got)
		}
	}
}

// Two transactions that have made rows which refer to an account do not wait for each
// other, but for the account alone.
func TestRowsThatReferToAnAccountDoNotLockIt(t *testing.T) {
	r := newRig(t, postgres.Options{LockTimeout: time.Minute}, nil)
	r.grant("ada", 10)
	if _, err := r.sound.Exec(t.Context(), "CREATE TABLE "+r.schema+".orders (id text PRIMARY KEY, account text REFERENCES "+r.schema+".accounts)"); err != nil {
		t.Fatal(err)
	}
	var txs []pgx.Tx
	for _, id := range []string{"a", "b"} {
		tx := r.begin(t.Context())
		if _, err := tx.Exec(t.Context(), "SET LOCAL lock_timeout = '5s'"); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "INSERT INTO "+r.schema+".orders VALUES ($1, 'ada')", id); err != nil {
			t.Fatal(err)
		}
		txs = append(txs, tx)
	}
	if err := r.spendApart("apart", "ada"); err != nil {
		t.Errorf("Spend = %v, want no error while orders of ada are open", err)
	}
	for i, tx := range txs {
		if _, err := r.in(tx).Spend(t.Context(), spend(fmt.Sprint("order", i), "ada", 1)); err != nil {
			t.Fatalf("Spend = %v, want no error while another order of ada is open", err)
		}
		r.commit(tx)
	}
	r.wantIDs("ada", "grant", "apart", "order0", "order1")
}

// A decision that ends its goroutine stops neither its lane nor anybody in it for
// good.
func TestDecisionThatExits(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1}, nil)
	r.grant("ada", 10)
	r.grant("bob", 10)
	release := r.jam()
	beside := make(chan error, 1)
	go func() { beside <- r.spendApart("spend", "bob") }()
	r.await("a spend is queued", func() bool { return r.store.Waiting() == 1 })
	exits := make(chan error, 1)
	go func() {
		exits <- r.store.Update(context.Background(), "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
			runtime.Goexit()
			return credits.Change{}, nil
		})
	}()
	r.await("an update is queued", func() bool { return r.store.Waiting() == 2 })
	release()
	if err := <-exits; err == nil {
		t.Error("Update = nil, want an error of a decision that exits")
	}
	if err := <-beside; err != nil && !errors.Is(err, credits.ErrUnknown) {
		t.Errorf("Spend = %v, want no error or ErrUnknown", err)
	}
	for _, account := range []string{"ada", "bob"} {
		if err := r.spendApart("spend", account); err != nil {
			t.Errorf("Spend(%s) = %v, want no error", account, err)
		}
		r.wantIDs(account, "grant", "spend")
	}
}
