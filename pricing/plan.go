package pricing

import (
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Plan is the credits that come with a subscription, or with a product bought
// once. It is plain data, a copy of what the catalog has.
type Plan struct {
	ID      string         `json:"-"` // its key in the catalog
	Name    string         `json:"name,omitempty"`
	Note    string         `json:"note,omitempty"` // for people
	Credits credits.Amount `json:"credits"`        // of each cycle, more than zero

	// Cycle is how often the credits come. The zero value is once, with the
	// purchase. A plan that gives a year's credits upfront has a cycle of a year.
	Cycle expiry.Span `json:"cycle,omitzero"`

	// Refill says what becomes of credits that are left when the next cycle's
	// come. The zero value is [RefillAdd]: they stay.
	Refill Refill `json:"refill,omitempty"`

	// Limit is the most that the cycles within a longer span give together. Only
	// the allowance of [Plan.Allow] keeps it, so that [Plan.Grant] refuses such a
	// plan. The zero value is no limit.
	Limit Limit `json:"limit,omitzero"`

	// Price is what the customer pays each time: per cycle, per Billed where that
	// is longer, or once. The zero value says that the catalog does not know.
	Price Money `json:"price,omitzero"`

	// Billed is how often Price is paid where that is a multiple of Cycle, as in
	// a plan that is paid by the year and gives credits by the month: from 1 to
	// 1000 cycles wherever it begins, as [expiry.Span.Parts] has it, and so in the
	// same location. Each cycle's credits then carry their share of the price. The
	// zero value is Cycle.
	Billed expiry.Span `json:"billed,omitzero"`

	Conditions // when the credits end, and what they pay for
}

// Cycle is one cycle of one subscription: what a payment provider reports as the
// period that an invoice is for, or what [Plan.CycleAt] works out.
type Cycle struct {
	// Subscription names the subscription, or the purchase of a plan without
	// cycles, and is required. It is also the term that validity refers to.
	Subscription string

	// Start is when the cycle's credits can first be spent and what their
	// validity counts from. It is required, and identifies the cycle; only a
	// plan without cycles may do without, and then starts when it is granted.
	Start time.Time

	// End is when the next cycle starts. It is required where the credits are
	// valid to the end of the period or reset by the next, and may be zero
	// elsewhere.
	End time.Time

	// Number counts the subscription's cycles from 0. It matters where the plan
	// is Billed for several cycles, which share a price and one renewal, and is
	// ignored elsewhere.
	Number int
}

// CycleAt returns the cycle in which at lies, of a subscription that began at
// since. Each cycle is computed from since: one that began on 31 January goes on
// on 28 February and 31 March. A plan without cycles, an instant outside the
// years 1 to 9999, one before since, and a plan made in Go whose Cycle or Billed
// cannot be counted give a [*GrantError].
func (p Plan) CycleAt(subscription string, since, at time.Time) (Cycle, error) {
	item := "plan " + quote(p.ID)
	if err := p.recurs(item); err != nil {
		return Cycle{}, err
	}
	if err := p.checkSpans(item); err != nil {
		return Cycle{}, err
	}
	if err := validateInstant(item, "since", since); err != nil {
		return Cycle{}, err
	}
	if err := validateInstant(item, "at", at); err != nil {
		return Cycle{}, err
	}
	number := p.Cycle.Index(since, at)
	if number < 0 {
		return Cycle{}, &GrantError{Item: item, Field: "at", Reason: "is before the subscription began"}
	}
	start, end := p.Cycle.Nth(since, number), p.Cycle.Nth(since, number+1)
	if end.IsZero() {
		return Cycle{}, &GrantError{Item: item, Field: "at", Reason: "is in a cycle that ends after the year 9999"}
	}
	return Cycle{Subscription: subscription, Start: start, End: end, Number: number}, nil
}

// recurs refuses a plan without cycles.
func (p Plan) recurs(item string) error {
	if p.Cycle.IsZero() {
		return &GrantError{Item: item, Field: "cycle", Reason: "does not exist: the plan is bought once"}
	}
	return nil
}

// validateInstant refuses what calendar arithmetic cannot count from.
func validateInstant(item, field string, t time.Time) error {
	switch year := t.UTC().Year(); {
	case t.IsZero():
		return &GrantError{Item: item, Field: field, Reason: "is missing"}
	case year < 1 || year > 9999:
		return &GrantError{Item: item, Field: field, Reason: fmt.Sprintf("is in the year %d: must be from 1 to 9999", year)}
	}
	return nil
}

// Grant returns the grant of one cycle's credits, paid with the cycle's share of
// the price. Its ID is "plan:ID:Subscription:Start", with the start as
// 20240520T100000Z, and "plan:ID:Subscription" for a plan without cycles, where
// the parts have ":" and "%" escaped. A cycle that lacks something, ends before
// it starts, or makes too long an ID gives a [*GrantError], and so does a
// plan with a Limit, which its cycles one by one cannot keep, and one made in Go
// whose Cycle or Billed cannot be counted.
//
// The grant names the subscription as its term where that changes when the
// credits end; the term must be open then: send [Plan.Renew] first. Where the
// allowance of [Plan.Allow] runs, it grants every cycle: send no Grant beside it.
func (p Plan) Grant(account string, cycle Cycle) (credits.Grant, error) {
	item := "plan " + quote(p.ID)
	if err := p.fits(item, cycle); err != nil {
		return credits.Grant{}, err
	}
	if !p.Limit.IsZero() {
		return credits.Grant{}, &GrantError{Item: item, Field: "limit", Reason: fmt.Sprintf("is %q, which only an allowance keeps: use Plan.Allow", p.Limit)}
	}
	parts := []string{SourcePlan, p.ID, cycle.Subscription}
	if !p.Cycle.IsZero() {
		parts = append(parts, stamp(cycle.Start))
	}
	id, err := grantID(item, parts...)
	if err != nil {
		return credits.Grant{}, err
	}
	g, err := p.grant(item, p.Credits, cycle.Subscription)
	if err != nil {
		return credits.Grant{}, err
	}
	g.ID, g.Account, g.Source, g.Start, g.Paid = id, account, SourcePlan, cycle.Start, p.paid(cycle.Number)
	if g.Validity = p.untilRefill(); g.Validity.AsksForPeriod() {
		g.PeriodEnd = cycle.End
	}
	return g, nil
}

// fits refuses a cycle that this plan cannot have.
func (p Plan) fits(item string, cycle Cycle) error {
	if err := need(item, "subscription", cycle.Subscription); err != nil {
		return err
	}
	if err := p.checkSpans(item); err != nil {
		return err
	}
	if !p.Cycle.IsZero() || !cycle.Start.IsZero() {
		if err := validateInstant(item, "start", cycle.Start); err != nil {
			return err
		}
	}
	switch {
	case cycle.Number < 0:
		return &GrantError{Item: item, Field: "number", Reason: "is negative"}
	case cycle.End.IsZero() && p.untilRefill().AsksForPeriod():
		return &GrantError{Item: item, Field: "end", Reason: fmt.Sprintf("is missing: the credits are valid %q", p.untilRefill())}
	case !cycle.End.IsZero() && !cycle.End.After(cycle.Start):
		return &GrantError{Item: item, Field: "end", Reason: "is not after the start"}
	}
	return nil
}

// paid returns the share of the price that a cycle carries.
func (p Plan) paid(number int) credits.Money {
	parts := int64(p.parts())
	return p.Price.share(int64(number)%parts, parts)
}

// maxParts bounds the cycles that are paid for at once: more than two years of
// daily credits.
const maxParts = 1000

// parts returns how many cycles are paid for at once, of sound spans.
func (p Plan) parts() int {
	if p.Billed.IsZero() {
		return 1
	}
	return p.Billed.Parts(p.Cycle)
}

// billedFault says why Billed is not a number of cycles; empty: it is.
func (p Plan) billedFault() string {
	switch {
	case p.Billed.IsZero():
		return ""
	case p.Cycle.IsZero():
		return "is given for a plan without a cycle"
	}
	if parts := p.Billed.Parts(p.Cycle); parts < 1 || parts > maxParts {
		return fmt.Sprintf("is %q, which is not a whole number of cycles of %q, from 1 to %d, wherever it begins", p.Billed, p.Cycle, maxParts)
	}
	return ""
}

// checkSpans refuses a plan made in Go whose cycles cannot be counted.
func (p Plan) checkSpans(item string) error {
	if p.Cycle.IsZero() && p.Billed.IsZero() {
		return nil
	}
	if err := p.Cycle.Validate(); err != nil && !p.Cycle.IsZero() {
		return &GrantError{Item: item, Field: "cycle", Reason: "cannot be counted: " + err.Error()}
	}
	if reason := p.billedFault(); reason != "" {
		return &GrantError{Item: item, Field: "billed", Reason: reason}
	}
	return nil
}

// anchors begin months of 28, 29, 30 and 31 days, in years of 365 and 366.
var anchors = []time.Time{
	time.Date(2023, time.January, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2023, time.February, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2023, time.April, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2024, time.February, 1, 0, 0, 0, 0, time.UTC),
}

func (p Plan) clone() Plan {
	p.Features = slices.Clone(p.Features)
	return p
}

func (p Plan) validate(path string, features map[string]bool) error {
	if err := validateLabel(path, p.ID, p.Name, p.Note); err != nil {
		return err
	}
	if err := validateCredits(path+".credits", p.Credits); err != nil {
		return err
	}
	if err := p.validateBilled(path + ".billed"); err != nil {
		return err
	}
	if err := p.validateRhythm(path); err != nil {
		return err
	}
	return p.Conditions.validate(path, features, !p.Cycle.IsZero())
}

func (p Plan) validateBilled(path string) error {
	if reason := p.billedFault(); reason != "" {
		return &RuleError{Path: path, Reason: reason}
	}
	if !p.Billed.IsZero() && p.Price.IsZero() {
		return &RuleError{Path: path, Reason: "is given for a plan without a price"}
	}
	return nil
}
