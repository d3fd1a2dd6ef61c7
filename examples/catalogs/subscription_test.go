package catalogs_test

import (
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// subscription is ada's.
const subscription = "sub-1"

// grace is how long after the end of a paid period a service takes the
// subscription to go on: the payment for the next one comes after its start.
const grace = 24 * time.Hour

// pay is what a service does when the payment for the billing period that it is
// now has come, of a subscription that began at since: the term goes on to the
// end of the period and the grace after it, and the period's credits come.
func (d *desk) pay(plan, since string) credits.Receipt {
	d.t.Helper()
	p, cycle := d.plan(plan), d.cycle(plan, since)
	c, err := p.Renew(ada, cycle, instant(since))
	c.Until = c.Until.Add(grace)
	d.renew(c, err)
	return d.grant(p.Grant(ada, cycle))
}

// subscribe is what a service does when a plan is bought whose credits come by
// themselves as long as it is paid.
func (d *desk) subscribe(plan, since string) credits.Receipt {
	d.t.Helper()
	p, cycle := d.plan(plan), d.cycle(plan, since)
	d.renew(p.Renew(ada, cycle, instant(since)))
	c, err := p.Allow(ada, cycle, instant(since))
	if err != nil {
		d.t.Fatalf("Allow(%s) = %v, want a command", plan, err)
	}
	receipt, err := d.ledger.Allow(d.ctx, c)
	if err != nil {
		d.t.Fatalf("Allow(%s) at %v = %v, want a receipt", plan, d.now, err)
	}
	return receipt
}

func (d *desk) renew(c credits.Renew, err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("Renew(%s) = %v, want a command", c.ID, err)
	}
	if _, err := d.ledger.Renew(d.ctx, c); err != nil {
		d.t.Fatalf("Renew(%s) at %v = %v, want a receipt", c.ID, d.now, err)
	}
}

// cycle is the billing period that it is now.
func (d *desk) cycle(plan, since string) pricing.Cycle {
	d.t.Helper()
	cycle, err := d.plan(plan).CycleAt(subscription, instant(since), d.now)
	if err != nil {
		d.t.Fatalf("CycleAt(%s, %v) = %v, want a cycle", since, d.now, err)
	}
	return cycle
}

// cancel ends the subscription now.
func (d *desk) cancel(id string) {
	d.t.Helper()
	c := credits.Renew{ID: id, Account: ada, Term: subscription, End: true}
	if _, err := d.ledger.Renew(d.ctx, c); err != nil {
		d.t.Fatalf("Renew(%s) at %v = %v, want a receipt", id, d.now, err)
	}
}

// allow has the credits of a free tier come by themselves, in cycles that count
// from an anchor.
func (d *desk) allow(plan, anchor string) credits.Receipt {
	d.t.Helper()
	c, err := d.plan(plan).Allow(ada, d.cycle(plan, anchor), instant(anchor))
	if err != nil {
		d.t.Fatalf("Allow(%s) = %v, want a command", plan, err)
	}
	c.Term = "" // nobody subscribes to it
	receipt, err := d.ledger.Allow(d.ctx, c)
	if err != nil {
		d.t.Fatalf("Allow(%s) at %v = %v, want a receipt", plan, d.now, err)
	}
	return receipt
}
