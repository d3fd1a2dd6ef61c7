package credits_test

import (
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// funded is the ledger of the examples below: ada has bought 100 credits for $9.99,
// and used 16 of them.
func funded(now func() time.Time) *credits.Ledger {
	ledger := credits.New(memory.New(), credits.Options{Now: now})
	_, err := ledger.Grant(ctx, credits.Grant{
		ID: "order-7", Account: "ada", Amount: credits.Of(100), Source: "pack", Validity: expiry.Days(30),
		Paid: credits.Money{Minor: 999, Currency: "USD"},
	})
	if err == nil {
		_, err = ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16)})
	}
	if err != nil {
		fmt.Println(err)
	}
	return ledger
}

func ExampleLedger_Refund() {
	ledger := funded(newYear)
	receipt, err := ledger.Refund(ctx, credits.Refund{ID: "refund-1", Account: "ada", Of: "job-9", Amount: credits.Of(10)})
	fmt.Println(receipt.Amount, receipt.Balance, err)
	// No more than was spent is given back.
	_, err = ledger.Refund(ctx, credits.Refund{ID: "refund-2", Account: "ada", Of: "job-9", Amount: credits.Of(10)})
	fmt.Println(err)
	receipt, err = ledger.Refund(ctx, credits.Refund{ID: "refund-2", Account: "ada", Of: "job-9", All: true})
	fmt.Println(receipt.Amount, receipt.Balance, err)
	// Output:
	// 10 94 <nil>
	// credits: amount is 10, but of the 16 of "job-9" only 6 are left to refund
	// 6 100 <nil>
}

func ExampleLedger_Revoke() {
	ledger := funded(newYear)
	receipt, err := ledger.Revoke(ctx, credits.Revoke{ID: "dispute-3", Account: "ada", Lot: "order-7", Debt: true})
	fmt.Println(receipt.Balance, receipt.Money.Minor, receipt.Money.Currency, err)
	// Output: -16 840 USD <nil>
}

func ExampleLedger_Allow() {
	now := newYear()
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
	_, err := ledger.Allow(ctx, credits.Allow{
		ID: "plan-1", Account: "ada", Allowance: "pro", Amount: credits.Of(500), Source: "subscription",
		Every: expiry.MustParseSpan("1 month"), Validity: expiry.EndOfPeriod(),
		Rollover: expiry.MustParseRollover("at most 200 for 1 month, once"),
	})
	fmt.Println(err)
	now = now.AddDate(0, 2, 0) // two months without a word
	for entry := range ledger.History(ctx, credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindGrant, credits.KindEnd}}) {
		fmt.Println(entry.At.Format(time.DateOnly), entry.Kind, entry.Amount, entry.Balance)
	}
	// Output:
	// <nil>
	// 2026-01-01 grant 500 500
	// 2026-02-01 end -300 200
	// 2026-02-01 grant 500 700
	// 2026-03-01 end -300 400
	// 2026-03-01 end -200 200
	// 2026-03-01 grant 500 700
}

func ExampleLedger_Amend() {
	ledger := funded(newYear)
	receipt, err := ledger.Amend(ctx, credits.Amend{ID: "support-12", Account: "ada", Lot: "order-7", Validity: expiry.Days(90)})
	fmt.Println(receipt.Lots[0].End.Format(time.DateOnly), err)
	// Output: 2026-04-01 <nil>
}

func ExampleLedger_Statement() {
	ledger := funded(newYear)
	day := newYear().Truncate(24 * time.Hour)
	statement, err := ledger.Statement(ctx, "ada", day, day.AddDate(0, 0, 1))
	fmt.Println(statement.Opening, statement.ByKind[credits.KindGrant], statement.ByKind[credits.KindSpend], statement.Closing, err)
	for _, usage := range statement.Usage {
		fmt.Println(usage.Feature, usage.Uses, usage.Net())
	}
	// Output:
	// 0 100 -16 84 <nil>
	// speech-to-text 1 16
}

func ExampleLedger_Revenue() {
	now := newYear()
	ledger := funded(func() time.Time { return now })
	now = now.AddDate(0, 0, 30) // what is left ends
	revenue, err := ledger.Revenue(ctx, "ada", newYear(), now.Add(time.Second))
	fmt.Printf("%+v %v\n", revenue["USD"], err)
	// Output: {Earned:159 Breakage:840 Returned:0} <nil>
}

func ExampleLedger_Forecast() {
	ledger := funded(newYear)
	burn := credits.Burn{Feature: "speech-to-text", Amount: credits.Of(2), Every: expiry.MustParseSpan("1 day")}
	forecast, err := ledger.Forecast(ctx, "ada", burn, newYear().AddDate(0, 0, 60))
	for _, end := range forecast.Lost {
		fmt.Println(end.At.Format(time.DateOnly), end.Lot, end.Amount)
	}
	fmt.Println(forecast.Used, forecast.RunsOut.Format(time.DateOnly), err)
	// Output:
	// 2026-01-31 order-7 26
	// 58 2026-01-31 <nil>
}
