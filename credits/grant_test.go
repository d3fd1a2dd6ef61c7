package credits_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func TestGrantOpensALot(t *testing.T) {
	d := newDesk(t)
	got := d.grant(credits.Grant{
		ID: "order-7", Amount: credits.Of(100), Source: "pack", Validity: expiry.Days(30), Start: day(1),
		Features: []string{"text-to-speech", "speech-to-text"}, Priority: -3,
		Paid: credits.Money{Minor: 4900, Currency: "USD"}, NonRefundable: true, Meta: map[string]string{"shop": "web\nstore"},
	})
	lot := credits.Lot{
		ID: "order-7", Source: "pack", Granted: credits.Of(100), Available: credits.Of(100),
		Start: day(1), End: day(31), Validity: expiry.Days(30),
		Features: []string{"speech-to-text", "text-to-speech"}, Priority: -3,
		Paid: credits.Money{Minor: 4900, Currency: "USD"}, NonRefundable: true, Meta: map[string]string{"shop": "web\nstore"},
	}
	want := credits.Receipt{Entry: credits.Entry{
		Account: "ada", Seq: 1, ID: "order-7", Kind: credits.KindGrant, At: start,
		Amount: credits.Of(100), Balance: credits.Of(100), Source: "pack", Lots: []credits.Lot{lot},
		Postings: []credits.Posting{{Lot: "order-7", Available: credits.Of(100)}},
		Meta:     map[string]string{"shop": "web\nstore"}, Digest: got.Digest,
	}}
	if diff := compare(want, got); diff != "" {
		t.Errorf("Grant(order-7) (-want +got):\n%s", diff)
	}
	state := credits.State{Account: "ada", Seq: 1, At: start, Balance: credits.Of(100), Due: day(31), Lots: []credits.Lot{lot}}
	if diff := compare(record{State: state, Entries: []credits.Entry{want.Entry}, Due: []string{"ada"}}, d.record("ada")); diff != "" {
		t.Errorf("after Grant(order-7) the store has (-want +got):\n%s", diff)
	}
}

func TestGrantWindow(t *testing.T) {
	month := time.Date(2026, time.January, 31, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		name     string
		grant    credits.Grant
		from, to time.Time
	}{
		{"permanent credits never end", credits.Grant{Validity: expiry.Permanent()}, start, time.Time{}},
		{"days count from now", credits.Grant{Validity: expiry.Days(30)}, start, day(30)},
		{"days count from the start that is given", credits.Grant{Validity: expiry.Days(30), Start: day(5)}, day(5), day(35)},
		{"a start in the past counts from there", credits.Grant{Validity: expiry.Days(30), Start: day(-29)}, day(-29), day(1)},
		{"a month from the 31st ends on the last of a short month", credits.Grant{Validity: expiry.Months(1), Start: month.AddDate(1, 0, 0)}, month.AddDate(1, 0, 0), time.Date(2027, 2, 28, 12, 0, 0, 0, time.UTC)},
		{"a fixed instant", credits.Grant{Validity: expiry.Until(day(3))}, start, day(3)},
		{"the end of the period", credits.Grant{Validity: expiry.EndOfPeriod(), PeriodEnd: day(9)}, start, day(9)},
		{"the end of the term", credits.Grant{Validity: expiry.WhileSubscribed(), Term: "pro"}, start, day(20)},
		{"the earliest of two", credits.Grant{Validity: expiry.MustParse("earliest(while subscribed, 30 days)"), Term: "pro"}, start, day(20)},
		{"the latest of two", credits.Grant{Validity: expiry.MustParse("latest(while subscribed, 30 days)"), Term: "pro"}, start, day(30)},
		{"a term that the policy does not ask for", credits.Grant{Validity: expiry.Days(3), Term: "pro"}, start, day(3)},
		{"the last year there is", credits.Grant{Validity: expiry.Until(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))}, start, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		{"the first year there is", credits.Grant{Start: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)}, time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Time{}},
		{"instants of another zone become UTC", credits.Grant{Validity: expiry.Days(1), Start: day(1).In(time.FixedZone("CET", 3600))}, day(1), day(2)},
		{"nanoseconds are cut to microseconds", credits.Grant{Validity: expiry.EndOfPeriod(), Start: day(1).Add(1999), PeriodEnd: day(2).Add(999)}, day(1).Add(micro), day(2)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(20)})
			c.grant.ID, c.grant.Amount = "lot", credits.Of(1)
			lot := d.grant(c.grant).Lots[0]
			if lot.Start != c.from || lot.End != c.to {
				t.Errorf("Grant(%v) = a lot from %v to %v, want %v to %v", c.grant.Validity, lot.Start, lot.End, c.from, c.to)
			}
		})
	}
}

