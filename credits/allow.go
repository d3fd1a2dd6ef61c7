package credits

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Allow sets, changes or stops an allowance: a recurring grant.
type Allow struct {
	ID        string // required
	Account   string // required
	Allowance string // required: the allowance's name, the same to change it

	Stop bool // stops the allowance; excludes everything below but Meta

	Amount Amount      // required: of each occurrence, more than zero
	Every  expiry.Span // required: from occurrence to occurrence, at least an hour

	// Anchor is occurrence 0, from which all others are counted, so that one on
	// the 31st comes on the last day of shorter months. The first to be granted
	// is the last at or before now, whose period is under way: at once, with its
	// validity counted from its own instant. Earlier ones are not granted, and one
	// that an allowance of this name has granted does not come again. Zero: now;
	// for an allowance that runs, its own anchor. A new Anchor or Every of one that
	// runs takes effect after now.
	Anchor time.Time

	Reset  bool        // occurrences end what is left of the ones before; excludes Rollover
	Most   Amount      // the most within one Within, counted on where it is set again; zero: no cap
	Within expiry.Span // required with Most: at least Every
	Term   string      // an open term that the allowance stops with

	Source        string          // where the credits come from
	Validity      expiry.Policy   // required; "end of period" is the next occurrence
	Features      []string        // the features the lots may pay for; empty: all
	Priority      int             // lower is drawn first
	OnlyWith      string          // a term without which the lots are frozen
	NonRefundable bool            // no money is to be given back
	Rollover      expiry.Rollover // what goes on when a lot ends, as in a Grant

	// Paid is what the customer pays for PaidFor occurrences together, counted
	// from occurrence 0: each lot has its share, and the shares of PaidFor lots
	// sum to it. A zero PaidFor is one.
	Paid    Money
	PaidFor int

	Meta map[string]string // notes for the entry and the lots
}

// minEvery bounds how often an allowance comes, so that what a dormant account
// has to catch up is bounded: ten years of hours are 87,660 occurrences.
const minEvery = time.Hour

// maxPaidFor bounds the occurrences that one payment is for: ten years of days.
const maxPaidFor = 3660

func (c *Allow) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkKey("allowance", c.Allowance); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	if c.Stop {
		return c.checkStop()
	}
	if err := checkPositive(c.Amount); err != nil {
		return err
	}
	if err := c.checkRhythm(); err != nil {
		return err
	}
	return c.checkLots()
}

func (c *Allow) checkStop() error {
	bare := Allow{ID: c.ID, Account: c.Account, Allowance: c.Allowance, Stop: true, Meta: c.Meta}
	if bare.digest(nil) != c.digest(nil) {
		return &InvalidError{Field: "stop", Reason: "is given together with what the allowance should be"}
	}
	return nil
}

// checkRhythm checks when the occurrences are and what caps them.
func (c *Allow) checkRhythm() error {
	if err := cutInstant("anchor", &c.Anchor); err != nil {
		return err
	}
	if err := checkSpan("every", c.Every); err != nil {
		return err
	}
	if c.Reset && !c.Rollover.IsZero() {
		return &InvalidError{Field: "rollover", Reason: "is given together with Reset, which lets nothing go on"}
	}
	if c.Most.IsZero() != c.Within.IsZero() {
		return &InvalidError{Field: "most", Reason: "goes with Within: give both, or neither"}
	}
	if c.Most.IsZero() {
		return nil
	}
	if err := checkPositive(c.Most); err != nil {
		return err
	}
	if err := checkSpan("within", c.Within); err != nil {
		return err
	}
	january := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if next := c.Within.Nth(january, 1); !next.IsZero() && next.Before(c.Every.Nth(january, 1)) {
		return &InvalidError{Field: "within", Reason: fmt.Sprintf("is %v, less than every %v", c.Within, c.Every)}
	}
	return nil
}

// checkSpan refuses what has no span, or one too short.
func checkSpan(field string, span expiry.Span) error {
	if span.IsZero() {
		return &InvalidError{Field: field, Reason: "is missing"}
	}
	if err := span.Validate(); err != nil {
		return &InvalidError{Field: field, Reason: err.Error(), Err: err}
	}
	epoch := time.Unix(0, 0)
	if next := span.Nth(epoch, 1); !next.IsZero() && next.Sub(epoch) < minEvery {
		return &InvalidError{Field: field, Reason: fmt.Sprintf("is %v, less than an hour", span)}
	}
	return nil
}

// checkLots checks what each lot is given, as that of a Grant.
func (c *Allow) checkLots() error {
	if c.Term != "" {
		if err := checkKey("term", c.Term); err != nil {
			return err
		}
	}
	g := Grant{
		ID: c.ID, Account: c.Account, Amount: c.Amount, Source: c.Source, Validity: c.Validity,
		Features: c.Features, Priority: c.Priority, OnlyWith: c.OnlyWith, Rollover: c.Rollover, Paid: c.Paid,
	}
	if c.PaidFor < 0 || c.PaidFor > maxPaidFor || c.PaidFor > 0 && c.Paid.IsZero() {
		return &InvalidError{Field: "paid for", Reason: fmt.Sprintf("is %d: must be from 1 to %d occurrences of a Paid, or zero", c.PaidFor, maxPaidFor)}
	}
	if err := g.prepare(); err != nil {
		return err
	}
	c.Features = g.Features
	return nil
}

