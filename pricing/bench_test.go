package pricing_test

import (
	"math/bits"
	"testing"
	"time"

	"github.com/scriphq/scrip/pricing"
)

// BenchmarkQuote prices the rules that the goal is about: at most 100 ns and 2
// allocations, without the explanation. The floor is the arithmetic alone.
func BenchmarkQuote(b *testing.B) {
	card := pricing.RateCard{Name: "bench", Version: "1", Effective: time.Unix(0, 0), Features: map[string]pricing.Rule{
		"flat":   {Credits: pricing.MustParseRatio("10")},
		"block":  {Credits: pricing.MustParseRatio("4"), Per: pricing.MustParseQuantity("1 minute")},
		"capped": {Credits: pricing.MustParseRatio("3"), Per: pricing.MustParseQuantity("1 second"), Most: pricing.MustParseQuantity("8 seconds")},
		"audio": {By: "audio", Prices: map[string]pricing.Rule{
			"yes": {Credits: pricing.MustParseRatio("5"), Per: pricing.MustParseQuantity("1 second")},
			"no":  {Credits: pricing.MustParseRatio("3"), Per: pricing.MustParseQuantity("1 second")},
		}},
	}}
	uses := []struct {
		name string
		use  pricing.Use
	}{
		{"flat", pricing.Use{Feature: "flat"}},
		{"block", pricing.Use{Feature: "block", Quantity: pricing.Duration(200 * time.Second)}},
		{"capped", pricing.Use{Feature: "capped", Quantity: pricing.Duration(7300 * time.Millisecond)}},
		{"by attribute", pricing.Use{Feature: "audio", Quantity: pricing.Duration(7300 * time.Millisecond), Attributes: map[string]string{"audio": "yes"}}},
	}
	for _, u := range uses {
		b.Run(u.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := card.Quote(u.use); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		blocks := uint64(0)
		for seconds := uint64(200); b.Loop(); seconds++ { // what does not change would be computed once
			high, low := bits.Mul64((seconds+59)/60, 4_000_000)
			blocks += high + low
		}
		if blocks == 0 {
			b.Fatal("blocks = 0, want more")
		}
	})
}

// A benchmark tells how much memory a quote takes; this keeps it so.
func TestAQuoteOfAPlainRuleAllocatesNothing(t *testing.T) {
	card := pricing.RateCard{Features: map[string]pricing.Rule{
		"capped": {Credits: pricing.MustParseRatio("3"), Per: pricing.MustParseQuantity("1 second"), Most: pricing.MustParseQuantity("8 seconds")},
	}}
	use := pricing.Use{Feature: "capped", Quantity: pricing.Duration(7300 * time.Millisecond)}
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := card.Quote(use); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 0 {
		t.Errorf("Quote(%v) = %v allocations, want none", use, allocations)
	}
}

func BenchmarkExplanation(b *testing.B) {
	rule := pricing.Rule{Credits: pricing.MustParseRatio("4"), Per: pricing.MustParseQuantity("1 minute")}
	q, err := rule.Quote(pricing.Use{Quantity: pricing.Duration(200 * time.Second)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if q.Explanation() == "" {
			b.Fatal("no explanation")
		}
	}
}
