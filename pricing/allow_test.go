package pricing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// recurring has plans whose credits come by themselves.
var recurring = pricing.MustParse([]byte(`{
	"name": "recurring",
	"cards": [{"name": "recurring", "version": "1", "effective": "2024-01-01T00:00:00Z", "features": {"music": {"credits": 10}}}],
	"plans": {
		"yearly":  {"credits": 100, "cycle": "1 month", "price": "120 USD", "billed": "1 year", "valid": "end of period", "rollover": "at most 2x the grant for 1 month, once", "nonrefundable": true},
		"daily":   {"credits": 50, "cycle": "1 day", "refill": "reset", "valid": "permanent"},
		"weekly":  {"credits": 50, "cycle": "1 day", "refill": "reset", "valid": "1 week"},
		"limited": {"credits": 5, "cycle": "1 day", "limit": "at most 30 within 1 month", "valid": "end of month"},
		"frozen":  {"credits": 10, "cycle": "1 month", "usable": "while subscribed", "features": ["music"], "priority": 2, "valid": "permanent"},
		"banked":  {"credits": 10, "cycle": "1 month", "rollover": "all for while subscribed", "valid": "end of period"},
		"once":    {"credits": 10, "valid": "permanent"}
	},
	"packs": {"top-up": {"credits": 500, "price": "10 USD", "valid": "permanent", "usable": "while subscribed"}}
}`))

func TestAllowancesSayAllThatThePlanSays(t *testing.T) {
	since, start := instant("2025-01-31T10:00:00Z"), instant("2025-02-28T10:00:00Z")
	for id, want := range map[string]credits.Allow{
		"yearly": {
			Amount: credits.Of(100), Every: expiry.MustParseSpan("1 month"), Validity: expiry.EndOfPeriod(),
			Rollover: expiry.MustParseRollover("at most 2x the grant for 1 month, once"), NonRefundable: true,
			Paid: credits.Money{Minor: 120_00, Currency: "USD"}, PaidFor: 12,
		},
		"daily": {Amount: credits.Of(50), Every: expiry.MustParseSpan("1 day"), Reset: true, Validity: expiry.Permanent()},
		"limited": {
			Amount: credits.Of(5), Every: expiry.MustParseSpan("1 day"), Validity: expiry.EndOfMonth(),
			Most: credits.Of(30), Within: expiry.MustParseSpan("1 month"),
		},
		"frozen": {
			Amount: credits.Of(10), Every: expiry.MustParseSpan("1 month"), Validity: expiry.Permanent(),
			Features: []string{"music"}, Priority: 2, OnlyWith: "sub:1",
		},
	} {
		want.ID, want.Allowance = "allow:plan:"+id+":sub%3A1:20250228T100000Z", "plan:sub%3A1"
		want.Account, want.Anchor, want.Term, want.Source = "ada", since, "sub:1", "plan"
		got, err := must(recurring.Plan(id)).Allow("ada", pricing.Cycle{Subscription: "sub:1", Start: start, End: start.AddDate(0, 1, 0), Number: 1}, since)
		if diff := cmp.Diff(want, got, compareGrants); err != nil || diff != "" {
			t.Errorf("Allow of %s = %v (-want +got):\n%s", id, err, diff)
		}
	}
}

