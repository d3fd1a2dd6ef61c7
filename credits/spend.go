package credits

import (
	"time"
)

// Spend pays for a use, whole or not at all. A pricing.Quote makes one.
type Spend struct {
	ID      string // required; the same for every retry of the same use
	Account string // required
	Feature string // what is used; empty: only lots for all features pay
	Amount  Amount // zero or more; a use that costs nothing is recorded too

	// Partial takes what there is where that is less than Amount; the receipt's
	// Short says how much was lacking. Otherwise a spend is whole or refused.
	Partial bool

	Quantity string // how much was used, in words, for the history: "3m20s"
	Price    Price  // why it costs Amount, for the history

	Meta map[string]string // notes for the entry
}

func (c *Spend) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkNotNegative(c.Amount); err != nil {
		return err
	}
	if err := checkText("feature", c.Feature, MaxNameLen); err != nil {
		return err
	}
	if err := checkText("quantity", c.Quantity, MaxTextLen); err != nil {
		return err
	}
	if err := c.Price.check(); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (p *Price) check() error {
	if err := checkText("price card", p.Card, MaxNameLen); err != nil {
		return err
	}
	if err := checkText("price version", p.Version, MaxNameLen); err != nil {
		return err
	}
	return checkText("price explanation", p.Explanation, MaxTextLen)
}

func (c *Spend) target() (account, id string) { return c.Account, c.ID }

// digest leaves the explanation out: it is worded by the library, and a retry
// after an upgrade may word it anew.
func (c *Spend) digest(buffer []byte) Digest {
	f := fingerprintOf(KindSpend, buffer)
	f.amount(c.Amount)
	f.flag(c.Partial)
	f.text(c.Feature)
	f.text(c.Quantity)
	f.text(c.Price.Card)
	f.text(c.Price.Version)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Spend) intent() string {
	e := Entry{Kind: KindSpend, Amount: c.Amount, Feature: c.Feature, Quantity: c.Quantity}
	return e.summary()
}

// decide draws the amount down from the lots.
func (c *Spend) decide(d *draft, e *Entry) error {
	if err := d.checkThawed(); err != nil {
		return err
	}
	amount := c.Amount
	if c.Partial && amount.Sign() > 0 {
		amount = least(amount, d.spendable(c.Feature))
		if amount.Sign() <= 0 {
			return d.afford(c.Feature, c.Amount)
		}
	}
	postings, err := d.draw(c.Feature, amount, true)
	if err != nil {
		return err
	}
	e.Kind, e.Amount, e.Postings, e.Short = KindSpend, amount.Neg(), postings, c.Amount.minus(amount)
	e.Feature, e.Quantity, e.Price, e.Meta = c.Feature, c.Quantity, c.Price, c.Meta
	return nil
}

// nextStart returns when the next lot that feature may use starts; zero: none.
func (d *draft) nextStart(feature string) time.Time {
	var next time.Time
	for i := range d.state.Lots {
		if lot := &d.state.Lots[i]; lot.Start.After(d.now) && lot.UsableAt(lot.Start) && lot.Covers(feature) && d.awake(lot) {
			next = sooner(next, lot.Start)
		}
	}
	return next
}
