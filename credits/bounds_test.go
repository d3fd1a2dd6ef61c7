package credits_test

import (
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// The parts of an account sum to no more than the most, whatever order they came
// in: what would pass it is refused, and nothing panics later.
func TestSumsOfAnAccountsPartsAreBounded(t *testing.T) {
	most := credits.Of(credits.MaxCredits)
	t.Run("debt beside an overdraft that is held", func(t *testing.T) {
		b := openTill(t)
		b.overdraft(credits.MaxCredits)
		b.hold(credits.Reserve{ID: "job", Amount: most, Deadline: day(1)})
		b.grant(credits.Grant{ID: "pack", Amount: most})
		b.spend(credits.Spend{ID: "use", Amount: most})
		b.refuses(credits.ErrOverflow, func() error {
			_, err := b.ledger.Revoke(b.ctx, credits.Revoke{ID: "revoke", Account: "ada", Lot: "pack", Debt: true})
			return err
		})
		b.overdraft(0)
		balance := b.balance()
		if got, want := balance.For(""), most.Neg(); !got.IsZero() && got != want {
			t.Errorf("For(\"\") = %v, want %v or zero", got, want)
		}
	})
	t.Run("lots beside debt", func(t *testing.T) {
		b := openTill(t)
		b.grant(credits.Grant{ID: "a", Amount: most})
		b.spend(credits.Spend{ID: "use", Amount: most})
		b.grant(credits.Grant{ID: "b", Amount: most, Features: []string{"x"}})
		b.overdraft(credits.MaxCredits)
		b.spend(credits.Spend{ID: "owed", Amount: most, Feature: "y"})
		b.refuses(credits.ErrOverflow, func() error {
			_, err := b.ledger.Refund(b.ctx, credits.Refund{ID: "refund", Account: "ada", Of: "use", All: true})
			return err
		})
	})
}

func TestAllowKeepsToMaxLots(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "set", Allowance: "hourly", Amount: credits.Of(1), Every: expiry.MustParseSpan("1 hour")})
	b.clock.now = start.Add((credits.MaxLots + 500) * time.Hour)
	if got := b.balance(); len(got.Lots) != credits.MaxLots || got.Posted != credits.Of(credits.MaxLots) {
		t.Errorf("after more hours than MaxLots: %d lots with %v, want %d", len(got.Lots), got.Posted, credits.MaxLots)
	}
}

func TestReadingsOfTheFarFutureAreBounded(t *testing.T) {
	d := newDesk(t)
	give := credits.Allow{
		ID: "set", Account: "ada", Allowance: "hourly", Amount: credits.Of(1), Every: expiry.MustParseSpan("1 hour"), Validity: expiry.EndOfPeriod(),
	}
	if _, err := d.ledger.Allow(d.ctx, give); err != nil {
		t.Fatal(err)
	}
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	d.refuses(credits.ErrInvalid, func() error {
		_, err := d.ledger.BalanceAt(d.ctx, "ada", far)
		return err
	})
	d.refuses(credits.ErrInvalid, func() error {
		_, err := d.ledger.Forecast(d.ctx, "ada", credits.Burn{}, far)
		return err
	})
	if got, want := d.balanceAt(start.AddDate(1, 0, 0)).Posted, credits.Of(1); got != want {
		t.Errorf("BalanceAt(in a year).Posted = %v, want %v", got, want)
	}
}

func TestAllowStopExcludesEverythingElse(t *testing.T) {
	for name, change := range map[string]func(*credits.Allow){
		"term":     func(c *credits.Allow) { c.Term = "pro" },
		"reset":    func(c *credits.Allow) { c.Reset = true },
		"cap":      func(c *credits.Allow) { c.Most = credits.Of(1) },
		"source":   func(c *credits.Allow) { c.Source = "plan" },
		"priority": func(c *credits.Allow) { c.Priority = 1 },
		"price":    func(c *credits.Allow) { c.Paid = credits.Money{Minor: -1, Currency: "USD"} },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			command := credits.Allow{ID: "stop", Account: "ada", Allowance: "daily", Stop: true}
			change(&command)
			d.refuses(credits.ErrInvalid, func() error {
				_, err := d.ledger.Allow(d.ctx, command)
				return err
			})
		})
	}
}

func TestAFrozenAccountPaysNoMoreThanIsHeld(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.hold(credits.Reserve{ID: "job", Amount: credits.Of(2), Deadline: day(1)})
	if _, err := b.ledger.Configure(b.ctx, credits.Configure{ID: "freeze", Account: "ada", Frozen: new(true)}); err != nil {
		t.Fatal(err)
	}
	b.refuses(credits.ErrFrozen, func() error {
		_, err := b.ledger.Capture(b.ctx, credits.Capture{ID: "use", Account: "ada", Hold: "job", Amount: credits.Of(3)})
		return err
	})
	b.capture(credits.Capture{ID: "use", Hold: "job", Amount: credits.Of(2)})
}

func TestAllowCapsWithinAtLeastOnePeriod(t *testing.T) {
	d := newDesk(t)
	give := credits.Allow{
		ID: "set", Account: "ada", Allowance: "monthly", Amount: credits.Of(5), Validity: expiry.Permanent(),
		Every: expiry.MustParseSpan("1 month"), Most: credits.Of(9), Within: expiry.MustParseSpan("1 day"),
	}
	d.refuses(credits.ErrInvalid, func() error {
		_, err := d.ledger.Allow(d.ctx, give)
		return err
	})
	give.Within = give.Every
	if _, err := d.ledger.Allow(d.ctx, give); err != nil {
		t.Errorf("Allow(%v within %v) = %v, want no error", give.Most, give.Within, err)
	}
}
