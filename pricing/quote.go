package pricing

import (
	"maps"
	"slices"
	"strings"

	"github.com/scriphq/scrip/credits"
)

// Quote is what a use costs, and why. It is a value to keep: it shares nothing
// with the card it came from, and no later change of a price changes it. Its maps
// belong to whoever holds it. The zero value is no quote.
type Quote struct {
	Card    string // the card's name; empty if a [Rule] was priced on its own
	Version string // and version
	Use     Use    // what was priced

	// Rounding made Amount of the sum of the lines.
	Rounding Rounding

	// Amount is the price: zero or more, and zero only if the rule says so.
	Amount credits.Amount

	// Most prices have one line, which needs no memory of its own.
	line Line
	more []Line
}

// Lines returns the items that add up, exactly, to the price before rounding: at
// least one, but for the zero Quote. The caller owns the slice.
func (q Quote) Lines() []Line {
	if q.isZero() {
		return nil
	}
	return append([]Line{q.line}, q.more...)
}

func (q *Quote) isZero() bool { return !q.line.Amount.IsGiven() }

// exact is the price before rounding.
func (q *Quote) exact() Ratio { return q.line.Amount.plus(total(q.more)) }

// Line is one item of a quote: Blocks x Rate x Factor = Amount, all exact.
//
// A line that raises the price to a minimum has Of "minimum", the minimum as
// Rate, and neither quantities nor Blocks.
type Line struct {
	Meter   string   // which of several quantities; empty: the only one
	Of      string   // what is charged: "surcharge", an attribute, a tier; empty: the price itself
	Given   Quantity // how much was used; in a tier, how much of it falls there
	Counted Quantity // how much of it counts, after [Rule.Most], [Rule.Step] and [Rule.Free]
	Per     Quantity // the size of a block
	Blocks  Ratio    // how many blocks are charged; whole unless [ProRata]
	Rate    Ratio    // credits for a block
	Factor  Ratio    // the product of all factors; 1 if there are none
	Amount  Ratio    // credits
}

// Quote prices a use of the feature that r is the rule of; use.Feature only names
// it in errors. [RateCard.Quote] is the usual way to come here.
//
// The errors are [ErrAttribute], [ErrQuantity] and [ErrMost] for a use that r
// does not fit, [ErrRule] for an r that [Rule.Validate] would refuse, and
// [credits.ErrOverflow] for a price beyond [credits.MaxCredits].
func (r *Rule) Quote(use Use) (q Quote, err error) {
	err = r.quote(&q, use, false)
	return q, err
}

// QuoteMax prices the most that a use can cost whose quantity is not known yet,
// for a hold: at most use.Quantity, or the quantities in use.Meters, and never
// more than [Rule.Most]. Where the rule has a most, no quantity need be given.
// No use within these bounds costs more. Errors are those of [Rule.Quote], except
// that nothing is [ErrMost].
func (r *Rule) QuoteMax(use Use) (q Quote, err error) {
	err = r.quote(&q, use, true)
	return q, err
}

// quote fills q, or leaves it zero and returns why.
func (r *Rule) quote(q *Quote, use Use, most bool) error {
	p := pricer{use: use, most: most}
	if err := p.checkUse(r); err != nil {
		return err
	}
	if err := p.first(r, &q.line); err != nil {
		return err
	}
	amount, err := r.Round.round(q.line.Amount.plus(total(p.lines)))
	if err != nil {
		q.line = Line{}
		return err
	}
	q.Use, q.more = use, p.lines
	q.Use.Meters, q.Use.Attributes = maps.Clone(use.Meters), maps.Clone(use.Attributes)
	q.Rounding, q.Amount = r.Round.orDefault(), amount
	return nil
}

// first prices r into line and, where that is not all, p's lines. The one line of
// a plain price never comes to the heap.
func (p *pricer) first(r *Rule, line *Line) error {
	if r.isPlain() {
		q, err := p.count(r, p.use.Quantity, &at{depth: 1})
		if err == nil {
			p.block(line, r, r.Credits, p.given, q, "")
		}
		return err
	}
	if err := p.price(r, p.use.Quantity, at{depth: 1}); err != nil {
		return err
	}
	*line, p.lines = p.lines[0], p.lines[1:]
	return nil
}

// isPlain reports whether a price of r is a single block line.
func (r *Rule) isPlain() bool {
	return r.Credits.IsGiven() && r.By == "" && r.Meters == nil && r.Tiers == nil &&
		len(r.Factors) == 0 && len(r.Plus) == 0 && !r.Least.IsGiven()
}

// checkUse refuses an attribute that r could not take into account: the first of
// them by name.
func (p *pricer) checkUse(r *Rule) error {
	unknown, found := "", false
	for name := range p.use.Attributes {
		if !r.dependsOn(name, MaxDepth) && (!found || name < unknown) {
			unknown, found = name, true
		}
	}
	if !found {
		return nil
	}
	return &AttributeError{
		Feature: p.use.Feature, Attribute: unknown, Value: p.use.Attributes[unknown],
		Reason: "means nothing to the price", Allowed: slices.Sorted(maps.Keys(r.attributes())),
	}
}

// Spend returns the command that pays for the use from account: with the feature,
// the quantity, and the price with card, version and explanation, as they were
// when q was made. id is the operation's ID, see [credits.Spend]. The command of
// the zero Quote has no ID: the ledger refuses it.
func (q Quote) Spend(id, account string) credits.Spend {
	if q.isZero() {
		return credits.Spend{}
	}
	return credits.Spend{
		ID: id, Account: account,
		Feature:  q.Use.Feature,
		Amount:   q.Amount,
		Quantity: q.quantity(),
		Price:    credits.Price{Card: q.Card, Version: q.Version, Explanation: q.fitting()},
	}
}

// quantity writes down how much was used: "3m20s", or "input tokens 1000, output
// tokens 50" of several meters.
func (q Quote) quantity() string {
	if len(q.Use.Meters) == 0 {
		return q.line.Given.String()
	}
	parts := make([]string, 0, len(q.Use.Meters))
	for _, name := range slices.Sorted(maps.Keys(q.Use.Meters)) {
		parts = append(parts, name+": "+q.Use.Meters[name].String())
	}
	return strings.Join(parts, ", ")
}
