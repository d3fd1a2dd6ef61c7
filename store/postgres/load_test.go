package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// dawn is when everything in these tests begins.
var dawn = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// clock returns a clock of its own, which goes on by a little whenever it is read.
func clock() func() time.Time {
	var reads atomic.Int64
	return func() time.Time { return dawn.Add(time.Duration(reads.Add(1)) * 10 * time.Microsecond) }
}

// rounds is how often a test breaks what it breaks; SCRIP_ROUNDS asks for another
// number.
func rounds(t *testing.T, usual int) int {
	text := os.Getenv("SCRIP_ROUNDS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SCRIP_ROUNDS = %q, want a number, at least 1", text)
	}
	return n
}

// seed is what chance follows from; SCRIP_SEED asks for another. What the server
// and the clients make of it is up to them.
func seed(t *testing.T) uint64 {
	seed := uint64(1)
	if text := os.Getenv("SCRIP_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SCRIP_SEED = %q, want a number", text)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("SCRIP_SEED=%d", seed)
		}
	})
	return seed
}

// command is what a client asks for. It says the same whenever it is sent.
type command struct {
	Verb        credits.Kind
	ID, Account string
	Amount      int64  // whole credits
	Of          string // the hold or the spend that it is about
}

func (c command) String() string {
	return fmt.Sprintf("%s %s of %s: %d from %s", c.Verb, c.ID, c.Of, c.Amount, c.Account)
}

// do carries the command out.
func (c command) do(ctx context.Context, l *credits.Ledger) (credits.Receipt, error) {
	amount := credits.Of(c.Amount)
	switch c.Verb {
	case credits.KindGrant:
		return l.Grant(ctx, credits.Grant{ID: c.ID, Account: c.Account, Amount: amount, Validity: expiry.Permanent()})
	case credits.KindSpend:
		return l.Spend(ctx, credits.Spend{ID: c.ID, Account: c.Account, Amount: amount})
	case credits.KindReserve:
		return l.Reserve(ctx, credits.Reserve{ID: c.ID, Account: c.Account, Amount: amount, Deadline: dawn.Add(24 * time.Hour)})
	case credits.KindCapture:
		return l.Capture(ctx, credits.Capture{ID: c.ID, Account: c.Account, Hold: c.Of, Amount: amount})
	case credits.KindRefund:
		return l.Refund(ctx, credits.Refund{ID: c.ID, Account: c.Account, Of: c.Of, Amount: amount})
	}
	panic("no command of clients: " + c.Verb)
}

// client makes up commands, one after the other, about what it did before.
type client struct {
	name     string
	accounts []string
	rng      *rand.Rand
	made     int
	used     []command // spends and captures that were not refunded
	holds    []command // reserves that were not captured
}

func newClient(n int, seed uint64, accounts []string) *client {
	return &client{name: fmt.Sprint("client", n), accounts: accounts, rng: rand.New(rand.NewPCG(seed, uint64(n)))}
}

// next makes up a command. About one in twenty is refused, and what comes in is
// about what goes out.
func (c *client) next() command {
	c.made++
	n := command{ID: fmt.Sprintf("%s-%d", c.name, c.made), Account: c.accounts[c.rng.IntN(len(c.accounts))]}
	switch chance := c.rng.IntN(20); {
	case c.made == 1 || chance < 2:
		n.Verb, n.Amount = credits.KindGrant, 40
	case chance < 5:
		n.Verb, n.Amount = credits.KindReserve, c.rng.Int64N(10)
	case chance < 8 && len(c.holds) > 0:
		hold := c.holds[0]
		c.holds = c.holds[1:]
		n.Verb, n.Account, n.Of, n.Amount = credits.KindCapture, hold.Account, hold.ID, c.rng.Int64N(12)
	case chance < 10 && len(c.used) > 0:
		used := c.used[0]
		c.used = c.used[1:]
		n.Verb, n.Account, n.Of, n.Amount = credits.KindRefund, used.Account, used.ID, used.Amount
	case chance == 10:
		n.Verb, n.Amount = credits.KindSpend, 100_000
	default:
		n.Verb, n.Amount = credits.KindSpend, 1+c.rng.Int64N(7)
	}
	return n
}

// learn remembers what can be captured and refunded.
func (c *client) learn(done command) {
	switch done.Verb {
	case credits.KindReserve:
		c.holds = append(c.holds, done)
	case credits.KindSpend, credits.KindCapture:
		if done.Amount > 0 {
			c.used = append(c.used, done)
		}
	}
}

// claim is a command and the definite answer that its client got.
type claim struct {
	command
	begun, ended int64         // when it was first sent and when it was answered, in ticks
	entry        credits.Entry // where it was not refused
	refused      error
	sent         int // how often
}

// load is clients at work, and what they were told.
type load struct {
	ticks   atomic.Int64 // the order in which commands were sent and answered
	ended   atomic.Bool
	clients sync.WaitGroup

	mu     sync.Mutex
	more   sync.Cond
	claims []claim
}

// patience bounds what clients wait for.
const patience = 5 * time.Minute

// start lets clients loose, each of whom asks for one thing after the other until the
// load is stopped. send returns a definite answer, and how often it asked for one.
func start(t *testing.T, clients []*client, send func(ctx context.Context, n int, c command) (credits.Entry, int, error)) *load {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	l := &load{}
	l.more.L = &l.mu
	for n, c := range clients {
		l.clients.Go(func() {
			for !l.ended.Load() {
				said := claim{command: c.next(), begun: l.ticks.Add(1)}
				said.entry, said.sent, said.refused = send(ctx, n, said.command)
				said.ended = l.ticks.Add(1)
				if said.refused == nil {
					c.learn(said.command)
				}
				l.note(said)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		l.stop()
	})
	return l
}

func (l *load) note(c claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims = append(l.claims, c)
	l.more.Broadcast()
}

// await waits for more answers.
func (l *load) await(more int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for want := len(l.claims) + more; len(l.claims) < want; {
		l.more.Wait()
	}
}

// stop waits until each client has its last answer, and returns all of them.
func (l *load) stop() []claim {
	l.ended.Store(true)
	l.clients.Wait()
	return l.claims
}
