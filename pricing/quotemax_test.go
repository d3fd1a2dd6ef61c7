package pricing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestQuoteMax(t *testing.T) {
	const volume = `{"per": "1 image", "tiering": "volume", "tiers": [{"to": "100 images", "credits": 4}, {"credits": 3}]}`
	for _, c := range []struct {
		name, rule string
		use        pricing.Use
		want       string
	}{
		{"the quantity given is the most", `{"credits": 4, "per": "1 minute"}`, given("3m20s"), "16"},
		{"a flat price is what it is", `{"credits": 10}`, given(""), "10"},
		{"the rule's most stands in for a quantity", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, given(""), "24"},
		{"and bounds it", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, given("1h"), "24"},
		{"but does not raise it", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, given("2s"), "6"},
		{"the most of the rule chosen", `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds"}}}`, given("", "audio", "yes"), "40"},
		{"the most of the rule chosen, beside a flat surcharge", `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds"}}, "plus": [{"credits": 1}]}`, given("", "audio", "yes"), "41"},
		{"and beside a measured one", `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds"}}, "plus": [{"credits": 1, "per": "1 second"}]}`, given("", "audio", "yes"), "48"},
		{"where it clamps", `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds", "beyond": "clamp"}}}`, given("", "audio", "yes"), "40"},
		{"and in steps", `{"by": "audio", "step": "5 seconds", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds"}}}`, given("", "audio", "yes"), "40"},
		{"the most of a rule chosen twice", `{"by": "audio", "prices": {"yes": {"by": "size", "prices": {"4K": {"credits": 5, "per": "1 second", "most": "8 seconds"}}}}, "plus": [{"credits": 1}]}`, given("", "audio", "yes", "size", "4K"), "41"},
		{"a volume discount may not be reached", volume, given("101 images"), "400"},
		{"a volume discount that outgrows it", volume, given("200 images"), "600"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			if q, err := r.QuoteMax(c.use); err != nil || q.Amount != credits.MustParse(c.want) {
				t.Errorf("QuoteMax(%v) = %v, %v, want %v", c.use, q.Amount, err, c.want)
			}
		})
	}
	for name, rule := range map[string]string{
		"no most":                        `{"by": "audio", "prices": {"yes": {"credits": 3, "per": "1 second"}}, "plus": [{"credits": 1}]}`,
		"a most in another branch":       `{"by": "audio", "prices": {"yes": {"credits": 3, "per": "1 second"}, "no": {"credits": 3, "per": "1 second", "most": "8 seconds"}}, "plus": [{"credits": 1}]}`,
		"a most after what is free":      `{"by": "audio", "free": "10 seconds", "prices": {"yes": {"credits": 3, "per": "1 second", "most": "8 seconds"}}, "plus": [{"credits": 1}]}`,
		"a surcharge on what a most cut": `{"by": "audio", "prices": {"yes": {"credits": 3, "per": "1 second", "most": "8 seconds", "beyond": "clamp"}}, "plus": [{"credits": 1, "per": "1 second"}]}`,
	} {
		r := readRule(t, rule)
		if q, err := r.QuoteMax(given("", "audio", "yes")); !errors.Is(err, pricing.ErrQuantity) {
			t.Errorf("QuoteMax() with %s = %v, %v, want ErrQuantity", name, q.Amount, err)
		}
	}
}

// What no quantity was given for costs at most what QuoteMax says, whatever the
// quantity turns out to be.
func TestQuoteMaxOfAChoiceBoundsEveryUse(t *testing.T) {
	use := func(seconds time.Duration) pricing.Use {
		return pricing.Use{Feature: "f", Quantity: pricing.Duration(seconds * time.Second), Attributes: map[string]string{"a": "x"}}
	}
	branches := []string{
		`"most": "8 seconds"`, `"most": "8 seconds", "step": "3 seconds"`, `"most": "8 seconds", "free": "2 seconds"`, `"most": "8 seconds", "beyond": "clamp"`,
	}
	bounded := 0
	for _, branch := range branches {
		for _, around := range []string{``, `, "step": "5 seconds"`, `, "free": "10 seconds"`, `, "most": "6 seconds"`, `, "most": "20 seconds", "beyond": "clamp"`} {
			for _, plus := range []string{`{"credits": 1}`, `{"credits": 1, "per": "1 second"}`} {
				r := readRule(t, `{"by": "a", "prices": {"x": {"credits": 5, "per": "1 second", `+branch+`}}, "plus": [`+plus+`]`+around+`}`)
				bound, err := r.QuoteMax(pricing.Use{Feature: "f", Attributes: map[string]string{"a": "x"}})
				if err != nil {
					continue // it asks for a quantity
				}
				bounded++
				for seconds := range time.Duration(60) {
					if q, err := r.Quote(use(seconds)); err == nil && bound.Amount.Less(q.Amount) {
						t.Errorf("Quote(%d s) by %s%s plus %s = %v, want at most %v", seconds, branch, around, plus, q.Amount, bound.Amount)
					}
				}
			}
		}
	}
	if bounded < 20 {
		t.Errorf("QuoteMax() bounds %d of 40 rules, want most of them", bounded)
	}
}
