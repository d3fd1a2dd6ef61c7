package pricing_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// FuzzRule checks that a rule that loads prices every use that fits it, or says
// which bound the use passes; never below zero, within one rounding step of the
// exact sum, and never less for more.
func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		`{"credits": 10}`, `{"credits": 0}`, `{"credits": "1/3", "per": "1 minute"}`, `{"credits": 4, "per": "1 minute", "charge": "pro rata", "round": "half even to 0.5"}`,
		`{"credits": 3, "per": "2 seconds", "most": "8 seconds", "beyond": "clamp", "step": "3 seconds", "free": "1 second", "least": 5}`,
		`{"by": "audio", "most": "8 seconds", "prices": {"yes": {"credits": 5, "per": "1 second"}, "no": {"credits": 3, "per": "1 second"}}}`,
		`{"meters": {"input tokens": {"credits": 6.3, "per": "1000 tokens", "charge": "pro rata"}, "output tokens": {"credits": 18.8, "per": "1000 tokens"}}}`,
		`{"per": "1 word", "tiering": "graduated", "tiers": [{"to": "10 words", "credits": 2}, {"to": "99 words", "credits": 1}, {"credits": 0.5}]}`,
		`{"per": "1 word", "tiering": "volume", "tiers": [{"to": "10 words", "credits": 2}, {"credits": 1}]}`,
		`{"credits": 1, "per": "1 image", "factors": {"quality": {"HD": 2, "SD": 0.25}}, "plus": [{"credits": 1}, {"credits": 2, "per": "3 images"}]}`,
		`{"credits": 9223372036.854775807, "per": "0.000000001s"}`,
	} {
		f.Add([]byte(seed), uint64(1), uint64(1), byte(0))
		f.Add([]byte(seed), uint64(7), uint64(90), byte(1))
		f.Add([]byte(seed), uint64(math.MaxInt64-1), uint64(1), byte(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, count, more uint64, choice byte) {
		card, ok := loaded(text)
		if !ok {
			return
		}
		n := int64(count % math.MaxInt64)
		m := n + int64(more%uint64(math.MaxInt64-n+1))
		rule := card.Features["f"]
		less, lessErr := quoted(t, &card, fitting(&rule, n, int(choice)))
		rest, restErr := quoted(t, &card, fitting(&rule, m, int(choice)))
		if lessErr != nil || restErr != nil {
			return
		}
		if rest.Amount.Less(less.Amount) && !fallsWithMore(&rule) {
			t.Errorf("%s costs %v for %d and %v for %d, want no less for more", text, less.Amount, n, rest.Amount, m)
		}
		most, err := card.QuoteMax(fitting(&rule, m, int(choice)))
		if err != nil && !errors.Is(err, credits.ErrOverflow) || err == nil && (most.Amount.Less(rest.Amount) || most.Amount.Less(less.Amount)) {
			t.Errorf("QuoteMax(%s) = %v, %v for %d, want no less than %v and %v", text, most.Amount, err, m, less.Amount, rest.Amount)
		}
	})
}

// loaded is the card of a catalog that has the text as the rule of its one feature.
func loaded(text []byte) (card pricing.RateCard, ok bool) {
	c, err := pricing.Parse(fmt.Appendf(nil,
		`{"name": "shop", "cards": [{"name": "shop", "version": "1", "effective": "2026-01-01T00:00:00Z", "features": {"f": %s}}]}`, text))
	if err != nil || len(c.Cards()) != 1 || len(c.Cards()[0].Features) != 1 {
		return card, false
	}
	card = c.Cards()[0]
	_, ok = card.Features["f"]
	return card, ok
}

