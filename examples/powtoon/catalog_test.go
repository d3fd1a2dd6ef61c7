package main

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

// listed is an instant at which the page's own prices are in force.
var listed = utc("2025-02-01 00:00:00")

// plans are the page's, each under its sentence.
var plans = []struct {
	sentence, id, name string
	credits            int64
	nextCycle          time.Time // of a subscription that began on 31 January 2025, 10:00
}{
	{"Lite Monthly - 150 AI Credits", "lite-monthly", "Lite Monthly", 150, utc("2025-02-28 10:00:00")},
	{"Lite Yearly - 300 AI Credits", "lite-yearly", "Lite Yearly", 300, utc("2026-01-31 10:00:00")},
	{"Professional Monthly - 350 AI Credits", "professional-monthly", "Professional Monthly", 350, utc("2025-02-28 10:00:00")},
	{"Professional Yearly - 500 AI Credits", "professional-yearly", "Professional Yearly", 500, utc("2026-01-31 10:00:00")},
	{"Advanced Monthly - 800 AI Credits", "advanced-monthly", "Advanced Monthly", 800, utc("2025-02-28 10:00:00")},
	{"Advanced Yearly - 1,200 AI Credits", "advanced-yearly", "Advanced Yearly", 1200, utc("2026-01-31 10:00:00")},
}

func TestPlansPerBillingCycle(t *testing.T) {
	began := utc("2025-01-31 10:00:00")
	for _, test := range plans {
		t.Run(test.sentence, func(t *testing.T) {
			plan, err := catalog.Plan(test.id)
			if err != nil {
				t.Fatalf("Plan(%q) = %v, want a plan", test.id, err)
			}
			if plan.Name != test.name || plan.Credits != credits.Of(test.credits) {
				t.Errorf("Plan(%q) = %q with %v, want %q with %d", test.id, plan.Name, plan.Credits, test.name, test.credits)
			}
			cycle, err := plan.CycleAt(subscription, began, began)
			if err != nil || !cycle.Start.Equal(began) || !cycle.End.Equal(test.nextCycle) {
				t.Errorf("CycleAt(%v) = %+v, %v, want one until %v", began, cycle, err, test.nextCycle)
			}
			got, err := plan.Grant(account, cycle)
			if err != nil {
				t.Fatalf("Grant(%+v) = %v, want a grant", cycle, err)
			}
			want := credits.Grant{
				ID: "plan:" + test.id + ":sub-7:20250131T100000Z", Account: account,
				Amount: credits.Of(test.credits), Source: pricing.SourcePlan,
				Validity: expiry.WhileSubscribed(), Start: began, Term: subscription, NonRefundable: true,
			}
			if diff := cmp.Diff(want, got, exact); diff != "" {
				t.Errorf("Grant(%+v) (-want +got):\n%s", cycle, diff)
			}
		})
	}
}

func TestPacksAndTheirPrices(t *testing.T) {
	tests := []struct {
		sentence, id, name string
		credits, cents     int64
		price, each        string
	}{
		{"125 AI Credits - $49 USD", "125", "Pack of 125", 125, 49_00, "49.00 USD", "0.392"},
		{"300 AI Credits - $99 USD", "300", "Pack of 300", 300, 99_00, "99.00 USD", "0.33"},
		{"450 AI Credits - $149 USD", "450", "Pack of 450", 450, 149_00, "149.00 USD", "0.331111111111111111"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			pack, err := catalog.Pack(test.id)
			if err != nil {
				t.Fatalf("Pack(%q) = %v, want a pack", test.id, err)
			}
			if pack.Name != test.name || pack.Price.String() != test.price {
				t.Errorf("Pack(%q) = %q at %v, want %q at %s", test.id, pack.Name, pack.Price, test.name, test.price)
			}
			if each := pack.PricePerCredit().String(); each != test.each {
				t.Errorf("PricePerCredit(%s) = %s, want %s", test.id, each, test.each)
			}
			sale := pricing.Purchase{Order: "order-1", Term: subscription}
			got, err := pack.Grant(account, sale)
			if err != nil {
				t.Fatalf("Grant(%+v) = %v, want a grant", sale, err)
			}
			want := credits.Grant{
				ID: "pack:" + test.id + ":order-1", Account: account,
				Amount: credits.Of(test.credits), Source: pricing.SourcePack,
				Validity: expiry.WhileSubscribed(), Term: subscription,
				Paid: credits.Money{Minor: test.cents, Currency: "USD"}, NonRefundable: true,
			}
			if diff := cmp.Diff(want, got, exact); diff != "" {
				t.Errorf("Grant(%+v) (-want +got):\n%s", sale, diff)
			}
		})
	}
}

