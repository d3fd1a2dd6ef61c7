package credits

import (
	"fmt"
	"time"
)

// Reserve sets credits aside for a use whose cost is not known yet, until it is
// captured or released, or its deadline passes. What is held can be spent by its
// captures alone, also after the end of the lot it is in.
type Reserve struct {
	ID      string // required; also the hold's ID
	Account string // required
	Feature string // what is to be used; empty: only lots for all features
	Amount  Amount // the most it may cost, zero or more

	// Deadline is required: after now, by at most MaxHold. It is not part of the
	// command's fingerprint, so that a retry may compute it anew: the first counts.
	Deadline time.Time

	Quantity string // the most that may be used, in words
	Price    Price  // as quoted

	Meta map[string]string // notes for the entry
}

func (c *Reserve) prepare() error {
	if c.Deadline.IsZero() {
		return &InvalidError{Field: "deadline", Reason: "is missing: say when what is held goes back by itself"}
	}
	if err := cutInstant("deadline", &c.Deadline); err != nil {
		return err
	}
	spend := Spend{ID: c.ID, Account: c.Account, Feature: c.Feature, Amount: c.Amount, Quantity: c.Quantity, Price: c.Price, Meta: c.Meta}
	if err := spend.prepare(); err != nil {
		return err
	}
	c.Meta = spend.Meta
	return nil
}

func (c *Reserve) target() (account, id string) { return c.Account, c.ID }

func (c *Reserve) digest(buffer []byte) Digest {
	f := fingerprintOf(KindReserve, buffer)
	f.amount(c.Amount)
	f.text(c.Feature)
	f.text(c.Quantity)
	f.text(c.Price.Card)
	f.text(c.Price.Version)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Reserve) intent() string {
	e := Entry{Kind: KindReserve, Amount: c.Amount, Feature: c.Feature, Quantity: c.Quantity}
	return e.summary()
}

// decide draws the amount into a new hold.
func (c *Reserve) decide(d *draft, e *Entry) error {
	if err := d.checkThawed(); err != nil {
		return err
	}
	if err := d.checkDeadline(c.Deadline); err != nil {
		return err
	}
	if len(d.state.Holds) >= MaxHolds {
		return &LimitError{Account: c.Account, What: "open holds", Limit: MaxHolds}
	}
	postings, err := d.draw(c.Feature, c.Amount, false)
	if err != nil {
		return err
	}
	hold := Hold{ID: c.ID, Feature: c.Feature, Deadline: c.Deadline, Quantity: c.Quantity, Price: c.Price}
	hold.add(postings)
	d.putHold(hold)
	*e = Entry{
		Kind: KindReserve, Postings: postings, Hold: ref(hold.Clone()),
		Feature: c.Feature, Quantity: c.Quantity, Price: c.Price, Meta: c.Meta,
	}
	return nil
}

// add takes drawn credits into the hold, and makes postings of taking them out of
// lots postings of holding them there.
func (h *Hold) add(postings []Posting) {
	places := make(map[string]int) // without a size, a small one stays on the stack
	for i, part := range h.Parts {
		places[part.Lot] = i
	}
	for i := range postings {
		held := postings[i].Available.Neg()
		postings[i].Held = held
		h.Reserved = h.Reserved.plus(held)
		if at, known := places[postings[i].Lot]; known {
			h.Parts[at].Amount = h.Parts[at].Amount.plus(held)
			continue
		}
		h.Parts = append(h.Parts, Part{Lot: postings[i].Lot, Amount: held})
	}
}

func (d *draft) checkDeadline(deadline time.Time) error {
	switch {
	case !deadline.After(d.now):
		return &InvalidError{Field: "deadline", Reason: fmt.Sprintf("is %s, not after now, %s", deadline.Format(time.RFC3339Nano), d.now.Format(time.RFC3339Nano))}
	case deadline.Sub(d.now) > MaxHold:
		return &InvalidError{Field: "deadline", Reason: fmt.Sprintf("is %s, more than %s after now, %s", deadline.Format(time.RFC3339Nano), MaxHold, d.now.Format(time.RFC3339Nano))}
	}
	return nil
}

func (d *draft) checkThawed() error {
	if d.change.Settings.Frozen {
		return &FrozenError{Account: d.state.Account}
	}
	return nil
}
