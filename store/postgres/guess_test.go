package postgres_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
	"github.com/scriphq/scrip/store/storetest"
)

// two is a store that two processes share: each call goes to the other of them than
// the one before, so that what one keeps, the other has changed.
type two struct {
	stores [2]*postgres.Store
	calls  atomic.Uint64
}

func openTwo(t testing.TB) credits.Store {
	pool, options := openPool(t), postgres.Options{Schema: newSchema()}
	first := openStore(t, pool, options)
	second, err := postgres.New(pool, options)
	if err != nil {
		t.Fatal(err)
	}
	return &two{stores: [2]*postgres.Store{first, second}}
}

// next is one of them in turn, each twice, so that it also finds what it left.
func (s *two) next() *postgres.Store { return s.stores[s.calls.Add(1)/2%2] }

func (s *two) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	return s.next().Update(ctx, account, ids, decide)
}

func (s *two) State(ctx context.Context, account string) (credits.State, error) {
	return s.next().State(ctx, account)
}

func (s *two) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return s.next().Entries(ctx, q)
}

func (s *two) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	return s.next().Due(ctx, at, limit)
}

// The contract, where what is kept is out of date, or little is kept, or nothing.
func TestR33_StoresThatKeepLittle(t *testing.T) {
	opens := map[string]func(testing.TB) credits.Store{
		"two processes": openTwo,
		"nothing kept":  keepsAtMost(0),
		"little kept":   keepsAtMost(4000),
	}
	for name, open := range opens {
		t.Run(name, func(t *testing.T) {
			t.Run("store", func(t *testing.T) { storetest.Run(t, open) })
			t.Run("concurrent", func(t *testing.T) { storetest.RunConcurrent(t, open) })
		})
	}
}

func TestLedgerOfTwoProcesses(t *testing.T) { storetest.RunLedger(t, openTwo) }

func keepsAtMost(bytes int) func(testing.TB) credits.Store {
	return func(t testing.TB) credits.Store {
		store := openStore(t, openPool(t), postgres.Options{})
		store.KeepAtMost(bytes)
		return store
	}
}

// trips counts the batches that connections send: each is a round trip.
type trips struct{ n atomic.Int64 }

