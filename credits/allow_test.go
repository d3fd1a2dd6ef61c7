package credits_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

var (
	hourly  = expiry.MustParseSpan("1 hour")
	daily   = expiry.MustParseSpan("1 day")
	weekly  = expiry.MustParseSpan("1 week")
	monthly = expiry.MustParseSpan("1 month")
	yearly  = expiry.MustParseSpan("1 year")
)

// grants is the grants since an entry, as text: "2026-03-10 5".
func (b till) grants(seq int64) string {
	b.t.Helper()
	var lines []string
	for _, entry := range b.history(credits.Query{After: seq, Kinds: []credits.Kind{credits.KindGrant}}) {
		lines = append(lines, entry.At.Format(time.DateOnly)+" "+entry.Amount.String())
	}
	return strings.Join(lines, ", ")
}

func TestAllowGrantsEveryOccurrence(t *testing.T) {
	for _, c := range []struct {
		name string
		give credits.Allow
		at   time.Time
		want string
	}{
		{"the first at once", credits.Allow{Every: daily}, day(0), "2026-03-10 5"},
		{"the second not a microsecond early", credits.Allow{Every: daily}, day(1).Add(-micro), "2026-03-10 5"},
		{"the second at its instant", credits.Allow{Every: daily}, day(1), "2026-03-10 5, 2026-03-11 5"},
		{"every missed one, in order", credits.Allow{Every: daily}, day(3).Add(time.Hour), "2026-03-10 5, 2026-03-11 5, 2026-03-12 5, 2026-03-13 5"},
		{"from an anchor to come", credits.Allow{Every: weekly, Anchor: day(3)}, day(10), "2026-03-13 5, 2026-03-20 5"},
		{"none before an anchor to come", credits.Allow{Every: weekly, Anchor: day(3)}, day(3).Add(-micro), ""},
		{"of what an anchor in the past had before now the one whose period is under way", credits.Allow{Every: weekly, Anchor: day(-17)}, day(4), "2026-03-10 5, 2026-03-14 5"},
		{"at once where one of an anchor in the past is now", credits.Allow{Every: weekly, Anchor: day(-14)}, day(0), "2026-03-10 5"},
		{"a month's last day where the anchor's is missing", credits.Allow{Every: monthly, Anchor: time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)},
			time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), "2026-03-31 5, 2026-04-30 5, 2026-05-31 5, 2026-06-30 5, 2026-07-31 5, 2026-08-31 5, 2026-09-30 5, 2026-10-31 5, 2026-11-30 5, 2026-12-31 5, 2027-01-31 5, 2027-02-28 5, 2027-03-31 5"},
		{"upfront for a year", credits.Allow{Every: yearly}, day(366), "2026-03-10 5, 2027-03-10 5"},
		{"what the cap leaves", credits.Allow{Every: daily, Most: credits.Of(12), Within: monthly}, day(3), "2026-03-10 5, 2026-03-11 5, 2026-03-12 2, 2026-03-13 0"},
		{"the cap anew in the next month", credits.Allow{Every: weekly, Most: credits.Of(9), Within: monthly}, day(35), "2026-03-10 5, 2026-03-17 4, 2026-03-24 0, 2026-03-31 0, 2026-04-07 0, 2026-04-14 5"},
		{"a cap is not reached by exactly as much", credits.Allow{Every: daily, Most: credits.Of(10), Within: weekly}, day(7), "2026-03-10 5, 2026-03-11 5, 2026-03-12 0, 2026-03-13 0, 2026-03-14 0, 2026-03-15 0, 2026-03-16 0, 2026-03-17 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			c.give.ID, c.give.Allowance, c.give.Amount = "allow", "plan", credits.Of(5)
			b.allow(c.give)
			b.clock.set(c.at)
			if got := b.grants(0); got != c.want {
				t.Errorf("grants at %v = %s, want %s", c.at, got, c.want)
			}
			unrecorded := b.history(credits.Query{})
			sweep(b.desk)
			if diff := compare(unrecorded, b.record("ada").Entries); diff != "" {
				t.Errorf("Sweep() recorded (-History +recorded):\n%s", diff)
			}
		})
	}
}