func TestAllowAndRenewRefuseWhatLacksSomething(t *testing.T) {
	since := instant("2025-01-31T10:00:00Z")
	cycle := pricing.Cycle{Subscription: "s", Start: since, End: since.AddDate(0, 0, 28)}
	without := func(change func(*pricing.Cycle)) pricing.Cycle { c := cycle; change(&c); return c }
	noStart, noEnd := without(func(c *pricing.Cycle) { c.Start = time.Time{} }), without(func(c *pricing.Cycle) { c.End = time.Time{} })
	for _, test := range []struct {
		name, plan string
		cycle      pricing.Cycle
		since      time.Time
		allow      string // what the error says; empty: none
		renew      string
	}{
		{"no subscription", "yearly", without(func(c *pricing.Cycle) { c.Subscription = "" }), since, "subscription is missing", "subscription is missing"},
		{"no start", "daily", noStart, since, "start is missing", "start is missing"},
		{"no start of what comes once", "once", noStart, time.Time{}, "the plan is bought once", "start is missing"},
		{"no end", "frozen", noEnd, since, "", "end is missing: it is the end of what was paid for"},
		{"no end of a period", "yearly", noEnd, since, `end is missing: the credits are valid "end of period"`, "end is missing"},
		{"an end before the start", "frozen", without(func(c *pricing.Cycle) { c.End = c.Start }), since, "end is not after the start", "end is not after the start"},
		{"a beginning after the cycle", "frozen", cycle, since.Add(1), "since is after the start of the cycle", "since is after the start of the cycle"},
		{"a beginning in no year", "frozen", cycle, since.AddDate(-3000, 0, 0), "since is in the year -975", "since is in the year -975"},
		{"no beginning of a billing period", "yearly", cycle, time.Time{}, "", "since is missing: billing periods are counted from it"},
		{"a billing period without an end", "yearly", without(func(c *pricing.Cycle) {
			c.Start, c.End, c.Number = instant("9999-03-01T00:00:00Z"), instant("9999-04-01T00:00:00Z"), 95_689
		}), since, "", "ends after the year 9999"},
		{"a long name", "frozen", without(func(c *pricing.Cycle) { c.Subscription = strings.Repeat("s", credits.MaxIDLen) }), since, "bytes, more than 128", "bytes, more than 128"},
		{"what comes once", "once", cycle, since, "cycle does not exist: the plan is bought once", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := must(recurring.Plan(test.plan))
			allow, err := plan.Allow("ada", test.cycle, test.since)
			if !refused(err, test.allow) || (err != nil) != cmp.Equal(allow, credits.Allow{}, compareGrants) {
				t.Errorf("Allow = %v, %v, want %s", allow, err, test.allow)
			}
			renew, err := plan.Renew("ada", test.cycle, test.since)
			if !refused(err, test.renew) || (err != nil) != cmp.Equal(renew, credits.Renew{}) {
				t.Errorf("Renew = %v, %v, want %s", renew, err, test.renew)
			}
		})
	}
	limited := must(recurring.Plan("limited"))
	if g, err := limited.Grant("ada", cycle); !refused(err, `limit is "at most 30 within 1 month", which only an allowance keeps`) || g.ID != "" {
		t.Errorf("Grant of a plan with a limit = %v, %v, want %v", g, err, pricing.ErrGrant)
	}
}

// refused reports whether an error is a GrantError that says so; none if nothing.
func refused(err error, says string) bool {
	if says == "" {
		return err == nil
	}
	return errors.Is(err, pricing.ErrGrant) && strings.Contains(err.Error(), says)
}

// desk is a service whose clock can be set.
type desk struct {
	*credits.Ledger
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T, now string) *desk {
	d := &desk{t: t, now: instant(now)}
	d.Ledger = credits.New(memory.New(), credits.Options{Now: func() time.Time { return d.now }})
	return d
}

// subscribe sends what the documentation of Plan.Allow says, at the clock's instant.
func (d *desk) subscribe(plan pricing.Plan, since time.Time, until time.Time) {
	d.t.Helper()
	cycle := must(plan.CycleAt("sub-1", since, d.now))
	renew := must(plan.Renew("ada", cycle, since))
	if !until.IsZero() {
		renew.Until = until
	}
	must(d.Renew(d.t.Context(), renew))
	must(d.Allow(d.t.Context(), must(plan.Allow("ada", cycle, since))))
}

func (d *desk) has(at string, want int64) {
	d.t.Helper()
	d.now = instant(at)
	if got := must(d.Balance(d.t.Context(), "ada")).Available; got != credits.Of(want) {
		d.t.Errorf("at %s available = %v, want %d", at, got, want)
	}
}

// A year is paid, and its credits come by the month, whether the payment is heard
// of at the instant of the purchase or later, once or twice.
func TestAYearsCreditsComeByTheMonth(t *testing.T) {
	for _, heard := range []string{"2025-01-31T10:00:00Z", "2025-01-31T10:00:07Z"} {
		t.Run(heard, func(t *testing.T) {
			d := newDesk(t, heard)
			plan, since := must(recurring.Plan("yearly")), instant("2025-01-31T10:00:00Z")
			plan.Rollover = expiry.Rollover{}
			d.subscribe(plan, since, time.Time{})
			d.subscribe(plan, since, time.Time{})
			d.has(heard, 100)
			must(d.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(30)}))
			d.has("2025-02-28T09:59:59Z", 70)
			d.has("2025-02-28T10:00:00Z", 100)
			d.has("2025-03-31T10:00:00Z", 100)
			d.has("2026-01-31T09:59:59Z", 100)
			d.has("2026-01-31T10:00:00Z", 0) // the year that was paid is over
			granted := credits.Amount{}
			for entry, err := range d.History(t.Context(), credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindGrant}}) {
				if err != nil {
					t.Fatal(err)
				}
				granted = must(granted.Add(entry.Amount))
			}
			if granted != credits.Of(1200) {
				t.Errorf("a year grants %v, want 1200", granted)
			}
		})
	}
}

