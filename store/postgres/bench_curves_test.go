package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// BenchmarkSpendByLots measures one caller's spends that touch one lot, by how many
// lots the account has, beside the floor, which has none.
func BenchmarkSpendByLots(b *testing.B) {
	pool := durablePool(b, nil)
	bare := bareUpdates(b, pool, 1)
	var used atomic.Int64
	for _, lots := range []int{1, 10, 100, 1000} {
		ledger := credits.New(openStore(b, pool, postgres.Options{}), credits.Options{})
		giveLots(b, ledger, 1, lots)
		at := fmt.Sprintf("lots=%d/", lots)
		alone(b, at+"floor", counted(&used, 1, bare))
		alone(b, at+"store", counted(&used, 1, spender(ledger, 1)))
	}
}

// BenchmarkSpendByAccounts measures spends from accounts with three lots, which come
// in no order that the tables have, by how many there are; and then a sweep of a
// hundred more in which a lot ended. SCRIP_ACCOUNTS is how many at most; a million
// take a minute to write, and 3 GB.
func BenchmarkSpendByAccounts(b *testing.B) {
	pool := durablePool(b, nil)
	var used atomic.Int64
	for _, accounts := range upTo(setting(b, "SCRIP_ACCOUNTS", 10_000), 1, 100, 10_000, 1_000_000) {
		schema := newSchema()
		store := openStore(b, pool, postgres.Options{Schema: schema})
		ledger := credits.New(store, credits.Options{})
		giveLots(b, ledger, 1, 3)
		multiply(b, pool, schema, accounts)
		analyze(b, pool, schema)
		bare := counted(&used, accounts, bareUpdates(b, pool, accounts))
		executeOn(b, pool, "CHECKPOINT") // what was written is not flushed meanwhile
		through := counted(&used, accounts, spender(ledger, accounts))
		for _, callers := range []int{1, 32} {
			if callers > 1 && accounts == 1 {
				continue // that is another matter: they share one row
			}
			at := fmt.Sprintf("callers=%d/accounts=%d/", callers, accounts)
			b.Run(at+"floor", func(b *testing.B) { crowd(b, callers, bare) })
			b.Run(at+"store", func(b *testing.B) { crowd(b, callers, through) })
		}
		b.Run(fmt.Sprintf("sweep/accounts=%d", accounts), func(b *testing.B) { sweepSome(b, store, &used) })
		executeOn(b, pool, "DROP SCHEMA "+schema+" CASCADE") // the next is larger
	}
}

// BenchmarkSpendSincePlanned measures the spends of 32 callers by how many accounts
// there are since their statements were planned, when there was one: a plan that is
// kept has to be right for what comes. SCRIP_ACCOUNTS is how many at most.
func BenchmarkSpendSincePlanned(b *testing.B) {
	pool := durablePool(b, func(config *pgxpool.Config) { config.MaxConns = 4 })
	var used atomic.Int64
	for _, accounts := range upTo(setting(b, "SCRIP_ACCOUNTS", 10_000), 100, 1000, 10_000) {
		schema := newSchema()
		ledger := credits.New(openStore(b, pool, postgres.Options{Schema: schema}), credits.Options{})
		giveLots(b, ledger, 1, 3)
		batch(b, ledger, []credits.Command{credits.Grant{ID: "lot", Account: "first", Amount: credits.Of(1), Validity: expiry.Permanent()}})
		for _, table := range bulkTables {
			executeOn(b, pool, "ALTER TABLE "+schema+"."+table+" SET (autovacuum_enabled = off)")
		}
		analyze(b, pool, schema)
		plan(b, ledger, "first")
		multiply(b, pool, schema, accounts)
		spend := counted(&used, accounts, spender(ledger, accounts))
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) { crowd(b, 32, spend) })
	}
}

// plan has spends done from an account, enough at once to use all connections.
func plan(b *testing.B, ledger *credits.Ledger, account string) {
	b.Helper()
	var wait sync.WaitGroup
	for n := range 200 {
		wait.Go(func() {
			_, err := ledger.Spend(b.Context(), credits.Spend{ID: "job-" + strconv.Itoa(n), Account: account, Amount: credits.Micros(1)})
			if err != nil {
				b.Error(err)
			}
		})
	}
	wait.Wait()
}

// multiply makes copies of account-0, until there are so many.
func multiply(b *testing.B, pool *pgxpool.Pool, schema string, accounts int) {
	b.Helper()
	for _, table := range bulkTables {
		columns := one[string](b, pool, fmt.Sprintf(`SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
			WHERE table_schema = '%s' AND table_name = '%s' AND column_name <> 'account'`, schema, table))
		executeOn(b, pool, strings.NewReplacer("$table", schema+"."+table, "$columns", columns, "$last", strconv.Itoa(accounts-1)).Replace(
			"INSERT INTO $table (account, $columns) SELECT 'account-' || n, $columns FROM $table, generate_series(1, $last) AS n WHERE account = 'account-0'"))
	}
	last := accountName(int64(accounts - 1))
	if found, err := credits.New(readerOf(b, pool, schema), credits.Options{}).Verify(b.Context(), last); err != nil || len(found) > 0 {
		b.Fatalf("Verify(%s) = %v, %v, want nothing wrong with what was written", last, found, err)
	}
}

func analyze(b *testing.B, pool *pgxpool.Pool, schema string) {
	b.Helper()
	for _, table := range bulkTables {
		executeOn(b, pool, "VACUUM ANALYZE "+schema+"."+table)
	}
}

func readerOf(b *testing.B, pool *pgxpool.Pool, schema string) *postgres.Store {
	b.Helper()
	store, err := postgres.New(pool, postgres.Options{Schema: schema})
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// sweepSome measures the sweep of a hundred accounts in which a lot ended.
func sweepSome(b *testing.B, store *postgres.Store, used *atomic.Int64) {
	const due = 100
	now := time.Now()
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
	for b.Loop() {
		b.StopTimer()
		var grants []credits.Command
		run := strconv.FormatInt(used.Add(1), 10)
		for i := range due {
			grants = append(grants, credits.Grant{ID: "trial", Account: "trial-" + run + "-" + strconv.Itoa(i), Amount: credits.Of(5), Validity: expiry.Hours(1)})
		}
		batch(b, ledger, grants)
		now = now.Add(time.Hour)
		b.StartTimer()
		if settled, err := ledger.Sweep(b.Context()); settled != due || err != nil {
			b.Fatalf("Sweep() = %d, %v, want %d", settled, err, due)
		}
	}
}

// upTo returns the sizes that are not above the most.
func upTo(most int, sizes ...int) []int {
	return slices.DeleteFunc(sizes, func(size int) bool { return size > most })
}

// alone measures the spends of one caller. Numbers do not repeat, however often it
// runs.
func alone(b *testing.B, name string, spend func(ctx context.Context, n int64) error) {
	var used atomic.Int64
	b.Run(name, func(b *testing.B) { crowd(b, 1, counted(&used, 1, spend)) })
}

// counted numbers spends by itself, so that no two have the same ID, and scatters them
// over the accounts: to be near each other helps neither the tables nor their indexes.
func counted(used *atomic.Int64, accounts int, spend func(ctx context.Context, n int64) error) func(ctx context.Context, _ int64) error {
	const stride = 7919 // a prime, so that each account has its turn
	return func(ctx context.Context, _ int64) error {
		n := used.Add(1)
		return spend(ctx, n*int64(accounts)+n*stride%int64(accounts))
	}
}
