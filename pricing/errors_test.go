package pricing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// A rule that is priced on its own has no feature to name, and a count without a
// unit has no unit to show.
func TestErrorsNameNothingThatIsNotThere(t *testing.T) {
	measured := readRule(t, `{"credits": 1, "per": "1 second", "most": "8 seconds"}`)
	chosen := readRule(t, `{"by": "audio", "prices": {"yes": {"credits": 1}}}`)
	for _, test := range []struct {
		rule pricing.Rule
		use  pricing.Use
		want string
	}{
		{measured, pricing.Use{}, "pricing: quantity is missing: want a number of seconds"},
		{measured, pricing.Use{Feature: "f"}, `pricing: "f": quantity is missing: want a number of seconds`},
		{measured, pricing.Use{Quantity: pricing.MustParseQuantity("9 s")}, "pricing: quantity is 9s: at most 8s are allowed"},
		{measured, pricing.Use{Quantity: pricing.Count(5, "")}, `pricing: quantity "5" has no unit: want a number of seconds`},
		{chosen, pricing.Use{}, `pricing: attribute "audio" is missing: want "yes"`},
	} {
		if q, err := test.rule.Quote(test.use); err == nil || err.Error() != test.want {
			t.Errorf("Quote(%v) = %v, %v, want %s", test.use, q.Amount, err, test.want)
		}
	}
}

func TestErrorsListUpToTwelveNamesAndShortenLongOnes(t *testing.T) {
	card := twoFeatures()
	card.Features = map[string]pricing.Rule{}
	for i := range 12 {
		card.Features[fmt.Sprintf("f%02d", i)] = pricing.Rule{Credits: pricing.MustParseRatio("1")}
	}
	says := func(feature, want string) {
		t.Helper()
		if _, err := card.Quote(pricing.Use{Feature: feature}); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("Quote(%q) = %v, want ... %s", feature, err, want)
		}
	}
	all := `want "f00", "f01", "f02", "f03", "f04", "f05", "f06", "f07", "f08", "f09", "f10", "f11"`
	says("x", `feature "x": `+all)
	says(strings.Repeat("x", 60), `feature "`+strings.Repeat("x", 60)+`": `+all)
	says(strings.Repeat("x", 61), `feature "`+strings.Repeat("x", 60)+`...": `+all)
	card.Features["f12"] = card.Features["f00"]
	says("x", all+" or one of 1 more")
}

func TestAShopWithoutPacksSaysSo(t *testing.T) {
	c := shop(t)
	const want = `pricing: no pack gives 5 credits for "music": there are none`
	_, one := c.CheapestPack(credits.Of(5), "music")
	_, several := c.CheapestPacks(credits.Of(5), "music")
	for _, err := range []error{one, several} {
		if !errors.Is(err, pricing.ErrNoPack) || err.Error() != want {
			t.Errorf("CheapestPack(5, music) = %v, want %s", err, want)
		}
	}
}
