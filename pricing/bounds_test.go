package pricing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
)

// What is as long, as large or as many as a bound says is taken: one more is refused,
// as the tests of each noun show.
func TestTextsAsLongAsTheirBoundsAreRead(t *testing.T) {
	zeros := strings.Repeat("0", pricing.MaxText)
	pad := func(before, after string) string {
		return before + zeros[:pricing.MaxText-len(before)-len(after)] + after
	}
	if q, err := pricing.ParseQuantity(pad("", "7 words")); err != nil || q != pricing.Count(7, pricing.UnitWord) {
		t.Errorf("ParseQuantity(64 bytes) = %v, %v, want 7 words", q, err)
	}
	if r, err := pricing.ParseRatio(pad("", "7")); err != nil || r.String() != "7" {
		t.Errorf("ParseRatio(64 bytes) = %v, %v, want 7", r, err)
	}
	if r, err := pricing.ParseRounding(pad("up to ", "7")); err != nil || r.To != credits.Of(7) {
		t.Errorf("ParseRounding(64 bytes) = %v, %v, want up to 7", r, err)
	}
	limit := fmt.Sprintf("%-128s", "at most 30 within 1 month")
	if l, err := pricing.ParseLimit(limit); err != nil || l.Most != credits.Of(30) {
		t.Errorf("ParseLimit(128 bytes) = %v, %v, want at most 30 within 1 month", l, err)
	}
}

func TestMoneyIsRefusedForItsDigitsOnlyBeyondForty(t *testing.T) {
	digits := func(n int) decimal.Decimal { return decimal.RequireFromString(strings.Repeat("9", n)) }
	for _, c := range []struct {
		name   string
		amount decimal.Decimal
		want   string
	}{
		{"forty zeros", decimal.New(1, 40), "minor units"},
		{"forty-one zeros", decimal.New(1, 41), "more than 40 digits"},
		{"forty decimals", decimal.New(1, -40), "decimals"},
		{"forty-one decimals", decimal.New(1, -41), "more than 40 digits"},
		{"forty digits", digits(40), "minor units"},
		{"forty-one digits", digits(41), "more than 40 digits"},
	} {
		if m, err := pricing.NewMoney(c.amount, "USD"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewMoney(%s) = %v, %v, want an error that says %q", c.name, m, err, c.want)
		}
	}
}

func TestACardTakesAsManyFeaturesAsItMay(t *testing.T) {
	card := twoFeatures()
	for i := range pricing.MaxFeatures - len(card.Features) {
		card.Features[fmt.Sprintf("feature-%d", i)] = pricing.Rule{Credits: pricing.MustParseRatio("1")}
	}
	if err := card.Validate(); err != nil {
		t.Errorf("Validate(card of %d features) = %v, want nil", len(card.Features), err)
	}
	card.Features["one more"] = pricing.Rule{Credits: pricing.MustParseRatio("1")}
	if err := card.Validate(); err == nil {
		t.Errorf("Validate(card of %d features) = nil, want an error", len(card.Features))
	}
}