func TestAllowGivesItsLotsWhatItSays(t *testing.T) {
	b := openTill(t)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(90)})
	c := credits.Allow{
		ID: "allow", Allowance: "plan", Amount: credits.Of(5), Every: monthly, Source: "subscription", Term: "pro",
		Validity: expiry.EndOfPeriod(), Features: []string{"b", "a"}, Priority: 3, OnlyWith: "pro",
		NonRefundable: true, Rollover: expiry.MustParseRollover("at most 2 for 1 month"), Meta: map[string]string{"plan": "pro"},
	}
	receipt := b.allow(c)
	if receipt.Kind != credits.KindAllow || receipt.Of != "plan" || !receipt.Amount.IsZero() || receipt.Allowance == nil || !receipt.Allowance.Next.Equal(day(0)) {
		t.Errorf("Allow() = %s of %s by %v, %v, want an allow of plan by 0 that is due now", receipt.Kind, receipt.Of, receipt.Amount, receipt.Allowance)
	}
	end := start.AddDate(0, 1, 0)
	lot := credits.Lot{
		ID: "~allow/2026-03-10T09:30:00Z/plan", Source: "subscription", Granted: credits.Of(5), Available: credits.Of(5), Start: start, End: end,
		Validity: expiry.EndOfPeriod(), Term: "pro", PeriodEnd: end, Features: []string{"a", "b"}, Priority: 3, OnlyWith: "pro",
		NonRefundable: true, Rollover: c.Rollover, Allowance: "plan", Meta: c.Meta,
	}
	if diff := compare([]credits.Lot{lot}, b.balance().Lots); diff != "" {
		t.Errorf("lots after Allow (-want +got):\n%s", diff)
	}
	entry := b.history(credits.Query{NewestFirst: true, Limit: 1})[0]
	if entry.Kind != credits.KindGrant || entry.Of != "plan" || entry.Source != "subscription" || entry.ID != lot.ID || entry.Meta["plan"] != "pro" {
		t.Errorf("grant = %s %s of %s from %s, want %s of plan from subscription", entry.Kind, entry.ID, entry.Of, entry.Source, lot.ID)
	}
	b.clock.set(end)
	if got := lotIDs(b.balance().Lots); fmt.Sprint(got) != "[~allow/2026-04-10T09:30:00Z/plan ~rollover/1/~allow/2026-03-10T09:30:00Z/plan]" {
		t.Errorf("lots a month later = %v, want the second occurrence and what rolled over of the first", got)
	}
}

func TestAllowResetsToItsAmount(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(100), Priority: 5})
	b.allow(credits.Allow{ID: "allow", Allowance: "daily", Amount: credits.Of(10), Every: daily, Reset: true})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(3), Deadline: day(2)})
	before := b.record("ada").State.Seq
	b.clock.set(day(1))
	if got, want := b.since(before), "end ~allow/2026-03-10T09:30:00Z/daily -3, grant daily 10"; got != want {
		t.Errorf("the next day recorded %s, want %s", got, want)
	}
	if got, want := b.lots(), "~allow/2026-03-10T09:30:00Z/daily 0+3, ~allow/2026-03-11T09:30:00Z/daily 10, pack 100"; got != want {
		t.Errorf("lots the next day = %s, want %s", got, want)
	}
	b.clock.set(day(2)) // the hold lapses into a lot that was reset
	if got, want := b.since(before+2), "lapse hold 0, end ~allow/2026-03-10T09:30:00Z/daily -3, end ~allow/2026-03-11T09:30:00Z/daily -10, grant daily 10"; got != want {
		t.Errorf("the day after recorded %s, want %s", got, want)
	}
	if got := b.balance().Posted; got != credits.Of(110) {
		t.Errorf("Posted = %v, want 110", got)
	}
}

