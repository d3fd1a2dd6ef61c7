package credits

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Grant puts credits into an account as a new lot.
type Grant struct {
	ID      string // required; also the lot's ID
	Account string // required; made by its first command
	Amount  Amount // required, more than zero
	Source  string // where the credits come from: "pack", "bonus"

	// Validity is required: write [expiry.Permanent] for credits that never
	// end. It counts from Start. What it refers to has to be given, and the lot
	// must not have ended already.
	Validity  expiry.Policy
	Start     time.Time // when the lot can first be spent; zero: now
	Term      string    // the open term that Validity refers to
	PeriodEnd time.Time // the billing period's end that Validity refers to

	Features []string // the features the lot may pay for; empty: all
	Priority int      // lower is drawn first
	OnlyWith string   // a term: while it is not open, the lot is frozen; empty: none

	Paid          Money // what the customer paid; zero: nothing
	NonRefundable bool  // no money is to be given back for it

	// Rollover is what goes on when the lot ends; zero: nothing. What its validity
	// refers to has to be given as for Validity; a billing period that it ends with
	// must not end with the lot.
	Rollover expiry.Rollover

	Meta map[string]string // notes for the entry and the lot
}

// prepare checks the command and makes it the library's own: instants are UTC
// and cut to microseconds, and no memory is shared with the caller.
func (c *Grant) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkPositive(c.Amount); err != nil {
		return err
	}
	if err := checkText("source", c.Source, MaxNameLen); err != nil {
		return err
	}
	if c.Validity.IsZero() {
		return &InvalidError{Field: "validity", Reason: "is missing: give a policy, expiry.Permanent() for credits that never end"}
	}
	if c.Term != "" {
		if err := checkKey("term", c.Term); err != nil {
			return err
		}
	}
	if c.OnlyWith != "" {
		if err := checkKey("only with", c.OnlyWith); err != nil {
			return err
		}
	}
	if err := c.Rollover.Validate(); err != nil {
		return &InvalidError{Field: "rollover", Reason: err.Error(), Err: err}
	}
	if c.Priority > MaxPriority || c.Priority < -MaxPriority {
		return &InvalidError{Field: "priority", Reason: fmt.Sprintf("is %d, beyond %d", c.Priority, MaxPriority)}
	}
	if err := c.Paid.validate("paid"); err != nil {
		return err
	}
	if err := cutInstants("start", &c.Start, "period end", &c.PeriodEnd); err != nil {
		return err
	}
	if err := c.ownFeatures(); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

// ownFeatures sorts a copy of the features, which are a set.
func (c *Grant) ownFeatures() error {
	if len(c.Features) > MaxFeatures {
		return &InvalidError{Field: "features", Reason: fmt.Sprintf("names %d, more than %d", len(c.Features), MaxFeatures)}
	}
	c.Features = slices.Sorted(slices.Values(c.Features))
	for i, feature := range c.Features {
		if feature == "" {
			return &InvalidError{Field: "features", Reason: "has an empty name"}
		}
		if err := checkText("features", feature, MaxNameLen); err != nil {
			return err
		}
		if i > 0 && feature == c.Features[i-1] {
			return &InvalidError{Field: "features", Reason: fmt.Sprintf("names %q twice", clip(feature))}
		}
	}
	return nil
}

func (c *Grant) target() (account, id string) { return c.Account, c.ID }

func (c *Grant) digest(buffer []byte) Digest {
	f := fingerprintOf(KindGrant, buffer)
	f.amount(c.Amount)
	f.text(c.Source)
	f.text(c.Validity.String())
	f.instant(c.Start)
	f.text(c.Term)
	f.instant(c.PeriodEnd)
	f.texts(c.Features)
	f.number(int64(c.Priority))
	f.text(c.OnlyWith)
	f.number(c.Paid.Minor)
	f.text(c.Paid.Currency)
	f.flag(c.NonRefundable)
	f.text(c.Rollover.String())
	f.meta(c.Meta)
	return f.sum()
}

