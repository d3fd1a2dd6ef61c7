package credits

import (
	"fmt"

	"github.com/scriphq/scrip/expiry"
)

// Revoke takes back what is left of a lot, after a chargeback or a dispute. What
// holds have of it stays with them, and ends when it comes back. The entry's Money
// is what was paid for the part that was left; nothing for a lot that is
// NonRefundable.
type Revoke struct {
	ID      string // required
	Account string // required
	Lot     string // required: the ID of the lot

	// Debt also takes back what was spent of the lot: the account owes it, also
	// beyond its overdraft, and the next grant repays it first.
	Debt bool

	Meta map[string]string // notes for the entry
}

func (c *Revoke) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkLotID(c.Lot); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

// checkLotID takes the library's own IDs too: a lot that rolled over has one.
func checkLotID(id string) error {
	if id == "" {
		return &InvalidError{Field: "lot", Reason: "is missing"}
	}
	return checkText("lot", id, MaxIDLen+64)
}

func (c *Revoke) target() (account, id string) { return c.Account, c.ID }
func (c *Revoke) about() string                { return c.Lot }

func (c *Revoke) digest(buffer []byte) Digest {
	f := fingerprintOf(KindRevoke, buffer)
	f.text(c.Lot)
	f.flag(c.Debt)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Revoke) intent() string { return fmt.Sprintf("%s of %s", KindRevoke, c.Lot) }

// decide ends the lot now.
func (c *Revoke) decide(d *draft, e *Entry) error {
	for _, entry := range d.prior {
		if entry.Kind == KindRevoke && entry.Of == c.Lot {
			return &ClosedError{Account: c.Account, What: "lot", ID: c.Lot, Last: entry.Clone()}
		}
	}
	lot, _, err := d.lotWas(c.Lot)
	if err != nil {
		return err
	}
	*e = Entry{Kind: KindRevoke, Of: lot.ID, Source: lot.Source, Meta: c.Meta}
	if left := lot.Available; left.Sign() > 0 {
		e.post(Posting{Lot: lot.ID, Available: left.Neg()})
		if !lot.NonRefundable {
			e.Money = lot.basis(left.plus(lot.Held), left)
		}
	}
	if c.Debt && lot.Spent.Sign() > 0 {
		e.post(Posting{Available: lot.Spent.Neg()})
	}
	if e.Amount.IsZero() && lot.Closed() {
		return &ClosedError{Account: c.Account, What: "lot", ID: c.Lot, Last: d.lastOf(c.Lot)}
	}
	if _, err := d.total.Add(e.Amount); err != nil {
		return err
	}
	if _, err := d.change.Debt.Add(lot.Spent); c.Debt && err != nil {
		return err
	}
	wasOpen := !lot.Closed()
	lot.Available = Amount{}
	if !lot.endedAt(d.now) {
		lot.End, lot.Validity = d.now, expiry.Until(d.now)
		d.recount = true
	}
	e.Lots = []Lot{lot}
	if wasOpen {
		d.put(&lot)
	}
	return nil
}

// post adds a posting of available credits.
func (e *Entry) post(p Posting) {
	e.Postings = append(e.Postings, p)
	e.Amount = e.Amount.plus(p.Available)
}

// lastOf returns the last entry about a lot.
func (d *draft) lastOf(lot string) Entry {
	var last Entry
	for entry := range d.told {
		if entry.ID == lot || entry.Of == lot {
			last = entry.Clone()
		}
	}
	return last
}
