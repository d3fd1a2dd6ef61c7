package main

import (
	"context"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// invoice is one billing cycle of a subscription, as it was sold.
type invoice struct {
	account      string
	subscription string
	plan         pricing.Plan
	since        time.Time // when the subscription began
	start        time.Time // when the cycle begins
}

// paid is the webhook that reports the payment: it carries the subscription, and
// all credits with it, to the end of the cycle, and grants the cycle's own. The
// subscription comes first, because the credits end with it.
//
// It may be delivered any number of times: both commands are named after the
// business, so that each takes effect once, and a delivery that broke off halfway
// is completed by the next. Invoices come in the order of their cycles, because a
// renewal only puts off the end: one that an older invoice makes due too late is
// refused. Whether a renewal is in time is decided when it arrives.
func (i invoice) paid(ctx context.Context, ledger *credits.Ledger) (credits.Receipt, error) {
	cycle, err := i.plan.CycleAt(i.subscription, i.since, i.start)
	if err != nil {
		return credits.Receipt{}, err
	}
	grant, err := i.plan.Grant(i.account, cycle)
	if err != nil {
		return credits.Receipt{}, err
	}
	grant.Meta = map[string]string{"name": i.plan.Name}
	renew, err := i.plan.Renew(i.account, cycle, i.since)
	if err != nil {
		return credits.Receipt{}, err
	}
	if _, err := ledger.Renew(ctx, renew); err != nil {
		return credits.Receipt{}, err
	}
	return ledger.Grant(ctx, grant)
}

// order is a pack as it was sold. It keeps the pack and not its ID, because the
// price at the time of purchase is the one that applies.
type order struct {
	id           string
	account      string
	subscription string
	pack         pricing.Pack
}

// paid is the webhook that reports the payment: the credits can be used at once.
// It may be delivered any number of times.
func (o order) paid(ctx context.Context, ledger *credits.Ledger) (credits.Receipt, error) {
	grant, err := o.pack.Grant(o.account, pricing.Purchase{Order: o.id, Term: o.subscription})
	if err != nil {
		return credits.Receipt{}, err
	}
	grant.Meta = map[string]string{"name": o.pack.Name}
	return ledger.Grant(ctx, grant)
}
