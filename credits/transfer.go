package credits

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/scriphq/scrip/expiry"
)

// Transfer moves credits from one account to another. Lots keep their validity,
// their features and their part of what was paid.
type Transfer struct {
	ID      string // required; the operation's ID in both accounts
	From    string // required
	To      string // required
	Amount  Amount // more than zero
	Feature string // also moves lots for this feature; empty: only lots for all features

	Meta map[string]string // notes for the entries
}

// Transferred is what a transfer did. Each lot that it drew on is an entry in one
// account, and a new lot and an entry in the other, in the same order. The first
// entries have the transfer's ID.
type Transferred struct {
	Out, In  []Entry
	Replayed bool // nothing was left to do
}

// Transfer moves credits in two steps, each atomic: out of one account, then into
// the other. A crash between them leaves the credits on their way; to repeat the
// transfer, at any time, completes it, and never does any of it twice. An
// account's debt cannot be moved, and its overdraft is not drawn on.
//
// Errors that mean that nothing happened: [ErrInvalid]; [ErrInsufficient];
// [ErrFrozen]; [ErrIDReused]. After the first step the second can still fail with
// [ErrOverflow] or [ErrLimit] of the other account, and any step with
// [ErrUnknown]: the error is then a [*TransitError], and the transfer is to be
// repeated once the cause is gone.
func (l *Ledger) Transfer(ctx context.Context, c Transfer) (Transferred, error) {
	if err := c.prepare(); err != nil {
		return Transferred{}, err
	}
	out := transferOut{Transfer: c}
	in := transferIn{Transfer: c}
	if err := l.unused(ctx, &in); err != nil {
		return Transferred{}, c.transit(err, false)
	}
	sent, err := l.run(ctx, &out)
	if err != nil {
		return Transferred{}, c.transit(err, false)
	}
	in.lots = sent.Lots
	received, err := l.run(ctx, &in)
	if err != nil {
		return Transferred{}, c.transit(err, true)
	}
	done := Transferred{Replayed: sent.Replayed && received.Replayed}
	if done.Out, err = l.legs(ctx, sent.Entry, len(sent.Lots)); err != nil {
		return Transferred{}, c.transit(err, true)
	}
	if done.In, err = l.legs(ctx, received.Entry, len(sent.Lots)); err != nil {
		return Transferred{}, c.transit(err, true)
	}
	return done, nil
}

// transit wraps an error after which credits are, or may be, on their way.
func (c *Transfer) transit(err error, left bool) error {
	if !left && !errors.Is(err, ErrUnknown) {
		return err
	}
	return &TransitError{ID: c.ID, From: c.From, To: c.To, Amount: c.Amount, Err: err}
}

// unused refuses an ID that the receiving account has used for something else,
// before anything has moved.
func (l *Ledger) unused(ctx context.Context, in *transferIn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	digest := in.digest(nil)
	var reused error
	err := l.store.Update(ctx, in.To, []string{in.ID}, func(_ State, prior []Entry) (Change, error) {
		reused = nil
		for i := range prior {
			if prior[i].ID == in.ID && prior[i].Digest != digest {
				reused = &IDReusedError{Account: in.To, First: prior[i].Clone(), Second: in.intent()}
			}
		}
		return Change{}, reused
	})
	if err != nil && !errors.Is(err, reused) {
		return &UnknownError{Account: in.To, ID: in.ID, Err: err}
	}
	return err
}

// legs returns the entries of one side of a transfer.
func (l *Ledger) legs(ctx context.Context, first Entry, count int) ([]Entry, error) {
	legs := []Entry{first}
	if count == 1 {
		return legs, nil
	}
	for entry, err := range l.store.Entries(ctx, Query{Account: first.Account, After: first.Seq, Limit: count - 1}) {
		if err != nil {
			return nil, &UnknownError{Account: first.Account, ID: first.ID, Err: err}
		}
		legs = append(legs, entry)
	}
	return legs, nil
}