func TestCosts(t *testing.T) {
	tests := []struct {
		sentence string
		feature  string
		audio    string // empty: the use does not say
		costs    []cost
	}{
		{"Text to Speech - 2 AI Credits per generation", "text-to-speech", "", []cost{
			{"", 2, "1 use x 2 = 2"}, {"1 use", 2, "1 use x 2 = 2"}, {"3 uses", 6, "3 uses x 2 = 6"},
		}},
		{"AI Avatar - 1 AI Credit per 3 seconds of generated video", "ai-avatar", "", []cost{
			{"1 ns", 1, "0.000000001s = 1 started block of 3s x 1 = 1"}, {"1 s", 1, "1s = 1 started block of 3s x 1 = 1"},
			{"3 s", 1, "3s = 1 block of 3s x 1 = 1"}, {"3.000000001 s", 2, "3.000000001s = 2 started blocks of 3s x 1 = 2"},
			{"1 minute", 20, "1m = 20 blocks of 3s x 1 = 20"}, {"1 hour", 1200, "1h = 1200 blocks of 3s x 1 = 1200"},
		}},
		{"Text to Image - 2 AI Credits per generation", "text-to-image", "", []cost{
			{"", 2, "1 use x 2 = 2"}, {"1 use", 2, "1 use x 2 = 2"}, {"3 uses", 6, "3 uses x 2 = 6"},
		}},
		{"Text to Video (ByteDance) - 3 AI Credits per 2 seconds of video", "text-to-video-bytedance", "", []cost{
			{"1 ns", 3, "0.000000001s = 1 started block of 2s x 3 = 3"}, {"1 s", 3, "1s = 1 started block of 2s x 3 = 3"},
			{"2 s", 3, "2s = 1 block of 2s x 3 = 3"}, {"2.001 s", 6, "2.001s = 2 started blocks of 2s x 3 = 6"},
			{"5 s", 9, "5s = 3 started blocks of 2s x 3 = 9"}, {"10 s", 15, "10s = 5 blocks of 2s x 3 = 15"},
		}},
		{"Text to Video (Veo3) without audio - 3 AI Credits per second (maximum 8 seconds)", "text-to-video-veo3", "no", []cost{
			{"1 ns", 3, "0.000000001s = 1 started second x 3 = 3 (audio no)"}, {"1 s", 3, "1s = 1 second x 3 = 3 (audio no)"},
			{"7.5 s", 24, "7.5s = 8 started seconds x 3 = 24 (audio no)"}, {"8 s", 24, "8s = 8 seconds x 3 = 24 (audio no)"},
		}},
		{"Text to Video (Veo3) with audio - 5 AI Credits per second (maximum 8 seconds)", "text-to-video-veo3", "yes", []cost{
			{"1 ns", 5, "0.000000001s = 1 started second x 5 = 5 (audio yes)"}, {"1 s", 5, "1s = 1 second x 5 = 5 (audio yes)"},
			{"7.5 s", 40, "7.5s = 8 started seconds x 5 = 40 (audio yes)"}, {"8 s", 40, "8s = 8 seconds x 5 = 40 (audio yes)"},
		}},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			for _, c := range test.costs {
				c.check(t, useOf(test.feature, c.quantity, test.audio))
			}
		})
	}
}

// cost is what a quantity of a feature costs, and why.
type cost struct {
	quantity string // empty: none is given
	want     int64
	because  string
}

// check quotes a use, and has it paid by an account that could pay for a month.
func (c cost) check(t *testing.T, use pricing.Use) {
	t.Helper()
	quote, err := catalog.Quote(listed, use)
	if err != nil || quote.Amount != credits.Of(c.want) || quote.Explanation() != c.because {
		t.Errorf("Quote(%+v) = %v %q, %v, want %d %q", use, quote.Amount, quote.Explanation(), err, c.want, c.because)
		return
	}
	d := subscribed(t, "advanced-yearly")
	entry := d.spend(quote, "job-1").Entry
	price := credits.Price{Card: "powtoon", Version: "2025-01", Explanation: c.because}
	if entry.Amount != credits.Of(-c.want) || entry.Feature != use.Feature || entry.Price != price {
		t.Errorf("Spend(%+v) = %v for %q by %+v, want %d for %q by %+v",
			use, entry.Amount, entry.Feature, entry.Price, -c.want, use.Feature, price)
	}
}

