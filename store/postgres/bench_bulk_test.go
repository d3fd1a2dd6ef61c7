package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// BenchmarkBulk grants to SCRIP_ACCOUNTS new accounts, in slices of credits.MaxBatch
// that can be repeated; then again, as one does after a crash; and beside it a floor:
// the rows that this made are copied into empty tables like those they are from, with
// their keys. One operation is all of it.
func BenchmarkBulk(b *testing.B) {
	pool := durablePool(b, nil)
	accounts := setting(b, "SCRIP_ACCOUNTS", 20_000)
	full := newSchema()
	ledger := credits.New(openStore(b, pool, postgres.Options{Schema: full}), credits.Options{})
	bulk(b, ledger, accounts, false)
	b.Run("floor", func(b *testing.B) {
		rows := dump(b, pool, full)
		for b.Loop() {
			b.StopTimer()
			empty := newSchema()
			openStore(b, pool, postgres.Options{Schema: empty})
			b.StartTimer()
			restore(b, pool, empty, rows, accounts)
		}
		reportGrants(b, accounts)
	})
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			ledger := credits.New(openStore(b, pool, postgres.Options{}), credits.Options{})
			b.StartTimer()
			bulk(b, ledger, accounts, false)
		}
		reportGrants(b, accounts)
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			bulk(b, ledger, accounts, true)
		}
		reportGrants(b, accounts)
		if n := one[int](b, pool, "SELECT count(*) FROM "+full+".entries"); n != accounts {
			b.Fatalf("granting again leaves %d entries, want %d", n, accounts)
		}
	})
}

// bulk grants to accounts, slice by slice.
func bulk(b *testing.B, ledger *credits.Ledger, accounts int, again bool) {
	b.Helper()
	commands := make([]credits.Command, 0, credits.MaxBatch)
	for first := 0; first < accounts; first += credits.MaxBatch {
		commands = commands[:0]
		for i := first; i < min(first+credits.MaxBatch, accounts); i++ {
			commands = append(commands, credits.Grant{
				ID: "gift", Account: "account-" + strconv.Itoa(i), Source: "bonus", Amount: credits.Of(100), Validity: expiry.Days(30),
			})
		}
		results, err := ledger.Batch(b.Context(), commands)
		if err != nil {
			b.Fatal(err)
		}
		if i := slices.IndexFunc(results, func(r credits.Result) bool { return r.Err != nil || r.Receipt.Replayed != again }); i >= 0 {
			b.Fatalf("Batch()[%d] = replayed %v, %v, want %v", i, results[i].Receipt.Replayed, results[i].Err, again)
		}
	}
}

func reportGrants(b *testing.B, accounts int) {
	b.ReportMetric(float64(accounts)*float64(b.N)/b.Elapsed().Seconds(), "grants/s")
}

// bulkTables are the tables that a grant writes to.
var bulkTables = []string{"accounts", "lots", "entries"}

// dump writes what is in those tables to files, and returns their folder.
func dump(b *testing.B, pool *pgxpool.Pool, schema string) (folder string) {
	b.Helper()
	folder = b.TempDir()
	for _, table := range bulkTables {
		file, err := os.Create(filepath.Join(folder, table))
		if err != nil {
			b.Fatal(err)
		}
		copied(b, pool, func(conn *pgxpool.Conn) error {
			_, err := conn.Conn().PgConn().CopyTo(b.Context(), file, fmt.Sprintf("COPY %s.%s TO STDOUT (FORMAT binary)", schema, table))
			return err
		})
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return folder
}

// restore copies the files into tables, in one transaction.
func restore(b *testing.B, pool *pgxpool.Pool, schema, folder string, want int) {
	b.Helper()
	copied(b, pool, func(pooled *pgxpool.Conn) error {
		conn := pooled.Conn()
		tx, err := conn.Begin(b.Context())
		if err != nil {
			return err
		}
		defer tx.Rollback(b.Context())
		for _, table := range bulkTables {
			file, err := os.Open(filepath.Join(folder, table))
			if err != nil {
				return err
			}
			defer file.Close()
			tag, err := conn.PgConn().CopyFrom(b.Context(), file, fmt.Sprintf("COPY %s.%s FROM STDIN (FORMAT binary)", schema, table))
			if err != nil {
				return err
			}
			if n := tag.RowsAffected(); n != int64(want) {
				return fmt.Errorf("%d rows were copied into %s, want %d", n, table, want)
			}
		}
		return tx.Commit(b.Context())
	})
}

func copied(b *testing.B, pool *pgxpool.Pool, run func(*pgxpool.Conn) error) {
	b.Helper()
	if err := pool.AcquireFunc(b.Context(), run); err != nil {
		b.Fatal(err)
	}
}
