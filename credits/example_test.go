package credits_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

var ctx = context.Background()

// newYear is the clock of the examples, so that they print the same every day.
func newYear() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

func Example() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	_, err := ledger.Grant(ctx, credits.Grant{
		ID: "welcome-ada", Account: "ada", Amount: credits.Of(100), Source: "bonus", Validity: expiry.Permanent(),
	})
	if err != nil {
		fmt.Println(err)
	}
	receipt, err := ledger.Spend(ctx, credits.Spend{
		ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16), Quantity: "3m20s",
	})
	fmt.Println(receipt.Balance, err)
	// A retry of the same job has the same ID, and costs nothing.
	receipt, err = ledger.Spend(ctx, credits.Spend{
		ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16), Quantity: "3m20s",
	})
	fmt.Println(receipt.Balance, receipt.Replayed, err)
	// Output:
	// 84 <nil>
	// 84 true <nil>
}

func ExampleLedger_Grant() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	receipt, err := ledger.Grant(ctx, credits.Grant{
		ID: "order-7", Account: "ada", Amount: credits.Of(300), Source: "pack",
		Validity: expiry.Months(12), Paid: credits.Money{Minor: 9900, Currency: "USD"},
	})
	fmt.Println(receipt.Amount, "from", receipt.Source, "until", receipt.Lots[0].End.Format(time.DateOnly), err)
	// Output:
	// 300 from pack until 2027-01-01 <nil>
}

func ExampleLedger_Spend() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Grant(ctx, credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(10), Validity: expiry.Days(30)})
	receipt, err := ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16)})
	for _, posting := range receipt.Postings {
		fmt.Println(posting.Lot, posting.Available)
	}
	fmt.Println(receipt.Balance, err)
	// Output:
	// plan -10
	// pack -6
	// 94 <nil>
}

func ExampleLedger_Renew() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Renew(ctx, credits.Renew{ID: "invoice-1", Account: "ada", Term: "pro", Until: newYear().AddDate(0, 1, 0)})
	ledger.Grant(ctx, credits.Grant{
		ID: "january", Account: "ada", Amount: credits.Of(350), Term: "pro", Validity: expiry.WhileSubscribed(),
	})
	// Renewed before it lapses, the term carries its credits on.
	receipt, err := ledger.Renew(ctx, credits.Renew{ID: "invoice-2", Account: "ada", Term: "pro", Until: newYear().AddDate(0, 2, 0)})
	balance, _ := ledger.BalanceAt(ctx, "ada", newYear().AddDate(0, 1, 15))
	fmt.Println(receipt.Term.Until.Format(time.DateOnly), balance.Available, err)
	// Output:
	// 2026-03-01 350 <nil>
}

func ExampleLedger_Balance() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Grant(ctx, credits.Grant{
		ID: "february", Account: "ada", Amount: credits.Of(30), Validity: expiry.Days(30), Start: newYear().AddDate(0, 1, 0),
	})
	balance, err := ledger.Balance(ctx, "ada")
	fmt.Println(balance.Posted, balance.Available, balance.Scheduled, err)
	// Output:
	// 130 100 30 <nil>
}

func ExampleLedger_BalanceAt() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Grant(ctx, credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(30), Validity: expiry.Days(30)})
	for _, days := range []int{-1, 0, 29, 30} {
		balance, err := ledger.BalanceAt(ctx, "ada", newYear().AddDate(0, 0, days))
		fmt.Println(balance.AsOf.Format(time.DateOnly), balance.Available, err)
	}
	// Output:
	// 2025-12-31 0 <nil>
	// 2026-01-01 130 <nil>
	// 2026-01-30 130 <nil>
	// 2026-01-31 100 <nil>
}

func ExampleLedger_History() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Source: "pack", Validity: expiry.Permanent()})
	ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16)})
	ledger.Spend(ctx, credits.Spend{ID: "job-10", Account: "ada", Feature: "image", Amount: credits.Of(10)})
	for entry, err := range ledger.History(ctx, credits.Query{Account: "ada", NewestFirst: true, Limit: 2}) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(entry.Seq, entry.Kind, entry.Feature, entry.Amount, entry.Balance)
	}
	// Output:
	// 3 spend image -10 74
	// 2 spend speech-to-text -16 84
}