func TestAllowStopsWithItsTerm(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b till)
		at   time.Time
		want string
	}{
		{"one that is due when the term lapses is not granted", func(till) {}, day(10), "2026-03-10 5, 2026-03-15 5"},
		{"one before the lapse is", func(till) {}, day(10).Add(-micro), "2026-03-10 5, 2026-03-15 5"},
		{"a renewal before the lapse carries it on", func(b till) {
			b.clock.set(day(10).Add(-micro))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(16)})
		}, day(20), "2026-03-10 5, 2026-03-15 5, 2026-03-20 5, 2026-03-25 5"},
		{"a renewal after the lapse does not", func(b till) {
			b.clock.set(day(10))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(30)})
		}, day(20), "2026-03-10 5, 2026-03-15 5"},
		{"ending the term stops it at once", func(b till) {
			b.clock.set(day(2))
			b.renew(credits.Renew{ID: "end", Term: "pro", End: true})
		}, day(20), "2026-03-10 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
			b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(5), Every: expiry.MustParseSpan("5 days"), Term: "pro"})
			c.do(b)
			b.clock.set(c.at)
			if got := b.grants(0); got != c.want {
				t.Errorf("grants at %v = %s, want %s", c.at, got, c.want)
			}
		})
	}
}

func TestAllowChangesWhatRuns(t *testing.T) {
	base := credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(5), Every: daily}
	for _, c := range []struct {
		name string
		at   time.Time // of the change
		give func(c *credits.Allow)
		to   time.Time
		want string
	}{
		{"another amount counts from the next occurrence", day(1).Add(time.Hour), func(c *credits.Allow) { c.Amount = credits.Of(7) }, day(2), "2026-03-10 5, 2026-03-11 5, 2026-03-12 7"},
		{"what was due before the change is as it was", day(2), func(c *credits.Allow) { c.Amount = credits.Of(7) }, day(3), "2026-03-10 5, 2026-03-11 5, 2026-03-12 5, 2026-03-13 7"},
		{"another span counts from the same anchor", day(1).Add(time.Hour), func(c *credits.Allow) { c.Every = weekly }, day(7), "2026-03-10 5, 2026-03-11 5, 2026-03-17 5"},
		{"another anchor", day(1).Add(time.Hour), func(c *credits.Allow) { c.Anchor = day(3).Add(time.Hour) }, day(5), "2026-03-10 5, 2026-03-11 5, 2026-03-13 5, 2026-03-14 5"},
		{"what just granted does not grant again", day(1), func(c *credits.Allow) { c.Every = hourly }, day(1).Add(time.Hour), "2026-03-10 5, 2026-03-11 5, 2026-03-11 5"},
		{"a cap counts from when it was set", day(1).Add(time.Hour), func(c *credits.Allow) { c.Most, c.Within = credits.Of(8), monthly }, day(4), "2026-03-10 5, 2026-03-11 5, 2026-03-12 5, 2026-03-13 3, 2026-03-14 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.allow(base)
			b.clock.set(c.at)
			change := base
			change.ID = "change"
			c.give(&change)
			b.allow(change)
			b.clock.set(c.to)
			if got := b.grants(0); got != c.want {
				t.Errorf("grants at %v = %s, want %s", c.to, got, c.want)
			}
		})
	}
	t.Run("the same cap goes on counting, another one anew", func(t *testing.T) {
		b := openTill(t)
		c := base
		c.Most, c.Within = credits.Of(12), monthly
		b.allow(c)
		b.clock.set(day(1))
		c.ID, c.Amount = "change", credits.Of(6)
		b.allow(c)
		b.clock.set(day(3))
		c.ID, c.Most, c.Within = "change-2", credits.Of(9), weekly
		b.allow(c)
		b.clock.set(day(7))
		if got, want := b.grants(0), "2026-03-10 5, 2026-03-11 5, 2026-03-12 2, 2026-03-13 0, 2026-03-14 6, 2026-03-15 3, 2026-03-16 0, 2026-03-17 6"; got != want {
			t.Errorf("grants = %s, want %s", got, want)
		}
	})
	t.Run("a cap lowered below what was granted grants nothing", func(t *testing.T) {
		b := openTill(t)
		c := base
		c.Most, c.Within = credits.Of(12), monthly
		b.allow(c)
		b.clock.set(day(1))
		c.ID, c.Most = "change", credits.Of(4)
		b.allow(c)
		b.clock.set(day(2))
		if got, want := b.grants(0), "2026-03-10 5, 2026-03-11 5, 2026-03-12 0"; got != want {
			t.Errorf("grants = %s, want %s", got, want)
		}
	})
}