func (c *Allow) target() (account, id string) { return c.Account, c.ID }

func (c *Allow) digest(buffer []byte) Digest {
	f := fingerprintOf(KindAllow, buffer)
	f.text(c.Allowance)
	f.flag(c.Stop)
	f.amount(c.Amount)
	f.text(c.Every.String())
	f.instant(c.Anchor)
	f.flag(c.Reset)
	f.amount(c.Most)
	f.text(c.Within.String())
	f.text(c.Term)
	f.text(c.Source)
	f.text(c.Validity.String())
	f.texts(c.Features)
	f.number(int64(c.Priority))
	f.text(c.OnlyWith)
	f.flag(c.NonRefundable)
	f.text(c.Rollover.String())
	f.number(c.Paid.Minor)
	f.text(c.Paid.Currency)
	f.number(int64(c.PaidFor))
	f.meta(c.Meta)
	return f.sum()
}

func (c *Allow) intent() string {
	if c.Stop {
		return fmt.Sprintf("%s %s, stopping it", KindAllow, c.Allowance)
	}
	return fmt.Sprintf("%s %s: %v every %v", KindAllow, c.Allowance, c.Amount, c.Every)
}

// decide sets the allowance. Its first occurrence, where it is now, is granted by
// the settling that follows.
func (c *Allow) decide(d *draft, e *Entry) error {
	i, running := findID(d.state.Allowances, c.Allowance)
	var allowance Allowance
	if running {
		allowance = d.state.Allowances[i]
	}
	var err error
	if c.Stop {
		err = c.stop(d, &allowance, running)
	} else {
		err = c.set(d, &allowance, running)
	}
	if err != nil {
		return err
	}
	d.putAllowance(allowance)
	*e = Entry{Kind: KindAllow, Of: c.Allowance, Allowance: ref(allowance.Clone()), Meta: c.Meta}
	return nil
}

func (c *Allow) stop(d *draft, allowance *Allowance, running bool) error {
	if !running {
		return &NotFoundError{Account: c.Account, What: "allowance", ID: c.Allowance, Hint: "it has already stopped, or never ran"}
	}
	allowance.Stopped = true
	return nil
}

func (c *Allow) set(d *draft, allowance *Allowance, running bool) error {
	switch {
	case c.Term != "" && !d.state.hasTerm(c.Term):
		return &NotFoundError{Account: c.Account, What: "term", ID: c.Term, Hint: "start it with Renew"}
	case !running && len(d.state.Allowances) >= MaxAllowances:
		return &LimitError{Account: c.Account, What: "allowances", Limit: MaxAllowances}
	}
	old := *allowance
	*allowance = Allowance{
		ID: c.Allowance, Amount: c.Amount, Every: c.Every, Anchor: c.Anchor, Reset: c.Reset,
		Most: c.Most, Within: c.Within, Term: c.Term, Source: c.Source, Validity: c.Validity,
		Features: c.Features, Priority: c.Priority, OnlyWith: c.OnlyWith,
		NonRefundable: c.NonRefundable, Rollover: c.Rollover, Paid: c.Paid, PaidFor: c.PaidFor, Meta: c.Meta,
	}
	allowance.Since = d.seq + 1
	if running {
		allowance.Since, allowance.ResetAt, allowance.ResetSeq = old.Since, old.ResetAt, old.ResetSeq
	}
	switch {
	case c.Anchor.IsZero() && running:
		allowance.Anchor = old.Anchor
	case c.Anchor.IsZero():
		allowance.Anchor = d.now
	}
	if running && allowance.Anchor.Equal(old.Anchor) && allowance.Every.Equal(old.Every) {
		allowance.Number, allowance.Next = old.Number, old.Next
	} else if err := c.aim(d, allowance, running); err != nil {
		return err
	}
	if !running && !c.Most.IsZero() {
		var err error
		if old, err = d.capped(c.Allowance); err != nil {
			return err
		}
	}
	if allowance.Anchor.Equal(old.Anchor) && allowance.Within.Equal(old.Within) {
		allowance.Granted, allowance.Counted = old.Granted, old.Counted
	}
	return c.checkValidity(d, allowance)
}

// checkValidity refuses a validity that gives the next occurrence no window, and no
// later one either, and such a rollover. That of a term may have one once the term
// is renewed.
func (c *Allow) checkValidity(d *draft, allowance *Allowance) error {
	lot := allowance.lot()
	window, err := lot.Validity.Window(lot.reissuance(allowance.Next, d.state.Terms))
	if err == nil || errors.Is(err, expiry.ErrEmpty) && lot.Validity.FollowsTerm() {
		lot.End = window.End
		return lot.checkRollover(d.state.Terms)
	}
	return &InvalidError{Field: "validity", Reason: fmt.Sprintf("gives no window: %v", err), Err: err}
}

