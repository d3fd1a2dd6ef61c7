package pricing

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// TopUp says when a pack is bought by itself, and how often at most. It is plain
// data: where customers choose for themselves, set what they chose in a copy of the
// [Pack]. The zero value is never.
type TopUp struct {
	// Below is the trigger: more than zero, and at most the credits of the pack, so
	// that one pack is enough to bring a balance back that is not in debt. The
	// ledger has to have it in [credits.Options].Low.
	Below credits.Amount `json:"below"`

	// Limit is the most credits that come so: each top-up counts from when it was
	// granted until the limit's span later. It is required, and is no less than the
	// credits of the pack.
	Limit Limit `json:"limit"`
}

// IsZero reports whether t is never.
func (t TopUp) IsZero() bool { return t == TopUp{} }

// Crossing is one occasion on which a balance fell below the trigger of a [TopUp].
type Crossing struct {
	// Notice is the [credits.NoticeLow] about it, as it was sent. One that was lost
	// with its process can be made anew from the entry that took the balance from
	// the trigger or more to less: Kind, Threshold, and the entry's Account, Seq
	// and At.
	Notice credits.Notice

	// At is when it is acted on, which is now, and is required. It decides what
	// counts towards the limit.
	At time.Time

	// Term is as in [Purchase].
	Term string
}

// TopUpQuery selects the entries from which [Pack.TopUp] works out whether to buy:
// those that raised the balance, since the crossing and as long as they may count
// towards the limit.
func (p Pack) TopUpQuery(c Crossing) credits.Query {
	q := credits.Query{
		Account: c.Notice.Account,
		Kinds:   []credits.Kind{credits.KindGrant, credits.KindRefund, credits.KindTransfer},
	}
	within, at := p.Auto.Limit.Within, c.at()
	if within.Validate() != nil || validateInstant("", "", at) != nil {
		return q // TopUp says why not
	}
	// Two spans back, because months and days are not all as long.
	q.From = within.Nth(at, -2)
	if c.Notice.At.Before(q.From) {
		q.From = c.Notice.At
	}
	return q
}

// TopUp returns the grant of the pack for a crossing, if it is to be bought now.
// It charges nobody: charge its Paid, with its ID as the payment's idempotency key,
// and then send it. history is what the ledger has of [Pack.TopUpQuery]:
//
//	grant, err := pack.TopUp(crossing, ledger.History(ctx, pack.TopUpQuery(crossing)))
//
// The ID is "topup:ID:Seq" with the Seq of the crossing, where the pack's ID has ":"
// and "%" escaped: a crossing that is delivered again, or to two processes at once,
// makes the same grant, and is charged and granted once.
//
// Where nothing is to be bought the error is a [*TopUpError]: the notice is about
// something else; it was bought; the balance has recovered since, so that its next
// fall is another crossing; or the limit is reached, and Next says when the same
// crossing can be acted on. A pack without a sound Auto, a crossing that lacks
// something, too long an ID, and the history of another account give a
// [*GrantError]. An error of the history is returned as it is.
//
// The limit counts what the ledger has, also what was revoked. It cannot know of
// a payment that is under way while the balance recovers otherwise and falls again:
// act on the crossings of one account one after the other.
func (p Pack) TopUp(c Crossing, history iter.Seq2[credits.Entry, error]) (credits.Grant, error) {
	item := "pack " + quote(p.ID)
	if err := cmp.Or(p.checkAuto(item), c.check(item)); err != nil {
		return credits.Grant{}, err
	}
	if n := c.Notice; n.Kind != credits.NoticeLow || n.Threshold != p.Auto.Below {
		return credits.Grant{}, p.noTopUp(c, fmt.Sprintf("the notice is not of a balance below %v", p.Auto.Below))
	}
	id, err := grantID(item, SourceTopUp, p.ID, strconv.FormatInt(c.Notice.Seq, 10))
	if err != nil {
		return credits.Grant{}, err
	}
	g, err := p.grant(item, p.Credits, c.Term)
	if err != nil {
		return credits.Grant{}, err
	}
	g.ID, g.Account, g.Source, g.Paid = id, c.Notice.Account, SourceTopUp, p.Price.Paid()
	earlier, err := p.earlier(item, c, id, history)
	if err != nil {
		return credits.Grant{}, err
	}
	if next, full := p.full(earlier); full {
		err := p.noTopUp(c, fmt.Sprintf("the limit is %q", p.Auto.Limit))
		err.Next = next
		return credits.Grant{}, err
	}
	return g, nil
}