func ExampleLedger_Sweep() {
	store, now := memory.New(), newYear()
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
	ledger.Grant(ctx, credits.Grant{ID: "trial", Account: "ada", Amount: credits.Of(20), Validity: expiry.Days(7)})
	now = now.AddDate(0, 0, 8)
	settled, err := ledger.Sweep(ctx)
	fmt.Println(settled, err)
	for entry := range store.Entries(ctx, credits.Query{Account: "ada"}) {
		fmt.Println(entry.Kind, entry.At.Format(time.DateOnly), entry.Amount)
	}
	// Output:
	// 1 <nil>
	// grant 2026-01-01 20
	// end 2026-01-08 -20
}

func ExampleAmount() {
	price, err := credits.Parse("2.50")
	fmt.Println(price, err)
	total, err := credits.Of(16).Add(price)
	fmt.Println(total, total.Micros(), err)
	_, err = credits.Parse("0.1234567")
	fmt.Println(err)
	// Output:
	// 2.5 <nil>
	// 18.5 18500000 <nil>
	// credits: amount "0.1234567" has more than six decimals
}

func ExampleInsufficientError() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.MustParse("12.5"), Validity: expiry.Permanent()})
	_, err := ledger.Spend(ctx, credits.Spend{ID: "song-1", Account: "ada", Feature: "ai-music", Amount: credits.Of(30)})
	fmt.Println(err)
	if short, ok := errors.AsType[*credits.InsufficientError](err); ok {
		fmt.Println("buy at least", short.Shortfall)
	}
	// Output:
	// credits: insufficient credits for "ai-music": need 30, have 12.5, missing 17.5
	// buy at least 17.5
}

func ExampleIDReusedError() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "order-7", Account: "ada", Amount: credits.Of(125), Source: "pack", Validity: expiry.Permanent()})
	_, err := ledger.Grant(ctx, credits.Grant{ID: "order-7", Account: "ada", Amount: credits.Of(300), Source: "pack", Validity: expiry.Permanent()})
	if reused, ok := errors.AsType[*credits.IDReusedError](err); ok {
		fmt.Println(reused.First.Amount, "stands;", "refused:", reused.Second)
	}
	// Output:
	// 125 stands; refused: grant 300 from pack
}

func ExampleOptions_order() {
	smallestFirst := func(a, b credits.Lot) int { return a.Available.Compare(b.Available) }
	ledger := credits.New(memory.New(), credits.Options{Now: newYear, Order: smallestFirst})
	ledger.Grant(ctx, credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(100), Validity: expiry.Days(30)})
	ledger.Grant(ctx, credits.Grant{ID: "bonus", Account: "ada", Amount: credits.Of(5), Validity: expiry.Permanent()})
	receipt, err := ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Amount: credits.Of(3)})
	fmt.Println(receipt.Postings[0].Lot, err)
	// Output:
	// bonus <nil>
}

func ExampleBalance_For() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Grant(ctx, credits.Grant{
		ID: "promo", Account: "ada", Amount: credits.Of(30), Features: []string{"ai-music"}, Validity: expiry.Days(7),
	})
	balance, err := ledger.Balance(ctx, "ada")
	fmt.Println(balance.For("ai-music"), balance.For("speech-to-text"), err)
	// Output:
	// 130 100 <nil>
}

func ExampleBalance_Ends() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(100), Validity: expiry.Days(30)})
	ledger.Grant(ctx, credits.Grant{ID: "trial", Account: "ada", Amount: credits.Of(20), Validity: expiry.Days(7)})
	balance, _ := ledger.Balance(ctx, "ada")
	for _, end := range balance.Ends() {
		fmt.Println(end.At.Format(time.DateOnly), end.Amount, "of", end.Lot)
	}
	// Output:
	// 2026-01-08 20 of trial
	// 2026-01-31 100 of plan
}