// The credits of the cycles that are billed together carry the price together, to
// the last minor unit, each the share that Plan.Grant gives it, and earn it.
func TestTheSharesOfWhatIsBilledSumToThePrice(t *testing.T) {
	for _, test := range []struct {
		cycle, billed, price string
		periods              int // to live through
	}{
		{"1 month", "1 year", "99.99 USD", 1},
		{"1 month", "1 year", "100 JPY", 2},
		{"1 month", "1 year", "0.05 USD", 1}, // most months have none of it
		{"1 day", "1 week", "10 USD", 3},
		{"1 month", "", "9.99 USD", 4},
	} {
		t.Run(test.price+" every "+test.cycle+" of "+test.billed, func(t *testing.T) {
			plan, since := must(recurring.Plan("yearly")), instant("2025-01-31T10:00:00Z")
			plan.Cycle, plan.Rollover, plan.Price = expiry.MustParseSpan(test.cycle), expiry.Rollover{}, pricing.MustParseMoney(test.price)
			plan.Billed = expiry.Span{}
			period := plan.Cycle
			if test.billed != "" {
				plan.Billed = expiry.MustParseSpan(test.billed)
				period = plan.Billed
			}
			d, end := newDesk(t, "2025-01-31T10:00:07Z"), period.Nth(since, test.periods)
			d.subscribe(plan, since, end)
			d.now = end
			var sum int64
			for entry, err := range d.History(t.Context(), credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindGrant}}) {
				if err != nil {
					t.Fatal(err)
				}
				lot := entry.Lots[0]
				want := must(plan.Grant("ada", must(plan.CycleAt("sub-1", since, lot.Start)))).Paid
				if lot.Paid != want {
					t.Errorf("the credits of %v have the share %v, want %v", lot.Start, lot.Paid, want)
				}
				sum += lot.Paid.Minor
			}
			paid := plan.Price.Paid()
			paid.Minor *= int64(test.periods)
			if sum != paid.Minor {
				t.Errorf("the shares sum to %d, want %v", sum, paid)
			}
			revenue, err := d.Revenue(t.Context(), "ada", since, end.Add(time.Hour))
			if got := revenue[paid.Currency]; err != nil || got.Earned+got.Breakage != paid.Minor {
				t.Errorf("Revenue = %+v, %v, want %v", revenue, err, paid)
			}
		})
	}
}

// A plan without a price has shares of none.
func TestAnAllowanceWithoutAPriceHasNoShares(t *testing.T) {
	plan, since := must(recurring.Plan("yearly")), instant("2025-01-31T10:00:00Z")
	plan.Price = pricing.Money{}
	d := newDesk(t, "2025-01-31T10:00:00Z")
	d.subscribe(plan, since, time.Time{})
	if lots := must(d.Balance(t.Context(), "ada")).Lots; len(lots) != 1 || !lots[0].Paid.IsZero() {
		t.Errorf("lots = %v, want one that nothing was paid for", lots)
	}
}

// Who comes to a plan in the middle of a cycle has its credits at once and once,
// to end when that cycle does; a plan that takes its place goes on with the next.
func TestAllowGrantsTheCycleUnderWayOnce(t *testing.T) {
	d := newDesk(t, "2025-03-15T15:00:00Z")
	plan, since := must(recurring.Plan("yearly")), instant("2025-01-31T10:00:00Z")
	plan.Rollover = expiry.Rollover{}
	d.subscribe(plan, since, time.Time{})
	lots := must(d.Balance(t.Context(), "ada")).Lots
	if len(lots) != 1 || lots[0].Granted != credits.Of(100) || !lots[0].Start.Equal(instant("2025-02-28T10:00:00Z")) || !lots[0].End.Equal(instant("2025-03-31T10:00:00Z")) {
		t.Errorf("lots = %v, want the 100 of the month from 28 February to 31 March", lots)
	}
	d.now = instant("2025-03-20T15:00:00Z")
	d.subscribe(plan, since, time.Time{})
	d.has("2025-03-20T15:00:00Z", 100)
	larger := plan
	larger.ID, larger.Credits = "larger", credits.Of(300)
	d.subscribe(larger, since, time.Time{})
	d.has("2025-03-31T09:59:59Z", 100)
	d.has("2025-03-31T10:00:00Z", 300)
}

// Each day begins with exactly its own credits, whatever their validity.
func TestAResetLeavesExactlyTheNewCredits(t *testing.T) {
	for _, id := range []string{"daily", "weekly"} {
		t.Run(id, func(t *testing.T) {
			d := newDesk(t, "2026-03-01T15:00:00Z")
			d.subscribe(must(recurring.Plan(id)), instant("2026-03-01T00:00:00Z"), instant("2027-03-01T00:00:00Z"))
			d.has("2026-03-01T15:00:00Z", 50)
			must(d.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(30)}))
			d.has("2026-03-01T23:59:59Z", 20)
			d.has("2026-03-02T00:00:00Z", 50)
			d.has("2026-03-09T12:00:00Z", 50)
		})
	}
}

