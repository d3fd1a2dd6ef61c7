package catalogs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/examples/catalogs"
	"github.com/scriphq/scrip/pricing"
)

// "packs permanent; ending before permanent"
func TestRunwayDrawsThePlanBeforeThePacks(t *testing.T) {
	const since = "2026-01-15 09:00"
	d := open(t, "runway", since)
	d.buy("1000", "order-1")
	d.pay("standard", since)
	d.left("plan 625", "pack 1000")
	video := d.use("job-1", used("video", "60s", "model=gen-4")) // 720
	d.drew(video, "plan 625", "pack 95")
	d.has("2046-01-15 09:00", "905") // twenty years later
	d.ended()
}

// "returned only when generation failed"
func TestRunwayReturnsWhatFailedOnly(t *testing.T) {
	d := open(t, "runway", "2026-01-15 09:00")
	d.buy("1000", "order-1")
	quote := d.quote(used("video", "10s", "model=gen-4"))
	deadline := instant("2026-01-15 10:00")
	crashed := errors.New("the model crashed")
	_, err := d.ledger.Do(t.Context(), quote.Reserve("job-1", ada, deadline), func(context.Context) (credits.Usage, error) {
		d.has("2026-01-15 09:01", "880")
		return credits.Usage{}, crashed
	})
	if !errors.Is(err, crashed) {
		t.Errorf("Do(job-1) = %v, want %v", err, crashed)
	}
	d.has("2026-01-15 09:02", "1000")
	_, err = d.ledger.Do(t.Context(), quote.Reserve("job-2", ada, deadline), func(context.Context) (credits.Usage, error) {
		return quote.Usage(), nil
	})
	if err != nil {
		t.Errorf("Do(job-2) = %v, want a receipt", err)
	}
	d.has("2026-01-15 09:03", "880")
}

// refill is what "auto refill: trigger balance, amount, most per month" asks of a
// service, for a customer who has chosen a pack.
type refill struct {
	desk    *desk
	pack    pricing.Pack
	notice  credits.Notice           // the last crossing
	charged map[string]credits.Money // by idempotency key
}

// openRefill opens Runway for a customer who may choose otherwise than the catalog.
func openRefill(t *testing.T, pack string, choose func(*pricing.TopUp)) *refill {
	t.Helper()
	catalog, err := catalogs.Open("runway")
	if err != nil {
		t.Fatalf("Open(runway) = %v, want a catalog", err)
	}
	p, err := catalog.Pack(pack)
	if err != nil {
		t.Fatalf("Pack(%s) = %v, want a pack", pack, err)
	}
	choose(&p.Auto)
	r := &refill{pack: p, charged: map[string]credits.Money{}}
	r.desk = openWith(t, "runway", "2026-01-15 09:00", credits.Options{
		Low: []credits.Amount{p.Auto.Below},
		Notify: func(_ context.Context, n credits.Notice) {
			if n.Kind == credits.NoticeLow {
				r.notice = n
			}
			if err := r.act(n); err != nil && !errors.Is(err, pricing.ErrTopUp) {
				t.Errorf("TopUp(%+v) = %v, want no error or ErrTopUp", n, err)
			}
		},
	})
	return r
}

// act buys the pack for a crossing, unless it is not to be bought.
func (r *refill) act(n credits.Notice) error {
	crossing := pricing.Crossing{Notice: n, At: r.desk.now}
	g, err := r.pack.TopUp(crossing, r.desk.ledger.History(r.desk.ctx, r.pack.TopUpQuery(crossing)))
	if err != nil {
		return err
	}
	r.charged[g.ID] = g.Paid
	r.desk.grant(g, nil)
	return nil
}

func TestR39_RunwayRefillsBelowItsTriggerAndNoMoreThanSoOften(t *testing.T) {
	r := openRefill(t, "1000", func(*pricing.TopUp) {})
	d := r.desk
	d.buy("1000", "order-1")
	d.spend("job-1", "800")
	d.has("2026-01-15 09:00", "200") // at the trigger is not below it
	d.spend("job-2", "1")
	d.has("2026-01-15 09:00", "1199")
	if err := r.act(r.notice); !errors.Is(err, pricing.ErrTopUp) {
		t.Errorf("TopUp(the same crossing) = %v, want ErrTopUp", err)
	}
	d.has("2026-01-20 09:00", "1199")
	d.spend("job-3", "1000")
	d.has("2026-01-20 09:00", "1199") // the second within a month
	d.spend("job-4", "1100")
	for i := range 20 {
		d.spend(fmt.Sprintf("small-%d", i), "1") // below all the time: no new crossing
	}
	d.has("2026-02-01 09:00", "79") // and no third
	full, ok := errors.AsType[*pricing.TopUpError](r.act(r.notice))
	if want := instant("2026-02-15 09:00"); !ok || !full.Next.Equal(want) {
		t.Fatalf("TopUp(the third) = %v, want ErrTopUp with room from %v", full, want)
	}
	d.now = full.Next
	if err := r.act(r.notice); err != nil { // the service comes back to it
		t.Errorf("TopUp(the third, at %v) = %v, want a refill", d.now, err)
	}
	d.has("2026-02-15 09:00", "1079")
	if len(r.charged) != 3 || r.charged[fmt.Sprintf("topup:1000:%d", r.notice.Seq)] != (credits.Money{Minor: 10_00, Currency: "USD"}) {
		t.Errorf("charged %v, want 10 USD for each of three crossings", r.charged)
	}
}

