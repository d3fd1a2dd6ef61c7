package credits_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func TestBalanceSumsUpTheLots(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	d.grant(credits.Grant{ID: "music", Amount: credits.Of(5), Features: []string{"music"}})
	d.grant(credits.Grant{ID: "next", Amount: credits.Of(7), Start: day(1), Validity: expiry.Days(1)})
	d.grant(credits.Grant{ID: "short", Amount: credits.Of(3), Validity: expiry.Days(1)})
	d.clock.set(start.Add(time.Hour + 999))
	got := d.balance()
	lots := d.record("ada").State.Lots
	want := credits.Balance{
		AsOf: start.Add(time.Hour), Posted: credits.Of(25), Available: credits.Of(18), Scheduled: credits.Of(7),
		Lots: lots, Terms: []credits.Term{{ID: "pro", Since: start, Until: day(9)}},
	}
	if diff := compare(want, got); diff != "" {
		t.Errorf("Balance(ada) (-want +got):\n%s", diff)
	}
	if got := lotIDs(got.Lots); !slices.Equal(got, []string{"music", "short", "next", "pack"}) {
		t.Errorf("Balance(ada).Lots = %v, want the drawdown order", got)
	}
}

func TestBalanceFor(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	d.grant(credits.Grant{ID: "music", Amount: credits.Of(5), Features: []string{"music", "image"}})
	d.grant(credits.Grant{ID: "next", Amount: credits.Of(7), Start: day(1), Features: []string{"music"}})
	now, later := d.balance(), d.balanceAt(day(1))
	for feature, want := range map[string][2]int64{"": {10, 10}, "music": {15, 22}, "image": {15, 15}, "sticker": {10, 10}} {
		if got := now.For(feature); got != credits.Of(want[0]) {
			t.Errorf("For(%q) = %v, want %v", feature, got, want[0])
		}
		if got := later.For(feature); got != credits.Of(want[1]) {
			t.Errorf("For(%q) on day 1 = %v, want %v", feature, got, want[1])
		}
	}
	var empty credits.Balance
	if got := empty.For("music"); !got.IsZero() {
		t.Errorf("For(music) of nothing = %v, want 0", got)
	}
}

func TestBalanceEnds(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	d.grant(credits.Grant{ID: "never", Amount: credits.Of(10)})
	d.grant(credits.Grant{ID: "low-priority", Amount: credits.Of(5), Validity: expiry.Days(2), Priority: 5})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(7), Validity: expiry.WhileSubscribed(), Term: "pro", Priority: -5})
	d.grant(credits.Grant{ID: "same-end", Amount: credits.Of(1), Validity: expiry.Days(2)})
	d.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
	balance := d.balance()
	want := []credits.End{
		{At: day(2), Amount: credits.Of(1), Lot: "same-end"}, {At: day(2), Amount: credits.Of(5), Lot: "low-priority"},
		{At: day(9), Amount: credits.Of(4), Lot: "plan"},
	}
	if diff := compare(want, balance.Ends()); diff != "" {
		t.Errorf("Ends() (-want +got):\n%s", diff)
	}
	d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(12)})
	balance = d.balance()
	if got := balance.Ends()[2]; got.Lot != "plan" || !got.At.Equal(day(12)) {
		t.Errorf("Ends()[2] after Renew(sub-2) = %v, want plan on %v", got, day(12))
	}
}

func TestBalanceMovesWithTheClockAlone(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "now", Amount: credits.Of(1), Validity: expiry.Days(2)})
	d.grant(credits.Grant{ID: "next", Amount: credits.Of(2), Start: day(1), Validity: expiry.Days(2)})
	before := d.record("ada")
	for _, c := range []struct {
		at                  time.Time
		available, upcoming int64
	}{
		{start, 1, 2}, {day(1).Add(-micro), 1, 2}, {day(1), 3, 0}, {day(2).Add(-micro), 3, 0}, {day(2), 2, 0},
		{day(3).Add(-micro), 2, 0}, {day(3), 0, 0},
	} {
		d.clock.set(c.at)
		if got := d.balance(); got.Available != credits.Of(c.available) || got.Scheduled != credits.Of(c.upcoming) {
			t.Errorf("Balance(at %v) = %v and %v to come, want %d and %d", c.at, got.Available, got.Scheduled, c.available, c.upcoming)
		}
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("Balance wrote (-before +after):\n%s", diff)
	}
}

