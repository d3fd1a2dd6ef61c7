package credits

import (
	"fmt"
	"slices"

	"github.com/scriphq/scrip/expiry"
)

// Refund gives back what a spend or a capture took, to the lots it drew on, the
// last drawn first. All refunds of an entry together never exceed it. What belongs
// to a lot that has ended ends at once, unless Reissue says otherwise.
type Refund struct {
	ID      string // required
	Account string // required
	Of      string // required: the ID of the spend or capture

	Amount Amount // how much; required unless All
	All    bool   // everything that was not refunded yet; excludes Amount

	// Reissue gives what belongs to ended lots a new lot, of the refund's ID,
	// with this validity from now, for the features they were for; where those
	// differ, for the feature that was used. Zero: it ends at once.
	Reissue expiry.Policy

	Meta map[string]string // notes for the entry
}

func (c *Refund) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkKey("of", c.Of); err != nil {
		return err
	}
	switch {
	case c.All && !c.Amount.IsZero():
		return &InvalidError{Field: "amount", Reason: "is given together with All, which refunds everything"}
	case !c.All:
		if err := checkPositive(c.Amount); err != nil {
			return err
		}
	}
	if err := c.Reissue.Validate(); err != nil && !c.Reissue.IsZero() {
		return &InvalidError{Field: "reissue", Reason: err.Error(), Err: err}
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Refund) target() (account, id string) { return c.Account, c.ID }
func (c *Refund) about() string                { return c.Of }

func (c *Refund) digest(buffer []byte) Digest {
	f := fingerprintOf(KindRefund, buffer)
	f.text(c.Of)
	f.amount(c.Amount)
	f.flag(c.All)
	f.text(c.Reissue.String())
	f.meta(c.Meta)
	return f.sum()
}

func (c *Refund) intent() string {
	if c.All {
		return fmt.Sprintf("%s all of %s", KindRefund, c.Of)
	}
	return fmt.Sprintf("%s %v of %s", KindRefund, c.Amount, c.Of)
}

// decide gives the amount back lot by lot.
func (c *Refund) decide(d *draft, e *Entry) error {
	spent, left, err := c.refundable(d)
	if err != nil {
		return err
	}
	amount := c.Amount
	if c.All {
		amount = sum(left)
	}
	if total := sum(left); amount.IsZero() || total.Less(amount) {
		return &InvalidError{Field: "amount", Reason: fmt.Sprintf("is %v, but of the %v of %q only %v are left to refund", c.Amount, spent.Amount.Neg(), c.Of, total)}
	}
	if err := d.needClosed(left); err != nil {
		return err
	}
	r := refunding{draft: d, spent: spent, reissue: !c.Reissue.IsZero()}
	for _, part := range slices.Backward(left) {
		take := least(part.Amount, amount)
		amount = amount.minus(take)
		if err := r.giveBack(part.Lot, take); err != nil {
			return err
		}
	}
	*e = Entry{Kind: KindRefund, Of: c.Of, Feature: spent.Feature, Lots: r.reopened, Meta: c.Meta}
	if err := c.reissue(&r, e); err != nil {
		return err
	}
	e.Postings = merge(r.postings)
	for _, posting := range e.Postings {
		e.Amount = e.Amount.plus(posting.Available)
	}
	return nil
}

// refundable returns the entry to refund and, of each lot that it drew on, in the
// order it drew, what was not refunded yet.
func (c *Refund) refundable(d *draft) (spent Entry, left []Part, err error) {
	for _, entry := range d.prior {
		if entry.ID == c.Of && (entry.Kind == KindSpend || entry.Kind == KindCapture) {
			spent = entry
		}
	}
	if spent.ID == "" {
		return spent, nil, &NotFoundError{Account: c.Account, What: "spend or capture", ID: c.Of, Hint: "give the ID of what was paid"}
	}
	for _, posting := range spent.Postings {
		used := posting.Available.plus(posting.Held).Neg()
		left = append(left, Part{Lot: posting.Lot, Amount: used})
	}
	for _, entry := range d.prior {
		if entry.Kind == KindRefund && entry.Of == c.Of {
			deduct(left, entry.Amount)
		}
	}
	return spent, left, nil
}

