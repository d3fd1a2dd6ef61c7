package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// maxRetries bounds how often a transaction that certainly did not commit is tried
// again, over half a second in all: a deadlock or a lost connection passes, what
// does not is for the caller to know.
const maxRetries = 5

// forgotten is PostgreSQL's answer where a pooler between, or somebody, has forgotten
// the prepared statement.
const forgotten = "26000"

// The answers of a server that did nothing and may do it another time.
var (
	// It is the same for all that anybody asks.
	passingOfServer = []string{
		forgotten,
		"25006", // read only: the server is not the primary any more
		"0A000", // the table changed under a prepared plan
		"57P01", // the server shuts down
		"57P02", // the server crashed
		"57P03", // the server starts up
	}
	// It is about the rows that a transaction met others at.
	passingOfRows = []string{
		"40001", // serialization failure, also the restart of a distributed engine
		"40P01", // deadlock
		"23505", // a row was inserted by another at the same time
	}
)

// errLost is what a failure is after which the connection is closed.
var errLost = errors.New("the connection was lost")

// passes reports whether what certainly failed may succeed another time.
func passes(err error) bool {
	if errors.Is(err, errLost) {
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return ofServer(err) || hasCode(err, passingOfRows...)
}

// ofServer reports whether a failure is due to the server or the way to it, and not
// to what it was asked.
func ofServer(err error) bool { return errors.Is(err, errLost) || hasCode(err, passingOfServer...) }

func isLockTimeout(err error) bool { return hasCode(err, "55P03") }

// hasCode reports whether an error is an answer of PostgreSQL's with one of the codes.
func hasCode(err error, codes ...string) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, answer.Code)
}

// over uses a connection of the pool, and says where it was lost.
func over(ctx context.Context, pool *pgxpool.Pool, use func(conn *pgx.Conn) error) error {
	return pool.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
		conn := pooled.Conn()
		err := use(conn)
		switch {
		case err == nil:
			return nil
		case conn.IsClosed():
			return fmt.Errorf("%w: %w", errLost, err)
		case hasCode(err, forgotten):
			return errors.Join(err, conn.DeallocateAll(ctx)) // it knows none of the others either
		}
		return err
	})
}

// again reads, once more where that failed and another time may be better.
func again[T any](ctx context.Context, pool *pgxpool.Pool, read func(conn *pgx.Conn) (T, error)) (v T, err error) {
	for tries := 0; ; tries++ {
		err = over(ctx, pool, func(conn *pgx.Conn) (err error) {
			v, err = read(conn)
			return err
		})
		if err == nil || !passes(err) || tries == maxRetries || !pause(ctx, tries) {
			return v, err
		}
	}
}

// pause waits longer each time, by chance, and reports whether ctx lets it.
func pause(ctx context.Context, tries int) bool {
	most := 10 * time.Millisecond << tries
	timer := time.NewTimer(most/2 + rand.N(most/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
