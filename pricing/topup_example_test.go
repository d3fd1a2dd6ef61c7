package pricing_test

import (
	"context"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

func ExamplePack_TopUp() {
	catalog := pricing.MustParse([]byte(`{
		"name": "studio",
		"cards": [{"name": "studio", "version": "1", "effective": "2026-01-01T00:00:00Z", "features": {"ai-image": {"credits": 10}}}],
		"packs": {"small": {
			"credits": 125, "price": "49 USD", "valid": "permanent",
			"auto": {"below": 50, "limit": "at most 250 within 1 month"}
		}}
	}`))
	pack, _ := catalog.Pack("small")
	now := time.Date(2026, time.May, 20, 10, 0, 0, 0, time.UTC)

	var ledger *credits.Ledger
	ledger = credits.New(memory.New(), credits.Options{
		Now: func() time.Time { return now },
		Low: []credits.Amount{pack.Auto.Below},
		Notify: func(ctx context.Context, notice credits.Notice) {
			crossing := pricing.Crossing{Notice: notice, At: now}
			grant, err := pack.TopUp(crossing, ledger.History(ctx, pack.TopUpQuery(crossing)))
			if err != nil {
				fmt.Println(err) // a TopUpError's Next says when to come back
				return
			}
			fmt.Println("charge", grant.Paid, "for", grant.ID) // as the idempotency key
			ledger.Grant(ctx, grant)
		},
	})
	purchase, _ := pack.Grant("ada", pricing.Purchase{Order: "ord-7"})
	ledger.Grant(context.Background(), purchase)
	for job := range 40 {
		ledger.Spend(context.Background(), credits.Spend{ID: fmt.Sprint("job-", job), Account: "ada", Amount: credits.Of(9)})
	}
	balance, _ := ledger.Balance(context.Background(), "ada")
	fmt.Println(balance.Available, "left")
	// Output:
	// charge {4900 USD} for topup:small:10
	// charge {4900 USD} for topup:small:25
	// pricing: no top-up of account "ada" with pack "small" for entry 40: the limit is "at most 250 within 1 month", which has room again from 2026-06-20T10:00:00Z
	// 15 left
}
