package pricing

import (
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
)

// Renew returns the command that a payment makes due: it opens the subscription
// as a term, or carries it on, to the end of the billing period in which cycle
// lies. That is the end of the cycle, or where the plan is [Plan].Billed for
// several cycles at once, the end of the period that the cycle's Number is in, as
// counted from since. Send it
// before the [Plan.Grant] or [Plan.Allow] of the cycle, whose credits may need the
// term. For days of grace put off its Until; a renewal never draws it in.
//
// since is the first purchase, which the validity of credits may go by. Without it
// the term begins when the command is executed; where Billed is given it is
// required.
//
// The ID is "renew:ID:Subscription:Start" with the start of the billing period, so
// that all cycles of a period make one renewal, and a payment that is reported
// again renews once. A cycle that lacks something, ends before it starts, starts
// outside the billing period of its Number, or makes too long an ID gives a
// [*GrantError].
func (p Plan) Renew(account string, cycle Cycle, since time.Time) (credits.Renew, error) {
	item := "plan " + quote(p.ID)
	if err := p.fits(item, cycle); err != nil {
		return credits.Renew{}, err
	}
	if err := validateInstant(item, "start", cycle.Start); err != nil {
		return credits.Renew{}, err
	}
	if err := validateSince(item, since, cycle.Start); err != nil {
		return credits.Renew{}, err
	}
	start, end, err := p.billing(item, cycle, since)
	if err != nil {
		return credits.Renew{}, err
	}
	id, err := grantID(item, "renew", p.ID, cycle.Subscription, stamp(start))
	if err != nil {
		return credits.Renew{}, err
	}
	return credits.Renew{ID: id, Account: account, Term: cycle.Subscription, Until: end, Since: since}, nil
}

// billing returns the billing period in which a cycle lies. Where several cycles are
// billed at once it is counted in cycles, by the number alone, so that no two
// cycles of a period can disagree about its start.
func (p Plan) billing(item string, cycle Cycle, since time.Time) (start, end time.Time, err error) {
	if p.Billed.IsZero() {
		if cycle.End.IsZero() {
			err = &GrantError{Item: item, Field: "end", Reason: "is missing: it is the end of what was paid for"}
		}
		return cycle.Start, cycle.End, err
	}
	if since.IsZero() {
		return start, end, &GrantError{Item: item, Field: "since", Reason: "is missing: billing periods are counted from it"}
	}
	first := cycle.Number - cycle.Number%p.parts()
	start, end = p.Cycle.Nth(since, first), p.Cycle.Nth(since, first+p.parts())
	switch {
	case start.IsZero() || end.IsZero():
		err = &GrantError{Item: item, Field: "number", Reason: fmt.Sprintf("is %d, in a billing period that ends after the year 9999", cycle.Number)}
	case cycle.Start.Before(start) || !cycle.Start.Before(end):
		err = &GrantError{Item: item, Field: "number", Reason: fmt.Sprintf("is %d, which the start is too far from: that billing period is from %s to %s", cycle.Number, stamp(start), stamp(end))}
	}
	return start, end, err
}
