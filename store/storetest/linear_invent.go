package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// invent makes up a command. What it refers to is mostly there: made lately, by
// any client.
func (c *client) invent(a *account) call {
	switch n := c.rng.IntN(100); {
	case n < 18:
		return c.grant(a)
	case n < 42:
		return c.spend(a)
	case n < 56:
		return c.reserve(a)
	case n < 66:
		return c.capture(a)
	case n < 71:
		return c.release(a)
	case n < 75:
		return c.extend(a)
	case n < 83:
		return c.refund(a)
	case n < 86:
		return c.revoke(a)
	case n < 90:
		return c.renew(a)
	case n < 93:
		return c.allow(a)
	case n < 95:
		return c.amend(a)
	case n < 97:
		return c.transfer(a)
	}
	return c.configure(a)
}

// fresh returns a new ID, or, once in a while, one that was used lately.
func (c *client) fresh(of *ids) string {
	if c.chance(25) {
		return c.recent(of)
	}
	return fmt.Sprint(of.kind, "-", of.last.Add(1))
}

// recent returns the ID of what was made last, or, now and then, one of those that
// were given out lately, whatever became of it.
func (c *client) recent(of *ids) string {
	if made := of.made.Load(); made != nil && !c.chance(3) {
		return *made
	}
	return fmt.Sprint(of.kind, "-", max(1, of.last.Load()-c.rng.Int64N(7)))
}

// amount is up to n credits, by quarters, so that different commands seldom agree.
func (c *client) amount(n int64) credits.Amount {
	return credits.Micros(250_000 * (1 + c.rng.Int64N(4*n)))
}

func (c *client) feature() string { return []string{"", "music", "video"}[c.rng.IntN(3)] }

func (c *client) term() string { return fmt.Sprint("term-", c.rng.IntN(2)) }

// soon is up to some ticks from now.
func (c *client) soon(ticks int64) time.Time {
	return c.now().Add(time.Duration(1+c.rng.Int64N(ticks)) * crowdTick)
}

func (c *client) grant(a *account) call {
	g := credits.Grant{
		ID: c.fresh(&a.lots), Account: a.name, Amount: c.amount(60), Source: "pack",
		Validity: expiry.Hours(1 + c.rng.IntN(3)), Priority: c.rng.IntN(2),
	}
	if c.chance(3) {
		g.Validity = expiry.Permanent()
	}
	if c.chance(3) {
		g.Features = []string{"music"}
	}
	if c.chance(5) {
		g.Start = c.soon(4)
	}
	if c.chance(5) {
		g.Term, g.Validity = c.term(), expiry.WhileSubscribed()
	}
	if c.chance(5) {
		g.Rollover = expiry.Roll(expiry.Hours(1)).Share(1, 2).Times(2)
	}
	return command(a.name, g.ID, g)
}

func (c *client) spend(a *account) call {
	s := credits.Spend{
		ID: c.fresh(&a.spends), Account: a.name, Feature: c.feature(), Amount: c.amount(20),
		Partial: c.chance(6), Meta: map[string]string{"client": fmt.Sprint(c.number)},
	}
	return command(a.name, s.ID, s)
}

func (c *client) reserve(a *account) call {
	r := credits.Reserve{
		ID: c.fresh(&a.holds), Account: a.name, Feature: c.feature(), Amount: c.amount(20), Deadline: c.soon(12),
	}
	return command(a.name, r.ID, r)
}

func (c *client) capture(a *account) call {
	k := credits.Capture{
		ID: c.fresh(&a.spends), Account: a.name, Hold: c.recent(&a.holds), Amount: c.amount(20), More: c.chance(3),
	}
	return command(a.name, k.ID, k)
}

func (c *client) release(a *account) call {
	r := credits.Release{ID: c.fresh(&a.others), Account: a.name, Hold: c.recent(&a.holds)}
	return command(a.name, r.ID, r)
}

func (c *client) extend(a *account) call {
	e := credits.Extend{
		ID: c.fresh(&a.others), Account: a.name, Hold: c.recent(&a.holds), Amount: c.amount(5), Deadline: c.soon(9),
	}
	return command(a.name, e.ID, e)
}

func (c *client) refund(a *account) call {
	r := credits.Refund{ID: c.fresh(&a.lots), Account: a.name, Of: c.recent(&a.spends), All: c.chance(2)}
	if !r.All {
		r.Amount = c.amount(10)
	}
	if c.chance(2) {
		r.Reissue = expiry.Hours(2)
	}
	return command(a.name, r.ID, r)
}

func (c *client) revoke(a *account) call {
	r := credits.Revoke{ID: c.fresh(&a.others), Account: a.name, Lot: c.recent(&a.lots), Debt: c.chance(3)}
	return command(a.name, r.ID, r)
}

func (c *client) renew(a *account) call {
	r := credits.Renew{ID: c.fresh(&a.others), Account: a.name, Term: c.term(), End: c.chance(6)}
	if !r.End {
		r.Until = c.soon(12)
	}
	return command(a.name, r.ID, r)
}

func (c *client) allow(a *account) call {
	w := credits.Allow{
		ID: c.fresh(&a.others), Account: a.name, Allowance: fmt.Sprint("plan-", c.rng.IntN(2)), Stop: c.chance(6),
	}
	if !w.Stop {
		w.Amount, w.Every, w.Validity = c.amount(20), expiry.MustParseSpan("1 hour"), expiry.Hours(1+c.rng.IntN(2))
		w.Reset = c.chance(3)
	}
	return command(a.name, w.ID, w)
}

func (c *client) amend(a *account) call {
	m := credits.Amend{ID: c.fresh(&a.others), Account: a.name, Lot: c.recent(&a.lots), AllFeatures: c.chance(2)}
	if !m.AllFeatures {
		m.Validity = expiry.Hours(1 + c.rng.IntN(4))
	}
	return command(a.name, m.ID, m)
}

func (c *client) configure(a *account) call {
	overdraft, frozen := credits.Of(c.rng.Int64N(2)*15), c.chance(8)
	k := credits.Configure{ID: c.fresh(&a.others), Account: a.name, Overdraft: &overdraft, Frozen: &frozen}
	return command(a.name, k.ID, k)
}

func (c *client) transfer(a *account) call {
	others := slices.DeleteFunc(slices.Clone(c.crowd.accounts), func(other *account) bool { return other == a })
	return transfer(credits.Transfer{
		ID: c.fresh(&c.crowd.transfers), From: a.name, To: others[c.rng.IntN(len(others))].name,
		Feature: c.feature(), Amount: c.amount(15),
	})
}
