package pricing

import (
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Refill says what becomes of credits that are left when the next cycle's come.
type Refill string

const (
	// RefillAdd keeps them, until they end. It is the default.
	RefillAdd Refill = "add"
	// RefillReset ends them, so that the new cycle starts with its own credits.
	RefillReset Refill = "reset"
)

// Allow returns the allowance that grants the credits of every cycle by itself,
// without a command each: the months of a plan that is paid by the year, the days
// of a free tier. cycle is the one in which the account comes to the plan, since
// the beginning of the subscription, from which all cycles are counted, as by
// [Plan.CycleAt].
//
// Send it once, when the account comes to the plan: the command's ID is
// "allow:plan:ID:Subscription:Start". The allowance is called "plan:Subscription",
// so that the Allow of another plan for the same subscription replaces it from the
// next cycle on. It stops with the subscription, which must be open as a term: send
// [Plan.Renew] first, and after a lapse Renew and Allow anew. For a tier that nobody
// subscribes to, clear Term in what Allow returns.
//
// The first cycle that a new allowance grants is the one under way: at once, to end
// as if it had come with the cycle's start. [Plan.Grant] must not be sent too: its
// credits would be a second grant of the same cycle. A zero since counts the cycles
// from when the command is executed, and grants the first at once.
//
// A cycle comes once: where the subscription lapsed after days of grace and is paid
// late within the same cycle, the new allowance goes on with the next.
//
// Each cycle's credits carry their share of the price, as those of Plan.Grant do.
// The shares of the cycles that are billed together sum to the price. A cycle to
// which a Limit leaves nothing has no credits, and nothing carries its share.
//
// A plan without cycles or with a Billed that is no number of them, a since after the
// cycle's start, and a cycle that lacks something, ends before it starts or makes too
// long an ID give a [*GrantError].
func (p Plan) Allow(account string, cycle Cycle, since time.Time) (credits.Allow, error) {
	item := "plan " + quote(p.ID)
	if err := p.recurs(item); err != nil {
		return credits.Allow{}, err
	}
	if err := p.fits(item, cycle); err != nil {
		return credits.Allow{}, err
	}
	if err := validateSince(item, since, cycle.Start); err != nil {
		return credits.Allow{}, err
	}
	id, err := grantID(item, "allow", SourcePlan, p.ID, cycle.Subscription, stamp(cycle.Start))
	if err != nil {
		return credits.Allow{}, err
	}
	name, err := grantID(item, SourcePlan, cycle.Subscription)
	if err != nil {
		return credits.Allow{}, err
	}
	g, err := p.grant(item, p.Credits, cycle.Subscription)
	if err != nil {
		return credits.Allow{}, err
	}
	paid, paidFor := p.billed()
	return credits.Allow{
		ID: id, Account: account, Allowance: name, Amount: p.Credits, Every: p.Cycle, Anchor: since,
		Reset: p.Refill == RefillReset, Most: p.Limit.Most, Within: p.Limit.Within, Term: cycle.Subscription,
		Source: SourcePlan, Validity: g.Validity, Features: g.Features, Priority: g.Priority,
		OnlyWith: g.OnlyWith, NonRefundable: g.NonRefundable, Rollover: g.Rollover,
		Paid: paid, PaidFor: paidFor,
	}, nil
}

// billed returns what is paid at once, and for how many cycles; zero: one.
func (p Plan) billed() (credits.Money, int) {
	if p.Billed.IsZero() || p.Price.IsZero() {
		return p.Price.Paid(), 0
	}
	return p.Price.Paid(), p.parts()
}

// validateSince refuses a beginning that a cycle cannot have; zero is none.
func validateSince(item string, since, start time.Time) error {
	if since.IsZero() {
		return nil
	}
	if err := validateInstant(item, "since", since); err != nil {
		return err
	}
	if since.After(start) {
		return &GrantError{Item: item, Field: "since", Reason: "is after the start of the cycle"}
	}
	return nil
}

// untilRefill is the validity of one cycle's credits that a reset ends.
func (p Plan) untilRefill() expiry.Policy {
	switch {
	case p.Refill != RefillReset:
		return p.Validity
	case p.Validity.Equal(expiry.Permanent()):
		return expiry.EndOfPeriod()
	}
	return expiry.Earliest(p.Validity, expiry.EndOfPeriod())
}

// validateRhythm checks how the credits of the cycles follow each other.
func (p Plan) validateRhythm(path string) error {
	switch {
	case p.Refill != "" && p.Refill != RefillAdd && p.Refill != RefillReset:
		return &RuleError{Path: path + ".refill", Reason: "is " + quote(string(p.Refill)) + `: want "add" or "reset"`}
	case p.Refill != "" && p.Cycle.IsZero():
		return &RuleError{Path: path + ".refill", Reason: "is given for a plan without a cycle"}
	case p.Refill == RefillReset && !p.Rollover.IsZero():
		return &RuleError{Path: path + ".rollover", Reason: `is given beside "refill": "reset", which lets nothing go on`}
	case p.Limit.IsZero():
		return nil
	}
	if reason := p.Limit.fault(p.Credits, p.Cycle); reason != "" {
		return &RuleError{Path: path + ".limit", Reason: reason}
	}
	return nil
}