func TestAllowAfterALapseGrantsACycleOnce(t *testing.T) {
	b := openTill(t)
	renew := func(id string, until time.Time) {
		t.Helper()
		if _, err := b.ledger.Renew(b.ctx, credits.Renew{ID: id, Account: "ada", Term: "sub", Until: until}); err != nil {
			t.Fatal(err)
		}
	}
	set := credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: weekly, Anchor: day(0), Term: "sub", Validity: expiry.EndOfPeriod()}
	renew("first", day(10)) // a week, and three days of grace in which the second comes
	b.allow(set)
	b.clock.set(day(11))
	renew("late", day(17))
	set.ID = "again"
	b.allow(set)
	b.clock.set(day(16))
	if got, want := b.grants(0), "2026-03-10 5, 2026-03-17 5, 2026-03-24 5"; got != want {
		t.Errorf("grants = %s, want %s", got, want)
	}
	if found := b.verify(forged{}); len(found) > 0 {
		t.Errorf("Verify() = %v, want nothing", found)
	}
}

func TestAllowCapCountsOnWhereItIsSetAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		over func(b till) // ends the allowance
		most int64
		want string
	}{
		{"after a stop", func(b till) { b.allow(credits.Allow{ID: "stop", Allowance: "plan", Stop: true}) }, 12, "2026-03-10 5, 2026-03-11 5, 2026-03-13 2, 2026-03-14 0"},
		{"after its term lapsed", func(b till) { b.renew(credits.Renew{ID: "end", Term: "sub", End: true}) }, 12, "2026-03-10 5, 2026-03-11 5, 2026-03-13 2, 2026-03-14 0"},
		{"with a lower cap", func(b till) { b.allow(credits.Allow{ID: "stop", Allowance: "plan", Stop: true}) }, 7, "2026-03-10 5, 2026-03-11 5, 2026-03-13 0, 2026-03-14 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			set := credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily, Anchor: day(0), Most: credits.Of(12), Within: monthly, Term: "sub"}
			b.renew(credits.Renew{ID: "sub", Term: "sub", Until: day(40)})
			b.allow(set)
			b.clock.set(day(1).Add(time.Hour))
			c.over(b)
			b.clock.set(day(3).Add(time.Hour))
			if len(b.balance().Terms) == 0 {
				b.renew(credits.Renew{ID: "sub again", Term: "sub", Until: day(40)})
			}
			set.ID, set.Most = "again", credits.Of(c.most)
			b.allow(set)
			b.clock.set(day(4).Add(time.Hour))
			if got := b.grants(0); got != c.want {
				t.Errorf("grants = %s, want %s", got, c.want)
			}
		})
	}
}

