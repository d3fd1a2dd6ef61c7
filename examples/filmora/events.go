package main

import (
	"context"
	"errors"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// earned: a customer did what a bonus is given for. It may be reported whenever it
// seems so, as often as one likes: the catalog knows how often it counts.
type earned struct {
	account string
	bonus   string
	key     string // of a bonus that is given once per key: the submission
}

func (e earned) handle(ctx context.Context, s *service) error {
	bonus, err := s.catalog.Bonus(e.bonus)
	if err != nil {
		return err
	}
	grant, err := bonus.Grant(e.account, pricing.Claim{Key: e.key, At: s.now})
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"item": bonus.ID}
	return s.grant(ctx, grant)
}

// paid: the payment provider collected a period of a subscription.
type paid struct {
	subscription subscription
	invoice      string
	start        string // of the period that was paid
}

// subscription is what the payment provider reports with every invoice of it.
type subscription struct {
	id      string
	account string
	plan    string
	since   string // the first purchase
}

func (e paid) handle(ctx context.Context, s *service) error {
	plan, err := s.catalog.Plan(e.subscription.plan)
	if err != nil {
		return err
	}
	account, since := e.subscription.account, instant(e.subscription.since)
	cycle, err := plan.CycleAt(e.subscription.id, since, instant(e.start))
	if err != nil {
		return err
	}
	// With Since, a renewal that comes seconds after the period's end is still a
	// renewal: its credits go by the date of the first purchase.
	if _, err := s.ledger.Renew(ctx, credits.Renew{
		ID: "invoice:" + e.invoice, Account: account, Term: e.subscription.id, Since: since, Until: cycle.End,
	}); err != nil {
		return err
	}
	grant, err := plan.Grant(account, cycle)
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"item": plan.ID}
	return s.grant(ctx, grant)
}

// bought: a customer bought a plan that is paid once.
type bought struct {
	account string
	order   string
	plan    string
}

func (e bought) handle(ctx context.Context, s *service) error {
	plan, err := s.catalog.Plan(e.plan)
	if err != nil {
		return err
	}
	grant, err := plan.Grant(e.account, pricing.Cycle{Subscription: e.order})
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"item": plan.ID}
	return s.grant(ctx, grant)
}

// toppedUp: a customer bought a pack.
type toppedUp struct {
	account string
	order   string
	pack    string
}

func (e toppedUp) handle(ctx context.Context, s *service) error {
	pack, err := s.catalog.Pack(e.pack)
	if err != nil {
		return err
	}
	grant, err := pack.Grant(e.account, pricing.Purchase{Order: e.order})
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"item": pack.ID}
	return s.grant(ctx, grant)
}

// converted: a customer of an older version turned what was left into credits.
type converted struct {
	account string
	licence string
	feature string
	left    pricing.Quantity
}

func (e converted) handle(ctx context.Context, s *service) error {
	conversion, err := s.catalog.Conversion(e.feature)
	if err != nil {
		return err
	}
	grant, err := conversion.Grant(e.account, pricing.Remainder{Key: e.licence, Quantity: e.left})
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"item": conversion.ID, "left": e.left.String()}
	return s.grant(ctx, grant)
}

// used: a customer used a feature.
type used struct {
	account string
	job     string
	use     pricing.Use
}

func (e used) handle(ctx context.Context, s *service) error {
	quote, err := s.quote(e.job, e.use)
	if err != nil {
		return err
	}
	receipt, err := s.ledger.Spend(ctx, quote.Spend(e.job, e.account))
	if short, ok := errors.AsType[*credits.InsufficientError](err); ok {
		return s.refuse(e.account, short)
	}
	if err != nil {
		return err
	}
	if receipt.Replayed {
		s.notices = append(s.notices, notice{at: s.now, account: e.account, what: receipt.Feature})
	}
	return nil
}

// quote prices a job, once.
func (s *service) quote(job string, use pricing.Use) (pricing.Quote, error) {
	if quote, ok := s.quotes[job]; ok {
		return quote, nil
	}
	quote, err := s.catalog.Quote(s.now, use)
	if err != nil {
		return pricing.Quote{}, err
	}
	s.quotes[job] = quote
	return quote, nil
}

// refuse tells a customer how many credits are missing, and offers the cheapest
// pack that brings them.
func (s *service) refuse(account string, short *credits.InsufficientError) error {
	pack, err := s.catalog.CheapestPack(short.Shortfall, short.Feature)
	if err != nil && !errors.Is(err, pricing.ErrNoPack) {
		return err
	}
	s.notices = append(s.notices, notice{at: s.now, account: account, what: short.Feature, refusal: short, offer: pack})
	return nil
}