func (c *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (c *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
func (c *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}
func (c *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// How often each command goes to the server and back.
func TestRoundTrips(t *testing.T) {
	count := new(trips)
	r := newRig(t, postgres.Options{Transactions: 1}, func(c *pgxpool.Config) { c.ConnConfig.Tracer = count })
	r.grant("ada", 100)
	another := credits.New(r.reader(), credits.Options{Now: clock()})
	do := func(l *credits.Ledger, command credits.Command) {
		t.Helper()
		results, err := l.Batch(t.Context(), []credits.Command{command})
		if err != nil || results[0].Err != nil && !errors.Is(results[0].Err, credits.ErrInsufficient) {
			t.Fatalf("%v: %v, %v", command, err, results)
		}
	}
	steps := []struct {
		what    string
		does    func()
		command credits.Command
		want    int64
	}{
		{"an account that was not used lately", nil, spend("first", "ada", 1), 2},
		{"an account that was", nil, spend("second", "ada", 1), 1},
		{"and again", nil, spend("third", "ada", 1), 1},
		{"a refusal is read, and rolled back", nil, spend("much", "ada", 1000), 2},
		{"and disturbs nothing", nil, spend("fourth", "ada", 1), 1},
		{"a replay is a wrong guess", nil, spend("fourth", "ada", 1), 3},
		{"so is what others wrote meanwhile", func() { do(another, spend("other", "ada", 1)) }, spend("fifth", "ada", 1), 3},
		{"after which the account is read once", nil, spend("sixth", "ada", 1), 2},
		{"and kept", nil, spend("seventh", "ada", 1), 1},
		{"a hold", nil, credits.Reserve{ID: "hold", Account: "ada", Amount: credits.Of(5), Deadline: clock()().Add(time.Hour)}, 1},
		{"its capture", nil, credits.Capture{ID: "capture", Account: "ada", Hold: "hold", Amount: credits.Of(5)}, 1},
		{"a refund, which asks what it is of", nil, credits.Refund{ID: "refund", Account: "ada", Of: "first", Amount: credits.Of(1)}, 2},
		{"a new account", nil, pack("bob"), 3},
		{"that is kept", nil, spend("first", "bob", 1), 1},
		{"another new account, guessed to be one", nil, pack("cyd"), 1},
		{"what is not new after all", func() { do(another, pack("old")) }, credits.Grant{ID: "more", Account: "old", Amount: credits.Of(1), Validity: expiry.Permanent()}, 3},
		{"and is guessed no more", nil, pack("dan"), 3},
		{"but for the next", nil, pack("eve"), 1},
		{"a refusal on an account that there is not", nil, spend("first", "nobody", 1), 3},
	}
	for _, step := range steps {
		if step.does != nil {
			step.does()
		}
		before := count.n.Load()
		do(r.ledger, step.command)
		if got := count.n.Load() - before; got != step.want {
			t.Errorf("%s: %d round trips, want %d", step.what, got, step.want)
		}
	}
	before := count.n.Load()
	if _, err := r.ledger.Balance(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if got := count.n.Load() - before; got != 1 {
		t.Errorf("a balance: %d round trips, want 1", got)
	}
	before = count.n.Load()
	for _, err := range r.ledger.History(t.Context(), credits.Query{Account: "ada", NewestFirst: true, Limit: 3}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := count.n.Load() - before; got != 1 {
		t.Errorf("the first page of a history: %d round trips, want 1", got)
	}
	r.wantIDs("ada", "grant", "first", "second", "third", "fourth", "other", "fifth", "sixth", "seventh", "hold", "capture", "refund")
	r.wantIDs("old", "pack", "more")
	r.wantIDs("cyd", "pack")
}

// fault is what happens to what is sent next over any of its lines.
type fault struct {
	mu    sync.Mutex
	next  string    // one of those below; empty: nothing
	late  []byte    // what was sent late, and is still to be
	owing *net.Conn // over which
	then  func()    // called when it was sent
}

const (
	lostOnTheWay = "lost on the way" // the server never gets it
	sentLate     = "sent late"       // it gets it when the client has given up
	answerLost   = "answer lost"     // it gets it, and the client not what it did
)

// line is a connection to the server with a fault.
type line struct {
	net.Conn
	fault *fault
	now   string // the fault that it has
	cut   bool   // the client knows
}

func (l *line) Write(b []byte) (int, error) {
	l.fault.mu.Lock()
	defer l.fault.mu.Unlock()
	if l.fault.next != "" {
		l.now, l.fault.next = l.fault.next, ""
	}
	switch {
	case l.cut:
		return 0, net.ErrClosed
	case l.now == sentLate:
		l.fault.late, l.fault.owing = append(l.fault.late, b...), &l.Conn
		l.fault.then()
		return len(b), nil
	case l.now == lostOnTheWay:
		return len(b), nil
	}
	return l.Conn.Write(b)
}

func (l *line) Read(b []byte) (int, error) {
	l.fault.mu.Lock()
	now, cut := l.now, l.cut
	l.fault.mu.Unlock()
	if now == "" {
		return l.Conn.Read(b)
	}
	if now == answerLost && !cut {
		_, _ = l.Conn.Read(b) // it comes in one when all is done
	}
	l.fault.mu.Lock()
	defer l.fault.mu.Unlock()
	l.cut = true
	return 0, net.ErrClosed
}

func (l *line) Close() error {
	if l.now == sentLate {
		return nil
	}
	return l.Conn.Close()
}

// arrive sends on what is late, and awaits that the server has done it.
func (f *fault) arrive() error {
	if f.owing == nil {
		return nil
	}
	conn := *f.owing
	defer conn.Close()
	if _, err := conn.Write(f.late); err != nil {
		return err
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	_, err := conn.Read(make([]byte, 1))
	return err
}

// happen has a fault happen to what is sent next.
func (f *fault) happen(what string, then func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.then = what, then
}

// newFaultyRig returns a rig whose lines have a fault.
func newFaultyRig(t *testing.T) (*rig, *fault) {
	t.Helper()
	f := new(fault)
	return newRig(t, postgres.Options{Transactions: 1}, func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &line{Conn: conn, fault: f}, err
		}
	}), f
}

// What was sent in one go, and lost, is done once: either the store finds that it was
// not written, and tries again, or it says that it does not know.
func TestLostGuesses(t *testing.T) {
	tests := []struct {
		fault   string
		unknown bool
	}{
		{lostOnTheWay, false},
		{sentLate, false},
		{answerLost, true},
	}
	for _, test := range tests {
		for _, account := range []string{"ada", "new"} {
			t.Run(test.fault+", of "+account, func(t *testing.T) {
				r, f := newFaultyRig(t)
				grant := func(id, account string) (credits.Receipt, error) {
					return r.ledger.Grant(t.Context(), credits.Grant{ID: id, Account: account, Amount: credits.Of(5), Validity: expiry.Permanent()})
				}
				for _, name := range []string{"ada", "first"} { // the second of two new ones is guessed to be one
					for _, id := range []string{"pack", "kept"} { // the connection knows all statements
						_, err := grant(id, name)
						r.must(err)
					}
				}
				f.happen(test.fault, func() {})
				_, err := grant("more", account)
				if unknown := errors.Is(err, credits.ErrUnknown); unknown != test.unknown || !unknown && err != nil {
					t.Errorf("Grant = %v, want an unknown outcome: %v", err, test.unknown)
				}
				if err := f.arrive(); err != nil {
					t.Fatalf("what was late is answered with %v", err)
				}
				receipt, err := grant("more", account)
				if err != nil || !receipt.Replayed {
					t.Errorf("Grant again = %v, %v, want a replay", receipt, err)
				}
				r.must(r.spendApart("after", account))
				if account == "ada" {
					r.wantIDs("ada", "pack", "kept", "more", "after")
				} else {
					r.wantIDs("new", "more", "after")
				}
			})
		}
	}
}

// What was refused stays refused, also where the same command was sent before, and
// arrives later.
func TestLateGuessAfterARefusal(t *testing.T) {
	for _, account := range []string{"ada", "new"} {
		t.Run(account, func(t *testing.T) {
			r, f := newFaultyRig(t)
			now := dawn
			r.ledger = credits.New(r.store, credits.Options{Now: func() time.Time { return now }})
			for _, name := range []string{"ada", "first"} {
				_, err := r.ledger.Grant(t.Context(), pack(name))
				r.must(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			f.happen(sentLate, cancel)
			command := credits.Grant{ID: "more", Account: account, Amount: credits.Of(5), Validity: expiry.Until(dawn.Add(time.Hour))}
			if _, err := r.ledger.Grant(ctx, command); !errors.Is(err, credits.ErrUnknown) {
				t.Fatalf("Grant = %v, want an unknown outcome for who leaves", err)
			}
			now = dawn.Add(time.Hour) // too late for such a validity
			if _, err := r.ledger.Grant(t.Context(), command); !errors.Is(err, credits.ErrInvalid) {
				t.Fatalf("Grant again = %v, want ErrInvalid", err)
			}
			if err := f.arrive(); err != nil {
				t.Fatalf("what was late is answered with %v", err)
			}
			if account == "ada" {
				r.wantIDs("ada", "pack")
			} else {
				r.wantIDs("new")
				if s, err := r.reader().State(t.Context(), "new"); err != nil || s.Seq != 0 {
					t.Errorf("State(new) = Seq %d, %v, want none", s.Seq, err)
				}
			}
			now = dawn
			receipt, err := r.ledger.Grant(t.Context(), credits.Grant{ID: "more", Account: account, Amount: credits.Of(6), Validity: expiry.Permanent()})
			if err != nil || receipt.Replayed {
				t.Errorf("Grant of another = %v, %v, want it granted", receipt, err)
			}
		})
	}
}

// A server that lost commits gives out the numbers of their transactions again. What a
// store has kept of them counts for nothing, even if all else looks the same.
func TestFailoverThatLosesCommits(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1}, nil)
	fixed := func() time.Time { return dawn }
	r.ledger = credits.New(r.store, credits.Options{Now: fixed})
	for _, feature := range []string{"x", "y"} {
		_, err := r.ledger.Grant(t.Context(), credits.Grant{ID: "lot-" + feature, Account: "ada", Amount: credits.Of(10), Features: []string{feature}, Validity: expiry.Permanent()})
		r.must(err)
	}
	run := func(sql string, args ...any) {
		t.Helper()
		_, err := r.sound.Exec(t.Context(), strings.ReplaceAll(sql, "$schema", r.schema), args...)
		r.must(err)
	}
	tables := []string{"accounts", "lots", "entries"}
	for _, table := range tables {
		run("CREATE TABLE $schema.standby_" + table + " AS SELECT * FROM $schema." + table)
	}
	_, err := r.ledger.Spend(t.Context(), credits.Spend{ID: "lost", Account: "ada", Feature: "x", Amount: credits.Of(1)})
	r.must(err)
	number := one[int64](r, r.sound, "SELECT written FROM "+r.schema+".accounts WHERE account = $1", "ada")
	for _, table := range tables {
		run("TRUNCATE $schema." + table)
		run("INSERT INTO $schema." + table + " SELECT * FROM $schema.standby_" + table)
	}
	_, err = credits.New(r.reader(), credits.Options{Now: fixed}).Spend(t.Context(), credits.Spend{ID: "other", Account: "ada", Feature: "y", Amount: credits.Of(1)})
	r.must(err)
	run("UPDATE $schema.accounts SET written = $1", number)
	_, err = r.ledger.Spend(t.Context(), credits.Spend{ID: "after", Account: "ada", Feature: "x", Amount: credits.Of(1)})
	r.must(err)
	r.wantIDs("ada", "lot-x", "lot-y", "other", "after")
}