func TestAllowStoppedAndSetAgain(t *testing.T) {
	b := openTill(t)
	set := credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily}
	b.allow(set)
	b.clock.set(day(1))
	stopped := b.allow(credits.Allow{ID: "stop", Allowance: "plan", Stop: true})
	if !stopped.Allowance.Stopped || len(b.balance().Allowances) != 0 {
		t.Errorf("Allow(stop) = %v, want it stopped and gone", stopped.Allowance)
	}
	b.refuses(credits.ErrNotFound, func() error {
		return second(b.ledger.Allow(b.ctx, credits.Allow{ID: "stop-2", Account: "ada", Allowance: "plan", Stop: true}))
	})
	set.ID = "again"
	b.allow(set) // at the very instant of an occurrence, which has come
	b.clock.set(day(3))
	b.allow(credits.Allow{ID: "stop-3", Allowance: "plan", Stop: true})
	b.clock.set(day(9))
	if got, want := b.grants(0), "2026-03-10 5, 2026-03-11 5, 2026-03-12 5, 2026-03-13 5"; got != want {
		t.Errorf("grants = %s, want %s", got, want)
	}
	if replay := b.allow(credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily}); !replay.Replayed {
		t.Errorf("Allow(set, again) = %v, want a replay", replay)
	}
	if n := len(b.balance().Allowances); n != 0 {
		t.Errorf("a replay left %d allowances, want none", n)
	}
}

func TestAllowRefusesBadInput(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(1)})
	good := credits.Allow{ID: "a", Account: "ada", Allowance: "plan", Amount: credits.Of(5), Every: daily, Validity: expiry.Days(1)}
	for _, c := range []struct {
		name  string
		spoil func(c *credits.Allow)
		want  error
		field string
	}{
		{"no ID", func(c *credits.Allow) { c.ID = "" }, credits.ErrInvalid, "id"},
		{"no account", func(c *credits.Allow) { c.Account = "" }, credits.ErrInvalid, "account"},
		{"no allowance", func(c *credits.Allow) { c.Allowance = "" }, credits.ErrInvalid, "allowance"},
		{"no amount", func(c *credits.Allow) { c.Amount = credits.Of(0) }, credits.ErrInvalid, "amount"},
		{"a negative amount", func(c *credits.Allow) { c.Amount = credits.Of(-5) }, credits.ErrInvalid, "amount"},
		{"an amount beyond the limit", func(c *credits.Allow) { c.Amount = credits.Micros(1 << 62) }, credits.ErrOverflow, ""},
		{"no span", func(c *credits.Allow) { c.Every = expiry.Span{} }, credits.ErrInvalid, "every"},
		{"no validity", func(c *credits.Allow) { c.Validity = expiry.Policy{} }, credits.ErrInvalid, "validity"},
		{"a validity that is none", func(c *credits.Allow) { c.Validity = expiry.Days(0) }, credits.ErrInvalid, "validity"},
		{"a validity that asks for a term it has not", func(c *credits.Allow) { c.Validity = expiry.WhileSubscribed() }, credits.ErrInvalid, "validity"},
		{"a validity that is over", func(c *credits.Allow) { c.Validity = expiry.Until(day(0)) }, credits.ErrInvalid, "validity"},
		{"a validity that is over at the first occurrence", func(c *credits.Allow) { c.Validity, c.Anchor = expiry.Until(day(3)), day(4) }, credits.ErrInvalid, "validity"},
		{"a cap without its period", func(c *credits.Allow) { c.Most = credits.Of(9) }, credits.ErrInvalid, "most"},
		{"a period without its cap", func(c *credits.Allow) { c.Within = monthly }, credits.ErrInvalid, "most"},
		{"a negative cap", func(c *credits.Allow) { c.Most, c.Within = credits.Of(-1), monthly }, credits.ErrInvalid, "amount"},
		{"a term that is not open", func(c *credits.Allow) { c.Term = "pro" }, credits.ErrNotFound, ""},
		{"an anchor beyond the calendar", func(c *credits.Allow) { c.Anchor = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, credits.ErrInvalid, "anchor"},
		{"an empty feature", func(c *credits.Allow) { c.Features = []string{""} }, credits.ErrInvalid, "features"},
		{"a priority beyond the bound", func(c *credits.Allow) { c.Priority = credits.MaxPriority + 1 }, credits.ErrInvalid, "priority"},
		{"a rollover that is none", func(c *credits.Allow) { c.Rollover = expiry.Roll(expiry.Days(0)) }, credits.ErrInvalid, "rollover"},
		{"a rollover of what is reset", func(c *credits.Allow) { c.Reset, c.Rollover = true, expiry.Roll(expiry.Days(1)) }, credits.ErrInvalid, "rollover"},
		{"too long notes", func(c *credits.Allow) { c.Meta = notes(1, credits.MaxMetaLen) }, credits.ErrInvalid, "meta"},
		{"a stop with an amount", func(c *credits.Allow) { c.Stop = true }, credits.ErrInvalid, "stop"},
		{"a stop of what does not run", func(c *credits.Allow) {
			*c = credits.Allow{ID: "a", Account: "ada", Allowance: "plan", Stop: true}
		}, credits.ErrNotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			give := good
			c.spoil(&give)
			err := b.refuses(c.want, func() error { return second(b.ledger.Allow(b.ctx, give)) })
			if got := field(err); got != c.field {
				t.Errorf("Allow(%s) = %v, field %q, want %q", c.name, err, got, c.field)
			}
		})
	}
}

