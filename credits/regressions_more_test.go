package credits_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// R5: a refund that ran twice after a lost acknowledgement.
func TestR05_ARefundIsReplayed(t *testing.T) {
	b := spree(t)
	c := credits.Refund{ID: "refund", Account: "ada", Of: "job", Amount: credits.Of(5), Reissue: expiry.Days(3)}
	first := b.refund(c)
	before := b.record("ada")
	b.clock.set(day(60)) // every lot has ended since, which changes nothing of what was said
	again := b.refund(c)
	if diff := compare(first.Entry, again.Entry); diff != "" || !again.Replayed {
		t.Errorf("Refund(again) (-first +again), replayed %v:\n%s", again.Replayed, diff)
	}
	if diff := compare(before, b.record("ada")); diff != "" {
		t.Errorf("Refund(again) changed the account (-before +after):\n%s", diff)
	}
	for name, other := range map[string]credits.Refund{
		"another amount":    {ID: "refund", Account: "ada", Of: "job", Amount: credits.Of(4), Reissue: expiry.Days(3)},
		"all":               {ID: "refund", Account: "ada", Of: "job", All: true, Reissue: expiry.Days(3)},
		"another reissue":   {ID: "refund", Account: "ada", Of: "job", Amount: credits.Of(5)},
		"of something else": {ID: "refund", Account: "ada", Of: "other", Amount: credits.Of(5), Reissue: expiry.Days(3)},
		"other notes":       {ID: "refund", Account: "ada", Of: "job", Amount: credits.Of(5), Reissue: expiry.Days(3), Meta: map[string]string{"a": "b"}},
	} {
		err := b.refuses(credits.ErrIDReused, func() error { return second(b.ledger.Refund(b.ctx, other)) })
		if reused, ok := errors.AsType[*credits.IDReusedError](err); !ok || reused.First.ID != "refund" {
			t.Errorf("Refund(%s) = %v, want an *IDReusedError that names the first", name, err)
		}
	}
}

// R5, as it happens: twenty refunds of all at once give it back once.
func TestR05_ConcurrentRefundsOfAllGiveItBackOnce(t *testing.T) {
	b := spree(t)
	var refunded atomic.Int64
	errs := atOnce(20, func(i int) error {
		receipt, err := b.ledger.Refund(b.ctx, credits.Refund{ID: fmt.Sprintf("refund-%d", i), Account: "ada", Of: "job", All: true})
		refunded.Add(receipt.Amount.Micros())
		return err
	})
	failed := 0
	for _, err := range errs {
		if errors.Is(err, credits.ErrInvalid) {
			failed++
		}
	}
	if failed != 19 || credits.Micros(refunded.Load()) != credits.Of(12) {
		t.Errorf("20 refunds of all = %v refunded, %d refused, want 12, 19", credits.Micros(refunded.Load()), failed)
	}
}

// R18, R55: a scheduler that was down, or an account that nobody touched, loses no
// recurring grant, and none piles up otherwise than it would have come.
func TestR18_R55_MissedGrantsAreCaughtUpOneByOne(t *testing.T) {
	story := func(t *testing.T, sweeps int) []credits.Entry {
		b := openTill(t)
		b.allow(credits.Allow{ID: "allow", Allowance: "daily", Amount: credits.Of(5), Every: daily, Validity: expiry.Days(2), Source: "plan"})
		for i := range 10 {
			if b.clock.set(day(i + 1)); sweeps > 0 && i%sweeps == 0 {
				sweep(b.desk)
			}
		}
		sweep(b.desk)
		sweep(b.desk) // a second one finds nothing to do
		return b.record("ada").Entries
	}
	want := story(t, 1)
	for _, sweeps := range []int{2, 3, 7, 0} {
		if diff := compare(want, story(t, sweeps)); diff != "" {
			t.Errorf("a sweep every %d days (-every day +so):\n%s", sweeps, diff)
		}
	}
	grants := 0
	for _, entry := range want {
		if entry.Kind == credits.KindGrant {
			if !entry.At.Equal(day(grants)) {
				t.Errorf("grant %d is at %v, want %v", grants, entry.At, day(grants))
			}
			grants++
		}
	}
	if grants != 11 {
		t.Errorf("ten days granted %d times, want 11", grants)
	}
}

// R18: an occurrence that two processes catch up at once is granted once.
func TestR18_ConcurrentCatchUpsGrantOnce(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "allow", Allowance: "daily", Amount: credits.Of(5), Every: daily})
	b.clock.set(day(10))
	for _, err := range atOnce(20, func(i int) error {
		return second(b.ledger.Spend(b.ctx, credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada", Amount: credits.Of(1)}))
	}) {
		if err != nil {
			t.Errorf("Spend(1) = %v, want no error", err)
		}
	}
	if got := b.balance().Posted; got != credits.Of(11*5-20) {
		t.Errorf("Posted = %v, want %d", got, 11*5-20)
	}
}

// R29: a refund goes to the lots that the spend drew on, and revives none.
func TestR29_ARefundGoesToItsOwnLotsAndRevivesNone(t *testing.T) {
	b := spree(t)
	b.grant(credits.Grant{ID: "other", Amount: credits.Of(10), Priority: -1}) // first in every order
	b.clock.set(day(5))
	before := b.record("ada").State.Seq
	b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
	if got, want := b.since(before), "refund job 12, end soon -8"; got != want {
		t.Errorf("Refund(all) recorded %s, want %s", got, want)
	}
	if got, want := b.lots(), "other 10, later 10"; got != want {
		t.Errorf("lots after Refund = %s, want %s", got, want)
	}
	b.refuses(credits.ErrInvalid, func() error {
		return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "more", Account: "ada", Of: "job", Amount: credits.Micros(1)}))
	})
}

