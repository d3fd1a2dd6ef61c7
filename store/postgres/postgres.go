package postgres

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
)

// Store keeps accounts in PostgreSQL. Make one with [New]. It is safe for
// simultaneous use, and any number of processes may share a database.
type Store struct {
	pool    *pgxpool.Pool
	options Options
	sql     *statements
	lanes   []lane
	apart   chan struct{} // room for transactions that wait for locks
}

var (
	_ credits.Store  = (*Store)(nil)
	_ credits.Wide   = (*Store)(nil)
	_ credits.Paging = (*Store)(nil)
)

// Options changes how a store works. The zero value is the default.
type Options struct {
	// Schema is the PostgreSQL schema that the tables are in: lower-case letters,
	// digits and underscores, at most 63. Empty: "scrip".
	Schema string

	// Transactions is how many transactions this store has under way at a time,
	// and so how many connections of the pool its updates use. An account's
	// updates always go through the same one. Updates that arrive meanwhile share
	// the next. As many again are for accounts that somebody else has locked, each
	// of which waits in one of its own. Zero: 2, from 1 to 64.
	Transactions int

	// Together is the most updates that share one transaction. With 1, each has
	// its own. Zero: 512, from 1 to 4096.
	Together int

	// LockTimeout is how long an update waits for an account that a transaction
	// of another process or of the caller has changed and not ended. Zero: 5 s,
	// from 1 ms to 1 h.
	LockTimeout time.Duration

	// Portable keeps to the SQL that engines compatible with PostgreSQL run too,
	// which knows no Feed, leaves plans to the engine, and has those that share a
	// transaction wait for each other's locked accounts. All stores on the same
	// tables have the same.
	Portable bool
}

// Defaults and bounds of Options.
const (
	defaultTransactions, maxTransactions = 2, 64
	defaultTogether, maxTogether         = 512, 4096
	defaultLockTimeout, maxLockTimeout   = 5 * time.Second, time.Hour // who waits longer is not waiting for a lock
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// New returns a store over a pool, which stays the caller's, and in which [Store.Migrate]
// has made the tables. It sends nothing. It fails with an error that is
// [credits.ErrInvalid] for options out of range.
func New(pool *pgxpool.Pool, options Options) (*Store, error) {
	if err := options.prepare(); err != nil {
		return nil, err
	}
	s := &Store{pool: pool, options: options, sql: statementsFor(&options)}
	s.lanes, s.apart = make([]lane, options.Transactions), make(chan struct{}, options.Transactions)
	if s.sql.unused != "" {
		for i := range s.lanes {
			s.lanes[i].kept.most = maxKept
		}
	}
	return s, nil
}

func (o *Options) prepare() error {
	if o.Schema == "" {
		o.Schema = "scrip"
	}
	if o.Transactions == 0 {
		o.Transactions = defaultTransactions
	}
	if o.Together == 0 {
		o.Together = defaultTogether
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = defaultLockTimeout
	}
	switch {
	case !schemaName.MatchString(o.Schema):
		return invalid("schema", "is %q: must be lower-case letters, digits and underscores, at most 63", o.Schema)
	case o.Transactions < 1 || o.Transactions > maxTransactions:
		return invalid("transactions", "is %d: must be from 1 to %d", o.Transactions, maxTransactions)
	case o.Together < 1 || o.Together > maxTogether:
		return invalid("together", "is %d: must be from 1 to %d", o.Together, maxTogether)
	case o.LockTimeout < time.Millisecond || o.LockTimeout > maxLockTimeout:
		return invalid("lock timeout", "is %v: must be from %v to %v", o.LockTimeout, time.Millisecond, maxLockTimeout)
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return &credits.InvalidError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// Width implements [credits.Wide]: as many updates as all transactions can share.
func (s *Store) Width() int { return s.options.Transactions * s.options.Together }

// State implements [credits.Store] in one round trip.
func (s *Store) State(ctx context.Context, account string) (credits.State, error) {
	state, err := again(ctx, s.pool, func(conn *pgx.Conn) (credits.State, error) {
		return s.sql.state(ctx, conn, account, func(*pgx.Batch) {})
	})
	if err != nil {
		return credits.State{}, wrap("state", err)
	}
	return state, nil
}

// Due implements [credits.Store]. Which accounts it returns, of those that come
// first, is left to chance, so that several sweepers seldom meet.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	accounts, err := again(ctx, s.pool, func(conn *pgx.Conn) ([]string, error) { return s.sql.due(ctx, conn, at, limit) })
	if err != nil {
		return nil, wrap("due", err)
	}
	return accounts, nil
}

// sender is what sends statements: a connection, or a transaction.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// wrap says what failed, and what to do where the tables are missing.
func wrap(what string, err error) error {
	if hasCode(err, "42P01") || hasCode(err, "3F000") {
		return fmt.Errorf("postgres: %s: the tables are not there, call Store.Migrate first: %w", what, err)
	}
	return fmt.Errorf("postgres: %s: %w", what, err)
}
