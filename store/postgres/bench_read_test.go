package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// firstPage is how many entries a page of a user's history shows.
const firstPage = 50

// BenchmarkRead measures what a user looks at, by how many entries the account has,
// and then a spend of one caller's, beside a floor: the same out of two plain tables.
// trips/op is how often one waits for the server. SCRIP_ENTRIES is the longest history;
// ten million take two minutes to write, and 4 GB.
func BenchmarkRead(b *testing.B) {
	pool, trips := countedPool(b)
	for _, entries := range upTo(setting(b, "SCRIP_ENTRIES", 100_000), 10, 1000, 100_000, 10_000_000) {
		schema := newSchema()
		ledger := credits.New(openStore(b, pool, postgres.Options{Schema: schema}), credits.Options{})
		live(b, pool, ledger, schema, entries)
		liveBare(b, pool, entries)
		executeOn(b, pool, "CHECKPOINT") // what was written is not flushed meanwhile
		at := fmt.Sprintf("entries=%d/", entries)
		read(b, at+"Balance", trips, func(ctx context.Context) error {
			_, err := ledger.Balance(ctx, accountName(0))
			return err
		})
		read(b, at+"Balance/floor", trips, func(ctx context.Context) error {
			var balance int64
			return pool.QueryRow(ctx, "SELECT balance FROM balances WHERE account = 'account-0'").Scan(&balance)
		})
		if entries >= firstPage {
			read(b, at+"History", trips, func(ctx context.Context) error { return readFirstPage(ctx, ledger) })
			read(b, at+"History/floor", trips, func(ctx context.Context) error {
				tag, err := pool.Exec(ctx, "SELECT * FROM lines WHERE account = 'account-0' ORDER BY seq DESC LIMIT "+strconv.Itoa(firstPage))
				if err == nil && tag.RowsAffected() != firstPage {
					err = fmt.Errorf("the page has %d lines, want %d", tag.RowsAffected(), firstPage)
				}
				return err
			})
		}
		accounts := 1
		if entries <= growth {
			accounts = 200 // more than are spent from
			multiply(b, pool, schema, accounts)
			analyze(b, pool, schema)
			executeOn(b, pool, "CHECKPOINT")
		}
		alone(b, at+"Spend", oneByOne(accounts, spender(ledger, accounts)))
		bare := bareUpdates(b, pool, accounts)
		executeOn(b, pool, fmt.Sprintf(`INSERT INTO lines SELECT 'account-' || a, 'old-' || lpad(n::text, 8, '0'), 1000000, now()
			FROM generate_series(0, %d) AS a, generate_series(1, %d) AS n`, accounts-1, entries))
		executeOn(b, pool, "VACUUM ANALYZE lines")
		executeOn(b, pool, "CHECKPOINT")
		alone(b, at+"Spend/floor", oneByOne(accounts, bare))
		executeOn(b, pool, "DROP SCHEMA "+schema+" CASCADE") // the next is larger
	}
}

// growth is how many entries an account whose history is to be short is given more.
const growth = 1000

// oneByOne takes the next account when one has grown, so that a short history does not
// get the longer the more is measured.
func oneByOne(accounts int, spend func(ctx context.Context, n int64) error) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		return spend(ctx, n*int64(accounts)+n/growth%int64(accounts))
	}
}

// read measures a reading that nobody disturbs.
func read(b *testing.B, name string, trips *atomic.Int64, reading func(ctx context.Context) error) {
	b.Run(name, func(b *testing.B) {
		if err := reading(b.Context()); err != nil { // plans are made and pages cached
			b.Fatal(err)
		}
		before, n := trips.Load(), 0
		for b.Loop() {
			if err := reading(b.Context()); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(trips.Load()-before)/float64(n), "trips/op")
	})
}

func readFirstPage(ctx context.Context, ledger *credits.Ledger) error {
	n := 0
	for _, err := range ledger.History(ctx, credits.Query{Account: accountName(0), NewestFirst: true, Limit: firstPage}) {
		if err != nil {
			return err
		}
		n++
	}
	if n != firstPage {
		return fmt.Errorf("the page has %d entries, want %d", n, firstPage)
	}
	return nil
}

// live gives account-0 three lots, and a history of so many spends of one credit each as
// a ledger would have written it.
func live(b *testing.B, pool *pgxpool.Pool, ledger *credits.Ledger, schema string, spends int) {
	b.Helper()
	giveLots(b, ledger, 1, 3)
	for _, sql := range []string{
		`INSERT INTO $schema.entries SELECT e.account, e.seq + n, 'old-' || n, '', 'spend', e.at, -1000000,
			e.balance - n * 1000000::bigint, '[{"lot": "lot-0", "available": -1000000}]', 0, 'speech-to-text', '', '', '', '', '', '', 0, '',
			NULL, NULL, decode(md5(n::text), 'hex'), e.written
			FROM $schema.entries e, generate_series(1, $spends) AS n WHERE e.seq = 3`,
		"UPDATE $schema.lots SET available = available - $spends * 1000000::bigint, spent = $spends * 1000000::bigint WHERE id = 'lot-0'",
		"UPDATE $schema.accounts SET (seq, balance) = (SELECT seq, balance FROM $schema.entries ORDER BY seq DESC LIMIT 1)",
		"VACUUM ANALYZE $schema.entries",
	} {
		executeOn(b, pool, strings.NewReplacer("$schema", schema, "$spends", strconv.Itoa(spends)).Replace(sql))
	}
}

// liveBare gives the floor's account the same history.
func liveBare(b *testing.B, pool *pgxpool.Pool, spends int) {
	b.Helper()
	for _, sql := range []string{
		"DROP TABLE IF EXISTS balances, lines",
		"CREATE TABLE balances (account text PRIMARY KEY, balance bigint NOT NULL)",
		"CREATE TABLE lines (account text NOT NULL, seq bigint NOT NULL, id text NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (account, seq))",
		"INSERT INTO balances VALUES ('account-0', 1000000000000000)",
		fmt.Sprintf("INSERT INTO lines SELECT 'account-0', n, 'old-' || n, -1000000, now() FROM generate_series(1, %d) AS n", spends),
		"VACUUM ANALYZE balances, lines",
	} {
		executeOn(b, pool, sql)
	}
}

func executeOn(b *testing.B, pool *pgxpool.Pool, sql string) {
	b.Helper()
	if _, err := pool.Exec(b.Context(), sql); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
}

// countedPool is durablePool, whose connections count how often something is sent.
func countedPool(b *testing.B) (pool *pgxpool.Pool, sent *atomic.Int64) {
	sent = new(atomic.Int64)
	return durablePool(b, func(config *pgxpool.Config) {
		dial := config.ConnConfig.DialFunc
		config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return countedConn{conn, sent}, err
		}
	}), sent
}

type countedConn struct {
	net.Conn
	sent *atomic.Int64
}

func (c countedConn) Write(p []byte) (int, error) {
	c.sent.Add(1)
	return c.Conn.Write(p)
}

// setting reads a number of the environment that says how large benchmarks are.
func setting(b *testing.B, name string, usual int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s = %q, want a number, at least 1", name, text)
	}
	return n
}