// R30: a refund after a period's reset goes to the period that was spent from.
func TestR30_ARefundFollowsTheAllocationNotTheCalendar(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "allow", Allowance: "monthly", Amount: credits.Of(100), Every: monthly, Validity: expiry.EndOfPeriod()})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(30)})
	b.clock.set(monthly.Nth(start, 1))
	before := b.history(credits.Query{NewestFirst: true, Limit: 1})[0].Seq
	b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
	if got, want := b.since(before), "refund job 30, end ~allow/2026-03-10T09:30:00Z/monthly -30"; got != want {
		t.Errorf("Refund(in the next month) recorded %s, want %s", got, want)
	}
	if got, want := b.lots(), "~allow/2026-04-10T09:30:00Z/monthly 100"; got != want {
		t.Errorf("lots in the next month = %s, want %s", got, want)
	}
}

// R31: usage is net of refunds, in the period they were made in.
func TestR31_UsageIsNetOfRefunds(t *testing.T) {
	b := ledgered(t)
	for _, usage := range b.statement(day(0), day(12)).Usage {
		if want := map[string]int64{"": 5, "image": 15, "music": 20}[usage.Feature]; usage.Net() != credits.Of(want) {
			t.Errorf("Statement().Usage[%q].Net() = %v, want %d", usage.Feature, usage.Net(), want)
		}
	}
	if usage := b.statement(day(4), day(6)).Usage; len(usage) != 1 || usage[0].Net() != credits.Of(-10) {
		t.Errorf("Statement(of the refund).Usage = %v, want music by -10", usage)
	}
}

// R32: debt outlives plan changes, and whatever brings credits repays it first.
func TestR32_DebtIsRepaidByWhateverComesNext(t *testing.T) {
	for name, c := range map[string]struct {
		come func(b till)
		want string
	}{
		"a grant": {func(b till) { b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)}) }, "pack 4"},
		"a grant for a feature": {func(b till) {
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Features: []string{"music"}})
		}, "pack 4"},
		"a grant that is too small": {func(b till) { b.grant(credits.Grant{ID: "pack", Amount: credits.Of(2)}) }, "debt 4"},
		"an allowance": {func(b till) {
			b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(10), Every: daily})
		}, "~allow/2026-03-10T09:30:00Z/plan 4"},
		"a transfer": {func(b till) {
			b.grant(credits.Grant{ID: "gift", Account: "bob", Amount: credits.Of(10)})
			if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "move", From: "bob", To: "ada", Amount: credits.Of(10)}); err != nil {
				b.t.Fatal(err)
			}
		}, "move 4"},
		"a renewal does not": {func(b till) { b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(40)}) }, "debt 6"},
		"the end of a term does not forget it": {func(b till) {
			b.renew(credits.Renew{ID: "end", Term: "pro", End: true})
			b.clock.set(day(400))
		}, "debt 6"},
		"a lower overdraft does not forget it": {func(b till) { b.overdraft(0) }, "debt 6"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openTill(t)
			b.overdraft(10)
			b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(30)})
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(6)})
			c.come(b)
			if got := b.lots(); got != c.want {
				t.Errorf("lots after %s = %s, want %s", name, got, c.want)
			}
		})
	}
}

// R42: a revoked lot is gone from every view.
func TestR42_ARevokedLotIsGoneFromEveryView(t *testing.T) {
	var notices []credits.Notice
	b := till{openDesk(t, credits.Options{EndingSoon: 20 * 24 * time.Hour, Notify: func(_ context.Context, n credits.Notice) { notices = append(notices, n) }})}
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30), Rollover: expiry.MustParseRollover("all for 3 days")})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(4), Deadline: day(20)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"})
	b.clock.set(day(15))
	b.grant(credits.Grant{ID: "other", Amount: credits.Of(1)})
	balance := b.balance()
	if len(balance.Ends()) != 0 || balance.Available != credits.Of(1) || balance.For("music") != credits.Of(1) {
		t.Errorf("Balance() = %v available, %v for music, ends %v, want 1, 1, none", balance.Available, balance.For("music"), balance.Ends())
	}
	if slices.ContainsFunc(notices, func(n credits.Notice) bool { return n.Lot == "pack" }) {
		t.Errorf("notices = %v, want none about pack", notices)
	}
	forecast, err := b.ledger.Forecast(b.ctx, "ada", credits.Burn{}, day(19))
	if err != nil || len(forecast.Lost) != 0 {
		t.Errorf("Forecast() = %v, %v, want nothing lost", forecast.Lost, err)
	}
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(2)})
	b.clock.set(day(40)) // nothing rolls over, and the old end does nothing
	if got := b.since(4); got != "lapse hold 0, end pack -4" {
		t.Errorf("afterwards = %s, want lapse hold 0, end pack -4", got)
	}
	b.verified()
}

// R44: whatever sequence of verbs an account goes through, Verify recomputes it. The
// random sequences are those of the reports.
func TestR44_AnAccountInWhichEverythingHappenedVerifies(t *testing.T) {
	b := lived(t)
	for i := range 100 {
		b.clock.set(day(3 + i))
		b.verified()
		if i%7 == 0 {
			sweep(b.desk)
		}
	}
	b.verified()
}
