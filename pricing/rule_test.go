package pricing_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// readRule reads a rule that must be valid.
func readRule(t testing.TB, text string) pricing.Rule {
	t.Helper()
	var r pricing.Rule
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("Decode(%s) = %v, want nil", text, err)
	}
	if err := r.Validate(); err != nil {
		t.Fatalf("Validate(%s) = %v, want nil", text, err)
	}
	return r
}

// given makes a use of a quantity, "" for none, and attributes in pairs.
func given(quantity string, attributes ...string) pricing.Use {
	use := pricing.Use{Feature: "feature"}
	if quantity != "" {
		use.Quantity = pricing.MustParseQuantity(quantity)
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		if use.Attributes == nil {
			use.Attributes = make(map[string]string)
		}
		use.Attributes[attributes[i]] = attributes[i+1]
	}
	return use
}

// TestR24_PricesOfEveryRule has the smallest uses of every rule, and those about
// its edges, with the sentence that explains each.
func TestR24_PricesOfEveryRule(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		use        pricing.Use
		want, why  string
	}{
		{"a flat price needs no quantity", `{"credits": 10}`, given(""), "10", "1 use x 10 = 10"},
		{"a flat price counts uses", `{"credits": 10}`, given("3 uses"), "30", "3 uses x 10 = 30"},
		{"a fraction of a credit is a price", `{"credits": "0.000001"}`, given(""), "0.000001", "1 use x 0.000001 = 0.000001"},
		{"a zero price is free", `{"credits": 0}`, given(""), "0", "1 use x 0 = 0"},

		{"a nanosecond starts a minute", `{"credits": 4, "per": "1 minute"}`, given("1ns"), "4", "0.000000001s = 1 started minute x 4 = 4"},
		{"a minute is one block", `{"credits": 4, "per": "1 minute"}`, given("60s"), "4", "1m = 1 minute x 4 = 4"},
		{"a nanosecond more starts the next", `{"credits": 4, "per": "1 minute"}`, given("1m 1ns"), "8", "1m0.000000001s = 2 started minutes x 4 = 8"},
		{"3m20s are four started minutes", `{"credits": 4, "per": "1 minute"}`, given("3m20s"), "16", "3m20s = 4 started minutes x 4 = 16"},
		{"nothing at all costs nothing", `{"credits": 4, "per": "1 minute"}`, given("0s"), "0", "0s = 0 minutes x 4 = 0"},
		{"one word starts ten", `{"credits": 1, "per": "10 words"}`, given("1 word"), "1", "1 word = 1 started block of 10 words x 1 = 1"},
		{"eleven words start twenty", `{"credits": 1, "per": "10 words"}`, given("11 words"), "2", "11 words = 2 started blocks of 10 words x 1 = 2"},
		{"1 per 3 seconds", `{"credits": 1, "per": "3 seconds"}`, given("4s"), "2", "4s = 2 started blocks of 3s x 1 = 2"},
		{"3 per 2 seconds", `{"credits": 3, "per": "2 seconds"}`, given("5s"), "9", "5s = 3 started blocks of 2s x 3 = 9"},
		{"images", `{"credits": 2, "per": "1 image"}`, given("3 images"), "6", "3 images x 2 = 6"},
		{"an own unit", `{"credits": "1.3", "per": "1 GB-day", "charge": "pro rata"}`, given("2.5 GB-days"), "3.25", "2.5 GB-days x 1.3 = 3.25"},
		{"a block of a third", `{"credits": "1/3", "per": "1 token"}`, given("3 tokens"), "1", "3 tokens x 1/3 = 1"},

		{"pro rata keeps the fraction", `{"credits": 4, "per": "1 minute", "charge": "pro rata"}`, given("90s"), "6", "1m30s = 1.5 minutes x 4 = 6"},
		{"pro rata of the smallest quantity is not free", `{"credits": 4, "per": "1 hour", "charge": "pro rata"}`, given("1ns"), "0.000001",
			"0.000000001s = 1/3600000000000 hours x 4 = 1/900000000000; rounded up to 0.000001: 0.000001"},
		{"6.3 per 1,000 tokens", `{"credits": 6.3, "per": "1000 tokens", "charge": "pro rata"}`, given("1 token"), "0.0063", "1 token = 0.001 blocks of 1000 tokens x 6.3 = 0.0063"},

		{"a quantity is rounded up to steps first: 5 s", `{"credits": 1, "per": "1 minute", "charge": "pro rata", "step": "30 seconds"}`, given("5s"), "0.5", "5s counted as 30s = 0.5 minutes x 1 = 0.5"},
		{"a quantity is rounded up to steps first: 31 s", `{"credits": 1, "per": "1 minute", "charge": "pro rata", "step": "30 seconds"}`, given("31s"), "1", "31s counted as 1m = 1 minute x 1 = 1"},
		{"a quantity is rounded up to steps first: 61 s", `{"credits": 6, "per": "1 minute", "charge": "pro rata", "step": "30 seconds"}`, given("61s"), "9", "1m1s counted as 1m30s = 1.5 minutes x 6 = 9"},
		{"a multiple of the step stays", `{"credits": 6, "per": "1 minute", "charge": "pro rata", "step": "30 seconds"}`, given("30s"), "3", "30s = 0.5 minutes x 6 = 3"},

		{"the maximum itself is allowed", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, given("8s"), "24", "8s = 8 seconds x 3 = 24"},
		{"the maximum cuts if told to", `{"credits": 3, "per": "1 second", "most": "8 seconds", "beyond": "clamp"}`, given("9s"), "24", "9s counted as 8s = 8 seconds x 3 = 24"},

		{"a minimum charge raises", `{"credits": 8, "per": "1 minute", "least": 20}`, given("1s"), "20", "1s = 1 started minute x 8 = 8; minimum: raised by 12 to 20; together 20"},
		{"a minimum charge leaves more alone", `{"credits": 8, "per": "1 minute", "least": 20}`, given("3m"), "24", "3m = 3 minutes x 8 = 24"},
		{"a minimum charge leaves nothing alone", `{"credits": 8, "per": "1 minute", "least": 20}`, given("0s"), "0", "0s = 0 minutes x 8 = 0"},

		{"within the free allowance", `{"credits": "1.3", "per": "1 GB-day", "charge": "pro rata", "free": "1 GB-day"}`, given("1 GB-day"), "0", "1 GB-day counted as 0 GB-days x 1.3 = 0"},
		{"just above the free allowance", `{"credits": 5, "per": "1 minute", "free": "1 minute"}`, given("60.001s"), "5", "1m0.001s counted as 0.001s = 1 started minute x 5 = 5"},

		{"the first graduated tier", `{"per": "1 minute", "tiering": "graduated", "tiers": [{"to": "10 minutes", "credits": 4}, {"credits": 3}]}`, given("1s"), "4", "to 10m: 1s = 1 started minute x 4 = 4"},
		{"the end of a graduated tier", `{"per": "1 minute", "tiering": "graduated", "tiers": [{"to": "10 minutes", "credits": 4}, {"credits": 3}]}`, given("10m"), "40", "to 10m: 10m = 10 minutes x 4 = 40"},
		{"past a graduated tier", `{"per": "1 minute", "tiering": "graduated", "tiers": [{"to": "10 minutes", "credits": 4}, {"credits": 3}]}`, given("10m1s"), "43",
			"to 10m: 10m = 10 minutes x 4 = 40; above 10m: 1s = 1 started minute x 3 = 3; together 43"},
		{"a free graduated tier", `{"per": "1 image", "tiering": "graduated", "tiers": [{"to": "2 images", "credits": 0}, {"credits": 3}]}`, given("3 images"), "3", "above 2 images: 1 image x 3 = 3"},
		{"the end of a volume tier", `{"per": "1 image", "tiering": "volume", "tiers": [{"to": "100 images", "credits": 4}, {"credits": 3}]}`, given("100 images"), "400", "100 images x 4 = 400"},
		{"past a volume tier", `{"per": "1 image", "tiering": "volume", "tiers": [{"to": "100 images", "credits": 4}, {"credits": 3}]}`, given("101 images"), "303", "101 images x 3 = 303"},

		{"a factor doubles", `{"credits": 1, "per": "15 seconds", "factors": {"quality": {"SD": 1, "HD": 2}}}`, given("1s", "quality", "HD"), "2", "1s = 1 started block of 15s x 1 x 2 = 2 (quality HD)"},
		{"a factor quarters", `{"credits": 1, "factors": {"model": {"small": 0.25, "none": 0, "large": 50}}}`, given("", "model", "small"), "0.25", "1 use x 1 x 0.25 = 0.25 (model small)"},
		{"a factor of zero is free", `{"credits": 1, "factors": {"model": {"small": 0.25, "none": 0, "large": 50}}}`, given("", "model", "none"), "0", "1 use x 1 x 0 = 0 (model none)"},
		{"factors multiply each other", `{"credits": 3, "factors": {"a": {"x": 2}, "b": {"y": "1/3"}}}`, given("", "a", "x", "b", "y"), "2", "1 use x 3 x 2/3 = 2 (a x, b y)"},

		{"a flat surcharge is charged once", `{"credits": 4, "per": "1 minute", "plus": [{"credits": 1}]}`, given("61s"), "9", "1m1s = 2 started minutes x 4 = 8; surcharge: 1 use x 1 = 1; together 9"},
		{"a surcharge counts blocks of its own", `{"credits": 1, "per": "15 seconds", "factors": {"quality": {"SD": 1, "HD": 2}},
			"plus": [{"by": "green screen", "prices": {"yes": {"credits": 1, "per": "1 minute"}, "no": {"credits": 0}}}]}`,
			given("61s", "quality", "HD", "green screen", "yes"), "12",
			"1m1s = 5 started blocks of 15s x 1 x 2 = 10; green screen: 1m1s = 2 started minutes x 1 = 2; together 12 (green screen yes, quality HD)"},
		{"a surcharge that does not apply", `{"credits": 1, "per": "15 seconds", "plus": [{"by": "green screen", "prices": {"yes": {"credits": 1, "per": "1 minute"}, "no": {"credits": 0}}}]}`,
			given("1s", "green screen", "no"), "1", "1s = 1 started block of 15s x 1 = 1 (green screen no)"},

		{"a price by attribute: with audio", `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "most": "8 seconds"}, "no": {"credits": 3, "per": "1 second", "most": "8 seconds"}}}`,
			given("0.1s", "audio", "yes"), "5", "0.1s = 1 started second x 5 = 5 (audio yes)"},
		{"a price by attribute: without", `{"by": "audio", "most": "8 seconds", "prices": {"yes": {"credits": 5, "per": "1 second"}, "no": {"credits": 3, "per": "1 second"}}}`,
			given("8s", "audio", "no"), "24", "8s = 8 seconds x 3 = 24 (audio no)"},
		{"a price by attribute: flat or measured", `{"by": "timed", "prices": {"no": {"credits": 200}, "yes": {"credits": 40, "per": "1 second"}}}`,
			given("", "timed", "no"), "200", "1 use x 200 = 200 (timed no)"},

		{"rounding down to whole credits", `{"credits": 1, "per": "1 minute", "charge": "pro rata", "round": "down to 1"}`, given("119s"), "1", "1m59s = 119/60 minutes x 1 = 119/60; rounded down to 1: 1"},
		{"rounding to quarters", `{"credits": 1, "per": "1 minute", "charge": "pro rata", "round": "half up to 0.25"}`, given("7.5s"), "0.25", "7.5s = 0.125 minutes x 1 = 0.125; rounded half up to 0.25: 0.25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			q, err := r.Quote(c.use)
			if err != nil || q.Amount != credits.MustParse(c.want) {
				t.Fatalf("Quote(%v) = %v, %v, want %v", c.use, q.Amount, err, c.want)
			}
			if q.Explanation() != c.why {
				t.Errorf("Explanation() = %q, want %q", q.Explanation(), c.why)
			}
		})
	}
}

