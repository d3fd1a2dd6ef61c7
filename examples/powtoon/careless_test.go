package main

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestR26_ACarelessUseIsAnErrorAndNeverFree(t *testing.T) {
	seconds := func(n int64) pricing.Quantity { return pricing.Count(n, pricing.UnitSecond) }
	audio := func(value string) map[string]string { return map[string]string{"audio": value} }
	tests := []struct {
		rule string
		use  pricing.Use
		is   error
		want string
	}{
		{"an unknown feature", pricing.Use{Feature: "text-to-music"}, pricing.ErrFeature,
			`pricing: card powtoon 2025-01 has no price for feature "text-to-music": want "ai-avatar", "text-to-image", "text-to-speech", "text-to-video-bytedance", "text-to-video-veo3"`},
		{"a feature in other letters", pricing.Use{Feature: "AI-Avatar", Quantity: seconds(3)}, pricing.ErrFeature, ""},
		{"no feature", pricing.Use{}, pricing.ErrFeature, ""},
		{"a missing quantity", pricing.Use{Feature: "ai-avatar"}, pricing.ErrQuantity,
			`pricing: "ai-avatar": quantity is missing: want a number of seconds`},
		{"a missing quantity of a limited feature", pricing.Use{Feature: "text-to-video-veo3", Attributes: audio("yes")}, pricing.ErrQuantity, ""},
		{"a negative quantity", pricing.Use{Feature: "ai-avatar", Quantity: pricing.Duration(-time.Second)}, pricing.ErrQuantity,
			`pricing: "ai-avatar": quantity "-1s" is negative: want a number of seconds`},
		{"words where seconds count", pricing.Use{Feature: "ai-avatar", Quantity: pricing.Count(10, pricing.UnitWord)}, pricing.ErrQuantity,
			`pricing: "ai-avatar": quantity "10 words" does not fit: want a number of seconds`},
		{"uses where seconds count", pricing.Use{Feature: "text-to-video-bytedance", Quantity: pricing.Count(1, pricing.UnitUse)}, pricing.ErrQuantity, ""},
		{"seconds where uses count", pricing.Use{Feature: "text-to-speech", Quantity: seconds(3)}, pricing.ErrQuantity,
			`pricing: "text-to-speech": quantity "3s" does not fit: want none, or a number of uses: the price is flat`},
		{"images where uses count", pricing.Use{Feature: "text-to-image", Quantity: pricing.Count(1, pricing.UnitImage)}, pricing.ErrQuantity, ""},
		{"meters where one quantity counts", pricing.Use{Feature: "ai-avatar", Meters: map[string]pricing.Quantity{"video": seconds(3)}}, pricing.ErrQuantity, ""},
		{"a missing attribute", pricing.Use{Feature: "text-to-video-veo3", Quantity: seconds(8)}, pricing.ErrAttribute,
			`pricing: "text-to-video-veo3": attribute "audio" is missing: want "no", "yes"`},
		{"an unknown value of an attribute", pricing.Use{Feature: "text-to-video-veo3", Quantity: seconds(8), Attributes: audio("stereo")}, pricing.ErrAttribute,
			`pricing: "text-to-video-veo3": attribute "audio" has value "stereo": want "no", "yes"`},
		{"an empty value of an attribute", pricing.Use{Feature: "text-to-video-veo3", Quantity: seconds(8), Attributes: audio("")}, pricing.ErrAttribute, ""},
		{"an attribute that means nothing to the feature", pricing.Use{Feature: "text-to-video-bytedance", Quantity: seconds(2), Attributes: audio("yes")}, pricing.ErrAttribute,
			`pricing: "text-to-video-bytedance": attribute "audio" means nothing to the price: want none`},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			quote, err := catalog.Quote(listed, test.use)
			if !errors.Is(err, test.is) || !isTyped(err) || !quote.Amount.IsZero() {
				t.Fatalf("Quote(%+v) = %v, %v, want a typed error that is %v", test.use, quote.Amount, err, test.is)
			}
			if test.want != "" && err.Error() != test.want {
				t.Errorf("Quote(%+v) = %v, want %s", test.use, err, test.want)
			}
			d := subscribed(t, "lite-monthly")
			if _, err := d.ledger.Spend(t.Context(), quote.Spend("job-1", account)); !errors.Is(err, credits.ErrInvalid) {
				t.Errorf("Spend(no quote) = %v, want %v", err, credits.ErrInvalid)
			}
			d.has(150)
		})
	}
}

// isTyped reports whether an error carries the figures of a refused use.
func isTyped(err error) bool {
	_, feature := errors.AsType[*pricing.FeatureError](err)
	_, attribute := errors.AsType[*pricing.AttributeError](err)
	_, quantity := errors.AsType[*pricing.QuantityError](err)
	return feature || attribute || quantity
}

