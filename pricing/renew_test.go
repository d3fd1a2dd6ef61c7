package pricing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
)

func TestRenewReachesToTheEndOfTheBillingPeriod(t *testing.T) {
	since := instant("2024-02-29T10:00:00Z")
	for _, test := range []struct{ plan, at, id, until string }{
		{"yearly", "2024-02-29T10:00:00Z", "renew:yearly:sub-1:20240229T100000Z", "2025-02-28T10:00:00Z"},
		{"yearly", "2024-12-24T00:00:00Z", "renew:yearly:sub-1:20240229T100000Z", "2025-02-28T10:00:00Z"},
		{"yearly", "2025-02-28T10:00:00Z", "renew:yearly:sub-1:20250228T100000Z", "2026-02-28T10:00:00Z"},
		{"frozen", "2024-04-01T00:00:00Z", "renew:frozen:sub-1:20240329T100000Z", "2024-04-29T10:00:00Z"},
	} {
		plan := must(recurring.Plan(test.plan))
		got, err := plan.Renew("ada", must(plan.CycleAt("sub-1", since, instant(test.at))), since)
		want := credits.Renew{ID: test.id, Account: "ada", Term: "sub-1", Until: instant(test.until), Since: since}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Renew of %s at %s = %v (-want +got):\n%s", test.plan, test.at, err, diff)
		}
	}
	// A subscription that was never paid by the catalog's cycle: the event says all.
	once := must(recurring.Plan("once"))
	got := must(once.Renew("ada", pricing.Cycle{Subscription: "s", Start: since, End: since.AddDate(0, 0, 9)}, time.Time{}))
	if !got.Until.Equal(since.AddDate(0, 0, 9)) || !got.Since.IsZero() {
		t.Errorf("Renew = until %v since %v, want nine days and none", got.Until, got.Since)
	}
}

// All cycles of a billing period make one renewal, and the next period's another, in
// any location and whatever clocks do: the number alone decides.
func TestEveryBillingPeriodHasItsOwnRenewal(t *testing.T) {
	for _, test := range []struct{ cycle, billed, since string }{
		{"1 month in Europe/Berlin", "1 year in Europe/Berlin", "2024-03-31T00:30:00Z"},
		{"1 day in Europe/Berlin", "2 weeks in Europe/Berlin", "2024-03-20T01:30:00Z"},
		{"1 week in America/New_York", "3 weeks in America/New_York", "2024-10-20T05:30:00Z"},
		{"12 hours", "3 days", "2024-02-28T00:00:00Z"},
	} {
		plan := pricing.Plan{
			ID: "p", Credits: credits.Of(1), Price: pricing.MustParseMoney("12 USD"), Conditions: pricing.Conditions{Validity: expiry.Permanent()},
			Cycle: expiry.MustParseSpan(test.cycle), Billed: expiry.MustParseSpan(test.billed),
		}
		since, parts := instant(test.since), plan.Billed.Parts(plan.Cycle)
		renewals := map[string]int{}
		for n := range 3 * parts {
			start := plan.Cycle.Nth(since, n)
			cycle := pricing.Cycle{Subscription: "s", Start: start, End: plan.Cycle.Nth(since, n+1), Number: n}
			got, err := plan.Renew("ada", cycle, since)
			if want := plan.Cycle.Nth(since, n-n%parts+parts); err != nil || !got.Until.Equal(want) {
				t.Errorf("Renew of cycle %d of %s = until %v, %v, want %v", n, test.cycle, got.Until, err, want)
			}
			renewals[got.ID]++
		}
		for id, n := range renewals {
			if n != parts || len(renewals) != 3 {
				t.Errorf("%d renewals of three %s, %s made by %d cycles, want %d", len(renewals), test.billed, id, n, parts)
			}
		}
		wrong := pricing.Cycle{Subscription: "s", Start: plan.Cycle.Nth(since, parts), End: plan.Cycle.Nth(since, parts+1)}
		if got, err := plan.Renew("ada", wrong, since); !refused(err, "number is 0") {
			t.Errorf("Renew of a cycle without its number = %v, %v, want %v", got, err, pricing.ErrGrant)
		}
	}
}

func TestPlansMadeInGoThatCannotBeCountedAreRefused(t *testing.T) {
	here := time.FixedZone("CET", 3600)
	month, year := expiry.MustParseSpan("1 month"), expiry.MustParseSpan("1 year")
	for _, test := range []struct {
		name          string
		cycle, billed expiry.Span
		want          string
	}{
		{"a cycle by this machine's clocks", month.In(time.FixedZone("Local", 3600)), expiry.Span{}, "cycle cannot be counted"},
		{"a cycle by clocks of another name", month.In(here), expiry.Span{}, "cycle cannot be counted"},
		{"billing without a cycle", expiry.Span{}, year, "billed is given for a plan without a cycle"},
		{"billing by this machine's clocks", month, year.In(time.FixedZone("Local", 3600)), "billed is"},
		{"billing that cycles do not divide", month, expiry.MustParseSpan("45 days"), "billed is"},
		{"billing of many cycles", expiry.MustParseSpan("1 hour"), expiry.MustParseSpan("1001 hours"), "billed is"},
		{"billing shorter than the cycle", year, month, "billed is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := pricing.Plan{
				ID: "p", Credits: credits.Of(1), Cycle: test.cycle, Billed: test.billed,
				Price: pricing.MustParseMoney("1 USD"), Conditions: pricing.Conditions{Validity: expiry.Permanent()},
			}
			since := instant("2025-01-31T10:00:00Z")
			cycle := pricing.Cycle{Subscription: "s", Start: since, End: since.AddDate(0, 1, 0)}
			_, at := plan.CycleAt("s", since, since)
			_, grant := plan.Grant("ada", cycle)
			_, renew := plan.Renew("ada", cycle, since)
			_, allow := plan.Allow("ada", cycle, since)
			if test.cycle.IsZero() { // which says so first
				at, allow = grant, grant
			}
			for call, err := range map[string]error{"CycleAt": at, "Grant": grant, "Renew": renew, "Allow": allow} {
				if !refused(err, test.want) {
					t.Errorf("%s = %v, want %s", call, err, test.want)
				}
			}
		})
	}
}
