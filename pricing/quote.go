package pricing

import (
	"maps"

	"github.com/scriphq/scrip/credits"
)

// Quote is what a use costs, and why. It is a value to keep: it shares nothing
// with the card it came from, and no later change of a price changes it. Its maps
// belong to whoever holds it. The zero value is no quote.
type Quote struct {
	Card    string // the card's name; empty if a [Rule] was priced on its own
	Version string // and version
	Use     Use    // what was priced; by QuoteMax, with the quantities it assumed

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
// more than [Rule.Most]. Where the rule has a most, or the rule in its Prices that
// the attributes choose, no quantity need be given: the quote's Use has it then.
// Only a free part before the choice, or a surcharge beside a most that clamps, asks
// for one all the same. No use within these bounds costs more, so that
// [Quote.Reserve] of this quote is enough for the [Quote.Capture] of the quote of
// what was used; attributes must be those of the use. Errors are those of
// [Rule.Quote], except that nothing is [ErrMost].
func (r *Rule) QuoteMax(use Use) (q Quote, err error) {
	err = r.quote(&q, use, true)
	return q, err
}

// quote fills q, or leaves it zero and returns why.
func (r *Rule) quote(q *Quote, use Use, most bool) error {
	p := pricer{use: use, most: most}
	amount, err := p.run(r, &q.line)
	if err != nil {
		q.line = Line{}
		return err
	}
	q.Use, q.more = p.use, p.lines
	q.Use.Meters, q.Use.Attributes = maps.Clone(p.use.Meters), maps.Clone(p.use.Attributes)
	q.Rounding, q.Amount = r.Round.orDefault(), amount
	return nil
}

// run prices r into line and p's lines, and rounds their sum.
func (p *pricer) run(r *Rule, line *Line) (credits.Amount, error) {
	if err := p.checkUse(r); err != nil {
		return credits.Amount{}, err
	}
	if err := p.first(r, line); err != nil {
		return credits.Amount{}, err
	}
	return r.Round.round(line.Amount.plus(total(p.lines)))
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

// checkUse refuses an attribute that the price does not depend on: the first of
// them by name.
func (p *pricer) checkUse(r *Rule) error {
	if len(p.use.Attributes) == 0 {
		return nil
	}
	known := make(map[string]bool)
	r.attributes(known, p.use.Attributes, MaxDepth)
	unknown, found := "", false
	for name := range p.use.Attributes {
		if !known[name] && (!found || name < unknown) {
			unknown, found = name, true
		}
	}
	if !found {
		return nil
	}
	return &AttributeError{
		Feature: p.use.Feature, Attribute: unknown, Value: p.use.Attributes[unknown],
		Reason: "means nothing to the price", Allowed: keys(known),
	}
}