func TestMetersAreSummed(t *testing.T) {
	r := readRule(t, `{"meters": {
		"input tokens": {"credits": 6.3, "per": "1000 tokens", "charge": "pro rata"},
		"output tokens": {"credits": 18.8, "per": "1000 tokens", "charge": "pro rata"}}, "plus": [{"credits": 1}]}`)
	q, err := r.Quote(pricing.Use{Feature: "chat", Meters: map[string]pricing.Quantity{
		"input tokens": pricing.Count(1, pricing.UnitToken), "output tokens": pricing.Count(500, pricing.UnitToken),
	}})
	if want := credits.MustParse("10.4063"); err != nil || q.Amount != want {
		t.Fatalf("Quote(1, 500) = %v, %v, want %v", q.Amount, err, want)
	}
	why := "input tokens: 1 token = 0.001 blocks of 1000 tokens x 6.3 = 0.0063; " +
		"output tokens: 500 tokens = 0.5 blocks of 1000 tokens x 18.8 = 9.4; surcharge: 1 use x 1 = 1; together 10.4063"
	if q.Explanation() != why {
		t.Errorf("Explanation() = %q, want %q", q.Explanation(), why)
	}
	if got, want := q.Spend("id", "ada").Quantity, "input tokens: 1 token, output tokens: 500 tokens"; got != want {
		t.Errorf("Spend().Quantity = %q, want %q", got, want)
	}
}