// badGrants are commands that no account could satisfy, with the field at fault.
var badGrants = []struct {
	name  string
	field string
	spoil func(*credits.Grant)
}{
	{"the ID is missing", "id", func(c *credits.Grant) { c.ID = "" }},
	{"the ID is longer than the most", "id", func(c *credits.Grant) { c.ID = strings.Repeat("x", credits.MaxIDLen+1) }},
	{"the ID is not UTF-8", "id", func(c *credits.Grant) { c.ID = "a\xff" }},
	{"the ID has a line break", "id", func(c *credits.Grant) { c.ID = "a\nb" }},
	{"the ID has a NUL", "id", func(c *credits.Grant) { c.ID = "a\x00" }},
	{"the ID is in the library's namespace", "id", func(c *credits.Grant) { c.ID = "~end/lot" }},
	{"the account is missing", "account", func(c *credits.Grant) { c.Account = "" }},
	{"the account is longer than the most", "account", func(c *credits.Grant) { c.Account = strings.Repeat("x", credits.MaxIDLen+1) }},
	{"the account is not UTF-8", "account", func(c *credits.Grant) { c.Account = "\xc3\x28" }},
	{"the account has a control character", "account", func(c *credits.Grant) { c.Account = "ada\x7f" }},
	{"the amount is missing", "amount", func(c *credits.Grant) { c.Amount = credits.Amount{} }},
	{"the amount is negative", "amount", func(c *credits.Grant) { c.Amount = credits.Micros(-1) }},
	{"the amount is the lowest int64", "amount", func(c *credits.Grant) { c.Amount = credits.Micros(math.MinInt64) }},
	{"the source is longer than the most", "source", func(c *credits.Grant) { c.Source = strings.Repeat("x", credits.MaxNameLen+1) }},
	{"the source is not UTF-8", "source", func(c *credits.Grant) { c.Source = "\xff" }},
	{"the source has a tab", "source", func(c *credits.Grant) { c.Source = "a\tb" }},
	{"the validity is missing", "validity", func(c *credits.Grant) { c.Validity = expiry.Policy{} }},
	{"the validity is of zero days", "validity", func(c *credits.Grant) { c.Validity = expiry.Days(0) }},
	{"the validity is of negative days", "validity", func(c *credits.Grant) { c.Validity = expiry.Days(-1) }},
	{"the validity ends before it starts", "validity", func(c *credits.Grant) { c.Validity, c.Start = expiry.Until(day(1)), day(2) }},
	{"the validity ends as it starts", "validity", func(c *credits.Grant) { c.Validity, c.Start = expiry.Until(day(2)), day(2) }},
	{"the validity has ended", "validity", func(c *credits.Grant) { c.Validity, c.Start = expiry.Days(1), day(-2) }},
	{"the validity ends now", "validity", func(c *credits.Grant) { c.Validity, c.Start = expiry.Days(1), day(-1) }},
	{"the validity asks for a term and none is given", "validity", func(c *credits.Grant) { c.Validity = expiry.WhileSubscribed() }},
	{"the validity asks for a period and none is given", "validity", func(c *credits.Grant) { c.Validity = expiry.EndOfPeriod() }},
	{"the period has ended", "validity", func(c *credits.Grant) { c.Validity, c.PeriodEnd = expiry.EndOfPeriod(), day(-1) }},
	{"the validity ends after the year 9999", "validity", func(c *credits.Grant) { c.Validity = expiry.Years(9000) }},
	{"the start is in the year 10000", "start", func(c *credits.Grant) { c.Start = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
	{"the start is in the year 0", "start", func(c *credits.Grant) { c.Start = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }},
	{"the start is in the year 10000 of UTC only", "start", func(c *credits.Grant) {
		c.Start = time.Date(9999, 12, 31, 23, 30, 0, 0, time.FixedZone("west", -3600))
	}},
	{"the start is less than a microsecond after the zero time", "start", func(c *credits.Grant) { c.Start = time.Time{}.Add(999) }},
	{"the period end is in the year 10000", "period end", func(c *credits.Grant) { c.PeriodEnd = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
	{"the term is longer than the most", "term", func(c *credits.Grant) { c.Term = strings.Repeat("x", credits.MaxIDLen+1) }},
	{"the term is not UTF-8", "term", func(c *credits.Grant) { c.Term = "\xff" }},
	{"the term to be used with is longer than the most", "only with", func(c *credits.Grant) { c.OnlyWith = strings.Repeat("x", credits.MaxIDLen+1) }},
	{"the term to be used with is not UTF-8", "only with", func(c *credits.Grant) { c.OnlyWith = "\xff" }},
	{"the rollover has no validity", "rollover", func(c *credits.Grant) { c.Rollover = expiry.Roll(expiry.Policy{}) }},
	{"the rollover is of less than nothing", "rollover", func(c *credits.Grant) { c.Rollover = expiry.Roll(expiry.Days(1)).Most(-1) }},
	{"a feature is empty", "features", func(c *credits.Grant) { c.Features = []string{"a", ""} }},
	{"a feature is named twice", "features", func(c *credits.Grant) { c.Features = []string{"b", "a", "b"} }},
	{"a feature is longer than the most", "features", func(c *credits.Grant) { c.Features = []string{strings.Repeat("x", credits.MaxNameLen+1)} }},
	{"a feature is not UTF-8", "features", func(c *credits.Grant) { c.Features = []string{"\xff"} }},
	{"there are more features than the most", "features", func(c *credits.Grant) { c.Features = numbered(credits.MaxFeatures + 1) }},
	{"the priority is above the most", "priority", func(c *credits.Grant) { c.Priority = credits.MaxPriority + 1 }},
	{"the priority is below the least", "priority", func(c *credits.Grant) { c.Priority = -credits.MaxPriority - 1 }},
	{"the price paid is negative", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: -1, Currency: "USD"} }},
	{"the price paid has no currency", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1} }},
	{"nothing was paid, in a currency", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Currency: "USD"} }},
	{"the currency is in lower case", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1, Currency: "usd"} }},
	{"the currency has a sign below A", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1, Currency: "US@"} }},
	{"the currency has a sign above Z", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1, Currency: "US["} }},
	{"the currency has four letters", "paid", func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1, Currency: "USDT"} }},
	{"a note's key is empty", "meta", func(c *credits.Grant) { c.Meta = map[string]string{"": "x"} }},
	{"a note's key has a line break", "meta", func(c *credits.Grant) { c.Meta = map[string]string{"a\nb": "x"} }},
	{"a note's key is not UTF-8", "meta", func(c *credits.Grant) { c.Meta = map[string]string{"\xff": "x"} }},
	{"a note is not UTF-8", "meta", func(c *credits.Grant) { c.Meta = map[string]string{"a": "\xff"} }},
	{"a note has a NUL", "meta", func(c *credits.Grant) { c.Meta = map[string]string{"a": "\x00"} }},
	{"there are more notes than the most", "meta", func(c *credits.Grant) { c.Meta = notes(credits.MaxMetaPairs+1, 1) }},
	{"the notes have more bytes than the most", "meta", func(c *credits.Grant) {
		c.Meta = map[string]string{"a": strings.Repeat("x", credits.MaxMetaLen)}
	}},
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("feature-%03d", i)
	}
	return names
}