func TestACatalogTakesWhatIsAsLargeAsItMayBe(t *testing.T) {
	features := make([]string, credits.MaxFeatures+1)
	for i := range features {
		features[i] = fmt.Sprintf("f%d", i)
	}
	priced := `"ai-music": {"credits": 30}, "` + strings.Join(features, `": {"credits": 1}, "`) + `": {"credits": 1}`
	named := func(n int) string { return `"` + strings.Join(features[:n], `", "`) + `"` }
	id := strings.Repeat("x", pricing.MaxItemID-3) + ":" // a colon takes three bytes escaped
	packs := catalogText[strings.Index(catalogText, `"small"`):strings.Index(catalogText, `},`+"\n"+`  "bonuses"`)]
	for _, c := range []struct {
		name, old, fits, beyond string
	}{
		{"the first priority", `"once": "per account"`, `"once": "per account", "priority": -1000`, `"once": "per account", "priority": -1001`},
		{"the last priority", `"once": "per account"`, `"once": "per account", "priority": 1000`, `"once": "per account", "priority": 1001`},
		{"as many features as a lot has", `["ai-music"]`, `[` + named(credits.MaxFeatures) + `]`, `[` + named(credits.MaxFeatures+1) + `]`},
		{"as many packs as there may be", packs, strings.TrimSuffix(manyPacks(), `, "small":`), manyPacks() + ` {"credits": 1, "price": "1 USD", "valid": "permanent"}`},
		{"the longest ID as it is escaped", `"small":`, `"` + id + `":`, `"x` + id + `":`},
		{"as many cycles as one payment is for", `"cycle": "1 month"`, `"cycle": "1 hour", "billed": "1000 hours"`, `"cycle": "1 hour", "billed": "1001 hours"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(catalogText, `"ai-music": {"credits": 30}`, priced, 1)
			if _, err := pricing.Parse([]byte(strings.Replace(text, c.old, c.fits, 1))); err != nil {
				t.Errorf("Parse(%s) = %v, want nil", c.name, err)
			}
			if _, err := pricing.Parse([]byte(strings.Replace(text, c.old, c.beyond, 1))); err == nil {
				t.Errorf("Parse(more than %s) = nil, want an error", c.name)
			}
		})
	}
}

func TestAGrantTakesWhatIsAsLargeAsItMayBe(t *testing.T) {
	first, last := time.Date(1, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC)
	filmora, powtoon := read(t, "filmora.json"), read(t, "powtoon.json")
	pack := must(powtoon.Pack("125"))
	order := strings.Repeat("o", credits.MaxIDLen-len("pack:125:"))
	if g, err := pack.Grant("ada", pricing.Purchase{Order: order, Term: "s"}); err != nil || len(g.ID) != credits.MaxIDLen {
		t.Errorf("Grant(the longest order) = %q, %v, want an ID of %d bytes", g.ID, err, credits.MaxIDLen)
	}
	for _, at := range []time.Time{first, last} {
		if _, err := must(filmora.Bonus("daily-login")).Grant("ada", pricing.Claim{At: at}); err != nil {
			t.Errorf("Grant(bonus of %v) = %v, want nil", at, err)
		}
	}
	plan := pricing.Plan{
		ID: "p", Credits: credits.Of(1), Cycle: expiry.MustParseSpan("1 day"),
		Price: pricing.MustParseMoney("1 USD"), Conditions: pricing.Conditions{Validity: expiry.Permanent()},
	}
	if cycle, err := plan.CycleAt("s", first, first); err != nil || !cycle.Start.Equal(first) {
		t.Errorf("CycleAt(%v) = %v, %v, want the first cycle of all", first, cycle, err)
	}
}

func TestARuleTakesAsManyOfEverythingAsItMay(t *testing.T) {
	one := pricing.MustParseRatio("1")
	flat := pricing.Rule{Credits: one}
	values := func(n int) (prices map[string]pricing.Rule, factors map[string]pricing.Ratio) {
		prices, factors = map[string]pricing.Rule{}, map[string]pricing.Ratio{}
		for i := range n {
			prices[fmt.Sprint(i)], factors[fmt.Sprint(i)] = flat, one
		}
		return prices, factors
	}
	tiers := func(n int) []pricing.Tier {
		all := make([]pricing.Tier, n)
		for i := range all {
			all[i] = pricing.Tier{To: pricing.Count(int64(i+1), pricing.UnitImage), Credits: one}
		}
		all[n-1].To = pricing.Quantity{}
		return all
	}
	for name, rule := range map[string]func(more int) pricing.Rule{
		"prices": func(more int) pricing.Rule {
			prices, _ := values(pricing.MaxPrices + more)
			return pricing.Rule{By: "a", Prices: prices}
		},
		"factors": func(more int) pricing.Rule {
			_, factors := values(pricing.MaxPrices + more)
			return pricing.Rule{Credits: one, Factors: map[string]map[string]pricing.Ratio{"a": factors}}
		},
		"tiers": func(more int) pricing.Rule {
			return pricing.Rule{Per: pricing.Count(1, pricing.UnitImage), Tiering: pricing.Volume, Tiers: tiers(pricing.MaxTiers + more)}
		},
		"surcharges": func(more int) pricing.Rule {
			return pricing.Rule{Credits: one, Plus: slices.Repeat([]pricing.Rule{flat}, pricing.MaxPlus+more)}
		},
		"bytes of a note": func(more int) pricing.Rule {
			return pricing.Rule{Credits: one, Note: strings.Repeat("x", pricing.MaxNote+more)}
		},
	} {
		fits, beyond := rule(0), rule(1)
		if err := fits.Validate(); err != nil {
			t.Errorf("Validate(as many %s as there may be) = %v, want nil", name, err)
		}
		if err := beyond.Validate(); err == nil {
			t.Errorf("Validate(one more of %s) = nil, want an error", name)
		}
	}
}

// Only where each tier charges its own started blocks is one cut by its end.
func TestATierMayEndWithinABlockThatIsNotItsOwn(t *testing.T) {
	const tiers = `, "per": "10 words", "tiers": [{"to": "15 words", "credits": 2}, {"credits": 1}]}`
	for head, want := range map[string]string{
		`{"tiering": "volume"`:                          "4",
		`{"tiering": "volume", "charge": "pro rata"`:    "3",
		`{"tiering": "graduated", "charge": "pro rata"`: "3",
	} {
		r := readRule(t, head+tiers)
		if q, err := r.Quote(given("15 words")); err != nil || q.Amount != credits.MustParse(want) {
			t.Errorf("Quote(15 words by %s) = %v, %v, want %s", head, q.Amount, err, want)
		}
	}
}
