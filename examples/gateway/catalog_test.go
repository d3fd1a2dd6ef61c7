package main

import (
	"errors"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

func TestR24_PricesPerMillionTokens(t *testing.T) {
	tests := []struct {
		rule, model   string
		input, output int64
		want          string
	}{
		{"deep: 300 for a million tokens in", "deep", 1_000_000, 0, "300"},
		{"deep: 1500 for a million tokens out", "deep", 0, 1_000_000, "1500"},
		{"deep: both directions add up", "deep", 1_000_000, 1_000_000, "1800"},
		{"deep: fractions of a million count", "deep", 12_000, 8_000, "15.6"},
		{"deep: one token in is not free", "deep", 1, 0, "0.01"},
		{"deep: one token out is not free", "deep", 0, 1, "0.01"},
		{"deep: nothing is free", "deep", 0, 0, "0"},
		{"deep: 3.6 and 4.725 are rounded up together", "deep", 12_000, 3_150, "8.33"},
		{"swift: 12.5 for a million tokens in", "swift", 1_000_000, 0, "12.5"},
		{"swift: 62.5 for a million tokens out", "swift", 0, 1_000_000, "62.5"},
		{"swift: two halves of a hundredth make one: there is one rounding", "swift", 400, 80, "0.01"},
		{"swift: a token more is a hundredth more", "swift", 400, 81, "0.02"},
		{"swift: 0.015425 and 0.0485625 are rounded up together", "swift", 1_234, 777, "0.07"},
	}
	catalog := pricing.MustParse(catalogJSON)
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			use := request{model: test.model, input: test.input}.use(test.output)
			quote, err := catalog.Quote(instant("09:00:00"), use)
			if err != nil || quote.Amount != credits.MustParse(test.want) {
				t.Errorf("Quote(%v) = %v, %v, want %s", use, quote.Amount, err, test.want)
			}
		})
	}
}

func TestR26_AUseThatLacksADirectionHasNoPrice(t *testing.T) {
	catalog := pricing.MustParse(catalogJSON)
	for _, missing := range []string{"input tokens", "output tokens"} {
		use := request{model: "deep", input: 1}.use(1)
		delete(use.Meters, missing)
		if quote, err := catalog.Quote(instant("09:00:00"), use); !errors.Is(err, pricing.ErrQuantity) {
			t.Errorf("Quote(%v) without %s = %v, %v, want %v", use, missing, quote.Amount, err, pricing.ErrQuantity)
		}
	}
}

// A hold that was quoted for the most always pays for what was used.
func TestNoAnswerCostsMoreThanItsMost(t *testing.T) {
	catalog := pricing.MustParse(catalogJSON)
	card, err := catalog.Card(instant("09:00:00"))
	if err != nil {
		t.Fatalf("Card = %v, want no error", err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		r := request{
			model: rapid.SampledFrom([]string{"deep", "swift"}).Draw(rt, "model"),
			input: rapid.Int64Range(0, 2_000_000).Draw(rt, "input"),
			most:  rapid.Int64Range(0, 2_000_000).Draw(rt, "most"),
		}
		used := rapid.Int64Range(0, r.most).Draw(rt, "used")
		most, err := card.QuoteMax(r.use(r.most))
		if err != nil {
			rt.Fatalf("QuoteMax(%v) = %v, want no error", r, err)
		}
		quote, err := card.Quote(r.use(used))
		if err != nil || most.Amount.Less(quote.Amount) {
			rt.Errorf("Quote(%v with %d) = %v, %v, want at most %v", r, used, quote.Amount, err, most.Amount)
		}
	})
}