func notes(pairs, size int) map[string]string {
	meta := make(map[string]string)
	for i := range pairs {
		meta[fmt.Sprintf("%03d", i)] = strings.Repeat("x", size)
	}
	return meta
}

func TestGrantRefusesWhatIsInvalid(t *testing.T) {
	for _, c := range badGrants {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "earlier", Amount: credits.Of(5), Validity: expiry.Days(1)})
			bad := credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(1), Validity: expiry.Permanent()}
			c.spoil(&bad)
			if err := d.refusesGrant(credits.ErrInvalid, bad); field(err) != c.field {
				t.Errorf("Grant(%.60q) = field %q (%v), want %q", bad.ID, field(err), err, c.field)
			}
		})
	}
}

func TestGrantRefusesAnInvalidOneOnAFreshAccountToo(t *testing.T) {
	d := newDesk(t)
	d.refusesGrant(credits.ErrInvalid, credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(1)})
	if got := d.record("ada"); got.State.Seq != 0 {
		t.Errorf("State(ada) = %v, want none", got.State)
	}
}

func TestGrantSaysWhatTheValidityLacks(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		policy expiry.Policy
		want   error
	}{
		{expiry.WhileSubscribed(), expiry.ErrNoTerm}, {expiry.EndOfPeriod(), expiry.ErrNoPeriod},
		{expiry.Until(day(-1)), expiry.ErrEmpty}, {expiry.Years(9999), expiry.ErrRange}, {expiry.Days(0), expiry.ErrInvalid},
	} {
		d.refusesGrant(c.want, credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(1), Validity: c.policy})
	}
}

func TestGrantAtTheBounds(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: strings.Repeat("t", credits.MaxIDLen), Until: day(1)})
	d.grant(credits.Grant{
		ID: strings.Repeat("i", credits.MaxIDLen), Amount: credits.Of(credits.MaxCredits), Validity: expiry.WhileSubscribed(),
		Source: strings.Repeat("s", credits.MaxNameLen), Term: strings.Repeat("t", credits.MaxIDLen),
		Features: numbered(credits.MaxFeatures), Priority: credits.MaxPriority,
		Paid: credits.Money{Minor: math.MaxInt64, Currency: "JPY"}, Meta: notes(credits.MaxMetaPairs, credits.MaxMetaLen/credits.MaxMetaPairs-3),
	})
	if got := d.balance().Available; got != credits.Of(credits.MaxCredits) {
		t.Errorf("Balance(ada).Available = %v, want %d", got, int64(credits.MaxCredits))
	}
	d.grant(credits.Grant{ID: "smallest", Account: strings.Repeat("a", credits.MaxIDLen), Amount: credits.Micros(1), Priority: -credits.MaxPriority})
}

