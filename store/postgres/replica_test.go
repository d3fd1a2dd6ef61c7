package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/store/postgres/internal/server"
)

// The primary dies for ever, one of two standbys takes over: where each commit waits
// for any one of them, the one that has received most has all that was acknowledged.
func TestR07_PrimaryLost(t *testing.T) {
	for round := range rounds(t, 1) {
		t.Run(fmt.Sprint("round=", round), func(t *testing.T) { failOver(t, seed(t)+uint64(round)) })
	}
}

func failOver(t *testing.T, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 9))
	primary := startServer(t)
	standbys := []*server.Server{startStandby(t, primary, "a"), startStandby(t, primary, "b")}
	execute(t, primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (a, b)'")
	execute(t, primary, "SELECT pg_reload_conf()")
	eventually(t, primary, "SELECT count(*) = 2 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'")

	site := openSite(t, anyOf(t, primary, standbys[0], standbys[1]), 2)
	load := site.start(t, newClients(8, seed, "ada", "bob", "cyd"))
	load.await(100 + chance.IntN(200))
	site.goes()
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	const further = "SELECT (pg_last_wal_receive_lsn() - '0/0')::bigint"
	heir := standbys[0]
	if query[int64](t, standbys[1], further) > query[int64](t, heir, further) {
		heir = standbys[1]
	}
	if err := heir.Promote(); err != nil {
		t.Fatal(err)
	}
	site.arrives()
	load.await(100)
	audit(t, site.stores[0], load.stop())
}

// startStandby starts a server that follows another.
func startStandby(t *testing.T, primary *server.Server, name string) *server.Server {
	t.Helper()
	standby, err := primary.Standby(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := standby.Start(durable()...); err != nil {
		t.Fatal(err)
	}
	return standby
}

// anyOf is where to find the one of some servers that takes writes.
func anyOf(t *testing.T, servers ...*server.Server) string {
	t.Helper()
	var hosts, ports []string
	for _, s := range servers {
		at, err := neturl.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		hosts, ports = append(hosts, at.Query().Get("host")), append(ports, at.Query().Get("port"))
	}
	return fmt.Sprintf("postgres://scrip@/postgres?host=%s&port=%s&sslmode=disable&target_session_attrs=read-write",
		strings.Join(hosts, ","), strings.Join(ports, ","))
}

// execute runs a statement on a connection of its own.
func execute(t *testing.T, s *server.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// query returns the one value that a statement gives.
func query[T any](t *testing.T, s *server.Server, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	return one[T](t, conn, sql)
}

// one returns the one value that a statement gives over a connection or a pool.
func one[T any](t testing.TB, conn interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, sql string, args ...any,
) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// eventually waits until a statement says true.
func eventually(t *testing.T, s *server.Server, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !query[bool](t, s, sql) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: is false after a minute", sql)
		}
	}
}
