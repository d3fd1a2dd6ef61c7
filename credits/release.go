package credits

import (
	"fmt"
)

// Release gives everything in a hold back and closes it. What belongs to a lot
// that has ended in the meantime ends at once.
type Release struct {
	ID      string // required
	Account string // required
	Hold    string // required

	Meta map[string]string // notes for the entry

	derived bool // the ID is the library's own
}

func (c *Release) prepare() error {
	id := c.ID
	if c.derived {
		id = c.Hold
	}
	if err := checkTarget(id, c.Account); err != nil {
		return err
	}
	if err := checkKey("hold", c.Hold); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Release) target() (account, id string) { return c.Account, c.ID }

func (c *Release) digest(buffer []byte) Digest {
	f := fingerprintOf(KindRelease, buffer)
	f.text(c.Hold)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Release) intent() string { return fmt.Sprintf("%s of %s", KindRelease, c.Hold) }

// decide empties the hold.
func (c *Release) decide(d *draft, e *Entry) error {
	hold, err := d.hold(c.Hold)
	if err != nil {
		return err
	}
	postings := hold.giveBack()
	d.unpin(postings)
	d.putHold(hold)
	*e = Entry{Kind: KindRelease, Of: hold.ID, Postings: postings, Hold: ref(hold.Clone()), Feature: hold.Feature, Meta: c.Meta}
	return nil
}
