package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
	"github.com/scriphq/scrip/store/postgres/internal/server"
)

// startServer starts a server of the test's own, which keeps what it has
// acknowledged through a power cut.
func startServer(t *testing.T, settings ...string) *server.Server {
	t.Helper()
	needServer(t)
	own, err := server.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := own.Start(append(durable(), settings...)...); err != nil {
		t.Fatal(err)
	}
	return own
}

// durable are the settings of a server that is killed.
func durable() []string { return []string{"fsync=on", "shared_buffers=32MB", "max_connections=100"} }

// site is a database that goes away and comes back, and the stores that use it, each
// as if in a process of its own.
type site struct {
	stores []*postgres.Store
	up     atomic.Pointer[chan struct{}] // closed while the database is there
}

// openSite opens stores on one database.
func openSite(t *testing.T, url string, stores int) *site {
	t.Helper()
	all := make([]*postgres.Store, stores)
	for i := range all {
		all[i] = openAt(t, url)
	}
	if err := all[0].Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newSite(all)
}

// newSite returns the site of stores on a database that is there.
func newSite(stores []*postgres.Store) *site {
	s := &site{stores: stores}
	s.arrives()
	return s
}

// openAt opens a store over a pool of its own.
func openAt(t *testing.T, url string) *postgres.Store {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	store, err := postgres.New(pool, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// goes says that the database is about to go away.
func (s *site) goes() { s.up.Store(new(make(chan struct{}))) }

// arrives says that the database is there.
func (s *site) arrives() {
	up := make(chan struct{})
	close(up)
	if old := s.up.Swap(&up); old != nil {
		close(*old)
	}
}

// start lets clients loose on the stores, who share accounts. Each repeats a command
// until it knows what became of it.
func (s *site) start(t *testing.T, clients []*client) *load {
	ledgers := make([]*credits.Ledger, len(s.stores))
	for i, store := range s.stores {
		ledgers[i] = credits.New(store, credits.Options{Now: clock()})
	}
	return start(t, clients, func(ctx context.Context, n int, c command) (credits.Entry, int, error) {
		for sent := 1; ; sent++ {
			receipt, err := c.do(ctx, ledgers[n%len(ledgers)])
			if !errors.Is(err, credits.ErrUnknown) || ctx.Err() != nil {
				return receipt.Entry, sent, err
			}
			select {
			case <-*s.up.Load():
			case <-ctx.Done():
			}
		}
	})
}

// newClients returns clients that share accounts.
func newClients(n int, seed uint64, accounts ...string) []*client {
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = newClient(i, seed, accounts)
	}
	return clients
}

// A power cut of the database at any point: what was acknowledged is there, what was
// not can be repeated, and nothing happens twice. It covers R5, R7, R9 and R45.
func TestR07_ServerKilled(t *testing.T) {
	chance := rand.New(rand.NewPCG(seed(t), 7))
	own := startServer(t)
	site := openSite(t, own.URL(), 3)
	load := site.start(t, newClients(12, seed(t), "ada", "bob", "cyd", "dan"))
	for range rounds(t, 3) {
		load.await(1 + chance.IntN(300))
		site.goes()
		if err := own.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := own.Start(durable()...); err != nil {
			t.Fatal(err)
		}
		site.arrives()
	}
	load.await(50)
	audit(t, site.stores[0], load.stop())
}
