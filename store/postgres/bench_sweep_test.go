package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// singly is a store that is served best by one update at a time.
type singly struct{ credits.Store }

func (singly) Width() int { return 1 }

// BenchmarkSweep settles SCRIP_ACCOUNTS accounts, at most 10,000, in each of which a
// lot has ended, beside a floor: the same one by one. One operation is all of them.
func BenchmarkSweep(b *testing.B) {
	pool := durablePool(b, nil)
	accounts := min(setting(b, "SCRIP_ACCOUNTS", credits.MaxBatch), credits.MaxBatch)
	for _, c := range []struct {
		name string
		over func(store *postgres.Store) credits.Store
	}{
		{"floor", func(store *postgres.Store) credits.Store { return singly{store} }},
		{"store", func(store *postgres.Store) credits.Store { return store }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				store := openStore(b, pool, postgres.Options{})
				expire(b, store, accounts)
				ledger := credits.New(c.over(store), credits.Options{Now: func() time.Time { return dawn.Add(time.Hour) }})
				b.StartTimer()
				if settled, err := ledger.Sweep(b.Context()); settled != accounts || err != nil {
					b.Fatalf("Sweep() = %d, %v, want %d", settled, err, accounts)
				}
			}
			b.ReportMetric(float64(accounts)*float64(b.N)/b.Elapsed().Seconds(), "accounts/s")
		})
	}
}

// expire gives accounts, at most credits.MaxBatch, a lot each that ends an hour after
// dawn.
func expire(t testing.TB, store credits.Store, accounts int) {
	t.Helper()
	var commands []credits.Command
	for i := range accounts {
		commands = append(commands, credits.Grant{ID: "trial", Account: fmt.Sprintf("account-%d", i), Amount: credits.Of(5), Validity: expiry.Hours(1)})
	}
	results, err := credits.New(store, credits.Options{Now: func() time.Time { return dawn }}).Batch(t.Context(), commands)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("Batch()[%d] = %v, want no error", i, r.Err)
		}
	}
}
