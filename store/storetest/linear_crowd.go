package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scriphq/scrip/credits"
)

const (
	crowdClients  = 8
	crowdSteps    = 40 // of each client
	crowdAccounts = 3
	crowdTick     = 7 * time.Minute // few enough to meet an hour's end, enough to pass it
	crowdSkew     = 4               // ticks by which a client's clock may be late
)

// crowdStart is an instant at which days and months are far from their ends.
var crowdStart = time.Date(2024, 5, 6, 7, 0, 0, 0, time.UTC)

// crowd is clients at work on the same few accounts at once.
type crowd struct {
	store    credits.Store
	seed     uint64
	order    atomic.Int64 // of all invocations and returns
	ticks    atomic.Int64 // of the clock that all share
	accounts []*account

	transfers ids // from any account to any other
}

// account is one that a crowd works on.
type account struct {
	name                        string
	lots, spends, holds, others ids
}

// ids are those of one kind in an account, so that clients know what others make.
type ids struct {
	kind string
	last atomic.Int64           // number that was given out
	made atomic.Pointer[string] // the last that something was made under; nil: none
}

func newAccount(name string) *account {
	a := &account{name: name}
	a.lots.kind, a.spends.kind, a.holds.kind, a.others.kind = "lot", "spend", "hold", "other"
	return a
}

// made notes what a call made.
func (a *account) made(c *call) {
	if !c.wrote() {
		return
	}
	switch c.answer.receipt.Kind {
	case credits.KindGrant:
		a.lots.made.Store(&c.id)
	case credits.KindSpend, credits.KindCapture:
		a.spends.made.Store(&c.id)
	case credits.KindReserve:
		a.holds.made.Store(&c.id)
	}
}

func newCrowd(store credits.Store, seed uint64) *crowd {
	c := &crowd{store: store, seed: seed}
	c.transfers.kind = "transfer"
	for i := range crowdAccounts {
		c.accounts = append(c.accounts, newAccount(fmt.Sprintf("linear-%d-%d", seed, i)))
	}
	return c
}

// run lets all clients do their steps, and returns all calls they made.
func (c *crowd) run(ctx context.Context) []call {
	clients := make([]*client, crowdClients)
	shared := c.ledger(c.store, 0)
	if c.seed%2 == 1 {
		shared = c.lane()
	}
	var group sync.WaitGroup
	for i := range clients {
		clients[i] = c.client(i, shared)
		if c.seed%2 == 1 {
			clients[i].ledger, clients[i].late = shared, 0
		}
		group.Go(func() { clients[i].work(ctx) })
	}
	group.Wait()
	var calls []call
	for _, client := range clients {
		calls = append(calls, client.all()...)
	}
	return calls
}

// ledger returns one whose clock is late by some ticks.
func (c *crowd) ledger(store credits.Store, late int64) *credits.Ledger {
	return credits.New(store, credits.Options{Now: func() time.Time { return instant(c.ticks.Load() - late) }})
}

// lane returns a ledger for all clients, whose commands on an account share Updates
// that things go wrong with.
func (c *crowd) lane() *credits.Ledger {
	store := Faulty(c.store, Faults{Seed: c.seed, Before: 3, After: 6, Twice: 15, Delay: 50, Cancel: 5, Read: 3})
	return credits.New(store, credits.Options{Lane: true, Now: func() time.Time { return instant(c.ticks.Load()) }})
}

func instant(tick int64) time.Time { return crowdStart.Add(time.Duration(tick) * crowdTick) }

// client returns one of the crowd. Every other one has a store
// where things go wrong.
func (c *crowd) client(number int, shared *credits.Ledger) *client {
	rng := rand.New(rand.NewPCG(c.seed, uint64(number)))
	late := rng.Int64N(crowdSkew + 1)
	one := &client{crowd: c, number: number, rng: rng, late: late, shared: shared}
	if number%2 == 0 {
		one.ledger = c.ledger(c.store, late)
		return one
	}
	one.hasty = &hasty{Store: c.store, rng: rand.New(rand.NewPCG(c.seed, uint64(number+crowdClients)))}
	one.ledger = c.ledger(Faulty(one.hasty, Faults{
		Seed: c.seed + uint64(number), Before: 5, After: 10, Twice: 15, Delay: 30, Cancel: 8, Read: 5,
	}), late)
	return one
}

// histories returns what the callers saw of each account, and what the store has
// of it.
func (c *crowd) histories(ctx context.Context, calls []call) ([]*history, error) {
	var all []*history
	for _, a := range c.accounts {
		h := &history{account: a.name, sent: make(map[string][]credits.Entry)}
		for i := range calls {
			if calls[i].account == a.name {
				h.calls = append(h.calls, calls[i])
			}
		}
		slices.SortFunc(h.calls, func(a, b call) int { return int(a.invoked - b.invoked) })
		if err := h.read(ctx, c.store); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	for _, h := range all {
		for _, other := range all {
			h.sent[other.account] = sentTo(h.account, other.entries)
		}
	}
	return all, nil
}

// read gets what the store has.
func (h *history) read(ctx context.Context, store credits.Store) (err error) {
	if h.state, err = store.State(ctx, h.account); err != nil {
		return fmt.Errorf("State(%q) = %w, want no error", h.account, err)
	}
	for entry, err := range store.Entries(ctx, credits.Query{Account: h.account}) {
		if err != nil {
			return fmt.Errorf("Entries(%q) = %w, want no error", h.account, err)
		}
		h.entries = append(h.entries, entry)
	}
	return nil
}

// explain checks of each account what was seen of it, and verifies its ledger.
func (c *crowd) explain(ctx context.Context, calls []call) error {
	histories, err := c.histories(ctx, calls)
	if err != nil {
		return err
	}
	for _, h := range histories {
		if err := h.check(ctx); err != nil {
			return fmt.Errorf("account %q: %w", h.account, err)
		}
		wrong, err := c.ledger(c.store, 0).Verify(ctx, h.account)
		if err != nil {
			return fmt.Errorf("Verify(%q) = %w, want no error", h.account, err)
		}
		if len(wrong) > 0 {
			return fmt.Errorf("Verify(%q) = %v, want nothing", h.account, wrong)
		}
	}
	return nil
}