func (p Pack) noTopUp(c Crossing, reason string) *TopUpError {
	return &TopUpError{Account: c.Notice.Account, Pack: p.ID, Seq: c.Notice.Seq, Reason: reason}
}

// at is when the crossing is acted on, in the account's time, which does not run
// back.
func (c Crossing) at() time.Time {
	if c.At.Before(c.Notice.At) {
		return c.Notice.At
	}
	return c.At
}

func (c Crossing) check(item string) error {
	if err := validateInstant(item, "at", c.At); err != nil {
		return err
	}
	if c.Notice.Kind != credits.NoticeLow {
		return nil
	}
	if c.Notice.Seq < 1 {
		return &GrantError{Item: item, Field: "notice", Reason: "has no Seq, which tells crossings apart"}
	}
	return cmp.Or(need(item, "account", c.Notice.Account), validateInstant(item, "notice", c.at()))
}

// counted is a top-up that counts towards the limit until an instant.
type counted struct {
	amount credits.Amount
	until  time.Time
}

// earlier returns the top-ups that count when a crossing is acted on, or why it is
// not to be acted on any more.
func (p Pack) earlier(item string, c Crossing, id string, history iter.Seq2[credits.Entry, error]) ([]counted, error) {
	if history == nil {
		return nil, &GrantError{Item: item, Field: "history", Reason: "is missing"}
	}
	var all []counted
	for e, err := range history {
		switch {
		case err != nil:
			return nil, err
		case e.Account != c.Notice.Account:
			return nil, &GrantError{Item: item, Field: "history", Reason: "has an entry of account " + quote(e.Account)}
		case e.ID == id:
			return nil, p.noTopUp(c, "it was bought")
		case e.Seq > c.Notice.Seq && !e.Balance.Less(p.Auto.Below):
			return nil, p.noTopUp(c, "the balance has recovered since")
		}
		if !isTopUp(&e, id) {
			continue
		}
		if until := p.Auto.countsUntil(&e); until.After(c.at()) {
			all = append(all, counted{e.Amount, until})
		}
	}
	return all, nil
}

// isTopUp reports whether an entry is a top-up with the same pack as the one of
// that ID.
func isTopUp(e *credits.Entry, id string) bool {
	series := id[:strings.LastIndexByte(id, ':')+1]
	return e.Kind == credits.KindGrant && e.Source == SourceTopUp && strings.HasPrefix(e.ID, series)
}

// endless stands for the end of spans beyond the years that are counted in.
var endless = time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)

func (t TopUp) countsUntil(e *credits.Entry) time.Time {
	if until := t.Limit.Within.Nth(e.At, 1); !until.IsZero() {
		return until
	}
	return endless
}

// full reports whether those that count leave a pack no room below the limit, and
// when they do again.
func (p Pack) full(all []counted) (next time.Time, full bool) {
	slices.SortFunc(all, func(a, b counted) int { return b.until.Compare(a.until) })
	left := p.Auto.Limit.Most.Micros() - p.Credits.Micros()
	for _, c := range all {
		if left < c.amount.Micros() {
			return c.until, true
		}
		left -= c.amount.Micros()
	}
	return time.Time{}, false
}

// checkAuto refuses a pack made in Go that cannot be bought by itself.
func (p Pack) checkAuto(item string) error {
	if p.Auto.IsZero() {
		return &GrantError{Item: item, Field: "auto", Reason: "is missing: the pack is not bought by itself"}
	}
	if field, reason := p.Auto.fault(p.Credits); reason != "" {
		return &GrantError{Item: item, Field: "auto." + field, Reason: reason}
	}
	return nil
}

// fault says what keeps a pack of so many credits from being bought so; empty:
// nothing.
func (t TopUp) fault(pack credits.Amount) (field, reason string) {
	switch {
	case t.Below.Sign() <= 0:
		return "below", fmt.Sprintf("is %v: must be more than zero", t.Below)
	case pack.Less(t.Below):
		return "below", fmt.Sprintf("is %v, more than the %v of the pack, which might not bring the balance back", t.Below, pack)
	case t.Limit.IsZero():
		return "limit", "is missing"
	case t.Limit.Most.Less(pack):
		return "limit", fmt.Sprintf("is %q, less than the %v of the pack", t.Limit, pack)
	}
	if err := t.Limit.Within.Validate(); err != nil {
		return "limit", "has a span that is none: " + err.Error()
	}
	return "", ""
}

func (t TopUp) validate(path string, pack credits.Amount) error {
	if t.IsZero() {
		return nil
	}
	if field, reason := t.fault(pack); reason != "" {
		return &RuleError{Path: path + "." + field, Reason: reason}
	}
	return nil
}
