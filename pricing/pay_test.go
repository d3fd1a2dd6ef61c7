package pricing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

func TestTheZeroQuoteSaysAndPaysNothing(t *testing.T) {
	var q pricing.Quote
	if got := q.Explanation(); got != "" {
		t.Errorf("Explanation() = %q, want none", got)
	}
	ledger := credits.New(memory.New(), credits.Options{})
	_, spend := ledger.Spend(t.Context(), q.Spend("job-9", "ada"))
	_, reserve := ledger.Reserve(t.Context(), q.Reserve("job-9", "ada", time.Now().Add(time.Hour)))
	_, capture := ledger.Capture(t.Context(), q.Capture("job-9", "ada", "hold-9"))
	for verb, err := range map[string]error{"Spend": spend, "Reserve": reserve, "Capture": capture} {
		if !errors.Is(err, credits.ErrInvalid) {
			t.Errorf("%s of the zero Quote = %v, want %v", verb, err, credits.ErrInvalid)
		}
	}
	if got := q.Usage(); got != (credits.Usage{}) {
		t.Errorf("Usage() = %v, want none", got)
	}
}

// The history says how much was used, and not the part of it that one line prices.
func TestCommandsSayTheWholeQuantity(t *testing.T) {
	for _, c := range []struct{ name, rule, quantity, want string }{
		{"blocks", `{"credits": 4, "per": "1 minute"}`, "200s", "3m20s"},
		{"one flat use", `{"credits": 10}`, "", "1 use"},
		{"several flat uses", `{"credits": 10}`, "3 uses", "3 uses"},
		{"graduated tiers", `{"per": "1 word", "tiering": "graduated", "tiers": [{"to": "10 words", "credits": 2}, {"credits": 1}]}`, "25 words", "25 words"},
		{"volume tiers", `{"per": "1 word", "tiering": "volume", "tiers": [{"to": "10 words", "credits": 2}, {"credits": 1}]}`, "25 words", "25 words"},
		{"a part that is free", `{"credits": 1, "per": "1 minute", "free": "1 minute"}`, "3m", "3m"},
		{"a flat price with a measured surcharge", `{"credits": 1, "plus": [{"credits": 1, "per": "1 minute"}]}`, "3m", "3m"},
		{"a quantity that is cut", `{"credits": 1, "per": "1 minute", "most": "2 minutes", "beyond": "clamp"}`, "3m", "3m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			q, err := r.Quote(given(c.quantity))
			if got := q.Spend("job-9", "ada").Quantity; err != nil || got != c.want {
				t.Errorf("Spend.Quantity of %q = %q, %v, want %q", c.quantity, got, err, c.want)
			}
		})
	}
}

// A hold says what it was made for also where the rule's maximum stood in.
func TestAHoldSaysTheQuantityItAssumed(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		use        pricing.Use
		want       string
		amount     int64
	}{
		{"a maximum", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, pricing.Use{}, "8s", 24},
		{"less than the maximum", `{"credits": 3, "per": "1 second", "most": "8 seconds"}`, given("5s"), "5s", 15},
		{"graduated tiers", `{"per": "1 word", "most": "25 words", "tiering": "graduated", "tiers": [{"to": "10 words", "credits": 2}, {"credits": 1}]}`, pricing.Use{}, "25 words", 35},
		{"meters", `{"meters": {"in": {"credits": 1, "per": "1 token"}, "out": {"credits": 2, "per": "1 token", "most": "50 tokens"}}}`,
			pricing.Use{Meters: map[string]pricing.Quantity{"in": pricing.Count(7, pricing.UnitToken)}}, "in: 7 tokens, out: 50 tokens", 107},
	} {
		t.Run(c.name, func(t *testing.T) {
			meters := len(c.use.Meters)
			r := readRule(t, c.rule)
			q, err := r.QuoteMax(c.use)
			got := q.Reserve("job-9", "ada", instant("2026-01-01T00:00:00Z"))
			if err != nil || got.Quantity != c.want || got.Amount != credits.Of(c.amount) {
				t.Errorf("Reserve = %v of %q, %v, want %d of %q", got.Amount, got.Quantity, err, c.amount, c.want)
			}
			if len(c.use.Meters) != meters {
				t.Errorf("QuoteMax changed the caller's meters to %v", c.use.Meters)
			}
		})
	}
}

// A stream is held for at its most, and pays for what came of it.
func TestAUseKnownAfterwardsPaysFromItsHold(t *testing.T) {
	now := instant("2026-01-01T00:00:00Z")
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
	must(ledger.Grant(t.Context(), credits.Grant{ID: "welcome", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()}))
	card := pricing.RateCard{
		Name: "studio", Version: "1", Effective: now,
		Features: map[string]pricing.Rule{"text-to-video": readRule(t, `{"credits": 3, "per": "1 second", "most": "8 seconds"}`)},
	}
	most := must(card.QuoteMax(pricing.Use{Feature: "text-to-video"}))
	reserve := most.Reserve("job-9", "ada", now.Add(time.Hour))
	price := credits.Price{Card: "studio", Version: "1", Explanation: "8s = 8 seconds x 3 = 24"}
	want := credits.Reserve{
		ID: "job-9", Account: "ada", Feature: "text-to-video", Amount: credits.Of(24),
		Deadline: now.Add(time.Hour), Quantity: "8s", Price: price,
	}
	if diff := cmp.Diff(want, reserve, compareGrants); diff != "" {
		t.Errorf("Reserve (-want +got):\n%s", diff)
	}
	must(ledger.Reserve(t.Context(), reserve))
	used := must(card.Quote(pricing.Use{Feature: "text-to-video", Quantity: pricing.Duration(4500 * time.Millisecond)}))
	capture := used.Capture("job-9/done", "ada", "job-9")
	price.Explanation = "4.5s = 5 started seconds x 3 = 15"
	if diff := cmp.Diff(credits.Capture{
		ID: "job-9/done", Account: "ada", Hold: "job-9", Amount: credits.Of(15), Quantity: "4.5s", Price: price,
	}, capture, cmp.AllowUnexported(credits.Amount{}, credits.Capture{})); diff != "" {
		t.Errorf("Capture (-want +got):\n%s", diff)
	}
	for range 2 {
		must(ledger.Capture(t.Context(), capture))
	}
	receipt, err := ledger.Do(t.Context(), most.Reserve("job-10", "ada", now.Add(time.Hour)), func(context.Context) (credits.Usage, error) {
		return used.Usage(), nil
	})
	if err != nil || receipt.Amount != credits.Of(-15) || receipt.Quantity != "4.5s" || receipt.Price != price {
		t.Errorf("Do = %v, %v, want -15 for 4.5s", receipt.Entry, err)
	}
	if balance := must(ledger.Balance(t.Context(), "ada")); balance.Available != credits.Of(70) || !balance.Held.IsZero() {
		t.Errorf("Balance = %v and %v held, want 70 and nothing", balance.Available, balance.Held)
	}
}
