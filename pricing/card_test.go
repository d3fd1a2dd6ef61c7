package pricing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func twoFeatures() pricing.RateCard {
	return pricing.RateCard{
		Name: "studio", Version: "2026-01", Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Features: map[string]pricing.Rule{
			"ai-image":       {Credits: pricing.MustParseRatio("10")},
			"speech-to-text": {Credits: pricing.MustParseRatio("4"), Per: pricing.MustParseQuantity("1 minute")},
		},
	}
}

func TestR26_AFeatureWithoutAPriceIsRefused(t *testing.T) {
	card := twoFeatures()
	for _, feature := range []string{"", "ai-imgae", "AI-image"} {
		q, err := card.Quote(pricing.Use{Feature: feature})
		var unknown *pricing.FeatureError
		if !errors.Is(err, pricing.ErrFeature) || !errors.As(err, &unknown) || len(q.Lines()) != 0 {
			t.Fatalf("Quote(%q) = %v, %v, want no quote and ErrFeature", feature, q, err)
		}
		if want := `card studio 2026-01 has no price for feature`; !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `want "ai-image", "speech-to-text"`) {
			t.Errorf("Quote(%q) = %q, want it to list the features", feature, err)
		}
	}
}

func TestR43_AQuoteNamesItsCard(t *testing.T) {
	card := twoFeatures()
	q, err := card.Quote(pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(200 * time.Second)})
	if err != nil {
		t.Fatalf("Quote(3m20s) = %v, want nil", err)
	}
	got := q.Spend("job-9", "ada")
	want := credits.Price{Card: "studio", Version: "2026-01", Explanation: "3m20s = 4 started minutes x 4 = 16"}
	if got.Price != want || got.Amount != credits.Of(16) || got.Quantity != "3m20s" || got.Feature != "speech-to-text" || got.ID != "job-9" || got.Account != "ada" {
		t.Errorf("Spend() = %+v, want 16 credits for 3m20s and %+v", got, want)
	}
	most, err := card.QuoteMax(pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(time.Hour)})
	if err != nil || most.Amount != credits.Of(240) || most.Version != "2026-01" {
		t.Errorf("QuoteMax(1h) = %v of version %q, %v, want 240", most.Amount, most.Version, err)
	}
}

func TestRateCardValidate(t *testing.T) {
	card := twoFeatures()
	if err := card.Validate(); err != nil {
		t.Fatalf("Validate() = %v, want nil", err)
	}
	for _, c := range []struct {
		name   string
		change func(*pricing.RateCard)
		path   string
	}{
		{"a card without a name", func(c *pricing.RateCard) { c.Name = "" }, "name"},
		{"a name that is too long", func(c *pricing.RateCard) { c.Name = strings.Repeat("x", credits.MaxNameLen+1) }, "name"},
		{"a name with a line break", func(c *pricing.RateCard) { c.Name = "a\nb" }, "name"},
		{"a name that is not UTF-8", func(c *pricing.RateCard) { c.Name = "\xff" }, "name"},
		{"a version with a space around it", func(c *pricing.RateCard) { c.Version = " 1" }, "version"},
		{"a card that is never in force", func(c *pricing.RateCard) { c.Effective = time.Time{} }, "effective"},
		{"a card without features", func(c *pricing.RateCard) { c.Features = nil }, "features"},
		{"a nameless feature", func(c *pricing.RateCard) { c.Features[""] = pricing.Rule{Credits: pricing.MustParseRatio("1")} }, `features[""]`},
		{"a note without end", func(c *pricing.RateCard) { c.Note = strings.Repeat("x", pricing.MaxNote+1) }, "note"},
		{"a feature without a price", func(c *pricing.RateCard) { c.Features["speech-to-text"] = pricing.Rule{} }, `features["speech-to-text"]`},
		{"a fault deep in a rule", func(c *pricing.RateCard) {
			c.Features["video"] = pricing.Rule{By: "audio", Prices: map[string]pricing.Rule{"yes": {
				Credits: pricing.MustParseRatio("1"), Per: pricing.Count(0, pricing.UnitSecond)}}}
		}, `features["video"].prices["yes"].per`},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := twoFeatures()
			c.change(&card)
			var fault *pricing.RuleError
			if err := card.Validate(); !errors.As(err, &fault) || fault.Path != c.path {
				t.Errorf("Validate() = %v, want a *RuleError at %q", err, c.path)
			}
		})
	}
}

func TestInForce(t *testing.T) {
	jan, feb := twoFeatures(), twoFeatures()
	feb.Version, feb.Effective = "2026-02", jan.Effective.AddDate(0, 1, 0)
	again := feb
	again.Version = "2026-02b"
	for _, c := range []struct {
		name  string
		cards []pricing.RateCard
		at    time.Time
		want  string
	}{
		{"no cards", nil, jan.Effective, ""},
		{"before the first", []pricing.RateCard{jan, feb}, jan.Effective.Add(-1), ""},
		{"from its instant on", []pricing.RateCard{jan, feb}, jan.Effective, "2026-01"},
		{"until the next", []pricing.RateCard{jan, feb}, feb.Effective.Add(-1), "2026-01"},
		{"the next", []pricing.RateCard{jan, feb}, feb.Effective, "2026-02"},
		{"in any order", []pricing.RateCard{feb, jan}, feb.Effective.AddDate(1, 0, 0), "2026-02"},
		{"the last of two at once", []pricing.RateCard{jan, feb, again}, feb.Effective, "2026-02b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			card, ok := pricing.InForce(c.cards, c.at)
			if ok != (c.want != "") || ok && card.Version != c.want {
				t.Errorf("InForce(%v) = %v, %v, want %q", c.at, card, ok, c.want)
			}
		})
	}
}
