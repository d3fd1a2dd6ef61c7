package pricing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

// offer is a pack for a catalog made in a test.
type offer struct {
	credits  credits.Amount
	cents    int64
	features string // as JSON; empty: none
}

// shop returns a catalog that sells packs "p0", "p1" and so on.
func shop(t interface{ Fatalf(string, ...any) }, offers ...offer) *pricing.Catalog {
	var packs []string
	for i, o := range offers {
		features := ""
		if o.features != "" {
			features = `, "features": ` + o.features
		}
		packs = append(packs, fmt.Sprintf(`"p%d": {"credits": %v, "price": "%d.%02d USD", "valid": "permanent"%s}`,
			i, o.credits, o.cents/100, o.cents%100, features))
	}
	sold := ""
	if len(packs) > 0 {
		sold = `"packs": {` + strings.Join(packs, ", ") + `}, `
	}
	c, err := pricing.Parse([]byte(`{"name": "shop", ` + sold + `"cards": [
		{"name": "shop", "version": "1", "effective": "2025-01-01T00:00:00Z", "features": {"music": {"credits": 1}, "video": {"credits": 1}}}]}`))
	if err != nil {
		t.Fatalf("Parse = %v, want no error", err)
	}
	return c
}

// lines says what a basket has: "2 x p0, 1 x p3".
func lines(b pricing.Basket) string {
	var text []string
	for _, line := range b.Lines {
		text = append(text, fmt.Sprintf("%d x %s", line.Count, line.Pack.ID))
	}
	return strings.Join(text, ", ")
}

func TestCheapestPackAndPacks(t *testing.T) {
	powtoon := []offer{{credits.Of(125), 4900, ""}, {credits.Of(300), 9900, ""}, {credits.Of(450), 14900, ""}}
	tests := []struct {
		name          string
		offers        []offer
		need, feature string
		pack, basket  string // empty: none
	}{
		{"one pack is enough", powtoon, "1", "", "p0", "1 x p0"},
		{"exactly one pack", powtoon, "125", "", "p0", "1 x p0"},
		{"a millionth more than one pack", powtoon, "125.000001", "", "p1", "2 x p0"},
		{"two small packs cost less than a large one", powtoon, "250", "", "p1", "2 x p0"},
		{"no pack alone is enough", powtoon, "451", "", "", "4 x p0"},
		{"several kinds", powtoon, "850", "", "", "2 x p0, 2 x p1"},
		{"nothing is needed", powtoon, "0", "", "", ""},
		{"less than nothing is needed", powtoon, "-1", "", "", ""},
		{"no packs", nil, "1", "", "", ""},
		{"at the same price, the one with more credits", []offer{{credits.Of(10), 100, ""}, {credits.Of(20), 100, ""}}, "5", "", "p1", "1 x p1"},
		{"at the same price and credits, fewer packs", []offer{{credits.Of(10), 100, ""}, {credits.Of(20), 200, ""}}, "20", "", "p1", "1 x p1"},
		{"all the same, the lesser ID", []offer{{credits.Of(10), 100, ""}, {credits.Of(10), 100, ""}}, "20", "", "", "2 x p0"},
		{"as many packs of the same sum, more of the first", []offer{{credits.Of(1), 100, ""}, {credits.Of(2), 200, ""}, {credits.Of(3), 300, ""}, {credits.Of(4), 400, ""}}, "5", "", "", "1 x p0, 1 x p3"},
		{"a pack for another feature does not help", []offer{{credits.Of(10), 100, `["music"]`}, {credits.Of(10), 500, ""}}, "10", "video", "p1", "1 x p1"},
		{"a pack for the feature does", []offer{{credits.Of(10), 100, `["music"]`}, {credits.Of(10), 500, ""}}, "10", "music", "p0", "1 x p0"},
		{"a use without a feature needs packs for all", []offer{{credits.Of(10), 100, `["music"]`}, {credits.Of(10), 500, ""}}, "10", "", "p1", "1 x p1"},
		{"more than any account can hold", []offer{{credits.Of(credits.MaxCredits), 100, ""}}, "1000000000000.000001", "", "", ""},
		{"as much as an account can hold", []offer{{credits.Of(credits.MaxCredits), 100, ""}}, "1000000000000", "", "p0", "1 x p0"},
		{"a small pack at a price beyond all others", []offer{{credits.Micros(1), pricing.MaxMinor, ""}, {credits.Of(1), 100, ""}}, "1000", "", "", "1000 x p1"},
		{"a pack that no account could hold twice", []offer{{credits.Of(600_000_000_000), 100, ""}, {credits.Of(400_000_000_000), 1000, ""}}, "1000000000000", "", "", "1 x p0, 1 x p1"},
		{"no combination that an account could hold", []offer{{credits.Of(600_000_000_000), 100, ""}}, "1000000000000", "", "", ""},
		{"more packs than a search looks at", []offer{{credits.Of(1), 100, ""}}, "1000000", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := shop(t, test.offers...)
			need, err := credits.Parse(test.need)
			if errors.Is(err, credits.ErrOverflow) {
				need = credits.Micros(credits.MaxCredits*1_000_000 + 1)
			}
			pack, err := c.CheapestPack(need, test.feature)
			if pack.ID != test.pack || (test.pack == "") != errors.Is(err, pricing.ErrNoPack) {
				t.Errorf("CheapestPack(%v, %q) = %q, %v, want %q", need, test.feature, pack.ID, err, test.pack)
			}
			basket, err := c.CheapestPacks(need, test.feature)
			if lines(basket) != test.basket || (test.basket == "") != errors.Is(err, pricing.ErrNoPack) {
				t.Errorf("CheapestPacks(%v, %q) = %q, %v, want %q", need, test.feature, lines(basket), err, test.basket)
			}
		})
	}
}

