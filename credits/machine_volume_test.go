package credits_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// TestR22_LotsSumToTheBalanceExactlyAfter100000Operations uses amounts of odd
// millionths, most of which no binary fraction can hold, and keeps its own sum.
func TestR22_LotsSumToTheBalanceExactlyAfter100000Operations(t *testing.T) {
	random := rand.New(rand.NewPCG(22, 22))
	now := machineStart
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
	granted, spent := new(big.Int), new(big.Int)
	for i := range 100_000 {
		now = now.Add(time.Duration(random.IntN(100)) * time.Second)
		amount := credits.Micros(1 + random.Int64N(9_999_999))
		if i%5 == 0 {
			grant := credits.Grant{ID: fmt.Sprint(i), Account: "ada", Amount: amount, Validity: expiry.Hours(1 + random.IntN(30))}
			if _, err := ledger.Grant(t.Context(), grant); err != nil {
				t.Fatalf("Grant(%+v) = %v, want no error", grant, err)
			}
			granted.Add(granted, big.NewInt(amount.Micros()))
			continue
		}
		spend := credits.Spend{ID: fmt.Sprint(i), Account: "ada", Amount: credits.Micros(amount.Micros() / 5)}
		switch _, err := ledger.Spend(t.Context(), spend); {
		case err == nil:
			spent.Add(spent, big.NewInt(spend.Amount.Micros()))
		case !errors.Is(err, credits.ErrInsufficient):
			t.Fatalf("Spend(%+v) = %v, want success or ErrInsufficient", spend, err)
		}
	}
	checkVolume(t, ledger, granted, spent)
}

// checkVolume compares lots, balance, last entry and the sum of all entries.
func checkVolume(t *testing.T, ledger *credits.Ledger, granted, spent *big.Int) {
	sums := map[credits.Kind]*big.Int{}
	total := new(big.Int)
	var last credits.Entry
	for e, err := range ledger.History(t.Context(), credits.Query{Account: "ada"}) {
		if err != nil {
			t.Fatalf("History() = %v, want no error", err)
		}
		if sums[e.Kind] == nil {
			sums[e.Kind] = new(big.Int)
		}
		sums[e.Kind].Add(sums[e.Kind], big.NewInt(e.Amount.Micros()))
		total.Add(total, big.NewInt(e.Amount.Micros()))
		last = e
	}
	balance, err := ledger.Balance(t.Context(), "ada")
	if err != nil {
		t.Fatalf("Balance() = %v, want no error", err)
	}
	lots := new(big.Int)
	for _, lot := range balance.Lots {
		lots.Add(lots, big.NewInt(lot.Available.Micros()))
	}
	want := new(big.Int).Sub(granted, spent)
	want.Add(want, sums[credits.KindEnd])
	for name, got := range map[string]*big.Int{
		"balance":            big.NewInt(balance.Posted.Micros()),
		"sum of open lots":   lots,
		"last entry":         big.NewInt(last.Balance.Micros()),
		"sum of all entries": total,
		"by kind": new(big.Int).Add(sums[credits.KindEnd],
			new(big.Int).Add(sums[credits.KindGrant], sums[credits.KindSpend])),
	} {
		if got.Cmp(want) != 0 {
			t.Errorf("%s = %v micros, want %v", name, got, want)
		}
	}
	if want.Sign() <= 0 || sums[credits.KindEnd].Sign() >= 0 {
		t.Errorf("balance = %v and ended = %v, want something left and something ended", want, sums[credits.KindEnd])
	}
}
