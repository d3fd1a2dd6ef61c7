package credits_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// A reset ends what is left; a rollover would carry it past the reset, again and
// again.
func TestR40_AnAllowanceThatResetsCannotRollOver(t *testing.T) {
	d := newDesk(t)
	c := credits.Allow{
		ID: "allow-1", Account: "ada", Allowance: "daily", Amount: credits.Of(50),
		Every: expiry.MustParseSpan("1 day"), Reset: true,
		Validity: expiry.Permanent(), Rollover: expiry.MustParseRollover("all for 1 month"),
	}
	receipt, err := d.ledger.Allow(d.ctx, c)
	if invalid, ok := errors.AsType[*credits.InvalidError](err); !ok || invalid.Field != "rollover" {
		t.Errorf("Allow(%+v) = %v, %v, want an *InvalidError about the rollover", c, receipt.Entry, err)
	}
	c.Rollover = expiry.Rollover{}
	if _, err := d.ledger.Allow(d.ctx, c); err != nil {
		t.Fatalf("Allow(%+v) = %v, want no error", c, err)
	}
	d.clock.set(day(3))
	balance, err := d.ledger.Balance(d.ctx, "ada")
	if err != nil || balance.Available != credits.Of(50) {
		t.Errorf("Balance() after three resets = %v, %v, want 50", balance.Available, err)
	}
}

// Where holds have all of a lot that was to roll over, only the occurrence that ends
// it says so: Verify reads it from there.
func TestR40_VerifyKnowsThatAResetEndsAHeldLotThatWasToRollOver(t *testing.T) {
	b := openTill(t)
	give := credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(1), Every: daily, Validity: expiry.Days(3), Rollover: expiry.Roll(expiry.Days(1))}
	b.allow(give)
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(1), Deadline: day(20)})
	b.clock.set(day(0).Add(12 * time.Hour))
	give.ID, give.Reset, give.Rollover = "change", true, expiry.Rollover{}
	b.allow(give)
	b.clock.set(day(1))
	if _, err := b.ledger.Sweep(b.ctx); err != nil {
		t.Fatalf("Sweep() = %v, want no error", err)
	}
	b.verified()
	if got := b.lots(); !strings.HasSuffix(got, " 0+1, ~allow/2026-03-11T09:30:00Z/plan 1") {
		t.Errorf("lots = %s, want the first, held, and the second", got)
	}
}
