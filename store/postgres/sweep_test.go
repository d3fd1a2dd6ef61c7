package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

func TestWidthIsWhatAllTransactionsCanShare(t *testing.T) {
	for _, c := range []struct {
		options postgres.Options
		want    int
	}{
		{postgres.Options{}, 1024},
		{postgres.Options{Transactions: 3}, 1536},
		{postgres.Options{Transactions: 4, Together: 1}, 4},
	} {
		store, err := postgres.New(nil, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if got := store.Width(); got != c.want {
			t.Errorf("Width(%+v) = %d, want %d", c.options, got, c.want)
		}
	}
}

// R12, and what Sweep promises: each process settles what no other has, each account
// is settled once, and one process tells of it.
func TestR12_ManyProcessesSweepingAtOnceSettleEachAccountOnce(t *testing.T) {
	const accounts, processes = 2000, 4
	r := newRig(t, postgres.Options{}, nil)
	expire(t, r.store, accounts)
	var mu sync.Mutex
	told := make(map[string]int)
	options := credits.Options{
		Now: func() time.Time { return dawn.Add(time.Hour) },
		Notify: func(_ context.Context, n credits.Notice) {
			mu.Lock()
			defer mu.Unlock()
			if n.Kind == credits.NoticeEnded {
				told[n.Account]++
			}
		},
	}
	total := 0
	var wait sync.WaitGroup
	for _, store := range r.stores(processes, nil) {
		wait.Go(func() {
			settled, err := credits.New(store, options).Sweep(t.Context())
			if err != nil {
				t.Errorf("Sweep() = %v, want no error", err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += settled
		})
	}
	wait.Wait()
	if total != accounts {
		t.Errorf("Sweep() in %d processes = %d accounts, want %d", processes, total, accounts)
	}
	for i := range accounts {
		if account := fmt.Sprintf("account-%d", i); told[account] != 1 {
			t.Errorf("the end in %s was told %d times, want once", account, told[account])
		}
	}
	const wrong = "SELECT count(*) FROM (SELECT FROM %s.entries GROUP BY account HAVING count(*) <> 2 OR sum(amount) <> 0) AS x"
	if n := one[int](t, r.sound, fmt.Sprintf(wrong, r.schema)); n != 0 {
		t.Errorf("%d accounts have other entries than the grant and its end", n)
	}
	r.wantIDs("account-7", "trial", "~end/trial")
}

// Inside a transaction, which is not safe for simultaneous use, a batch and a sweep do
// one thing after the other.
func TestBatchAndSweepInsideATransaction(t *testing.T) {
	r := newRig(t, postgres.Options{}, nil)
	expire(t, r.store, 50)
	tx, err := r.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	ledger := credits.New(r.store.WithTx(tx), credits.Options{Now: func() time.Time { return dawn.Add(time.Hour) }})
	if got, err := ledger.Sweep(t.Context()); got != 50 || err != nil {
		t.Errorf("Sweep() inside a transaction = %d, %v, want 50", got, err)
	}
	var commands []credits.Command
	for i := range 50 {
		commands = append(commands, credits.Grant{ID: "gift", Account: fmt.Sprintf("account-%d", i), Amount: credits.Of(7), Validity: expiry.Permanent()})
	}
	results, err := ledger.Batch(t.Context(), commands)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range results {
		if got.Err != nil || got.Receipt.Seq != 3 {
			t.Errorf("Batch()[%d] inside a transaction = Seq %d, %v, want 3", i, got.Receipt.Seq, got.Err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wantIDs("account-7", "trial", "~end/trial", "gift")
}