func TestAnUnknownFeatureNamesThoseThereAre(t *testing.T) {
	_, err := catalog.Quote(listed, pricing.Use{Feature: "text-to-music"})
	got, ok := errors.AsType[*pricing.FeatureError](err)
	if !ok {
		t.Fatalf("Quote(text-to-music) = %v, want a *FeatureError", err)
	}
	want := &pricing.FeatureError{
		Card: "powtoon 2025-01", Feature: "text-to-music",
		Allowed: []string{"ai-avatar", "text-to-image", "text-to-speech", "text-to-video-bytedance", "text-to-video-veo3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Quote(text-to-music) (-want +got):\n%s", diff)
	}
}

func TestCarelessSalesAreErrors(t *testing.T) {
	plan, pack := planOf(t, "lite-monthly"), packOf(t, "125")
	began := utc("2025-01-31 10:00:00")
	tests := []struct {
		rule string
		sell func() error
		want error
	}{
		{"a plan that is not for sale", func() error { _, err := catalog.Plan("enterprise"); return err }, pricing.ErrUnknown},
		{"a pack that is not for sale", func() error { _, err := catalog.Pack("1000"); return err }, pricing.ErrUnknown},
		{"a price before the first list", func() error {
			_, err := catalog.Quote(utc("2024-12-31 23:59:59"), pricing.Use{Feature: "text-to-image"})
			return err
		}, pricing.ErrUnknown},
		{"a cycle without a subscription", func() error { _, err := plan.Grant(account, pricing.Cycle{Start: began}); return err }, pricing.ErrGrant},
		{"a cycle without a start", func() error {
			_, err := plan.Grant(account, pricing.Cycle{Subscription: subscription})
			return err
		}, pricing.ErrGrant},
		{"a cycle before the subscription began", func() error {
			_, err := plan.CycleAt(subscription, began, began.Add(-time.Second))
			return err
		}, pricing.ErrGrant},
		{"a pack without an order", func() error { _, err := pack.Grant(account, pricing.Purchase{Term: subscription}); return err }, pricing.ErrGrant},
		{"a pack without a subscription to end with", func() error {
			_, err := pack.Grant(account, pricing.Purchase{Order: "order-1"})
			return err
		}, pricing.ErrGrant},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if err := test.sell(); !errors.Is(err, test.want) {
				t.Errorf("%s: %v, want %v", test.rule, err, test.want)
			}
		})
	}
}

func TestAPackWithoutARunningSubscriptionIsRefused(t *testing.T) {
	d := newDesk(t)
	sold := order{id: "order-1", account: account, subscription: subscription, pack: packOf(t, "125")}
	_, err := sold.paid(t.Context(), d.ledger)
	missing, ok := errors.AsType[*credits.NotFoundError](err)
	if !ok || !errors.Is(err, credits.ErrNotFound) || missing.What != "term" || missing.ID != subscription {
		t.Errorf("paid(%+v) = %v, want a *NotFoundError for term %s", sold, err, subscription)
	}
	if entries := history(t, d.ledger); len(entries) != 0 {
		t.Errorf("History() = %v, want nothing", entries)
	}
}

func TestTheCheapestPackForAShortfall(t *testing.T) {
	tests := []struct{ shortfall, want string }{
		{"0.000001", "125"}, {"1", "125"}, {"26", "125"}, {"125", "125"},
		{"125.000001", "300"}, {"126", "300"}, {"300", "300"},
		{"300.000001", "450"}, {"301", "450"}, {"450", "450"},
	}
	for _, test := range tests {
		pack, err := catalog.CheapestPack(credits.MustParse(test.shortfall), "ai-avatar")
		if err != nil || pack.ID != test.want {
			t.Errorf("CheapestPack(%s) = %q, %v, want %q", test.shortfall, pack.ID, err, test.want)
		}
	}
	for _, none := range []string{"450.000001", "451", "0", "-1"} {
		pack, err := catalog.CheapestPack(credits.MustParse(none), "ai-avatar")
		if _, ok := errors.AsType[*pricing.NoPackError](err); !ok || !errors.Is(err, pricing.ErrNoPack) {
			t.Errorf("CheapestPack(%s) = %q, %v, want a *NoPackError", none, pack.ID, err)
		}
	}
}

func TestSeveralPacksForALargeShortfall(t *testing.T) {
	tests := []struct {
		shortfall int64
		packs     []string
		price     string
	}{
		{451, []string{"125", "125", "125", "125"}, "196.00 USD"}, // below 198, of 450 and 125 or twice 300
		{501, []string{"125", "125", "300"}, "197.00 USD"},
		{551, []string{"300", "300"}, "198.00 USD"},
		{750, []string{"300", "450"}, "248.00 USD"},
	}
	for _, test := range tests {
		basket, err := catalog.CheapestPacks(credits.Of(test.shortfall), "ai-avatar")
		if err != nil {
			t.Errorf("CheapestPacks(%d) = %v, want a basket", test.shortfall, err)
			continue
		}
		var got []string
		for _, line := range basket.Lines {
			got = slices.Concat(got, slices.Repeat([]string{line.Pack.ID}, line.Count))
		}
		if !slices.Equal(got, test.packs) || basket.Price.String() != test.price {
			t.Errorf("CheapestPacks(%d) = %v at %v, want %v at %s", test.shortfall, got, basket.Price, test.packs, test.price)
		}
	}
}
