package credits_test

import (
	"fmt"
	"math"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// tape is bytes to make commands of. Past its end it reads zeros.
type tape struct {
	bytes []byte
	made  int // how many new IDs it gave out
}

func (t *tape) over() bool { return len(t.bytes) == 0 }

func (t *tape) byte() byte {
	if t.over() {
		return 0
	}
	b := t.bytes[0]
	t.bytes = t.bytes[1:]
	return b
}

// pick returns one of the choices.
func pick[T any](t *tape, choices []T) T { return choices[int(t.byte())%len(choices)] }

func (t *tape) flag() bool { return t.byte()%4 == 3 }

// id is nearly always new, and else one of those before, or none that there can be.
func (t *tape) id() string {
	switch b := t.byte(); {
	case b < 230:
		t.made++
		return fmt.Sprintf("n%d", t.made)
	case b < 254:
		return t.old()
	default:
		return pick(t, []string{"", "~end/n1", "\x00"})
	}
}

// old is an ID given out before, or n0, which never is.
func (t *tape) old() string { return fmt.Sprintf("n%d", int(t.byte())%(t.made+1)) }

// extremes are amounts at and beyond the edges of what there can be.
var extremes = []credits.Amount{
	credits.Of(credits.MaxCredits), credits.Of(credits.MaxCredits - 1), credits.Of(credits.MaxCredits / 2),
	credits.Micros(1_000_000*credits.MaxCredits + 1), credits.Micros(-1), credits.Micros(math.MaxInt64), credits.Micros(math.MinInt64),
}

// amount is a few of a unit, nearly always.
func (t *tape) amount(unit int64) credits.Amount {
	switch b := t.byte(); {
	case b < 216:
		return credits.Micros(int64(b) * unit)
	case b < 240:
		return credits.Micros(int64(b) - 216)
	default:
		return extremes[int(b)%len(extremes)]
	}
}

// What amounts are made of: grants are larger than what they pay for.
const (
	much   = 500_000
	little = 62_500
)

const anHour, aDay = time.Hour, 24 * time.Hour

// steps is by how much an instant is away from now.
var steps = []time.Duration{
	anHour, micro, aDay, aDay - micro, 5 * aDay, 10 * aDay, 31 * aDay, 25 * anHour, 0, -micro, -anHour, -400 * aDay, 31*aDay + micro, anHour, aDay, 2 * aDay,
}

// instant is none, or one near now.
func (t *tape) instant(now time.Time) time.Time {
	if b := t.byte(); b >= 64 {
		return now.Add(steps[int(b)%len(steps)])
	}
	return time.Time{}
}

var (
	validities = policies(
		"permanent", "1 day", "30 days", "1 month", "1 hour", "end of day", "end of month in Europe/Berlin", "while subscribed", "end of period",
		"earliest(10 days, while subscribed)", "latest(1 day, while subscribed)", "until 2026-04-01", "2 days",
		"purchased before 2026-03-15: permanent, else 10 days",
	)
	carries = []expiry.Rollover{
		{}, {}, expiry.Roll(expiry.Days(10)), expiry.Roll(expiry.Months(1)).Most(5_000_000).Times(1),
		expiry.Roll(expiry.WhileSubscribed()).Share(1, 2), expiry.Roll(expiry.Days(1)).Share(2, 1).Most(30_000_000).Times(3),
		expiry.Roll(expiry.EndOfPeriod()),
	}
	rhythms = []expiry.Span{
		expiry.MustParseSpan("1 day"), expiry.MustParseSpan("1 month"), expiry.MustParseSpan("36 hours"),
		expiry.MustParseSpan("1 week in Pacific/Apia"), expiry.MustParseSpan("1 year"),
	}
	uses   = []string{"", "x", "y", "z"}
	scopes = [][]string{nil, nil, {"x"}, {"y", "x"}}
	terms  = []string{"pro", "team"}
	sums   = []credits.Money{{}, {Minor: 999, Currency: "USD"}, {Minor: 1, Currency: "JPY"}}
	marks  = []map[string]string{nil, nil, nil, {"order": "7"}}
)

func policies(texts ...string) []expiry.Policy {
	read := make([]expiry.Policy, len(texts))
	for i, text := range texts {
		read[i] = expiry.MustParse(text)
	}
	return read
}

// command makes a command of one account out of the bytes. What it is about is
// nearly always something that the account has.
func (t *tape) command(account string, now time.Time, s *credits.State, paid []string) credits.Command {
	verbs := []func(string, string, time.Time, *credits.State) credits.Command{
		t.grant, t.spend, t.reserve, t.capture, t.release, t.extend, t.revoke, t.renew, t.allow, t.amend, t.configure,
		t.grant, t.spend, t.reserve, t.capture,
	}
	if verb := int(t.byte()) % (len(verbs) + 1); verb < len(verbs) {
		return verbs[verb](t.id(), account, now, s)
	}
	refund := credits.Refund{ID: t.id(), Account: account, Of: t.among(paid), All: t.flag(), Reissue: t.reissue()}
	if !refund.All {
		refund.Amount = t.amount(little)
	}
	return refund
}

func (t *tape) grant(id, account string, now time.Time, s *credits.State) credits.Command {
	return credits.Grant{
		ID: id, Account: account, Amount: t.amount(much), Source: pick(t, uses), Validity: pick(t, validities), Start: t.instant(now),
		Term: t.term(s), PeriodEnd: t.instant(now), Features: pick(t, scopes), Priority: int(t.byte()%3) - 1, OnlyWith: t.term(s),
		Paid: pick(t, sums), NonRefundable: t.flag(), Rollover: pick(t, carries), Meta: pick(t, marks),
	}
}

func (t *tape) spend(id, account string, _ time.Time, _ *credits.State) credits.Command {
	return credits.Spend{ID: id, Account: account, Feature: pick(t, uses), Amount: t.amount(little), Partial: t.flag(), Meta: pick(t, marks)}
}

func (t *tape) reserve(id, account string, now time.Time, _ *credits.State) credits.Command {
	return credits.Reserve{ID: id, Account: account, Feature: pick(t, uses), Amount: t.amount(little), Deadline: now.Add(pick(t, steps))}
}

func (t *tape) capture(id, account string, _ time.Time, s *credits.State) credits.Command {
	return credits.Capture{ID: id, Account: account, Hold: t.hold(s), Amount: t.amount(little), More: t.flag()}
}

func (t *tape) release(id, account string, _ time.Time, s *credits.State) credits.Command {
	return credits.Release{ID: id, Account: account, Hold: t.hold(s)}
}

func (t *tape) extend(id, account string, now time.Time, s *credits.State) credits.Command {
	return credits.Extend{ID: id, Account: account, Hold: t.hold(s), Deadline: t.instant(now), Amount: t.amount(little)}
}

func (t *tape) revoke(id, account string, _ time.Time, s *credits.State) credits.Command {
	return credits.Revoke{ID: id, Account: account, Lot: t.lot(s), Debt: t.flag()}
}

func (t *tape) renew(id, account string, now time.Time, _ *credits.State) credits.Command {
	command := credits.Renew{ID: id, Account: account, Term: pick(t, terms), End: t.flag()}
	if !command.End {
		command.Until = now.Add(pick(t, steps))
	}
	if t.flag() {
		command.Since = t.instant(now)
	}
	return command
}

func (t *tape) allow(id, account string, now time.Time, s *credits.State) credits.Command {
	if t.flag() {
		return credits.Allow{ID: id, Account: account, Allowance: pick(t, terms), Stop: true}
	}
	command := credits.Allow{
		ID: id, Account: account, Allowance: pick(t, terms), Amount: t.amount(much), Every: pick(t, rhythms), Anchor: t.instant(now),
		Term: t.term(s), Validity: pick(t, validities), Features: pick(t, scopes), OnlyWith: t.term(s), Paid: pick(t, sums), Meta: pick(t, marks),
	}
	if !command.Paid.IsZero() {
		command.PaidFor = int(t.byte() % 4)
	}
	if command.Reset = t.flag(); !command.Reset {
		command.Rollover = pick(t, carries)
	}
	if t.flag() {
		command.Most, command.Within = t.amount(much), pick(t, rhythms)
	}
	return command
}

func (t *tape) amend(id, account string, _ time.Time, s *credits.State) credits.Command {
	command := credits.Amend{ID: id, Account: account, Lot: t.lot(s), Validity: t.reissue(), Features: pick(t, scopes)}
	command.AllFeatures = len(command.Features) == 0 && t.flag()
	if t.flag() {
		command.Priority = new(int(t.byte()%3) - 1)
	}
	return command
}

func (t *tape) configure(id, account string, _ time.Time, _ *credits.State) credits.Command {
	command := credits.Configure{ID: id, Account: account}
	if b := t.byte(); b >= 64 {
		command.Frozen = new(b >= 236)
	}
	if !t.flag() {
		command.Overdraft = new(t.amount(little))
	}
	return command
}

// reissue is none more often than a validity of a new lot is.
func (t *tape) reissue() expiry.Policy {
	if t.byte() < 128 {
		return expiry.Policy{}
	}
	return pick(t, validities)
}

// term names no term, an open one, or any.
func (t *tape) term(s *credits.State) string {
	switch b := t.byte(); {
	case b < 128:
		return ""
	case b < 240 && len(s.Terms) > 0:
		return s.Terms[int(b)%len(s.Terms)].ID
	default:
		return pick(t, terms)
	}
}

// lot names an open lot, or anything.
func (t *tape) lot(s *credits.State) string { return t.among(lotIDs(s.Lots)) }

// hold names an open hold, or anything.
func (t *tape) hold(s *credits.State) string {
	ids := make([]string, len(s.Holds))
	for i := range s.Holds {
		ids[i] = s.Holds[i].ID
	}
	return t.among(ids)
}

func (t *tape) among(ids []string) string {
	if b := t.byte(); b < 240 && len(ids) > 0 {
		return ids[int(b)%len(ids)]
	}
	return t.old()
}