func (c *Grant) intent() string {
	e := Entry{Kind: KindGrant, Amount: c.Amount, Source: c.Source}
	return e.summary()
}

// decide opens the lot.
func (c *Grant) decide(d *draft, e *Entry) error {
	lot, err := c.lot(d)
	if err != nil {
		return err
	}
	if len(d.state.Lots) >= MaxLots {
		return &LimitError{Account: c.Account, What: "open lots", Limit: MaxLots}
	}
	if _, err := d.total.Add(c.Amount); err != nil {
		return err
	}
	postings := lot.repay(d.change.Debt)
	d.put(&lot)
	*e = Entry{
		Kind: KindGrant, Amount: c.Amount, Source: c.Source, Meta: c.Meta, Lots: []Lot{lot}, Postings: postings,
	}
	return nil
}

// lot works out the lot, with its window.
func (c *Grant) lot(d *draft) (Lot, error) {
	lot := Lot{
		ID: c.ID, Source: c.Source, Granted: c.Amount, Start: c.Start,
		Validity: c.Validity, Term: c.Term, PeriodEnd: c.PeriodEnd,
		Features: c.Features, Priority: c.Priority, OnlyWith: c.OnlyWith,
		Paid: c.Paid, NonRefundable: c.NonRefundable, Rollover: c.Rollover, Meta: c.Meta,
	}
	if lot.Start.IsZero() {
		lot.Start = d.now
	}
	var term Term
	if c.Term != "" {
		i, open := findID(d.state.Terms, c.Term)
		if !open {
			return Lot{}, &NotFoundError{Account: c.Account, What: "term", ID: c.Term, Hint: "start it with Renew"}
		}
		term = d.state.Terms[i]
	}
	window, err := c.Validity.Window(lot.issuance(term))
	if err != nil {
		return Lot{}, &InvalidError{Field: "validity", Reason: fmt.Sprintf("gives no window: %v", err), Err: err}
	}
	lot.Start, lot.End = window.Start, window.End
	if lot.endedAt(d.now) {
		return Lot{}, &InvalidError{Field: "validity", Reason: fmt.Sprintf(
			"%q from %s ends at %s, which is not after now, %s", c.Validity, lot.Start.Format(time.RFC3339Nano),
			lot.End.Format(time.RFC3339Nano), d.now.Format(time.RFC3339Nano))}
	}
	return lot, lot.checkRollover(d.state.Terms)
}

// checkRollover refuses a rollover that can never let anything go on, because it
// asks for a term or a period that the lot does not have, or that ends with it. A
// term that ends now may be renewed, so that what follows it may go on.
func (l *Lot) checkRollover(terms []Term) error {
	if l.Rollover.IsZero() {
		return nil
	}
	from := l.Start
	if !l.End.IsZero() {
		from = l.End
	}
	_, err := l.Rollover.Validity().Window(l.reissuance(from, terms))
	window, _ := errors.AsType[*expiry.WindowError](err)
	over := errors.Is(err, expiry.ErrEmpty) && window.Window.End.Equal(l.PeriodEnd) &&
		!l.Validity.FollowsTerm() && !l.Rollover.Validity().FollowsTerm()
	if over || errors.Is(err, expiry.ErrNoTerm) || errors.Is(err, expiry.ErrNoPeriod) {
		return &InvalidError{Field: "rollover", Reason: fmt.Sprintf("lets nothing go on: %v", err), Err: err}
	}
	return nil
}

// repay fills a new lot, less what it pays of a debt, and returns the postings.
func (l *Lot) repay(debt Amount) []Posting {
	l.Spent = least(debt, l.Granted)
	l.Available = l.Granted.minus(l.Spent)
	if l.Spent.IsZero() {
		return []Posting{{Lot: l.ID, Available: l.Available}}
	}
	return []Posting{{Available: l.Spent}, {Lot: l.ID, Available: l.Available}}
}
