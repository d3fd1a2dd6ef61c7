package credits_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// A use that a revocation made a debt, and that a later grant repaid, was paid by
// that grant: its refund has no lot to go back to, and must not end in the revoked
// one.
func TestRefundOfARepaidDebtAsksForANewLot(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: true})
	b.grant(credits.Grant{ID: "next", Amount: credits.Of(15)})
	refund := credits.Refund{ID: "refund", Account: "ada", Of: "job", All: true}
	b.refuses(credits.ErrInvalid, func() error {
		_, err := b.ledger.Refund(t.Context(), refund)
		return err
	})
	refund.Reissue = expiry.Permanent()
	b.refund(refund)
	if got, want := b.balance().Posted, credits.Of(15); got != want {
		t.Errorf("after Refund(%v) Posted = %v, want %v", refund, got, want)
	}
}

// A refund without a feature drew on lots for all: so does what it gives back.
func TestRefundOfAUseWithoutAFeatureIsForAll(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "a", Amount: credits.Of(5), Validity: expiry.Days(1)})
	b.grant(credits.Grant{ID: "b", Amount: credits.Of(5), Validity: expiry.Days(1)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(9)})
	b.amend(credits.Amend{ID: "amend", Lot: "b", Features: []string{"image"}})
	b.clock.now = day(2)
	b.refund(credits.Refund{ID: "refund", Of: "job", All: true, Reissue: expiry.Permanent()})
	balance := b.balance()
	if got, want := balance.For(""), credits.Of(9); got != want {
		t.Errorf("after Refund(job) For(\"\") = %v, want %v", got, want)
	}
}

// Reset ends what is left of an allowance's earlier lots, whatever else they were
// to do: roll over, or come back by a refund.
func TestAllowResetEndsLotsThatWereToRollOver(t *testing.T) {
	b := openTill(t)
	give := credits.Allow{
		ID: "set", Allowance: "monthly", Amount: credits.Of(10), Every: expiry.MustParseSpan("1 month"),
		Validity: expiry.Months(3), Rollover: expiry.Roll(expiry.Permanent()),
	}
	b.allow(give)
	give.ID, give.Rollover, give.Reset = "change", expiry.Rollover{}, true
	b.allow(give)
	for month := 1; month <= 3; month++ {
		b.clock.now = start.AddDate(0, month, 0)
		if got, want := b.balance().Posted, credits.Of(10); got != want {
			t.Errorf("after %d months Posted = %v, want %v", month, got, want)
		}
	}
}

func TestR30_ARefundAfterAResetDoesNotReviveTheOldPeriod(t *testing.T) {
	for _, spent := range []int64{9, 10} {
		b := openTill(t)
		b.allow(credits.Allow{
			ID: "set", Allowance: "monthly", Amount: credits.Of(10), Every: expiry.MustParseSpan("1 month"),
			Validity: expiry.Permanent(), Reset: true,
		})
		b.spend(credits.Spend{ID: "job", Amount: credits.Of(spent)})
		b.clock.now = start.AddDate(0, 1, 0)
		b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
		if got, want := b.balance().Posted, credits.Of(10); got != want {
			t.Errorf("spent %d, reset, refunded: Posted = %v, want %v", spent, got, want)
		}
	}
}