// aim finds the occurrence whose period is under way, or the first of all; for an
// allowance that runs, or did before and has granted that one, the one after it.
func (c *Allow) aim(d *draft, allowance *Allowance, running bool) error {
	allowance.Number = max(0, allowance.Every.Index(allowance.Anchor, d.now))
	allowance.Next = allowance.Every.Nth(allowance.Anchor, allowance.Number)
	if !allowance.Next.After(d.now) {
		came, err := running, error(nil)
		if !running {
			came, err = d.came(allowance)
		}
		if err != nil {
			return err
		}
		if came {
			allowance.Number++
			allowance.Next = allowance.Every.Nth(allowance.Anchor, allowance.Number)
		}
	}
	if allowance.Next.IsZero() {
		return &InvalidError{Field: "every", Reason: "gives no occurrence before the year 10000"}
	}
	return nil
}

// came reports whether the occurrence that is due has come already, from an
// allowance of the same name that was stopped, or ended with its term, meanwhile.
func (d *draft) came(allowance *Allowance) (bool, error) {
	id := allowance.occurrenceID()
	if err := d.need(id); err != nil {
		return false, err
	}
	for entry := range d.told {
		if entry.ID == id {
			return true, nil
		}
	}
	return false, nil
}

// capped returns the cap that an allowance had before it was stopped, or ended with
// its term, and what came under it, as far as its entries tell.
func (d *draft) capped(id string) (last Allowance, err error) {
	if err := d.need(id); err != nil {
		return last, err
	}
	for entry := range d.told {
		switch {
		case entry.Of != id:
		case entry.Kind == KindAllow:
			last = *entry.Allowance
		case entry.occurs() && !last.Most.IsZero() && !entry.Amount.IsZero():
			last.Next = entry.Lots[len(entry.Lots)-1].Start
			last.Granted, last.Counted = last.granted().plus(entry.Amount), last.Next
		}
	}
	return last, nil
}

// allow grants the occurrence of an allowance that is due. Where its cap, its
// validity, the largest balance or MaxLots leaves nothing to grant, an entry says
// so.
func (s *settlement) allow(id string, at time.Time) {
	i, running := findID(s.state.Allowances, id)
	if !running {
		return // stopped with its term, at this very instant
	}
	allowance := &s.state.Allowances[i]
	var held []Lot
	if allowance.Reset {
		held = s.endEarlier(id, at)
	}
	lot := s.newLot(allowance.lot())
	lot.ID = allowance.occurrenceID()
	lot.Granted = allowance.grants()
	window, err := lot.Validity.Window(lot.reissuance(lot.Start, s.state.Terms))
	if err != nil || s.full(lot.Granted) {
		lot.Granted = Amount{}
	}
	lot.End = window.End
	allowance.advance(lot.Granted, at, s.seq+1)
	allowance.Stopped = allowance.Stopped || err != nil // it will not give one later either
	if !allowance.Stopped {
		s.planAllowance(allowance)
		s.occur(lot, id, nil, held, at)
		return
	}
	last := *allowance
	s.putAllowance(last)
	s.occur(lot, id, &last, held, at)
}

// full reports whether a new lot of that size would be too much for the account:
// for its balance, or for the number of its lots.
func (s *settlement) full(granted Amount) bool {
	if len(s.lots) >= MaxLots {
		s.forgetClosed()
	}
	balance, err := s.total.Add(granted)
	return err != nil || fits(balance, s.change.Debt, s.change.DebtHeld) != nil || len(s.lots) >= MaxLots
}

// endEarlier ends what is left of an allowance's earlier occurrences, in the order
// of their IDs, and returns those that holds still have something of.
func (s *settlement) endEarlier(id string, at time.Time) (held []Lot) {
	var earlier []*Lot
	for lot := range s.all {
		if lot.Allowance == id && !lot.endedAt(at) {
			earlier = append(earlier, lot)
		}
	}
	slices.SortFunc(earlier, func(a, b *Lot) int { return strings.Compare(a.ID, b.ID) })
	for _, lot := range earlier {
		lot.End, lot.Rollover = at, expiry.Rollover{}
		if !lot.Held.IsZero() { // else it closes, and nobody asks
			lot.Validity = expiry.Until(at)
		}
		s.touch(lot)
		s.end(lot, at, true)
		if !lot.Closed() {
			held = append(held, *lot)
		}
	}
	return held
}

// occur records an occurrence and the ends of earlier ones that are held, and opens
// its lot unless it is empty. last is the allowance as it stopped, if it did.
func (s *settlement) occur(lot *Lot, allowance string, last *Allowance, held []Lot, at time.Time) {
	entry := Entry{
		ID: lot.ID, Of: allowance, Kind: KindGrant, At: at, Amount: lot.Granted,
		Source: lot.Source, Lots: held, Meta: lot.Meta, Allowance: cloned(last),
	}
	if lot.Granted.Sign() > 0 {
		entry.Postings = lot.repay(s.change.Debt)
		entry.Lots = append(entry.Lots, *lot)
		s.open(lot)
	}
	s.must(entry)
}