func TestValidateRefuses(t *testing.T) {
	nested := `{"credits": 1}`
	for range pricing.MaxDepth {
		nested = `{"by": "a", "prices": {"x": ` + nested + `}}`
	}
	for _, c := range []struct{ name, rule, path, want string }{
		{"no price at all", `{}`, "", "has no price"},
		{"only a note", `{"note": "later"}`, "", "has no price"},
		{"a block without a price", `{"per": "1 minute"}`, "", "has no price"},
		{"two prices", `{"credits": 1, "meters": {"a": {"credits": 1}}}`, "", "several prices"},
		{"a price beyond all credits", `{"credits": 1000000000001}`, "credits", "beyond 10^12"},
		{"a block of nothing", `{"credits": 1, "per": "0s"}`, "per", "not more than nothing"},
		{"a charge without blocks", `{"credits": 1, "charge": "pro rata"}`, "charge", "without blocks"},
		{"an unknown charge", `{"credits": 1, "per": "1s", "charge": "exact"}`, "charge", `want "started blocks" or "pro rata"`},
		{"a maximum of nothing", `{"credits": 1, "per": "1s", "most": "0s"}`, "most", "not more than nothing"},
		{"a maximum in another unit", `{"credits": 1, "per": "1s", "most": "8 words"}`, "most", "counts seconds"},
		{"a maximum in time of a flat price", `{"credits": 1, "most": "8s"}`, "most", "counts uses"},
		{"an unknown answer to too much", `{"credits": 1, "per": "1s", "most": "8s", "beyond": "ignore"}`, "beyond", `want "reject" or "clamp"`},
		{"an answer to too much without a maximum", `{"credits": 1, "per": "1s", "beyond": "clamp"}`, "beyond", "without a maximum"},
		{"a step in another unit", `{"credits": 1, "per": "1s", "step": "1 word"}`, "step", "counts seconds"},
		{"a free part in another unit", `{"credits": 1, "per": "1s", "free": "1 word"}`, "free", "counts seconds"},
		{"a choice without prices", `{"by": "audio"}`, "prices", "has 0 values"},
		{"prices without a choice", `{"prices": {"yes": {"credits": 1}}}`, "by", "is empty"},
		{"a price forgotten in a choice", `{"by": "audio", "prices": {"yes": {}}}`, `prices["yes"]`, "has no price"},
		{"a block beside a choice", `{"by": "audio", "per": "1s", "prices": {"yes": {"credits": 1}}}`, "per", "without a price of its own"},
		{"a nameless value", `{"by": "audio", "prices": {"": {"credits": 1}}}`, `prices[""]`, "is empty"},
		{"rounding twice", `{"by": "audio", "prices": {"yes": {"credits": 1, "round": "up to 1"}}}`, `prices["yes"].round`, "one rounding"},
		{"no meters", `{"meters": {}}`, "meters", "has 0 meters"},
		{"meters in a meter", `{"meters": {"a": {"meters": {"b": {"credits": 1}}}}}`, `meters["a"].meters`, "only in the rule of a feature"},
		{"meters in a surcharge", `{"credits": 1, "plus": [{"meters": {"b": {"credits": 1}}}]}`, "plus[0].meters", "only in the rule of a feature"},
		{"a maximum beside meters", `{"meters": {"a": {"credits": 1}}, "most": "1 use"}`, "meters", "in the rule of a meter"},
		{"a measured surcharge beside meters", `{"meters": {"a": {"credits": 1}}, "plus": [{"credits": 1, "per": "1s"}]}`, "plus[0]", "must be flat"},
		{"a surcharge in another unit", `{"credits": 1, "per": "1s", "plus": [{"credits": 1, "per": "1 word"}]}`, "", "both in seconds and in words"},
		{"a maximum of uses in a measured rule", `{"credits": 1, "per": "1s", "plus": [{"credits": 1, "most": "1 use"}]}`, "plus[0].most", "counts seconds"},
		{"a factor left out", `{"credits": 1, "factors": {"quality": {}}}`, `factors["quality"]`, "has 0 values"},
		{"a nameless factor", `{"credits": 1, "factors": {"": {"x": 1}}}`, `factors[""]`, "is empty"},
		{"no tiers", `{"tiers": [], "tiering": "volume"}`, "tiers", "has 0 tiers"},
		{"tiers of no kind", `{"tiers": [{"credits": 1}]}`, "tiering", `want "graduated" or "volume"`},
		{"a kind of tiers without tiers", `{"credits": 1, "tiering": "volume"}`, "tiering", "without tiers"},
		{"a tier without a price", `{"tiers": [{}], "tiering": "volume"}`, "tiers[0].credits", "is missing"},
		{"a last tier with an end", `{"per": "1s", "tiers": [{"to": "1s", "credits": 1}], "tiering": "volume"}`, "tiers[0].to", "last tier"},
		{"a first tier without an end", `{"per": "1s", "tiers": [{"credits": 1}, {"credits": 1}], "tiering": "volume"}`, "tiers[0].to", "is missing"},
		{"tiers that go back", `{"per": "1s", "tiers": [{"to": "2s", "credits": 1}, {"to": "2s", "credits": 1}, {"credits": 1}], "tiering": "volume"}`, "tiers[1].to", "not after"},
		{"a tier in another unit", `{"per": "1s", "tiers": [{"to": "2 words", "credits": 1}, {"credits": 1}], "tiering": "volume"}`, "tiers[0].to", "counts seconds"},
		{"a tier that cuts a block", `{"per": "2s", "tiers": [{"to": "3s", "credits": 1}, {"credits": 1}], "tiering": "graduated"}`, "tiers[0].to", "cuts a block"},
		{"a surcharge in tiers of uses of a measured price", `{"credits": 0, "per": "1 minute", "plus": [{"tiers": [{"to": "10 uses", "credits": 1}, {"credits": 2}], "tiering": "graduated"}]}`, "plus[0].tiers", "count uses where the quantity is in seconds"},
		{"a price in tiers of uses below a measured maximum", `{"by": "m", "most": "1 hour", "prices": {"b": {"tiers": [{"to": "10 uses", "credits": 1}, {"credits": 5}], "tiering": "volume"}}}`, `prices["b"].tiers`, "count uses where the quantity is in seconds"},
		{"one tier of uses beside a measured surcharge", `{"tiers": [{"credits": 1}], "tiering": "volume", "plus": [{"credits": 1, "per": "1 word"}]}`, "tiers", "count uses where the quantity is in words"},
		{"a minimum beyond all credits", `{"credits": 1, "least": 1000000000001}`, "least", "beyond 10^12"},
		{"a tier beyond all credits", `{"tiers": [{"credits": 1000000000001}], "tiering": "volume"}`, "tiers[0].credits", "beyond 10^12"},
		{"a tier of nothing", `{"per": "1s", "tiers": [{"to": "0s", "credits": 1}, {"credits": 1}], "tiering": "volume"}`, "tiers[0].to", "not more than nothing"},
		{"a factor with a nameless value", `{"credits": 1, "factors": {"quality": {"": 2}}}`, `factors["quality"][""]`, "is empty"},
		{"a maximum in one unit above prices in another", `{"by": "a", "most": "8s", "prices": {"x": {"credits": 1, "per": "1 word"}}}`, "", "both in seconds and in words"},
		{"rules in rules without end", nested, strings.Repeat(`prices["x"].`, pricing.MaxDepth-1) + `prices["x"]`, "nested deeper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r pricing.Rule
			if err := json.Unmarshal([]byte(c.rule), &r); err != nil {
				t.Fatalf("Unmarshal(%s) = %v, want nil", c.rule, err)
			}
			var fault *pricing.RuleError
			if err := r.Validate(); !errors.As(err, &fault) || !errors.Is(err, pricing.ErrRule) {
				t.Fatalf("Validate(%s) = %v, want a *RuleError", c.rule, err)
			}
			if !strings.Contains(fault.Error(), c.path) {
				t.Errorf("Error() = %q, want it to name %q", fault, c.path)
			}
			if fault.Path != c.path || !strings.Contains(fault.Reason, c.want) {
				t.Errorf("Validate(%s) = path %q, %q, want path %q, %q", c.rule, fault.Path, fault.Reason, c.path, c.want)
			}
		})
	}
}

