package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestR06_ARefusedUseChangesNothingAndWorksOnceThereAreCredits(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	d.clock.set("2025-02-10 12:00:00")
	quote := d.quote("ai-avatar", "10 minutes", "")
	before, entries := d.balance(), history(t, d.ledger)

	_, err := d.ledger.Spend(t.Context(), quote.Spend("job-1", account))
	short, ok := errors.AsType[*credits.InsufficientError](err)
	if !ok {
		t.Fatalf("Spend(200 of 150) = %v, want an *InsufficientError", err)
	}
	want := &credits.InsufficientError{
		Account: account, Feature: "ai-avatar",
		Needed: credits.Of(200), Available: credits.Of(150), Shortfall: credits.Of(50),
	}
	if diff := cmp.Diff(want, short, exact); diff != "" {
		t.Errorf("Spend(200 of 150) (-want +got):\n%s", diff)
	}
	const says = `credits: insufficient credits for "ai-avatar": need 200, have 150, missing 50`
	if err.Error() != says {
		t.Errorf("Spend(200 of 150) = %v, want %s", err, says)
	}
	if diff := cmp.Diff(before, d.balance(), exact); diff != "" {
		t.Errorf("Balance() after a refusal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(entries, history(t, d.ledger), exact); diff != "" {
		t.Errorf("History() after a refusal (-want +got):\n%s", diff)
	}

	pack, err := catalog.CheapestPack(short.Shortfall, short.Feature)
	if err != nil || pack.ID != "125" {
		t.Fatalf("CheapestPack(%v) = %q, %v, want 125", short.Shortfall, pack.ID, err)
	}
	d.buy("order-1", pack.ID)
	if r := d.spend(quote, "job-1"); r.Replayed || r.Amount != credits.Of(-200) {
		t.Errorf("Spend(job-1) = %v, replayed %v, want -200, not replayed", r.Amount, r.Replayed)
	}
	d.has(150 + 125 - 200)
	if r := d.spend(quote, "job-1"); !r.Replayed {
		t.Error("Spend(job-1) again: Replayed = false, want true")
	}
	d.has(150 + 125 - 200)
}

func TestTheShortfallIsExact(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	d.spend(d.quote("ai-avatar", "444 s", ""), "job-1") // leaves 2
	quote := d.quote("text-to-video-bytedance", "1 s", "")
	_, err := d.ledger.Spend(t.Context(), quote.Spend("job-2", account))
	if short, ok := errors.AsType[*credits.InsufficientError](err); !ok || short.Shortfall != credits.Of(1) {
		t.Errorf("Spend(3 of 2) = %v, want 1 missing", err)
	}
	d.spend(d.quote("text-to-image", "", ""), "job-3") // all that is left
	d.has(0)
}

func TestR43_ALaterPriceListChangesNothingForAnOfferMadeBefore(t *testing.T) {
	d := subscribed(t, "professional-monthly")
	d.clock.set("2025-02-20 12:00:00")
	d.pay(invoiceOf(t, "professional-monthly", utc("2025-02-28 10:00:00")))

	d.clock.set("2025-03-14 23:59:59")
	offer := d.quote("text-to-video-veo3", "8 s", "yes")
	d.clock.set("2025-03-15 00:00:00")
	entry := d.spend(offer, "job-1").Entry
	want := credits.Price{Card: "powtoon", Version: "2025-01", Explanation: "8s = 8 seconds x 5 = 40 (audio yes)"}
	if entry.Amount != credits.Of(-40) || entry.Price != want {
		t.Errorf("Spend(job-1) = %v by %+v, want -40 by %+v", entry.Amount, entry.Price, want)
	}
	if r := d.spend(offer, "job-1"); !r.Replayed {
		t.Error("Spend(job-1) again: Replayed = false, want true")
	}

	anew := d.quote("text-to-video-veo3", "8 s", "yes")
	if anew.Amount != credits.Of(48) || anew.Version != "2025-03" {
		t.Errorf("Quote() by the second list = %v by %s, want 48 by 2025-03", anew.Amount, anew.Version)
	}
	if _, err := d.ledger.Spend(t.Context(), anew.Spend("job-1", account)); !errors.Is(err, credits.ErrIDReused) {
		t.Errorf("Spend(job-1) at a new price = %v, want %v", err, credits.ErrIDReused)
	}
	d.has(350 + 350 - 40)
}

func TestTheSecondPriceListDiffersInOnePrice(t *testing.T) {
	cards := catalog.Cards()
	if len(cards) != 2 {
		t.Fatalf("Cards() has %d, want 2", len(cards))
	}
	for _, feature := range []string{"text-to-speech", "ai-avatar", "text-to-image", "text-to-video-bytedance", "text-to-video-veo3"} {
		for _, audio := range []string{"no", "yes"} {
			use := useOf(feature, "8 s", audio)
			switch feature {
			case "text-to-speech", "text-to-image":
				use = useOf(feature, "", "")
			case "ai-avatar", "text-to-video-bytedance":
				use = useOf(feature, "8 s", "")
			}
			first, second := priced(t, cards[0], use), priced(t, cards[1], use)
			want := first
			if feature == "text-to-video-veo3" && audio == "yes" {
				want = credits.Of(48)
			}
			if second != want {
				t.Errorf("Quote(%+v) by the second list = %v, want %v", use, second, want)
			}
		}
	}
}

func priced(t *testing.T, card pricing.RateCard, use pricing.Use) credits.Amount {
	t.Helper()
	quote, err := card.Quote(use)
	if err != nil {
		t.Fatalf("Quote(%+v) by %s = %v, want a quote", use, card.Version, err)
	}
	return quote.Amount
}

func TestThePriceOfAPackIsThatOfItsPurchase(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	atPurchase := order{id: "order-1", account: account, subscription: subscription, pack: packOf(t, "125")}
	later := atPurchase
	later.pack.Price = pricing.MustParseMoney("59 USD")

	receipt, err := atPurchase.paid(t.Context(), d.ledger)
	if want := (credits.Money{Minor: 49_00, Currency: "USD"}); err != nil || receipt.Lots[0].Paid != want {
		t.Errorf("paid(order-1) = %+v, %v, want a lot for %+v", receipt.Lots[0], err, want)
	}
	if _, err := later.paid(t.Context(), d.ledger); !errors.Is(err, credits.ErrIDReused) {
		t.Errorf("paid(order-1) at a later price = %v, want %v", err, credits.ErrIDReused)
	}
	d.has(150 + 125)
}
