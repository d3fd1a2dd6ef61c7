package credits

import (
	"fmt"
	"time"
)

// Extend gives an open hold more time, more credits, or both.
type Extend struct {
	ID      string // required
	Account string // required
	Hold    string // required

	// Deadline is the new deadline, after now by at most MaxHold; zero: as it is.
	// Unlike that of Reserve it is what the command is about: another one needs
	// another ID.
	Deadline time.Time
	Amount   Amount // to set aside in addition, zero or more

	Meta map[string]string // notes for the entry
}

func (c *Extend) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkKey("hold", c.Hold); err != nil {
		return err
	}
	if err := checkNotNegative(c.Amount); err != nil {
		return err
	}
	if c.Deadline.IsZero() && c.Amount.IsZero() {
		return &InvalidError{Field: "deadline", Reason: "is missing, and so is an amount: give either"}
	}
	if err := cutInstant("deadline", &c.Deadline); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Extend) target() (account, id string) { return c.Account, c.ID }

func (c *Extend) digest(buffer []byte) Digest {
	f := fingerprintOf(KindExtend, buffer)
	f.text(c.Hold)
	f.instant(c.Deadline)
	f.amount(c.Amount)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Extend) intent() string {
	return fmt.Sprintf("%s of %s by %v", KindExtend, c.Hold, c.Amount)
}

// decide changes the hold.
func (c *Extend) decide(d *draft, e *Entry) error {
	if err := d.checkThawed(); err != nil {
		return err
	}
	hold, err := d.hold(c.Hold)
	if err != nil {
		return err
	}
	if !c.Deadline.IsZero() {
		if err := d.checkDeadline(c.Deadline); err != nil {
			return err
		}
		hold.Deadline = c.Deadline
	}
	if _, err := hold.Reserved.Add(c.Amount); err != nil {
		return err
	}
	postings, err := d.draw(hold.Feature, c.Amount, false)
	if err != nil {
		return err
	}
	hold.add(postings)
	d.putHold(hold)
	*e = Entry{Kind: KindExtend, Of: hold.ID, Postings: postings, Hold: ref(hold.Clone()), Feature: hold.Feature, Meta: c.Meta}
	return nil
}