func TestGrantOverflow(t *testing.T) {
	cases := []struct {
		name   string
		amount credits.Amount
	}{
		{"an amount beyond the most", credits.Micros(credits.MaxCredits*1_000_000 + 1)},
		{"the greatest int64", credits.Micros(math.MaxInt64)},
		{"a balance beyond the most", credits.Of(credits.MaxCredits)},
		{"a balance one micro beyond the most", credits.Micros(credits.MaxCredits*1_000_000 - 999_999)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "first", Amount: credits.Of(1)})
			err := d.refusesGrant(credits.ErrOverflow, filledGrant(credits.Grant{ID: "next", Amount: c.amount}))
			if overflow, ok := errors.AsType[*credits.OverflowError](err); !ok || overflow.A == "" {
				t.Errorf("Grant(%v) = %v, want an *OverflowError with operands", c.amount, err)
			}
		})
	}
}

func TestGrantNeedsAnOpenTerm(t *testing.T) {
	d := newDesk(t)
	c := credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro"}
	err := d.refusesGrant(credits.ErrNotFound, c)
	missing, ok := errors.AsType[*credits.NotFoundError](err)
	if !ok || missing.Account != "ada" || missing.What != "term" || missing.ID != "pro" || missing.Hint == "" {
		t.Errorf("Grant(unknown term) = %#v, want the term named, with a hint", err)
	}
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
	d.clock.set(day(10))
	d.refusesGrant(credits.ErrNotFound, c)
	d.clock.set(day(10).Add(-micro))
	if lot := d.grant(c).Lots[0]; lot.End != day(10) {
		t.Errorf("Grant(%v).Lot.End = %v, want %v", c.ID, lot.End, day(10))
	}
}

func TestGrantRefusesALotThatStartsAfterItsTerm(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
	for _, at := range []time.Time{day(10), day(11)} {
		d.refusesGrant(expiry.ErrEmpty, credits.Grant{
			ID: "lot", Account: "ada", Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro", Start: at,
		})
	}
}

// fullStore has one account at a bound, and lets nothing be written.
type fullStore struct {
	*memory.Store
	state credits.State
}

func (s fullStore) Update(_ context.Context, _ string, _ []string, decide credits.Decision) error {
	_, err := decide(s.state.Clone(), nil)
	return err
}

func TestGrantStopsAtMaxLots(t *testing.T) {
	state := credits.State{Account: "ada", Seq: 1, At: start, Balance: credits.Of(credits.MaxLots), Due: day(1)}
	for i := range credits.MaxLots {
		lot := credits.Lot{ID: fmt.Sprintf("lot-%05d", i), Granted: credits.Of(1), Available: credits.Of(1), Start: start, Validity: expiry.Permanent()}
		if i == 0 {
			lot.End = day(1)
		}
		state.Lots = append(state.Lots, lot)
	}
	d := newDesk(t)
	ledger := credits.New(fullStore{d.store, state}, credits.Options{Now: d.clock.read})
	c := filledGrant(credits.Grant{ID: "one-more", Amount: credits.Of(1)})
	_, err := ledger.Grant(t.Context(), c)
	limit, ok := errors.AsType[*credits.LimitError](err)
	if !ok || !errors.Is(err, credits.ErrLimit) || limit.Limit != credits.MaxLots || limit.Account != "ada" || limit.What == "" {
		t.Errorf("Grant(lot %d) = %v, want %v", credits.MaxLots+1, err, credits.ErrLimit)
	}
	d.clock.set(day(1))
	if _, err := ledger.Grant(t.Context(), c); err != nil {
		t.Errorf("Grant(after a lot ended) = %v, want no error", err)
	}
}

func TestGrantTakesAnyThreeLettersForACurrency(t *testing.T) {
	d := newDesk(t)
	for _, currency := range []string{"USD", "AZN", "ZAR"} {
		paid := credits.Money{Minor: 1, Currency: currency}
		if got := d.grant(credits.Grant{ID: currency, Amount: credits.Of(1), Paid: paid}); got.Lots[0].Paid != paid {
			t.Errorf("Grant(paid %v).Lots[0].Paid = %v, want it", paid, got.Lots[0].Paid)
		}
	}
}
