package credits_test

import (
	"errors"
	"testing"

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
