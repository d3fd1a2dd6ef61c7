package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
	"github.com/scriphq/scrip/store/storetest"
)

// A hot account does not keep others from a small pool.
func TestSmallPool(t *testing.T) {
	r := newRig(t, postgres.Options{}, func(c *pgxpool.Config) { c.MaxConns = 2 })
	accounts := []string{"hot"}
	for i := range 4 {
		accounts = append(accounts, fmt.Sprint("bystander", i))
	}
	clients := newClients(16, seed(t), "hot")
	for i, account := range accounts[1:] {
		clients = append(clients, newClient(16+i, seed(t), []string{account}))
	}
	load := newSite([]*postgres.Store{r.store}).start(t, clients)
	for range 5 {
		for _, account := range accounts {
			if _, err := r.ledger.Balance(t.Context(), account); err != nil {
				t.Errorf("Balance(%q) = %v, want no error", account, err)
			}
		}
		load.await(40)
	}
	claims := load.stop()
	audit(t, r.reader(), claims)
	served := make(map[string]int)
	for _, c := range claims {
		served[c.Account]++
	}
	for _, account := range accounts {
		if served[account] == 0 {
			t.Errorf("%q was never served, want it served: %v", account, served)
		}
	}
}

// Where others have all connections of the pool, a caller waits as long as it
// wants to, and nothing is written.
func TestPoolTakenByOthers(t *testing.T) {
	r := newRig(t, postgres.Options{}, func(c *pgxpool.Config) { c.MaxConns = 2 })
	r.grant("ada", 10)
	var others []*pgxpool.Conn
	for range 2 {
		conn, err := r.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, conn)
	}
	release := sync.OnceFunc(func() {
		for _, conn := range others {
			conn.Release()
		}
	})
	t.Cleanup(release)

	calls := map[string]func(ctx context.Context) error{
		"Spend":   func(ctx context.Context) error { _, err := r.ledger.Spend(ctx, spend("spend", "ada", 1)); return err },
		"Balance": func(ctx context.Context) error { _, err := r.ledger.Balance(ctx, "ada"); return err },
		"Due":     func(ctx context.Context) error { _, err := r.store.Due(ctx, dawn, 1); return err },
		"Entries": func(ctx context.Context) error {
			for _, err := range r.store.Entries(ctx, credits.Query{Account: "ada"}) {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		before := time.Now()
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s = %v, want the context's error", name, err)
		}
		if took := time.Since(before); took > 3*time.Second {
			t.Errorf("%s took %v with a context of 50 ms", name, took)
		}
		cancel()
	}
	release()
	r.checkReturned(r.pool)
	r.wantIDs("ada", "grant")
	if _, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1)); err != nil {
		t.Errorf("Spend = %v, want no error when the pool has connections again", err)
	}
	r.wantIDs("ada", "grant", "spend")
}

// The store works however pgx sends its statements.
func TestExecModes(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) credits.Store {
				return openStore(t, poolWith(t, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }), postgres.Options{})
			})
		})
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec} {
		t.Run(mode.String(), func(t *testing.T) {
			change := func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }
			r := newRig(t, postgres.Options{}, change)
			load := newSite(r.stores(2, change)).start(t, newClients(6, seed(t), "ada", "bob"))
			load.await(100)
			audit(t, r.store, load.stop())
		})
	}
}

// A pooler between may give each transaction another connection, which knows nothing
// of the statements that pgx has prepared.
func TestForgottenStatements(t *testing.T) {
	for _, forget := range []string{"DEALLOCATE ALL", "DISCARD ALL"} {
		t.Run(forget, func(t *testing.T) {
			change := func(c *pgxpool.Config) {
				c.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
					return true, conn.PgConn().Exec(ctx, forget).Close()
				}
			}
			r := newRig(t, postgres.Options{}, change)
			load := newSite(r.stores(2, change)).start(t, newClients(6, seed(t), "ada", "bob"))
			load.await(100)
			for range 5 {
				if _, err := r.store.State(t.Context(), "ada"); err != nil {
					t.Errorf("State = %v, want no error", err)
				}
				if _, err := r.store.Due(t.Context(), dawn, 1); err != nil {
					t.Errorf("Due = %v, want no error", err)
				}
				if entries := ledgerOf(t, r.store, "ada"); len(entries) == 0 {
					t.Error("Entries yielded none, want some")
				}
			}
			claims := load.stop()
			for _, c := range claims {
				if c.sent > 1 {
					t.Errorf("%v: had to be sent %d times, want once", c.command, c.sent)
				}
			}
			audit(t, r.reader(), claims)
		})
	}
}
