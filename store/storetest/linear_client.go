package storetest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
)

// client makes calls one after the other, and keeps what came of them.
type client struct {
	crowd  *crowd
	number int
	rng    *rand.Rand
	late   int64           // ticks by which its own clock is late
	ledger *credits.Ledger // its own
	hasty  *hasty          // under its ledger; nil: nothing goes wrong
	shared *credits.Ledger // by all clients; its clock is right

	calls []call
}

// chance is true once in n times.
func (c *client) chance(n int) bool { return c.rng.IntN(n) == 0 }

func (c *client) work(ctx context.Context) {
	for range crowdSteps {
		if c.chance(8) {
			c.crowd.ticks.Add(1)
		}
		c.step(ctx, c.crowd.accounts[c.rng.IntN(crowdAccounts)])
	}
}

func (c *client) step(ctx context.Context, a *account) {
	switch n := c.rng.IntN(100); {
	case n < 2:
		_, _ = c.ledger.Sweep(ctx) // what it wrote is in the ledgers; that it failed says nothing
	case n < 10:
		c.make(ctx, readBalance(a.name))
	case n < 14:
		c.make(ctx, readHistory(a.name, 5))
	case n < 20 && len(c.calls) > 0: // a late repeat
		c.make(ctx, c.calls[c.rng.IntN(len(c.calls))])
	case n < 34:
		c.twice(ctx, c.invent(a))
	default:
		c.insist(ctx, c.invent(a))
	}
	if len(c.calls) > 0 {
		last := c.calls[len(c.calls)-1]
		a.made(&last)
	}
}

// insist makes a call, and mostly repeats it while its outcome is unknown.
func (c *client) insist(ctx context.Context, one call) {
	c.make(ctx, one)
	for range 3 {
		if !c.calls[len(c.calls)-1].unknown() || c.chance(4) {
			return
		}
		c.make(ctx, one)
	}
}

// make makes a call of the client's own ledger.
func (c *client) make(ctx context.Context, one call) {
	c.calls = append(c.calls, c.timed(ctx, c.ledger, c.late, one))
}

// twice makes a call of two ledgers at once, and now and then gives up on the
// second when the first is back.
func (c *client) twice(ctx context.Context, one call) {
	fickle, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var second call
	var group sync.WaitGroup
	group.Go(func() { second = c.timed(fickle, c.shared, 0, one) })
	c.make(ctx, one)
	if c.chance(3) {
		giveUp()
	}
	group.Wait()
	c.calls = append(c.calls, second)
}

// timed makes a call and notes when it was.
func (c *client) timed(ctx context.Context, ledger *credits.Ledger, late int64, one call) call {
	one.client, one.invoked = c.number, c.crowd.order.Add(1)
	from := c.crowd.ticks.Load()
	one.answer = one.do(ctx, ledger)
	to := c.crowd.ticks.Load()
	one.returned = c.crowd.order.Add(1)
	one.clock = nil
	for tick := from; tick <= to; tick++ {
		one.clock = append(one.clock, instant(tick-late))
	}
	return one
}

// now is an instant near that of the clock, for deadlines and ends.
func (c *client) now() time.Time { return instant(c.crowd.ticks.Load()) }

// all returns the calls of a client that is done, those of transfers as both sides
// see them.
func (c *client) all() []call {
	if c.hasty != nil {
		c.hasty.left.Wait()
	}
	var all []call
	for _, one := range c.calls {
		all = append(all, one)
		if one.side == sends {
			all = append(all, one.received())
		}
	}
	return all
}
