package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
	"github.com/scriphq/scrip/store/postgres/internal/server"
)

// BenchmarkSpend measures spends on a server with its default settings but for the
// number of connections, fsync included, beside a floor: the plain UPDATE and INSERT in
// one transaction, through the same pool. Every operation is one spend; p50 and p99 are
// of one operation. SCRIP_CALLERS is how many callers there are at most.
func BenchmarkSpend(b *testing.B) {
	pool := durablePool(b, nil)
	for _, accounts := range []int{1000, 1} {
		for _, callers := range upTo(setting(b, "SCRIP_CALLERS", 128), 1, 2, 8, 32, 128, 512) {
			at := fmt.Sprintf("accounts=%d/callers=%d/", accounts, callers)
			b.Run(at+"floor", func(b *testing.B) { crowd(b, callers, bareUpdates(b, pool, accounts)) })
			b.Run(at+"store", func(b *testing.B) { crowd(b, callers, spends(b, pool, accounts)) })
		}
	}
}

// durablePool returns a pool, changed from the usual, for a server of its own.
func durablePool(b *testing.B, change func(*pgxpool.Config)) *pgxpool.Pool {
	b.Helper()
	needServer(b)
	own, err := server.New()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = own.Close() })
	if err := own.Start("max_connections=200"); err != nil {
		b.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(own.URL())
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = 32
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

// bareUpdates is the floor: a balance goes down and a line says so.
func bareUpdates(b *testing.B, pool *pgxpool.Pool, accounts int) func(ctx context.Context, n int64) error {
	for _, sql := range []string{
		"DROP TABLE IF EXISTS balances, lines",
		"CREATE TABLE balances (account text PRIMARY KEY, balance bigint NOT NULL)",
		"CREATE TABLE lines (account text NOT NULL, id text NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (account, id))",
		fmt.Sprintf("INSERT INTO balances SELECT 'account-' || n, 1000000000000000 FROM generate_series(0, %d) AS n", accounts-1),
		"VACUUM ANALYZE balances",
	} {
		executeOn(b, pool, sql)
	}
	return func(ctx context.Context, n int64) error {
		var batch pgx.Batch
		account := accountName(n % int64(accounts))
		batch.Queue("BEGIN")
		batch.Queue("UPDATE balances SET balance = balance - $1 WHERE account = $2", 1000000, account)
		batch.Queue("INSERT INTO lines (account, id, amount, at) VALUES ($1, $2, $3, $4)", account, "job-"+strconv.FormatInt(n, 10), 1000000, time.Now())
		batch.Queue("COMMIT")
		return pool.SendBatch(ctx, &batch).Close()
	}
}

// spends is the same through a ledger, on accounts with three lots.
func spends(b *testing.B, pool *pgxpool.Pool, accounts int) func(ctx context.Context, n int64) error {
	ledger := credits.New(openStore(b, pool, postgres.Options{}), credits.Options{})
	giveLots(b, ledger, accounts, 3)
	return spender(ledger, accounts)
}

// giveLots gives accounts so many lots each, of more than any benchmark spends.
func giveLots(b *testing.B, ledger *credits.Ledger, accounts, lots int) {
	b.Helper()
	var grants []credits.Command
	for account := range accounts {
		for lot := range lots {
			grants = append(grants, credits.Grant{
				ID: "lot-" + strconv.Itoa(lot), Account: accountName(int64(account)), Amount: credits.Of(1_000_000_000), Validity: expiry.Days(365 + lot),
			})
		}
	}
	batch(b, ledger, grants)
}

// batch carries commands out, none of which may fail.
func batch(b *testing.B, ledger *credits.Ledger, commands []credits.Command) {
	b.Helper()
	results, err := ledger.Batch(b.Context(), commands)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

// spender spends one credit with each call, from the accounts in turn.
func spender(ledger *credits.Ledger, accounts int) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		_, err := ledger.Spend(ctx, credits.Spend{
			ID: "job-" + strconv.FormatInt(n, 10), Account: accountName(n % int64(accounts)), Feature: "speech-to-text", Amount: credits.Of(1),
		})
		return err
	}
}

func accountName(n int64) string { return "account-" + strconv.FormatInt(n, 10) }

// crowd has b.N operations done by that many callers, and reports what one took.
func crowd(b *testing.B, callers int, operation func(ctx context.Context, n int64) error) {
	var next atomic.Int64
	took := make([][]time.Duration, callers)
	var wait sync.WaitGroup
	b.ResetTimer()
	for caller := range callers {
		wait.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				start := time.Now()
				if err := operation(b.Context(), n); err != nil {
					b.Error(err)
					return
				}
				took[caller] = append(took[caller], time.Since(start))
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if len(all) == 0 {
		return
	}
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "op/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}