func TestAllowIsBounded(t *testing.T) {
	b := openTill(t)
	c := credits.Allow{Account: "ada", Amount: credits.Of(1), Every: yearly, Anchor: day(1), Validity: expiry.Days(1)}
	for i := range credits.MaxAllowances {
		c.ID, c.Allowance = fmt.Sprintf("set-%d", i), fmt.Sprintf("plan-%d", i)
		b.allow(c)
	}
	c.ID, c.Allowance = "more", "more"
	err := b.refuses(credits.ErrLimit, func() error { return second(b.ledger.Allow(b.ctx, c)) })
	if limit, ok := errors.AsType[*credits.LimitError](err); !ok || limit.Limit != credits.MaxAllowances {
		t.Errorf("Allow(one more) = %v, want a *LimitError with the bound", err)
	}
	c.Allowance, c.Amount = "plan-7", credits.Of(2)
	b.allow(c) // to change one is no more
}

func TestAllowRepaysDebtFirst(t *testing.T) {
	b := openTill(t)
	b.overdraft(10)
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(7)})
	b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(5), Every: daily, Anchor: day(1)})
	b.clock.set(day(2))
	if got, want := b.lots(), "~allow/2026-03-12T09:30:00Z/plan 3"; got != want {
		t.Errorf("lots after two occurrences = %s, want %s", got, want)
	}
	if got, want := b.grants(0), "2026-03-11 5, 2026-03-12 5"; got != want {
		t.Errorf("grants = %s, want %s", got, want)
	}
}

// Settling in steps of any length gives the entries of settling at once.
func TestAllowSettlesInStepsAsAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		give := credits.Allow{
			ID: "allow", Allowance: "plan", Amount: credits.Of(rapid.Int64Range(1, 9).Draw(t, "amount")),
			Every:    expiry.MustParseSpan(rapid.SampledFrom([]string{"1 day", "7 hours", "1 week"}).Draw(t, "every")),
			Reset:    rapid.Bool().Draw(t, "reset"),
			Validity: expiry.MustParse(rapid.SampledFrom([]string{"permanent", "2 days", "end of period", "end of month", "while subscribed"}).Draw(t, "validity")),
			Rollover: expiry.MustParseRollover(rapid.SampledFrom([]string{"", "all for 3 days", "at most 4 for 9 days", "all for 1 day, once"}).Draw(t, "rollover")),
			Term:     "pro",
		}
		if give.Reset {
			give.Rollover = expiry.Rollover{}
		}
		if rapid.Bool().Draw(t, "capped") {
			give.Most, give.Within = credits.Of(20), expiry.MustParseSpan("1 month")
		}
		steps, once := till{openDesk(t, credits.Options{})}, till{openDesk(t, credits.Options{})}
		for _, b := range []till{steps, once} {
			b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(20)})
			b.allow(give)
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(1), Deadline: day(3)})
		}
		at := start
		for at.Before(day(40)) {
			at = at.Add(rapid.SampledFrom([]time.Duration{micro, time.Hour, 7 * time.Hour, 24 * time.Hour, 100 * time.Hour}).Draw(t, "step"))
			steps.clock.set(at)
			sweep(steps.desk)
		}
		once.clock.set(at)
		sweep(once.desk)
		if diff := compare(once.record("ada"), steps.record("ada")); diff != "" {
			t.Fatalf("settling in steps (-once +steps):\n%s", diff)
		}
		steps.verified()
	})
}

