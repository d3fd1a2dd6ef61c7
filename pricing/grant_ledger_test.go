package pricing_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// A payment provider delivers its events several times, at once and later. Each
// opens one lot.
func TestR19_AWebhookDeliveredAgainGrantsOnce(t *testing.T) {
	filmora := read(t, "filmora.json")
	now := instant("2026-03-01T00:00:00Z")
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
	since := instant("2026-02-28T10:00:00Z")
	plan, pack, bonus := must(filmora.Plan("subscription")), must(filmora.Pack("small")), must(filmora.Bonus("daily-login"))
	must(ledger.Renew(t.Context(), credits.Renew{ID: "renew-1", Account: "ada", Term: "sub-1", Until: instant("2026-03-28T10:00:00Z")}))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, g := range []credits.Grant{
				must(plan.Grant("ada", must(plan.CycleAt("sub-1", since, now)))),
				must(pack.Grant("ada", pricing.Purchase{Order: "ord-7"})),
				must(bonus.Grant("ada", pricing.Claim{At: now})),
			} {
				if _, err := ledger.Grant(t.Context(), g); err != nil {
					t.Errorf("Grant(%s) = %v, want no error", g.ID, err)
				}
			}
		})
	}
	all.Wait()
	balance := must(ledger.Balance(t.Context(), "ada"))
	if want := credits.Of(1000 + 100 + 2); balance.Available != want || len(balance.Lots) != 3 {
		t.Errorf("Balance = %v in %d lots, want %v in 3", balance.Available, len(balance.Lots), want)
	}
}

// A conversion that is claimed again with more left is refused, not added.
func TestR19_AnEntitlementConvertsOnce(t *testing.T) {
	conversion := must(read(t, "filmora.json").Conversion("speech-to-text"))
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return instant("2026-03-01T00:00:00Z") }})
	for i, quantity := range []string{"10 minutes", "20 minutes"} {
		g := must(conversion.Grant("ada", pricing.Remainder{Key: "lic-1", Quantity: pricing.MustParseQuantity(quantity)}))
		_, err := ledger.Grant(t.Context(), g)
		if again := i > 0; again != errors.Is(err, credits.ErrIDReused) {
			t.Errorf("Grant of %s = %v", quantity, err)
		}
	}
	balance := must(ledger.Balance(t.Context(), "ada"))
	if balance.Available != credits.Of(40) || !balance.Lots[0].Validity.Equal(expiry.Permanent()) {
		t.Errorf("Balance = %v, want 40 that are permanent", balance)
	}
}