// quoted prices a use, and checks the price on its own.
func quoted(t *testing.T, card *pricing.RateCard, use pricing.Use) (pricing.Quote, error) {
	t.Helper()
	q, err := card.Quote(use)
	switch {
	case errors.Is(err, pricing.ErrRule) || errors.Is(err, pricing.ErrFeature):
		t.Fatalf("Quote(%+v) = %v, of a rule that loaded", use, err)
	case err != nil:
		return q, err
	}
	exact := new(big.Rat)
	for _, line := range q.Lines() {
		exact.Add(exact, line.Amount.Rat())
	}
	step := big.NewRat(q.Rounding.To.Micros(), 1_000_000)
	off := new(big.Rat).Sub(big.NewRat(q.Amount.Micros(), 1_000_000), exact)
	if q.Amount.Sign() < 0 || exact.Sign() < 0 || off.Abs(off).Cmp(step) >= 0 {
		t.Fatalf("Quote(%+v) = %v, want zero or more, within %v of exactly %v", use, q.Amount, q.Rounding.To, exact)
	}
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return time.Unix(0, 0) }})
	if _, err := ledger.Spend(t.Context(), q.Spend("job", "ada")); err != nil != (q.Amount.Sign() > 0) || err != nil && !errors.Is(err, credits.ErrInsufficient) {
		t.Fatalf("Spend(%v) of an empty account = %v, want ErrInsufficient, or none for what is free", q.Amount, err)
	}
	return q, nil
}

// fitting is a use of n that fits a rule, where there is one: of each attribute,
// one of the values that the rule knows first.
func fitting(rule *pricing.Rule, n int64, choice int) pricing.Use {
	use := pricing.Use{Feature: "f", Attributes: map[string]string{}}
	priced := attribute(rule, use.Attributes, choice)
	if priced.Meters == nil {
		if unit := unitOf(rule); unit != pricing.UnitUse || choice%2 == 1 {
			use.Quantity = pricing.Count(n, unit)
		}
		return use
	}
	use.Meters = map[string]pricing.Quantity{}
	for name, meter := range priced.Meters {
		use.Meters[name] = pricing.Count(n, unitOf(&meter))
	}
	return use
}

// attribute chooses values for the attributes that a rule asks for, and returns
// the rule that they lead to.
func attribute(r *pricing.Rule, values map[string]string, choice int) *pricing.Rule {
	for name, factors := range r.Factors {
		choose(values, name, factors, choice)
	}
	for i := range r.Plus {
		attribute(&r.Plus[i], values, choice)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Meters)) {
		meter := r.Meters[name]
		attribute(&meter, values, choice)
	}
	if r.By == "" {
		return r
	}
	choose(values, r.By, r.Prices, choice)
	branch := r.Prices[values[r.By]]
	return attribute(&branch, values, choice)
}

func choose[V any](values map[string]string, name string, known map[string]V, choice int) {
	if _, chosen := values[name]; !chosen {
		all := slices.Sorted(maps.Keys(known))
		values[name] = all[choice%len(all)]
	}
}

// unitOf is the unit that a rule counts, its own or that of a rule within.
func unitOf(r *pricing.Rule) pricing.Unit {
	quantities := []pricing.Quantity{r.Per, r.Most, r.Step, r.Free}
	for _, tier := range r.Tiers {
		quantities = append(quantities, tier.To)
	}
	for _, q := range quantities {
		if unit := q.Unit(); unit != "" && unit != pricing.UnitUse {
			return unit
		}
	}
	within := slices.Concat(r.Plus, slices.Collect(maps.Values(r.Prices)))
	for i := range within {
		if unit := unitOf(&within[i]); unit != pricing.UnitUse {
			return unit
		}
	}
	return pricing.UnitUse
}

// fallsWithMore reports whether a rule has volume tiers, by which more may cost
// less, which is the point of them.
func fallsWithMore(r *pricing.Rule) bool {
	within := slices.Concat(r.Plus, slices.Collect(maps.Values(r.Prices)), slices.Collect(maps.Values(r.Meters)))
	return r.Tiering == pricing.Volume || slices.ContainsFunc(within, func(r pricing.Rule) bool { return fallsWithMore(&r) })
}