// The trigger and the most per month are the customer's choice.
func TestR39_RunwaysCustomersChooseTheirRefill(t *testing.T) {
	r := openRefill(t, "5000", func(chosen *pricing.TopUp) {
		chosen.Below, chosen.Limit.Most = credits.Of(2500), credits.Of(5000)
	})
	d := r.desk
	d.buy("5000", "order-1")
	d.spend("job-1", "2501")
	d.has("2026-01-15 09:00", "7499")
	d.spend("job-2", "5000")
	d.has("2026-02-15 08:59:59.999999", "2499")
	if err := r.act(r.notice); !errors.Is(err, pricing.ErrTopUp) {
		t.Errorf("TopUp(within a month) = %v, want ErrTopUp", err)
	}
	d.buy("1000", "order-2") // which brings the balance back by hand
	d.has("2026-02-15 09:00", "3499")
	if err := r.act(r.notice); !errors.Is(err, pricing.ErrTopUp) {
		t.Errorf("TopUp(after a recovery) = %v, want ErrTopUp", err)
	}
	d.spend("job-3", "1000")
	d.has("2026-02-15 09:00", "7499")
}

// "monthly, none carried; packs 12 months; default credits first"
func TestHeyGenDrawsThePlanFirstWheneverThePackEnds(t *testing.T) {
	const since = "2025-02-05 12:00"
	d := open(t, "heygen", "2025-01-10 12:00")
	d.buy("annual-3600", "order-1")
	d.at("2026-01-05 12:00")
	d.pay("creator", since) // ends on 5 February, after the pack
	d.left("plan 600", "pack 3600")
	d.drew(d.use("video-1", used("avatar-video", "21m40s")), "plan 600", "pack 50")
	d.has("2026-01-10 11:59:59.999999", "3550")
	d.has("2026-01-10 12:00", "0")
	d.ended("2026-01-10 12:00 3550")
}

// "one year from purchase, per purchase"
func TestOpenAIPurchasesEndAYearAfterEach(t *testing.T) {
	d := open(t, "openai", "2024-02-29 12:00")
	first := d.buy("5", "order-1")
	d.at("2024-07-01 12:00")
	second := d.buy("50", "order-2")
	spent := d.spend("job-1", "6")
	if len(spent.Postings) != 2 || spent.Postings[0].Lot != first.ID || spent.Postings[1].Lot != second.ID {
		t.Errorf("Spend(job-1) drew %v, want %s before %s", spent.Postings, first.ID, second.ID)
	}
	d.buy("5", "order-3")
	d.has("2025-02-28 12:00", "54") // the first has nothing left to lose
	d.spend("job-2", "4")
	d.has("2025-07-01 11:59:59.999999", "50")
	d.has("2025-07-01 12:00", "0")
	d.ended("2025-07-01 12:00 45", "2025-07-01 12:00 5")
}

func TestOpenAIsYearFromALeapDayEndsOnTheTwentyEighth(t *testing.T) {
	d := open(t, "openai", "2024-02-29 12:00")
	d.buy("5", "order-1")
	d.has("2025-02-28 11:59:59.999999", "5")
	d.has("2025-02-28 12:00", "0")
}

// "free before paid; may go below zero, repaid by the next purchase"
func TestOpenAISpendsTheFreeFirstAndOwesTheRest(t *testing.T) {
	d := open(t, "openai", "2025-05-01 09:00")
	d.buy("5", "order-1")
	d.claim("welcome") // never ends, and is spent before what ends
	d.left("bonus 1", "pack 5")
	d.refused("job-1", "6.5")
	limit := credits.Of(2)
	if _, err := d.ledger.Configure(t.Context(), credits.Configure{ID: "limit-1", Account: ada, Overdraft: &limit}); err != nil {
		t.Fatalf("Configure(%v) = %v, want a receipt", limit, err)
	}
	d.drew(d.spend("job-1", "6.5"), "bonus 1", "pack 5", "debt 0.5")
	d.has("2025-05-01 09:00", "-0.5")
	d.refused("job-2", "1.500001")
	d.spend("job-2", "1.5")
	d.has("2025-05-02 09:00", "-2")
	repaid := d.buy("5", "order-2")
	if repaid.Balance != credits.Of(3) {
		t.Errorf("Grant(%s) leaves %v, want 3", repaid.ID, repaid.Balance)
	}
	d.has("2025-05-02 09:00", "3")
	if debt := d.balance().Debt; !debt.IsZero() {
		t.Errorf("Debt after %s = %v, want 0", repaid.ID, debt)
	}
	d.left("pack 3")
}

// "failed renders not returned"; packs never end.
func TestLadindaKeepsWhatAFailedRenderCost(t *testing.T) {
	d := open(t, "ladinda", "2025-03-01 09:00")
	d.buy("100", "order-1")
	quote := d.quote(used("video", "61s", "quality=premium"))
	reserve := quote.Reserve("render-1", ada, instant("2025-03-01 10:00"))
	failed := errors.New("the render failed")
	receipt, err := d.ledger.Do(t.Context(), reserve, func(context.Context) (credits.Usage, error) {
		return quote.Usage(), failed
	})
	if !errors.Is(err, failed) || receipt.Amount != credits.Of(-45) {
		t.Errorf("Do(render-1) = %v, %v, want -45 and %v", receipt.Amount, err, failed)
	}
	d.has("2045-03-01 09:00", "55")
	d.ended()
}