func TestBalanceOfAnUnknownAccount(t *testing.T) {
	d := newDesk(t)
	if diff := compare(credits.Balance{AsOf: start}, d.balance()); diff != "" {
		t.Errorf("Balance(ada) (-want +got):\n%s", diff)
	}
	if diff := compare(credits.Balance{AsOf: day(-9)}, d.balanceAt(day(-9))); diff != "" {
		t.Errorf("BalanceAt(ada) (-want +got):\n%s", diff)
	}
}

func TestBalanceRefusesWhatIsInvalid(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	for name, account := range map[string]string{
		"missing": "", "over-long": strings.Repeat("x", credits.MaxIDLen+1), "not UTF-8": "\xff", "with a control character": "a\n",
	} {
		if _, err := d.ledger.Balance(t.Context(), account); !errors.Is(err, credits.ErrInvalid) || field(err) != "account" {
			t.Errorf("Balance(account that is %s) = %v, want %v", name, err, credits.ErrInvalid)
		}
		if _, err := d.ledger.BalanceAt(t.Context(), account, start); !errors.Is(err, credits.ErrInvalid) || field(err) != "account" {
			t.Errorf("BalanceAt(account that is %s) = %v, want %v", name, err, credits.ErrInvalid)
		}
	}
	for name, at := range map[string]time.Time{
		"missing": {}, "in the year 0": time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "in the year 10000": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if _, err := d.ledger.BalanceAt(t.Context(), "ada", at); !errors.Is(err, credits.ErrInvalid) || field(err) != "at" {
			t.Errorf("BalanceAt(instant that is %s) = %v, want %v", name, err, credits.ErrInvalid)
		}
	}
}

func TestBalanceWithADoneContextOrABrokenStore(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("connection lost")
	failing := credits.New(brokenStore{memory.New(), broken}, credits.Options{})
	for _, c := range []struct {
		ctx    context.Context
		ledger *credits.Ledger
		want   error
	}{{ctx, d.ledger, context.Canceled}, {t.Context(), failing, broken}} {
		if _, err := c.ledger.Balance(c.ctx, "ada"); !errors.Is(err, c.want) {
			t.Errorf("Balance(ada) = %v, want %v", err, c.want)
		}
		if _, err := c.ledger.BalanceAt(c.ctx, "ada", day(-1)); !errors.Is(err, c.want) {
			t.Errorf("BalanceAt(ada) = %v, want %v", err, c.want)
		}
	}
}

func TestBalanceAtInTheFutureAppliesWhatTimeWillDo(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.grant(credits.Grant{ID: "month", Amount: credits.Of(2), Validity: expiry.Days(30)})
	d.grant(credits.Grant{ID: "next", Amount: credits.Of(4), Start: day(20)})
	before := d.record("ada")
	for _, c := range []struct {
		at                  time.Time
		available, upcoming int64
		terms               int
	}{
		{start, 3, 4, 1}, {day(9).Add(-micro), 3, 4, 1}, {day(9).Add(-1), 3, 4, 1}, {day(9), 2, 4, 0}, {day(20), 6, 0, 0}, {day(30), 4, 0, 0},
		{time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), 4, 0, 0},
	} {
		got := d.balanceAt(c.at)
		if got.Available != credits.Of(c.available) || got.Scheduled != credits.Of(c.upcoming) || len(got.Terms) != c.terms {
			t.Errorf("BalanceAt(%v) = %v and %v to come, terms %v, want %d and %d, %d terms",
				c.at, got.Available, got.Scheduled, got.Terms, c.available, c.upcoming, c.terms)
		}
		if want := c.at.Truncate(micro); !got.AsOf.Equal(want) {
			t.Errorf("BalanceAt(%v).AsOf = %v, want %v", c.at, got.AsOf, want)
		}
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("BalanceAt wrote (-before +after):\n%s", diff)
	}
}

func TestBalanceIsTheCallers(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Features: []string{"image"}, Meta: map[string]string{"a": "b"}})
	d.clock.set(day(1))
	d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(1)})
	before := d.record("ada")
	for _, balance := range []credits.Balance{d.balance(), d.balanceAt(day(2)), d.balanceAt(start)} {
		balance.Lots[0].Features[0], balance.Lots[0].Meta["a"], balance.Lots[0].ID = "x", "x", "x"
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("changing a balance changed the account (-before +after):\n%s", diff)
	}
}
