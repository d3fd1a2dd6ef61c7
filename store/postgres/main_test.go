package postgres_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
	"github.com/scriphq/scrip/store/postgres/internal/server"
)

// url is the database of these tests; empty: there is none.
var url string

// missing says why there is none.
var missing string

func TestMain(m *testing.M) {
	if schema := os.Getenv(workerSchema); schema != "" { // one of the processes that a test starts
		os.Exit(serve(schema))
	}
	os.Exit(run(m))
}

// run uses the server of DATABASE_URL, or starts one for the time of the tests,
// which need not survive a power cut.
func run(m *testing.M) int {
	if url = os.Getenv("DATABASE_URL"); url != "" {
		return m.Run()
	}
	own, err := server.New()
	if errors.Is(err, server.ErrMissing) {
		missing = err.Error()
		if err := flag.Set("test.skip", "^Example"); err != nil { // which cannot skip themselves
			panic(err)
		}
		return m.Run()
	}
	if err == nil {
		defer own.Close()
		err = own.Start("fsync=off", "max_connections=200")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		return 1
	}
	url = own.URL()
	return m.Run()
}

// needServer skips a test on a machine without PostgreSQL, but fails in CI.
func needServer(t testing.TB) {
	t.Helper()
	switch {
	case missing == "":
	case os.Getenv("CI") == "true":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

var schemas atomic.Int64

// openPool returns a pool for the tests' server.
func openPool(t testing.TB) *pgxpool.Pool { return poolWith(t, nil) }

// poolWith returns a pool for the tests' server that is changed from the usual.
func poolWith(t testing.TB, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	needServer(t)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 20
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// openStore returns a store in a schema of its own.
func openStore(t testing.TB, pool *pgxpool.Pool, options postgres.Options) *postgres.Store {
	t.Helper()
	if options.Schema == "" {
		options.Schema = fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	}
	store, err := postgres.New(pool, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !strings.HasPrefix(options.Schema, "t") {
			return
		}
		if _, err := pool.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+options.Schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return store
}

// open returns a fresh store.
func open(t testing.TB) credits.Store { return openStore(t, openPool(t), postgres.Options{}) }