func (c *Transfer) prepare() error {
	if err := checkKey("from", c.From); err != nil {
		return err
	}
	if err := checkKey("to", c.To); err != nil {
		return err
	}
	if c.From == c.To {
		return &InvalidError{Field: "to", Reason: fmt.Sprintf("is %q, where the credits are", c.To)}
	}
	if err := checkID("id", c.ID); err != nil {
		return err
	}
	if err := checkPositive(c.Amount); err != nil {
		return err
	}
	if err := checkText("feature", c.Feature, MaxNameLen); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Transfer) digest(buffer []byte) Digest {
	f := fingerprintOf(KindTransfer, buffer)
	f.text(c.From)
	f.text(c.To)
	f.amount(c.Amount)
	f.text(c.Feature)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Transfer) intent() string {
	return fmt.Sprintf("%s %v from %s to %s", KindTransfer, c.Amount, c.From, c.To)
}

// legID names the n-th entry of a transfer, and on the receiving side its lot.
func (c *Transfer) legID(n int) string {
	if n == 0 {
		return c.ID
	}
	return fmt.Sprintf("%stransfer/%d/%s", reserved, n, c.ID)
}

// transferOut is the first step.
type transferOut struct{ Transfer }

func (c *transferOut) prepare() error               { return nil }
func (c *transferOut) target() (account, id string) { return c.From, c.ID }

// decide takes the amount out of lots. The first entry lists all that goes over.
func (c *transferOut) decide(d *draft, e *Entry) error {
	if err := d.checkThawed(); err != nil {
		return err
	}
	lots, err := c.draw(d)
	if err != nil {
		return err
	}
	var legs []Entry
	d.takeOut(func(source *Lot, part Amount) {
		legs = append(legs, Entry{
			ID: c.legID(len(legs)), Of: source.ID, Kind: KindTransfer, Peer: c.To, Source: source.Source, Meta: c.Meta,
			Amount: part.Neg(), Postings: []Posting{{Lot: source.ID, Available: part.Neg()}},
		})
	})
	*e, d.legs = legs[0], legs[1:]
	e.Lots = lots
	return nil
}

// draw works out what goes over of which lot, in the drawdown order.
func (c *transferOut) draw(d *draft) ([]Lot, error) {
	missing := d.plan(c.Feature, c.Amount)
	spendable := d.spendableBeyond(c.Feature, least(d.room(), Amount{}))
	if missing.Sign() > 0 || spendable.Less(c.Amount) {
		return nil, d.insufficient(c.Feature, c.Amount, spendable)
	}
	var lots []Lot
	for n, at := range d.drawn {
		lots = append(lots, c.sent(d.latest(at), d.postings[n].Available.Neg(), n))
	}
	return lots, nil
}

// sent returns the lot that a part of a lot becomes in the other account. A term
// stays behind, so that what followed it has a fixed end.
func (c *transferOut) sent(lot *Lot, part Amount, n int) Lot {
	sent := lot.Clone()
	sent.ID = c.legID(n)
	sent.Granted, sent.Available, sent.Held, sent.Spent = part, part, Amount{}, Amount{}
	sent.Paid = lot.basis(lot.Available.plus(lot.Held), part)
	sent.Allowance, sent.Meta = "", maps.Clone(c.Meta)
	if sent.Term != "" {
		sent.Term = ""
		if sent.Validity.FollowsTerm() && !sent.End.IsZero() {
			sent.Validity = expiry.Until(sent.End)
		}
	}
	return sent
}

// transferIn is the second step.
type transferIn struct {
	Transfer
	lots []Lot // what was sent
}

func (c *transferIn) prepare() error               { return nil }
func (c *transferIn) target() (account, id string) { return c.To, c.ID }

// decide opens the lots. What has ended on its way ends in the settling that
// follows.
func (c *transferIn) decide(d *draft, e *Entry) error {
	if len(d.state.Lots)+len(c.lots) > MaxLots {
		return &LimitError{Account: c.To, What: "open lots", Limit: MaxLots}
	}
	if _, err := d.total.Add(c.Amount); err != nil {
		return err
	}
	var legs []Entry
	debt := d.change.Debt
	for _, lot := range c.lots {
		postings := lot.repay(debt)
		debt = debt.minus(lot.Spent)
		d.put(&lot)
		if lot.endedAt(d.now) {
			d.late = append(d.late, lot.ID)
		}
		legs = append(legs, Entry{
			ID: lot.ID, Kind: KindTransfer, Peer: c.From, Source: lot.Source, Meta: c.Meta,
			Amount: lot.Granted, Postings: postings, Lots: []Lot{lot},
		})
	}
	*e, d.legs = legs[0], legs[1:]
	return nil
}
