package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// maxRetries bounds how often a transaction that certainly did not commit is tried
// again, over half a second in all: a deadlock or a lost connection passes, what
// does not is for the caller to know.
const maxRetries = 5

// passing are the answers of a server that did nothing and may do it another time.
var passing = []string{
	"40001", // serialization failure, also the restart of a distributed engine
	"40P01", // deadlock
	"23505", // a row was inserted by another at the same time
	"25006", // read only: the server is not the primary any more
	"26000", // a pooler between has forgotten the prepared statement
	"0A000", // the table changed under a prepared plan
	"57P01", // the server shuts down
	"57P02", // the server crashed
	"57P03", // the server starts up
}

// passes reports whether what certainly failed may succeed another time.
func passes(err error) bool {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains(passing, answer.Code)
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) // the connection was lost
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
