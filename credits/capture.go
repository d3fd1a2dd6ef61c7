package credits

import (
	"fmt"
	"slices"
)

// Capture pays for a use from a hold and closes it; what is left goes back. More
// than is held draws the excess from what is available, unless the account is
// frozen, or fails whole and leaves the hold open.
type Capture struct {
	ID      string // required
	Account string // required
	Hold    string // required
	Amount  Amount // what the use cost, zero or more
	More    bool   // keeps the hold open, for further captures

	Quantity string // how much was used, in words
	Price    Price  // why it costs Amount; zero: as the hold says

	Meta map[string]string // notes for the entry

	derived bool // the ID is the library's own
}

func (c *Capture) prepare() error {
	if err := checkKey("hold", c.Hold); err != nil {
		return err
	}
	id := c.ID
	if c.derived {
		id = c.Hold
	}
	spend := Spend{ID: id, Account: c.Account, Amount: c.Amount, Quantity: c.Quantity, Price: c.Price, Meta: c.Meta}
	if err := spend.prepare(); err != nil {
		return err
	}
	c.Meta = spend.Meta
	return nil
}

func (c *Capture) target() (account, id string) { return c.Account, c.ID }

func (c *Capture) digest(buffer []byte) Digest {
	f := fingerprintOf(KindCapture, buffer)
	f.text(c.Hold)
	f.amount(c.Amount)
	f.flag(c.More)
	f.text(c.Quantity)
	f.text(c.Price.Card)
	f.text(c.Price.Version)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Capture) intent() string {
	return fmt.Sprintf("%s %v of %s", KindCapture, c.Amount, c.Hold)
}

// decide spends from the hold, then from what is available, and gives the rest
// back.
func (c *Capture) decide(d *draft, e *Entry) error {
	hold, err := d.hold(c.Hold)
	if err != nil {
		return err
	}
	captured, err := hold.Captured.Add(c.Amount)
	if err != nil {
		return err
	}
	postings := hold.take(c.Amount)
	excess := c.Amount.plus(heldIn(postings))
	if excess.Sign() > 0 {
		if err := d.checkThawed(); err != nil {
			return err
		}
	}
	drawn, err := d.draw(hold.Feature, excess, true)
	if err != nil {
		return err
	}
	if !c.More {
		postings = merge(append(postings, hold.giveBack()...))
	}
	d.unpin(postings)
	postings = merge(append(postings, drawn...))
	hold.Captured = captured
	d.putHold(hold)
	price := c.Price
	if price.IsZero() {
		price = hold.Price
	}
	*e = Entry{
		Kind: KindCapture, Of: hold.ID, Amount: c.Amount.Neg(), Postings: postings, Hold: ref(hold.Clone()),
		Feature: hold.Feature, Quantity: c.Quantity, Price: price, Meta: c.Meta,
	}
	return nil
}

// take takes up to an amount out of the hold.
func (h *Hold) take(amount Amount) []Posting {
	var postings []Posting
	for len(h.Parts) > 0 && amount.Sign() > 0 {
		part := &h.Parts[0]
		take := least(part.Amount, amount)
		amount, part.Amount = amount.minus(take), part.Amount.minus(take)
		postings = append(postings, Posting{Lot: part.Lot, Held: take.Neg()})
		if part.Amount.IsZero() {
			h.Parts = h.Parts[1:]
		}
	}
	return postings
}

// giveBack empties and settles the hold.
func (h *Hold) giveBack() []Posting {
	var postings []Posting
	for _, part := range h.Parts {
		postings = append(postings, Posting{Lot: part.Lot, Available: part.Amount, Held: part.Amount.Neg()})
	}
	h.Parts, h.Settled = nil, true
	return postings
}

// heldIn returns the change of held credits that postings make.
func heldIn(postings []Posting) Amount {
	var sum Amount
	for _, posting := range postings {
		sum = sum.plus(posting.Held)
	}
	return sum
}

// merge makes one posting of those of the same lot.
func merge(postings []Posting) []Posting {
	merged := postings[:0]
	places := make(map[string]int) // without a size, a small one stays on the stack
	for _, posting := range postings {
		if i, found := places[posting.Lot]; found {
			merged[i].Available = merged[i].Available.plus(posting.Available)
			merged[i].Held = merged[i].Held.plus(posting.Held)
			continue
		}
		places[posting.Lot] = len(merged)
		merged = append(merged, posting)
	}
	return merged
}

// unpin makes a hold's postings to lots, each of another lot: what is used up was
// spent, what comes back to a lot after its end is about to end.
func (d *draft) unpin(postings []Posting) {
	postings = slices.DeleteFunc(slices.Clone(postings), func(p Posting) bool { return p.Lot == "" })
	lots := d.lots(postings)
	for i, posting := range postings {
		lot := &lots[i]
		lot.Held = lot.Held.plus(posting.Held)
		lot.Available = lot.Available.plus(posting.Available)
		lot.Spent = lot.Spent.minus(posting.Held).minus(posting.Available)
		if posting.Available.Sign() > 0 && lot.endedAt(d.now) {
			d.late = append(d.late, lot.ID)
		}
	}
	d.putAll(lots)
}