// The search finds what trying everything finds, under the documented order.
func TestCheapestPacksIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) offer {
			return offer{credits.Micros(rapid.Int64Range(1, 12).Draw(t, "half credits") * 500_000), rapid.Int64Range(1, 12).Draw(t, "cents"), ""}
		}), 1, 4).Draw(t, "offers")
		need := credits.Micros(rapid.Int64Range(1, 40).Draw(t, "quarter credits") * 250_000)
		c := shop(t, offers...)
		want := tryAll(offers, need.Micros())
		basket, err := c.CheapestPacks(need, "")
		if err != nil {
			t.Fatalf("CheapestPacks(%v) = %v, want no error", need, err)
		}
		got := choice{counts: make([]int, len(offers)), micros: basket.Credits.Micros(), cents: basket.Price.Paid().Minor}
		for _, line := range basket.Lines {
			i := int(line.Pack.ID[1] - '0')
			got.counts[i] += line.Count
			got.packs += line.Count
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(choice{})); diff != "" {
			t.Fatalf("CheapestPacks(%v) of %v (-want +got):\n%s", need, offers, diff)
		}
		checkSingle(t, c, offers, need)
	})
}

// choice is a basket as the naive search counts it.
type choice struct {
	counts        []int
	packs         int
	micros, cents int64
}

// tryAll looks at every basket that covers need and would not without its last pack.
func tryAll(offers []offer, need int64) choice {
	var best choice
	var extend func(i int, c choice)
	extend = func(i int, c choice) {
		if c.micros >= need {
			if best.counts == nil || better(c, best) {
				best = c
			}
			return
		}
		for ; i < len(offers); i++ {
			next := choice{slices.Clone(c.counts), c.packs + 1, c.micros + offers[i].credits.Micros(), c.cents + offers[i].cents}
			next.counts[i]++
			extend(i, next)
		}
	}
	extend(0, choice{counts: make([]int, len(offers))})
	return best
}

func better(c, d choice) bool {
	switch {
	case c.cents != d.cents:
		return c.cents < d.cents
	case c.micros != d.micros:
		return c.micros > d.micros
	case c.packs != d.packs:
		return c.packs < d.packs
	}
	return slices.Compare(c.counts, d.counts) > 0
}

// checkSingle checks that no pack that covers need is cheaper than the one chosen.
func checkSingle(t *rapid.T, c *pricing.Catalog, offers []offer, need credits.Amount) {
	pack, err := c.CheapestPack(need, "")
	for i, o := range offers {
		if o.credits.Less(need) {
			continue
		}
		if err != nil || pack.Credits.Less(need) || pack.Price.Paid().Minor > o.cents {
			t.Fatalf("CheapestPack(%v) = %v, %v, want p%d at %d cents or better", need, pack, err, i, o.cents)
		}
	}
}

func TestBasketGrantsEveryPackOnce(t *testing.T) {
	c := shop(t, offer{credits.Of(125), 4900, ""}, offer{credits.Of(300), 9900, ""})
	basket, err := c.CheapestPacks(credits.Of(850), "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "850 credits for 296.00 USD"; fmt.Sprintf("%v credits for %v", basket.Credits, basket.Price) != want {
		t.Errorf("CheapestPacks(850) = %v credits for %v, want %s", basket.Credits, basket.Price, want)
	}
	grants, err := basket.Grants("ada", pricing.Purchase{Order: "ord-7"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	sum, paid := credits.Amount{}, int64(0)
	for _, g := range grants {
		ids = append(ids, g.ID)
		sum, _ = sum.Add(g.Amount)
		paid += g.Paid.Minor
	}
	if diff := cmp.Diff([]string{"pack:p0:ord-7", "pack:p0:ord-7:1", "pack:p1:ord-7", "pack:p1:ord-7:1"}, ids); diff != "" {
		t.Errorf("Grants (-want +got):\n%s", diff)
	}
	if sum != basket.Credits || paid != basket.Price.Paid().Minor {
		t.Errorf("Grants give %v for %d cents, want %v for %v", sum, paid, basket.Credits, basket.Price)
	}
	later, err := basket.Grants("ada", pricing.Purchase{Order: "ord-7", Item: 10})
	if err != nil || later[0].ID != "pack:p0:ord-7:10" || later[1].ID != "pack:p0:ord-7:11" {
		t.Errorf("Grants from item 10 = %v, %v, want items 10 and 11 of the first pack", later, err)
	}
	if grants, err := basket.Grants("ada", pricing.Purchase{}); !errors.Is(err, pricing.ErrGrant) || grants != nil {
		t.Errorf("Grants without an order = %v, %v, want %v", grants, err, pricing.ErrGrant)
	}
}
