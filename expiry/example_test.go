package expiry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/scriphq/scrip/expiry"
)

func ExamplePolicy_Window() {
	issuance := expiry.Issuance{At: time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)}
	for _, text := range []string{"30 days", "1 month", "until 2026-12-31"} {
		window, err := expiry.MustParse(text).Window(issuance)
		if err != nil {
			panic(err)
		}
		fmt.Println(text, "ends", window.End)
	}
	// Output:
	// 30 days ends 2026-03-02 10:00:00 +0000 UTC
	// 1 month ends 2026-02-28 10:00:00 +0000 UTC
	// until 2026-12-31 ends 2027-01-01 00:00:00 +0000 UTC
}

func ExamplePolicy_Window_noTerm() {
	_, err := expiry.WhileSubscribed().Window(expiry.Issuance{At: time.Unix(0, 0)})
	fmt.Println(err)
	fmt.Println(errors.Is(err, expiry.ErrNoTerm))
	// Output:
	// expiry: "while subscribed" gives no window: the credits belong to no term
	// true
}

func ExamplePolicy_FollowsTerm() {
	policy := expiry.Earliest(expiry.Years(1), expiry.WhileSubscribed())
	ada := expiry.Issuance{
		At:    time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC),
		Since: time.Date(2025, time.June, 1, 0, 0, 0, 0, time.UTC),
		Until: time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC),
	}
	before, _ := policy.Window(ada)
	ada.Until = ada.Until.AddDate(1, 0, 0) // ada renews for a year
	after, _ := policy.Window(ada)
	fmt.Println(policy.FollowsTerm(), before.End.Format(time.DateOnly), after.End.Format(time.DateOnly))
	// Output: true 2026-06-01 2027-03-01
}

func ExamplePolicy_In() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	fmt.Println(expiry.EndOfMonth().In(berlin))
	// Output: end of month in Europe/Berlin
}

func ExamplePolicy_MarshalText() {
	pack := struct {
		Credits  int           `json:"credits"`
		Validity expiry.Policy `json:"validity"`
	}{300, expiry.Months(12)}
	text, err := json.Marshal(pack)
	fmt.Println(string(text), err)
	// Output: {"credits":300,"validity":"12 months"} <nil>
}

func ExampleParse() {
	policy, err := expiry.Parse("purchased before 2024-05-20: permanent, else 30 days")
	fmt.Println(policy, err)
	_, err = expiry.Parse("30 moons")
	fmt.Println(err)
	// Output:
	// purchased before 2024-05-20: permanent, else 30 days <nil>
	// expiry: cannot read "30 moons": expected hours, days, weeks, months or years at offset 3
}

func ExamplePurchasedBefore() {
	change := time.Date(2024, time.May, 20, 0, 0, 0, 0, time.UTC)
	policy := expiry.PurchasedBefore(change, expiry.Permanent(), expiry.Days(30))
	renewal := expiry.Issuance{
		At:    time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC),
		Since: time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC), // the first purchase
		Until: time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC),
	}
	window, err := policy.Window(renewal)
	fmt.Println(window.End.IsZero(), err)
	// Output: true <nil>
}

func ExampleSpan_Nth() {
	month := expiry.MustParseSpan("1 month")
	anchor := time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)
	for n := range 4 {
		fmt.Println(month.Nth(anchor, n).Format(time.DateOnly))
	}
	// Output:
	// 2026-01-31
	// 2026-02-28
	// 2026-03-31
	// 2026-04-30
}

func ExampleSpan_Index() {
	month := expiry.MustParseSpan("1 month")
	anchor := time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)
	fmt.Println(month.Index(anchor, time.Date(2036, time.March, 30, 0, 0, 0, 0, time.UTC)))
	fmt.Println(month.Index(anchor, time.Date(2036, time.March, 31, 0, 0, 0, 0, time.UTC)))
	// Output:
	// 121
	// 122
}

func ExampleParseRollover() {
	rollover, err := expiry.ParseRollover("at most half of the grant for 1 month, once")
	fmt.Println(rollover, err)
	fmt.Println(rollover.Validity())
	// Output:
	// at most 50% of the grant for 1 month, once <nil>
	// 1 month
}

func ExampleRollover_Carry() {
	rollover := expiry.Roll(expiry.Months(1)).Most(500_000_000).Times(1) // at most 500 credits
	first, _ := rollover.Carry(800_000_000, 1000_000_000, 0)
	second, _ := rollover.Carry(300_000_000, 1000_000_000, 1)
	fmt.Println(rollover)
	fmt.Println(first, second)
	// Output:
	// at most 500 for 1 month, once
	// 500000000 0
}
