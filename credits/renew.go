package credits

import (
	"fmt"
	"time"
)

// Renew starts a term, puts off its end, or ends it at once. Lots that follow the
// term move with it, so that a renewal before the end carries them on. From the
// instant Until on the term has lapsed and its lots have ended; a Renew then
// starts a new term, whose Since is new too.
type Renew struct {
	ID      string // required
	Account string // required
	Term    string // required: the subscription

	// Until is the term's new end, after now and not before the old one: what was
	// paid for, and whatever grace late payments have. Required unless End.
	Until time.Time
	End   bool // ends the term now; excludes Until

	// Since is the first purchase, where that was before the term's first
	// Renew: a subscription that is older than this ledger. Not after now; zero:
	// now. It must be zero or the same for a term that is open.
	Since time.Time

	Meta map[string]string // notes for the entry
}

func (c *Renew) prepare() error {
	if err := checkTarget(c.ID, c.Account); err != nil {
		return err
	}
	if err := checkKey("term", c.Term); err != nil {
		return err
	}
	switch {
	case c.Until.IsZero() && !c.End:
		return &InvalidError{Field: "until", Reason: "is missing: give the term's new end, or set End to end it now"}
	case !c.Until.IsZero() && c.End:
		return &InvalidError{Field: "until", Reason: "is given together with End, which ends the term now"}
	}
	if err := cutInstants("until", &c.Until, "since", &c.Since); err != nil {
		return err
	}
	if err := checkMeta(c.Meta); err != nil {
		return err
	}
	c.Meta = own(c.Meta)
	return nil
}

func (c *Renew) target() (account, id string) { return c.Account, c.ID }

func (c *Renew) digest(buffer []byte) Digest {
	f := fingerprintOf(KindRenew, buffer)
	f.text(c.Term)
	f.instant(c.Until)
	f.flag(c.End)
	f.instant(c.Since)
	f.meta(c.Meta)
	return f.sum()
}

func (c *Renew) intent() string {
	if c.End {
		return fmt.Sprintf("%s %s, ending it", KindRenew, c.Term)
	}
	e := Entry{Kind: KindRenew, Term: &Term{ID: c.Term, Until: c.Until}}
	return e.summary()
}

// decide moves the term and the lots that follow it.
func (c *Renew) decide(d *draft, e *Entry) error {
	term, err := c.term(d)
	if err != nil {
		return err
	}
	d.own()
	d.putTerm(term)
	for _, lot := range d.state.follow(term) {
		d.record(&lot)
	}
	*e = Entry{Kind: KindRenew, Term: &term, Meta: c.Meta}
	return nil
}

// term works out the term as the command leaves it.
func (c *Renew) term(d *draft) (Term, error) {
	i, open := findID(d.state.Terms, c.Term)
	term := Term{ID: c.Term, Since: d.now}
	if open {
		term = d.state.Terms[i]
	}
	if err := c.checkSince(d, term, open); err != nil {
		return Term{}, err
	}
	if !c.Since.IsZero() {
		term.Since = c.Since
	}
	switch {
	case c.End && !open:
		return Term{}, &NotFoundError{Account: c.Account, What: "term", ID: c.Term, Hint: "it has already ended, or never started"}
	case c.End:
		term.Until = d.now
	case !c.Until.After(d.now):
		return Term{}, &InvalidError{Field: "until", Reason: fmt.Sprintf("is %s, not after now, %s: set End to end the term now",
			c.Until.Format(time.RFC3339Nano), d.now.Format(time.RFC3339Nano))}
	case open && c.Until.Before(term.Until):
		return Term{}, &InvalidError{Field: "until", Reason: fmt.Sprintf("is %s, before the term's end, %s, which renewals only put off: an older renewal may have come late; set End to end the term now",
			c.Until.Format(time.RFC3339Nano), term.Until.Format(time.RFC3339Nano))}
	case !open && len(d.state.Terms) >= MaxTerms:
		return Term{}, &LimitError{Account: c.Account, What: "open terms", Limit: MaxTerms}
	default:
		term.Until = c.Until
	}
	return term, nil
}

func (c *Renew) checkSince(d *draft, term Term, open bool) error {
	switch {
	case c.Since.After(d.now):
		return &InvalidError{Field: "since", Reason: fmt.Sprintf("is %s, after now, %s", c.Since.Format(time.RFC3339Nano), d.now.Format(time.RFC3339Nano))}
	case open && !c.Since.IsZero() && !c.Since.Equal(term.Since):
		return &InvalidError{Field: "since", Reason: fmt.Sprintf("is %s, but the term's first purchase was %s", c.Since.Format(time.RFC3339Nano), term.Since.Format(time.RFC3339Nano))}
	}
	return nil
}