func useOf(feature, quantity, audio string) pricing.Use {
	use := pricing.Use{Feature: feature}
	if quantity != "" {
		use.Quantity = pricing.MustParseQuantity(quantity)
	}
	if audio != "" {
		use.Attributes = map[string]string{"audio": audio}
	}
	return use
}

func TestR24_EveryStartedBlockCosts(t *testing.T) {
	rules := []struct {
		feature, audio string
		rate, seconds  int64
		most           time.Duration
	}{
		{"ai-avatar", "", 1, 3, 24 * time.Hour},
		{"text-to-video-bytedance", "", 3, 2, 24 * time.Hour},
		{"text-to-video-veo3", "no", 3, 1, 8 * time.Second},
		{"text-to-video-veo3", "yes", 5, 1, 8 * time.Second},
	}
	rapid.Check(t, func(t *rapid.T) {
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		length := time.Duration(rapid.Int64Range(0, int64(rule.most)).Draw(t, "nanoseconds"))
		use := useOf(rule.feature, "", rule.audio)
		use.Quantity = pricing.Duration(length)
		quote, err := catalog.Quote(listed, use)
		if want := credits.Of(rule.rate * ceil(int64(length), rule.seconds*int64(time.Second))); err != nil || quote.Amount != want {
			t.Fatalf("Quote(%s %q, %v) = %v, %v, want %v", rule.feature, rule.audio, length, quote.Amount, err, want)
		}
	})
}

// ceil is n / d rounded up, the long way round.
func ceil(n, d int64) int64 {
	whole, rest := new(big.Int).DivMod(big.NewInt(n), big.NewInt(d), new(big.Int))
	if rest.Sign() > 0 {
		return whole.Int64() + 1
	}
	return whole.Int64()
}

func TestAVideoLongerThanTheMaximumIsRefused(t *testing.T) {
	for _, audio := range []string{"no", "yes"} {
		for _, length := range []string{"8.000000001 s", "9 s", "1 hour"} {
			use := useOf("text-to-video-veo3", length, audio)
			quote, err := catalog.Quote(listed, use)
			tooLong, ok := errors.AsType[*pricing.MostError](err)
			if !ok || !errors.Is(err, pricing.ErrMost) || !errors.Is(err, pricing.ErrQuantity) || !quote.Amount.IsZero() {
				t.Errorf("Quote(%+v) = %v, %v, want a *MostError", use, quote.Amount, err)
				continue
			}
			want := pricing.MostError{
				Feature: "text-to-video-veo3", Quantity: use.Quantity, Most: pricing.MustParseQuantity("8 s"),
			}
			if *tooLong != want {
				t.Errorf("Quote(%+v) = %+v, want %+v", use, *tooLong, want)
			}
		}
	}
	use := useOf("text-to-video-veo3", "9 s", "yes")
	const want = `pricing: "text-to-video-veo3": quantity is 9s: at most 8s are allowed`
	if _, err := catalog.Quote(listed, use); err == nil || err.Error() != want {
		t.Errorf("Quote(%+v) = %v, want %s", use, err, want)
	}
}

func TestTheCatalogHasWhatThePageHasAndNoMore(t *testing.T) {
	var got []string
	for _, plan := range catalog.Plans() {
		got = append(got, "plan "+plan.ID)
	}
	for _, pack := range catalog.Packs() {
		got = append(got, "pack "+pack.ID)
	}
	for _, bonus := range catalog.Bonuses() {
		got = append(got, "bonus "+bonus.ID)
	}
	for _, conversion := range catalog.Conversions() {
		got = append(got, "conversion "+conversion.ID)
	}
	card, err := catalog.Card(listed)
	if err != nil {
		t.Fatalf("Card(%v) = %v, want a card", listed, err)
	}
	for feature := range card.Features {
		got = append(got, "feature "+feature)
	}
	slices.Sort(got)
	want := []string{
		"feature ai-avatar", "feature text-to-image", "feature text-to-speech",
		"feature text-to-video-bytedance", "feature text-to-video-veo3",
		"pack 125", "pack 300", "pack 450",
		"plan advanced-monthly", "plan advanced-yearly", "plan lite-monthly",
		"plan lite-yearly", "plan professional-monthly", "plan professional-yearly",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}
	if catalog.Name() != "Powtoon Imagine" || catalog.Currency() != "USD" {
		t.Errorf("catalog = %q in %s, want Powtoon Imagine in USD", catalog.Name(), catalog.Currency())
	}
}