func TestALimitBoundsWhatTheCyclesGive(t *testing.T) {
	d := newDesk(t, "2026-03-01T00:00:00Z")
	d.subscribe(must(recurring.Plan("limited")), instant("2026-03-01T00:00:00Z"), instant("2027-03-01T00:00:00Z"))
	d.has("2026-03-01T00:00:00Z", 5)
	d.has("2026-03-05T12:00:00Z", 25)
	d.has("2026-03-31T23:59:59Z", 30)
	d.has("2026-04-01T00:00:00Z", 5)
	d.has("2026-04-06T00:00:00Z", 30)
}

// A top-up is frozen with the subscription, and not lost.
func TestCreditsUsableWhileSubscribedAreFrozen(t *testing.T) {
	d := newDesk(t, "2026-03-01T00:00:00Z")
	pack := must(recurring.Pack("top-up"))
	if g, err := pack.Grant("ada", pricing.Purchase{Order: "ord-7"}); !refused(err, `term is missing: the credits are usable "while subscribed"`) {
		t.Errorf("Grant without a term = %v, %v, want %v", g, err, pricing.ErrGrant)
	}
	g := must(pack.Grant("ada", pricing.Purchase{Order: "ord-7", Term: "sub-1"}))
	if g.OnlyWith != "sub-1" || g.Term != "" {
		t.Errorf("Grant = only with %q, in term %q, want sub-1 and none", g.OnlyWith, g.Term)
	}
	plan, since := must(recurring.Plan("frozen")), d.now
	renew := func() {
		must(d.Renew(t.Context(), must(plan.Renew("ada", must(plan.CycleAt("sub-1", since, d.now)), since))))
	}
	renew()
	must(d.Grant(t.Context(), g))
	d.has("2026-03-31T23:59:59Z", 500)
	d.has("2026-04-01T00:00:00Z", 0)
	d.has("2026-05-07T00:00:00Z", 0)
	renew()
	d.has("2026-05-07T00:00:00Z", 500)
}

func TestARolloverNamesTheTermItNeeds(t *testing.T) {
	since := instant("2026-03-01T00:00:00Z")
	plan := must(recurring.Plan("banked"))
	g := must(plan.Grant("ada", must(plan.CycleAt("sub-1", since, since))))
	if g.Term != "sub-1" || g.Rollover.String() != "all for while subscribed" || !g.PeriodEnd.Equal(instant("2026-04-01T00:00:00Z")) {
		t.Errorf("Grant = %v in term %q to %v, want all for while subscribed in sub-1", g.Rollover, g.Term, g.PeriodEnd)
	}
	pack := pricing.Pack{ID: "p", Credits: credits.Of(1), Conditions: pricing.Conditions{Validity: expiry.Days(30), Rollover: g.Rollover}}
	if _, err := pack.Grant("ada", pricing.Purchase{Order: "o"}); !refused(err, `term is missing: the credits roll over "all for while subscribed"`) {
		t.Errorf("Grant without a term = %v, want %v", err, pricing.ErrGrant)
	}
}

// A renewal reaches to the end of what was paid, whatever cycle of it is asked for.
func TestLimitsHaveATextForm(t *testing.T) {
	for text, want := range map[string]pricing.Limit{
		"at most 30 within 1 month":                   {Most: credits.Of(30), Within: expiry.MustParseSpan("1 month")},
		"at most 0.5 within 30 days in Asia/Shanghai": {Most: credits.MustParse("0.5"), Within: expiry.MustParseSpan("30 days in Asia/Shanghai")},
	} {
		got, err := pricing.ParseLimit(text)
		printed := must(got.MarshalText())
		if err != nil || got.Most != want.Most || !got.Within.Equal(want.Within) || string(printed) != text {
			t.Errorf("ParseLimit(%q) = %v, %v, want it", text, got, err)
		}
	}
	for _, text := range []string{
		"", "30", "30 within 1 month", "at most within 1 month", "at most 30", "at most 30 within", "at most 30 within ", "at most 0 within 1 month",
		"at most -30 within 1 month", "at most +30 within 1 month", "at most 3e1 within 1 month", "at most 30 within 1 fortnight", "At most 30 within 1 month",
		"at most  30 within 1 month", "at most 1000000000001 within 1 month", "at most 0.0000001 within 1 month", "at most 30 within 0 months",
		fmt.Sprintf("at most %s30 within 1 month", strings.Repeat("0", 128)),
	} {
		var l pricing.Limit
		if err := l.UnmarshalText([]byte(text)); !errors.Is(err, pricing.ErrText) || !l.IsZero() || l.String() != "" {
			t.Errorf("UnmarshalText(%q) = %v, %v, want %v", text, l, err, pricing.ErrText)
		}
	}
}