// dormantFor is a ledger whose account's daily allowance was last settled years ago.
func dormantFor(t testing.TB, years int, give credits.Allow) (*credits.Ledger, *memory.Store) {
	now := start
	store := memory.New()
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
	give.ID, give.Account, give.Allowance, give.Amount, give.Every = "allow", "ada", "daily", credits.Of(10), daily
	if _, err := ledger.Allow(ctx, give); err != nil {
		t.Fatal(err)
	}
	now = start.AddDate(years, 0, 0)
	return ledger, store
}

func TestAllowCatchesUpTenYearsInOneCall(t *testing.T) {
	for _, c := range []struct {
		name    string
		give    credits.Allow
		entries int // 3654 occurrences from 2026-03-10 to 2036-03-10, both included, the Allow and the Spend
		left    int64
	}{
		{"credits that add up", credits.Allow{Validity: expiry.Permanent()}, 3654 + 2, 36540 - 1},
		{"credits for a day", credits.Allow{Validity: expiry.EndOfPeriod()}, 3654 + 3653 + 2, 10 - 1},
		{"a reset", credits.Allow{Validity: expiry.Permanent(), Reset: true}, 3654 + 3653 + 2, 10 - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ledger, store := dormantFor(t, 10, c.give)
			receipt, err := ledger.Spend(ctx, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
			if err != nil || receipt.Balance != credits.Of(c.left) {
				t.Fatalf("Spend(1) = %v, %v, want %d left", receipt.Balance, err, c.left)
			}
			if n := len(collect(t, store.Entries(ctx, credits.Query{Account: "ada"}))); n != c.entries {
				t.Errorf("Spend(1) left %d entries, want %d", n, c.entries)
			}
			if found, err := ledger.Verify(ctx, "ada"); c.name != "credits that add up" && (err != nil || len(found) > 0) {
				t.Errorf("Verify() = %v, %v, want nothing", found, err)
			}
		})
	}
}

// BenchmarkSettleTenYears settles ten years of a daily allowance. The goal is under
// 20 ms and 5 MB, for credits that end with the day: 3,654 grants and 3,653 ends, of
// 360 bytes each, make 2.6 MB, and the lots that the grants list, of 288, 1.1 MB.
//
// Two cannot stay within it. Credits that add up leave 3,654 lots open, which the
// settlement, the state and the change have besides the entries: four times 1.1 MB,
// and 1.3 MB of entries. With a rollover there are up to three entries a day, 3.9 MB,
// and the lots that they list.
func BenchmarkSettleTenYears(b *testing.B) {
	for _, c := range []struct {
		name string
		give credits.Allow
	}{
		{"ending", credits.Allow{Validity: expiry.EndOfPeriod()}},
		{"adding", credits.Allow{Validity: expiry.Permanent()}},
		{"reset", credits.Allow{Validity: expiry.Permanent(), Reset: true}},
		{"rolling", credits.Allow{Validity: expiry.EndOfPeriod(), Rollover: expiry.MustParseRollover("at most 100 for 1 month")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ledger, _ := dormantFor(b, 10, c.give)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ledger.Balance(ctx, "ada"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
