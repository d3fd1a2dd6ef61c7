package pricing_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestCardPicksTheOneInForce(t *testing.T) {
	// The later card stands first: the order in the document does not matter.
	first, second := strings.Index(catalogText, `    {"name": "studio", "version": "1"`), strings.Index(catalogText, `    {"name": "studio", "version": "2"`)
	end := strings.Index(catalogText, "\n  ],")
	swapped := catalogText[:first] + catalogText[second:end] + ",\n" + strings.TrimSuffix(catalogText[first:second], ",\n") + catalogText[end:]
	for _, text := range []string{catalogText, swapped} {
		c := must(pricing.Parse([]byte(text)))
		for at, want := range map[string]string{
			"2024-12-31T23:59:59.999999999Z": "", "2025-01-01T00:00:00Z": "1", "2025-12-31T23:59:59.999999999Z": "1",
			"2026-01-01T00:00:00Z": "2", "2025-12-31T19:00:00-05:00": "2", "9999-01-01T00:00:00Z": "2",
		} {
			card, err := c.Card(instant(at))
			if card.Version != want || (want == "") != errors.Is(err, pricing.ErrUnknown) {
				t.Errorf("Card(%s) = %q, %v, want %q", at, card.Version, err, want)
			}
		}
		if cards := c.Cards(); len(cards) != 2 || cards[0].Version != "1" || cards[1].Version != "2" {
			t.Errorf("Cards() = %v, want 1 and 2", cards)
		}
	}
}

func TestQuoteUsesTheCardInForce(t *testing.T) {
	c := must(pricing.Parse([]byte(catalogText)))
	use := pricing.Use{Feature: "speech-to-text", Quantity: pricing.MustParseQuantity("3m20s")}
	for at, want := range map[string]credits.Amount{"2025-06-01T00:00:00Z": credits.Of(16), "2026-06-01T00:00:00Z": credits.Of(20)} {
		if q, err := c.Quote(instant(at), use); err != nil || q.Amount != want {
			t.Errorf("Quote(%s) = %v, %v, want %v", at, q.Amount, err, want)
		}
	}
	if q, err := c.Quote(instant("2024-06-01T00:00:00Z"), use); !errors.Is(err, pricing.ErrUnknown) {
		t.Errorf("Quote before the first card = %v, %v, want %v", q, err, pricing.ErrUnknown)
	}
	if q, err := c.Quote(instant("2026-06-01T00:00:00Z"), pricing.Use{Feature: "ai-music"}); !errors.Is(err, pricing.ErrFeature) {
		t.Errorf("Quote of a feature that was dropped = %v, %v, want %v", q, err, pricing.ErrFeature)
	}
}

func TestLookupsNameWhatThereIs(t *testing.T) {
	c := must(pricing.Parse([]byte(catalogText)))
	for want, lookup := range map[string]func() error{
		`pricing: catalog "studio" has no plan "x": want "pro"`:                                        func() error { _, err := c.Plan("x"); return err },
		`pricing: catalog "studio" has no pack "x": want "large", "small"`:                             func() error { _, err := c.Pack("x"); return err },
		`pricing: catalog "studio" has no bonus "x": want "login"`:                                     func() error { _, err := c.Bonus("x"); return err },
		`pricing: catalog "studio" has no conversion "x": want "words"`:                                func() error { _, err := c.Conversion("x"); return err },
		`has no rate card "2020-01-01T00:00:00Z": want "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"`: func() error { _, err := c.Card(instant("2020-01-01T00:00:00Z")); return err },
	} {
		if err := lookup(); !errors.Is(err, pricing.ErrUnknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("lookup = %v, want %s", err, want)
		}
	}
	for what, ids := range map[string][]string{
		"plans": {c.Plans()[0].ID}, "packs": {c.Packs()[0].ID, c.Packs()[1].ID},
		"bonuses": {c.Bonuses()[0].ID}, "conversions": {c.Conversions()[0].ID},
	} {
		want := map[string]string{"plans": "pro", "packs": "large small", "bonuses": "login", "conversions": "words"}[what]
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s = %s, want %s", what, got, want)
		}
	}
	if c.Name() != "studio" || c.Currency() != "USD" || c.Note() != "" {
		t.Errorf("the catalog is %q in %q (%q), want studio in USD", c.Name(), c.Currency(), c.Note())
	}
}

// What goes in and what comes out can be changed without changing the catalog.
func TestR46_ACatalogSharesNothing(t *testing.T) {
	data := []byte(strings.Replace(catalogText, `"features": {
      "speech-to-text": {"credits": 5, "per": "1 minute"}}`, `"features": {
      "deep": {"by": "a", "prices": {"x": {"credits": 1, "plus": [{"credits": 1}], "factors": {"b": {"y": 1}}}}},
      "tiers": {"tiers": [{"credits": 1}], "tiering": "volume", "per": "1 word"},
      "meters": {"meters": {"m": {"credits": 1, "per": "1 word"}}}}`, 1))
	want := must(pricing.Parse(data))
	c := must(pricing.Parse(data))
	clear(data)
	for _, card := range append(c.Cards(), must(c.Card(instant("2026-06-01T00:00:00Z")))) {
		spoil(card.Features)
	}
	for _, p := range append(c.Packs(), must(c.Pack("large"))) {
		clear(p.Features)
	}
	for _, p := range c.Conversions() {
		spoil(map[string]pricing.Rule{"": p.Rule})
	}
	compare := cmp.Options{compareGrants, cmp.AllowUnexported(pricing.Money{}, pricing.Quantity{})}
	if diff := cmp.Diff(want.Cards(), c.Cards(), compare...); diff != "" {
		t.Errorf("the cards changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Packs(), c.Packs(), compare...); diff != "" {
		t.Errorf("the packs changed (-want +got):\n%s", diff)
	}
	pack := must(c.Pack("large"))
	g := must(pack.Grant("ada", pricing.Purchase{Order: "o"}))
	g.Features[0] = "spoilt"
	if pack.Features[0] != "ai-music" {
		t.Error("a grant shares its features with its pack")
	}
}

// spoil changes all that can be changed in rules.
func spoil(rules map[string]pricing.Rule) {
	for name, rule := range rules {
		spoil(rule.Prices)
		spoil(rule.Meters)
		for i := range rule.Plus {
			rule.Plus[i] = pricing.Rule{}
		}
		for _, factors := range rule.Factors {
			clear(factors)
		}
		clear(rule.Factors)
		clear(rule.Tiers)
		rules[name] = pricing.Rule{}
	}
}

func TestACatalogIsSafeForSimultaneousUse(t *testing.T) {
	c := read(t, "powtoon.json")
	use := pricing.Use{Feature: "ai-avatar", Quantity: pricing.MustParseQuantity("10 s")}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				q, err := c.Quote(instant("2025-06-01T00:00:00Z"), use)
				basket, other := c.CheapestPacks(credits.Of(1000), "")
				if err != nil || other != nil || q.Amount != credits.Of(4) || basket.Price.String() != "346.00 USD" {
					t.Errorf("Quote = %v, %v; CheapestPacks = %v, %v", q.Amount, err, basket.Price, other)
				}
			}
		})
	}
	all.Wait()
}
