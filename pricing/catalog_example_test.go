package pricing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

var studio = pricing.MustParse([]byte(`{
	"name": "studio",
	"cards": [{
		"name": "studio", "version": "1", "effective": "2026-01-01T00:00:00Z",
		"features": {"speech-to-text": {"credits": 4, "per": "1 minute"}}
	}],
	"plans": {"pro": {"credits": 350, "cycle": "1 month", "price": "120 USD", "billed": "1 year", "valid": "end of period"}},
	"packs": {
		"small": {"credits": 125, "price": "49 USD", "valid": "permanent"},
		"large": {"credits": 300, "price": "99 USD", "valid": "permanent"}
	},
	"bonuses": {"login": {"credits": 2, "once": "per day in Asia/Shanghai", "valid": "30 days"}},
	"conversions": {"speech-to-text": {"credits": 4, "per": "1 minute", "charge": "pro rata", "valid": "permanent"}}
}`))

func ExampleLoad() {
	_, err := pricing.Load(strings.NewReader(`{
		"name": "studio",
		"cards": [{
			"name": "studio", "version": "1", "effective": "2026-01-01T00:00:00Z",
			"features": {"speech-to-text": {"credits": 4, "pro": "1 minute"}}
		}]
	}`))
	if failure, ok := errors.AsType[*pricing.CatalogError](err); ok {
		fmt.Println(failure.Line, failure.Path)
	}
	// Output: 5 cards[0].features["speech-to-text"]
}

func ExampleCatalog_Quote() {
	at := time.Date(2026, time.May, 20, 10, 0, 0, 0, time.UTC)
	quote, err := studio.Quote(at, pricing.Use{
		Feature: "speech-to-text", Quantity: pricing.Duration(200 * time.Second),
	})
	fmt.Println(quote.Amount, quote.Card, quote.Version, err)
	// Output: 16 studio 1 <nil>
}

func ExampleCatalog_CheapestPack() {
	pack, err := studio.CheapestPack(credits.Of(250), "speech-to-text")
	fmt.Println(pack.ID, pack.Price, pack.PricePerCredit(), err)
	_, err = studio.CheapestPack(credits.Of(301), "speech-to-text")
	fmt.Println(err)
	// Output:
	// large 99.00 USD 0.33 <nil>
	// pricing: no pack gives 301 credits for "speech-to-text": the largest has 300
}

func ExampleCatalog_CheapestPacks() {
	basket, err := studio.CheapestPacks(credits.Of(250), "speech-to-text")
	for _, line := range basket.Lines {
		fmt.Println(line.Count, line.Pack.ID)
	}
	fmt.Println(basket.Credits, basket.Price, err)
	// Output:
	// 2 small
	// 250 98.00 USD <nil>
}

func ExamplePack_Grant() {
	pack, _ := studio.Pack("small")
	grant, err := pack.Grant("ada", pricing.Purchase{Order: "ord-7"})
	fmt.Println(grant.ID, grant.Amount, grant.Validity, grant.Paid, err)
	// Output: pack:small:ord-7 125 permanent {4900 USD} <nil>
}

func ExamplePlan_Grant() {
	plan, _ := studio.Plan("pro")
	since := time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)
	cycle, _ := plan.CycleAt("sub-1", since, since.AddDate(0, 0, 40))
	grant, err := plan.Grant("ada", cycle)
	fmt.Println(grant.ID, grant.Amount, grant.Paid, err)
	fmt.Println(grant.Start, grant.PeriodEnd)
	// Output:
	// plan:pro:sub-1:20260228T100000Z 350 {1000 USD} <nil>
	// 2026-02-28 10:00:00 +0000 UTC 2026-03-31 10:00:00 +0000 UTC
}

func ExamplePlan_Renew() {
	plan, _ := studio.Plan("pro")
	since := time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)
	cycle, _ := plan.CycleAt("sub-1", since, since.AddDate(0, 0, 40))
	renew, err := plan.Renew("ada", cycle, since)
	fmt.Println(renew.ID, err)
	fmt.Println("paid to", renew.Until)
	// Output:
	// renew:pro:sub-1:20260131T100000Z <nil>
	// paid to 2027-01-31 10:00:00 +0000 UTC
}

func ExamplePlan_Allow() {
	plan, _ := studio.Plan("pro")
	since := time.Date(2026, time.January, 31, 10, 0, 0, 0, time.UTC)
	ctx, now := context.Background(), since.Add(3*time.Second)
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})

	cycle, _ := plan.CycleAt("sub-1", since, now)
	renew, _ := plan.Renew("ada", cycle, since)
	ledger.Renew(ctx, renew)
	allow, _ := plan.Allow("ada", cycle, since)
	if _, err := ledger.Allow(ctx, allow); err != nil {
		panic(err)
	}
	for _, month := range []int{0, 1, 11, 12} {
		now = since.AddDate(0, month, 0)
		balance, _ := ledger.Balance(ctx, "ada")
		fmt.Println(balance.AsOf.Format(time.DateOnly), balance.Available)
	}
	// Output:
	// 2026-01-31 350
	// 2026-03-03 350
	// 2026-12-31 350
	// 2027-01-31 0
}

func ExampleParseLimit() {
	limit, err := pricing.ParseLimit("at most 30 within 1 month")
	fmt.Println(limit.Most, limit.Within, err)
	// Output: 30 1 month <nil>
}

func ExampleBonus_Grant() {
	bonus, _ := studio.Bonus("login")
	evening := time.Date(2026, time.May, 20, 18, 0, 0, 0, time.UTC)
	grant, err := bonus.Grant("ada", pricing.Claim{At: evening})
	fmt.Println(grant.ID, grant.Amount, err)
	// Output: bonus:login:2026-05-21 2 <nil>
}

func ExampleConversion_Grant() {
	conversion, _ := studio.Conversion("speech-to-text")
	grant, err := conversion.Grant("ada", pricing.Remainder{
		Key: "licence-9", Quantity: pricing.Duration(90 * time.Second),
	})
	fmt.Println(grant.ID, grant.Amount, "for", grant.Meta["quantity"], err)
	// Output: conversion:speech-to-text:licence-9 6 for 1m30s <nil>
}

func ExampleParseMoney() {
	price, err := pricing.ParseMoney("49.9 EUR")
	fmt.Println(price, price.Paid().Minor, err)
	_, err = pricing.ParseMoney("49.999 EUR")
	fmt.Println(err)
	// Output:
	// 49.90 EUR 4990 <nil>
	// pricing: price "49.999 EUR" has more decimals than the 2 of EUR
}
