package credits_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// R20: a code was redeemed twice under contention. Codes that every account may
// redeem once are grants with the code as their ID: whoever redeems it how often,
// while the account is spent from, it counts once.
func TestR20_ACodeRedeemedUnderLoadCountsOnce(t *testing.T) {
	const codes, times = 8, 40
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(codes * times)})
	receipts := make([]credits.Receipt, codes*times)
	errs := atOnce(codes*times, func(i int) error {
		code := fmt.Sprintf("code-%d", i%codes)
		if _, err := b.ledger.Spend(b.ctx, credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada", Amount: credits.Of(1)}); err != nil {
			return err
		}
		var err error
		receipts[i], err = b.ledger.Grant(b.ctx, credits.Grant{ID: code, Account: "ada", Amount: credits.Of(10), Validity: expiry.Permanent()})
		return err
	})
	first := make([]int, codes)
	for i, err := range errs {
		if err != nil {
			t.Fatalf("redeeming %d = %v, want no error", i, err)
		}
		if !receipts[i].Replayed {
			first[i%codes]++
		}
		if diff := compare(receipts[i%codes].Entry, receipts[i].Entry); diff != "" {
			t.Errorf("the receipts of one code differ:\n%s", diff)
		}
	}
	if want := slices.Repeat([]int{1}, codes); !slices.Equal(first, want) {
		t.Errorf("first redemptions by code = %v, want %v", first, want)
	}
	if got := b.balance().Posted; got != credits.Of(codes*10) {
		t.Errorf("Posted = %v, want %d", got, codes*10)
	}
}

// R20, for a code that only one account may redeem: the code is an account of its
// own, and redeeming it a transfer. Of many accounts at once, one gets it.
func TestR20_ACodeForOneGoesToOne(t *testing.T) {
	const accounts = 60
	d := newDesk(t)
	d.grant(credits.Grant{ID: "issued", Account: "code-SUMMER", Amount: credits.Of(10), Validity: expiry.Days(30)})
	errs := atOnce(accounts, func(i int) error {
		account := fmt.Sprintf("user-%d", i)
		_, err := d.ledger.Transfer(d.ctx, credits.Transfer{ID: "redeem-" + account, From: "code-SUMMER", To: account, Amount: credits.Of(10)})
		return err
	})
	won := 0
	for i, err := range errs {
		account := fmt.Sprintf("user-%d", i)
		balance, readErr := d.ledger.Balance(d.ctx, account)
		if readErr != nil {
			t.Fatalf("Balance(%s) = %v, want no error", account, readErr)
		}
		switch {
		case err == nil && balance.Posted == credits.Of(10):
			won++
		case !errors.Is(err, credits.ErrInsufficient) || !balance.Posted.IsZero():
			t.Errorf("Transfer to %s = %v, with %v there, want it whole or ErrInsufficient", account, err, balance.Posted)
		}
	}
	if won != 1 {
		t.Errorf("%d accounts redeemed the code, want 1", won)
	}
}
