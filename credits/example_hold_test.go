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

func ExampleLedger_Reserve() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	receipt, err := ledger.Reserve(ctx, credits.Reserve{
		ID: "song-1", Account: "ada", Feature: "ai-music", Amount: credits.Of(30), Deadline: newYear().Add(time.Hour),
	})
	balance, _ := ledger.Balance(ctx, "ada")
	fmt.Println(receipt.HoldNow.Held(), balance.Available, balance.Held, err)
	// An hour later, what nobody captured is back.
	balance, err = ledger.BalanceAt(ctx, "ada", newYear().Add(time.Hour))
	fmt.Println(balance.Available, balance.Held, err)
	// Output:
	// 30 70 30 <nil>
	// 100 0 <nil>
}

func ExampleLedger_Capture() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Reserve(ctx, credits.Reserve{ID: "chat-1", Account: "ada", Feature: "chat", Amount: credits.Of(30), Deadline: newYear().Add(time.Hour)})
	// In parts, as the answer streams; the last one gives back what is left.
	part, err := ledger.Capture(ctx, credits.Capture{ID: "chat-1/1", Account: "ada", Hold: "chat-1", Amount: credits.Of(8), More: true})
	fmt.Println(part.Amount, part.HoldNow.Held(), err)
	last, err := ledger.Capture(ctx, credits.Capture{ID: "chat-1/2", Account: "ada", Hold: "chat-1", Amount: credits.Of(5)})
	fmt.Println(last.Amount, last.HoldNow.Captured, last.Balance, err)
	// Output:
	// -8 22 <nil>
	// -5 13 87 <nil>
}

func ExampleLedger_Extend() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Reserve(ctx, credits.Reserve{ID: "video-1", Account: "ada", Feature: "video", Amount: credits.Of(30), Deadline: newYear().Add(time.Hour)})
	receipt, err := ledger.Extend(ctx, credits.Extend{
		ID: "video-1/longer", Account: "ada", Hold: "video-1", Amount: credits.Of(15), Deadline: newYear().Add(2 * time.Hour),
	})
	fmt.Println(receipt.HoldNow.Held(), "until", receipt.HoldNow.Deadline.Format(time.TimeOnly), err)
	// Output:
	// 45 until 14:00:00 <nil>
}

func ExampleLedger_Release() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	ledger.Reserve(ctx, credits.Reserve{ID: "song-1", Account: "ada", Feature: "ai-music", Amount: credits.Of(30), Deadline: newYear().Add(time.Hour)})
	ledger.Release(ctx, credits.Release{ID: "song-1/failed", Account: "ada", Hold: "song-1"})
	balance, err := ledger.Balance(ctx, "ada")
	fmt.Println(balance.Available, balance.Held, err)
	// A hold that is over stays over: a new attempt has a new ID.
	_, err = ledger.Capture(ctx, credits.Capture{ID: "song-1/late", Account: "ada", Hold: "song-1", Amount: credits.Of(30)})
	fmt.Println(errors.Is(err, credits.ErrClosed))
	fmt.Println(err)
	// Output:
	// 100 0 <nil>
	// true
	// credits: hold "song-1" in account "ada" is over: release at 2026-01-01T12:00:00Z
}

func ExampleLedger_Do() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	answer := credits.Reserve{ID: "chat-1", Account: "ada", Feature: "chat", Amount: credits.Of(30), Deadline: newYear().Add(time.Hour)}
	receipt, err := ledger.Do(ctx, answer, func(context.Context) (credits.Usage, error) {
		// The user closed the window: what was written by then is paid for.
		return credits.Usage{Amount: credits.Of(12), Quantity: "480 tokens"}, context.Canceled
	})
	fmt.Println(receipt.Amount, receipt.Quantity, receipt.Balance, err)
	receipt, err = ledger.Do(ctx, answer, nil) // a retry runs nothing
	fmt.Println(receipt.Amount, receipt.Replayed, err)
	// Output:
	// -12 480 tokens 88 context canceled
	// -12 true <nil>
}

func ExampleLedger_Configure() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	overdraft := credits.Of(20)
	ledger.Configure(ctx, credits.Configure{ID: "contract", Account: "ada", Overdraft: &overdraft})
	receipt, err := ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16)})
	fmt.Println(receipt.Balance, err)
	ledger.Grant(ctx, credits.Grant{ID: "order-7", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	balance, err := ledger.Balance(ctx, "ada")
	fmt.Println(balance.Available, balance.Debt, err)
	// Output:
	// -16 <nil>
	// 84 0 <nil>
}

func ExampleLedger_Batch() {
	ledger := credits.New(memory.New(), credits.Options{Now: newYear})
	results, err := ledger.Batch(ctx, []credits.Command{
		credits.Grant{ID: "gift", Account: "ada", Amount: credits.Of(5), Validity: expiry.Days(30)},
		credits.Grant{ID: "gift", Account: "bob", Amount: credits.Of(5), Validity: expiry.Days(30)},
		credits.Spend{ID: "job-9", Account: "ada", Feature: "image", Amount: credits.Of(8)},
		credits.Spend{ID: "job-3", Account: "bob", Feature: "image", Amount: credits.Of(2)},
	})
	for _, result := range results {
		fmt.Println(result.Receipt.Balance, result.Err)
	}
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// 5 <nil>
	// 0 credits: insufficient credits for "image": need 8, have 5, missing 3
	// 3 <nil>
	// <nil>
}

func ExampleOptions_notify() {
	ledger := credits.New(memory.New(), credits.Options{
		Now: newYear,
		Low: []credits.Amount{credits.Of(20)},
		Notify: func(_ context.Context, n credits.Notice) {
			fmt.Println(n.Kind, n.Account, n.Balance, "at entry", n.Seq)
		},
	})
	ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(25), Validity: expiry.Permanent()})
	ledger.Spend(ctx, credits.Spend{ID: "job-9", Account: "ada", Feature: "image", Amount: credits.Of(10)})
	ledger.Spend(ctx, credits.Spend{ID: "job-10", Account: "ada", Feature: "image", Amount: credits.Of(15)})
	// Output:
	// low ada 15 at entry 2
	// depleted ada 0 at entry 3
}
