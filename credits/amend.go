package credits

import (
	"fmt"
	"maps"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Amend changes an open lot: when it ends, what it may pay for, or when its turn
// comes. What is left zero stays as it is.
type Amend struct {
	ID      string // required
	Account string // required
	Lot     string // required: the ID of the lot

	Validity    expiry.Policy // counts from the lot's Start; its end must be after now
	Features    []string      // the features it may pay for; excludes AllFeatures
	AllFeatures bool          // it may pay for everything
	Priority    *int          // lower is drawn first

	Meta map[string]string // notes for the entry
}

func (c *Amend) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkLotID(c.Lot); err != nil {
		return err
	}
	switch {
	case c.Validity.IsZero() && len(c.Features) == 0 && !c.AllFeatures && c.Priority == nil:
		return &InvalidError{Field: "amendment", Reason: "changes nothing: give a validity, features or a priority"}
	case len(c.Features) > 0 && c.AllFeatures:
		return &InvalidError{Field: "features", Reason: "are given together with AllFeatures"}
	}
	g := Grant{ID: c.ID, Account: c.Account, Amount: Of(1), Validity: expiry.Permanent(), Features: c.Features, Meta: c.Meta}
	if c.Priority != nil {
		g.Priority = *c.Priority
		c.Priority = ref(g.Priority)
	}
	if err := g.prepare(); err != nil {
		return err
	}
	c.Features, c.Meta = g.Features, maps.Clone(c.Meta)
	return nil
}

func (c *Amend) target() (account, id string) { return c.Account, c.ID }
func (c *Amend) about() string                { return c.Lot }

func (c *Amend) digest(buffer []byte) Digest {
	f := fingerprintOf(KindAmend, buffer)
	f.text(c.Lot)
	f.text(c.Validity.String())
	f.texts(c.Features)
	f.flag(c.AllFeatures)
	f.flag(c.Priority != nil)
	if c.Priority != nil {
		f.number(int64(*c.Priority))
	}
	f.meta(c.Meta)
	return f.sum()
}

func (c *Amend) intent() string { return fmt.Sprintf("%s of %s", KindAmend, c.Lot) }

// decide changes the lot.
func (c *Amend) decide(d *draft, e *Entry) error {
	lot, _, err := d.lotWas(c.Lot)
	if err != nil {
		return err
	}
	if lot.Closed() || lot.endedAt(d.now) {
		return &ClosedError{Account: c.Account, What: "lot", ID: c.Lot, Last: d.lastOf(c.Lot)}
	}
	if err := c.amend(d, &lot); err != nil {
		return err
	}
	d.own() // the order of lots may change
	d.put(&lot)
	d.recount = true
	*e = Entry{Kind: KindAmend, Of: lot.ID, Source: lot.Source, Lots: []Lot{lot}, Meta: c.Meta}
	return nil
}

func (c *Amend) amend(d *draft, lot *Lot) error {
	if c.AllFeatures || len(c.Features) > 0 {
		lot.Features = c.Features
	}
	if c.Priority != nil {
		lot.Priority = *c.Priority
	}
	if c.Validity.IsZero() {
		return nil
	}
	var term Term
	if i, open := findID(d.state.Terms, lot.Term); open {
		term = d.state.Terms[i]
	}
	window, err := c.Validity.Window(lot.issuance(term))
	if err != nil {
		return &InvalidError{Field: "validity", Reason: fmt.Sprintf("gives no window: %v", err), Err: err}
	}
	lot.Validity, lot.End = c.Validity, window.End
	if lot.endedAt(d.now) {
		return &InvalidError{Field: "validity", Reason: fmt.Sprintf("%q ends at %s, which is not after now, %s: use Revoke to take a lot back",
			c.Validity, lot.End.Format(time.RFC3339Nano), d.now.Format(time.RFC3339Nano))}
	}
	return nil
}
