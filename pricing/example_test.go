package pricing_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/scriphq/scrip/pricing"
)

func ExampleRateCard_Quote() {
	card := pricing.RateCard{
		Name: "filmora", Version: "2024-05", Effective: time.Date(2024, 5, 20, 0, 0, 0, 0, time.UTC),
		Features: map[string]pricing.Rule{
			"speech-to-text": {Credits: pricing.MustParseRatio("4"), Per: pricing.MustParseQuantity("1 minute")},
		},
	}
	quote, err := card.Quote(pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(200 * time.Second)})
	if err != nil {
		panic(err)
	}
	fmt.Println(quote.Amount)
	fmt.Println(quote.Explanation())

	spend := quote.Spend("job-9", "ada")
	fmt.Println(spend.Account, "pays", spend.Amount, "for", spend.Quantity, "by", spend.Price.Card, spend.Price.Version)
	// Output:
	// 16
	// 3m20s = 4 started minutes x 4 = 16
	// ada pays 16 for 3m20s by filmora 2024-05
}

func ExampleRule_Quote_most() {
	video := pricing.Rule{
		Credits: pricing.MustParseRatio("3"),
		Per:     pricing.MustParseQuantity("1 second"),
		Most:    pricing.MustParseQuantity("8 seconds"),
	}
	_, err := video.Quote(pricing.Use{Feature: "text-to-video", Quantity: pricing.MustParseQuantity("9s")})
	fmt.Println(err)

	var most *pricing.MostError
	if errors.As(err, &most) {
		fmt.Println("choose at most", most.Most)
	}
	// Output:
	// pricing: "text-to-video": quantity is 9s: at most 8s are allowed
	// choose at most 8s
}

func ExampleRule_Quote_meters() {
	perThousand := func(rate string) pricing.Rule {
		return pricing.Rule{
			Credits: pricing.MustParseRatio(rate),
			Per:     pricing.MustParseQuantity("1000 tokens"),
			Charge:  pricing.ProRata,
		}
	}
	chat := pricing.Rule{Meters: map[string]pricing.Rule{
		"input tokens":  perThousand("6.3"),
		"output tokens": perThousand("18.8"),
	}}
	quote, err := chat.Quote(pricing.Use{Feature: "chat", Meters: map[string]pricing.Quantity{
		"input tokens":  pricing.Count(2000, pricing.UnitToken),
		"output tokens": pricing.Count(150, pricing.UnitToken),
	}})
	if err != nil {
		panic(err)
	}
	for _, line := range quote.Lines() {
		fmt.Println(line)
	}
	fmt.Println(quote.Amount)
	// Output:
	// input tokens: 2000 tokens = 2 blocks of 1000 tokens x 6.3 = 12.6
	// output tokens: 150 tokens = 0.15 blocks of 1000 tokens x 18.8 = 2.82
	// 15.42
}

func ExampleRule_QuoteMax() {
	video := pricing.Rule{By: "audio", Most: pricing.MustParseQuantity("8 seconds"), Prices: map[string]pricing.Rule{
		"yes": {Credits: pricing.MustParseRatio("5"), Per: pricing.MustParseQuantity("1 second")},
		"no":  {Credits: pricing.MustParseRatio("3"), Per: pricing.MustParseQuantity("1 second")},
	}}
	most, err := video.QuoteMax(pricing.Use{Feature: "text-to-video", Attributes: map[string]string{"audio": "yes"}})
	if err != nil {
		panic(err)
	}
	fmt.Println("hold", most.Amount)
	// Output: hold 40
}

func ExampleQuote_Capture() {
	video := pricing.Rule{
		Credits: pricing.MustParseRatio("3"),
		Per:     pricing.MustParseQuantity("1 second"),
		Most:    pricing.MustParseQuantity("8 seconds"),
	}
	deadline := time.Date(2026, time.May, 20, 11, 0, 0, 0, time.UTC)
	most, err := video.QuoteMax(pricing.Use{Feature: "text-to-video"})
	if err != nil {
		panic(err)
	}
	reserve := most.Reserve("job-9", "ada", deadline)
	fmt.Println("hold", reserve.Amount, "for", reserve.Quantity)

	used, err := video.Quote(pricing.Use{Feature: "text-to-video", Quantity: pricing.MustParseQuantity("4.5s")})
	if err != nil {
		panic(err)
	}
	capture := used.Capture("job-9/done", "ada", "job-9")
	fmt.Println("pay", capture.Amount, "for", capture.Quantity)
	// Output:
	// hold 24 for 8s
	// pay 15 for 4.5s
}

func ExampleParseQuantity() {
	for _, text := range []string{"90s", "1.5 hours", "10 words", "10"} {
		quantity, err := pricing.ParseQuantity(text)
		fmt.Println(quantity, err)
	}
	// Output:
	// 1m30s <nil>
	// 1h30m <nil>
	// 10 words <nil>
	//  pricing: quantity "10" has no unit
}

func ExampleWords() {
	for _, text := range []string{"state-of-the-art tools", "我有一台iPhone手机"} {
		words, err := pricing.Words(text)
		fmt.Println(words, err)
	}
	// Output:
	// 2 words <nil>
	// 7 words <nil>
}

func ExampleCharacters() {
	characters, err := pricing.Characters("e\u0301 👨‍👩‍👧 🇩🇪")
	fmt.Println(characters, err)
	// Output: 5 characters <nil>
}