// deduct takes an amount that was refunded off the parts, the last first.
func deduct(parts []Part, amount Amount) {
	for i := range slices.Backward(parts) {
		take := least(parts[i].Amount, amount)
		parts[i].Amount, amount = parts[i].Amount.minus(take), amount.minus(take)
	}
}

func sum(parts []Part) Amount {
	var total Amount
	for _, part := range parts {
		total = total.plus(part.Amount)
	}
	return total
}

// needClosed asks for the entries of all lots that are no longer open.
func (d *draft) needClosed(parts []Part) error {
	var closed []string
	for _, part := range parts {
		if lot, open := d.lot(part.Lot); part.Lot != "" && (!open || lot.endedAt(d.now)) {
			closed = append(closed, part.Lot)
		}
	}
	return d.need(closed...)
}

// refunding is a refund on its way back into lots.
type refunding struct {
	*draft
	spent    Entry // what is refunded
	reissue  bool
	postings []Posting
	repaid   Amount   // of the debt
	rest     Amount   // of ended lots, for a new lot
	features []string // what rest may pay for
	reopened []Lot    // that were closed
}

// giveBack gives an amount back to where it came from.
func (r *refunding) giveBack(id string, amount Amount) error {
	if amount.IsZero() {
		return nil
	}
	if id == "" {
		r.keep(r.repay(amount), nil)
		return nil
	}
	lot, owedSince, err := r.lotWas(id)
	if err != nil {
		return err
	}
	if r.spent.Seq < owedSince { // the spend is part of that debt
		r.keep(r.repay(amount), lot.Features)
		return nil
	}
	if lot.endedAt(r.now) && r.reissue {
		r.keep(amount, lot.Features)
		return nil
	}
	if lot.endedAt(r.now) {
		r.late = append(r.late, lot.ID)
	}
	reopened := lot.Closed()
	lot.Available, lot.Spent = lot.Available.plus(amount), lot.Spent.minus(amount)
	r.put(&lot)
	if reopened {
		r.reopened = append(r.reopened, lot)
	}
	r.post(Posting{Lot: id, Available: amount})
	return nil
}

// keep puts an amount aside for the new lot. Its features are those of the lots that
// the amounts were taken from; where these differ, the feature that was used alone,
// or all where there was none, which only lots for all could have paid.
func (r *refunding) keep(amount Amount, features []string) {
	switch {
	case amount.IsZero():
	case r.rest.IsZero():
		r.features = features
	case slices.Equal(r.features, features):
	case r.spent.Feature == "":
		r.features = nil
	default:
		r.features = []string{r.spent.Feature}
	}
	r.rest = r.rest.plus(amount)
}

// repay lowers the debt by up to an amount, and returns what is left of it.
func (r *refunding) repay(amount Amount) Amount {
	repaid := least(amount, r.change.Debt.minus(r.repaid))
	r.repaid = r.repaid.plus(repaid)
	r.post(Posting{Available: repaid})
	return amount.minus(repaid)
}

func (r *refunding) post(p Posting) {
	if !p.Available.IsZero() {
		r.postings = append(r.postings, p)
	}
}

// reissue opens the lot for what has none to go back to.
func (c *Refund) reissue(r *refunding, entry *Entry) error {
	if r.rest.IsZero() {
		return nil
	}
	if !r.reissue {
		return &InvalidError{Field: "reissue", Reason: "is missing: what paid has become a debt that was repaid since, so say how long the credits given back are valid"}
	}
	window, err := c.Reissue.Window(expiry.Issuance{At: r.now})
	if err != nil {
		return &InvalidError{Field: "reissue", Reason: fmt.Sprintf("gives no window: %v", err), Err: err}
	}
	if len(r.draft.state.Lots) >= MaxLots {
		return &LimitError{Account: c.Account, What: "open lots", Limit: MaxLots}
	}
	lot := Lot{
		ID: c.ID, Source: string(KindRefund), Granted: r.rest, Available: r.rest,
		Start: window.Start, End: window.End, Validity: c.Reissue, Features: r.features, Meta: c.Meta,
	}
	r.put(&lot)
	r.post(Posting{Lot: lot.ID, Available: r.rest})
	entry.Lots = append(entry.Lots, lot)
	return nil
}