func TestR26_AnUnvalidatedRulePricesNothing(t *testing.T) {
	loop := map[string]pricing.Rule{}
	loop["x"] = pricing.Rule{By: "a", Prices: loop}
	for _, c := range []struct {
		name string
		rule pricing.Rule
	}{
		{"without a price", pricing.Rule{}},
		{"with a block that is negative", pricing.Rule{Credits: pricing.MustParseRatio("1"), Per: pricing.Count(-1, pricing.UnitUse)}},
		{"with a rounding of no mode", pricing.Rule{Credits: pricing.MustParseRatio("1"), Round: pricing.Rounding{To: credits.Of(1)}}},
		{"with a rounding to nothing", pricing.Rule{Credits: pricing.MustParseRatio("1"), Round: pricing.Rounding{Mode: pricing.Down}}},
		{"that contains itself", loop["x"]},
		{"with a surcharge without a price", pricing.Rule{Credits: pricing.MustParseRatio("1"), Plus: []pricing.Rule{{}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			use := pricing.Use{Feature: "f"}
			if c.rule.By != "" {
				use.Attributes = map[string]string{"a": "x"}
			}
			if q, err := c.rule.Quote(use); !errors.Is(err, pricing.ErrRule) {
				t.Errorf("Quote() = %v, %v, want ErrRule", q.Amount, err)
			}
		})
	}
}

// Tiers of uses are not flat: what they would compare with uses is refused, also in
// a rule that nobody validated.
func TestR26_TiersOfUsesPriceNoOtherUnit(t *testing.T) {
	for _, tiering := range []pricing.Tiering{pricing.Graduated, pricing.Volume} {
		tiers := pricing.Rule{Tiering: tiering, Tiers: []pricing.Tier{
			{To: pricing.Count(10, pricing.UnitUse), Credits: pricing.MustParseRatio("1")}, {Credits: pricing.MustParseRatio("5")},
		}}
		minutes := pricing.MustParseQuantity("1 minute")
		for name, rule := range map[string]pricing.Rule{
			"plus":   {Credits: pricing.MustParseRatio("0"), Per: minutes, Plus: []pricing.Rule{tiers}},
			"prices": {By: "a", Free: minutes, Prices: map[string]pricing.Rule{"x": tiers}},
		} {
			use := pricing.Use{Quantity: pricing.MustParseQuantity("200 s")}
			if name == "prices" {
				use.Attributes = map[string]string{"a": "x"}
			}
			q, err := rule.Quote(use)
			if !errors.Is(err, pricing.ErrRule) || !strings.Contains(err.Error(), "tiers count uses where the quantity is in seconds") {
				t.Errorf("Quote(%v) of %s tiers in %s = %v, %v, want ErrRule", use, tiering, name, q.Amount, err)
			}
		}
		if q, err := tiers.Quote(pricing.Use{Quantity: pricing.Count(12, pricing.UnitUse)}); err != nil || q.Amount.IsZero() {
			t.Errorf("Quote(12 uses) of %s tiers = %v, %v, want a price", tiering, q.Amount, err)
		}
	}
}

func TestRuleJSONRoundTrip(t *testing.T) {
	r := readRule(t, `{"note": "why", "by": "audio", "most": "8 seconds", "beyond": "clamp", "round": "half even to 0.01",
		"prices": {"yes": {"credits": "1/3", "per": "1 second", "charge": "pro rata", "step": "2s", "free": "1s", "least": 2},
			"no": {"per": "1 second", "tiering": "graduated", "tiers": [{"to": "4s", "credits": 0}, {"credits": 1.5}],
				"factors": {"quality": {"HD": 2}}, "plus": [{"credits": 1}]}}}`)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("Marshal(%v) = %v, want nil", r, err)
	}
	if diff := cmp.Diff(r, readRule(t, string(text)), cmpopts.EquateComparable(pricing.Quantity{}, credits.Amount{})); diff != "" {
		t.Errorf("Unmarshal(Marshal(r)) (-want +got):\n%s", diff)
	}
}
