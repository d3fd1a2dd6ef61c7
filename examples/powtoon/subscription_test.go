package main

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// exact compares amounts, whose millionths are unexported.
var exact = cmpopts.EquateComparable(credits.Amount{})

// desk is a ledger with a clock, for one test.
type desk struct {
	t      *testing.T
	clock  *clock
	ledger *credits.Ledger
}

func newDesk(t *testing.T) *desk {
	clock := &clock{now: utc("2025-01-31 10:00:00")}
	return &desk{t: t, clock: clock, ledger: credits.New(memory.New(), credits.Options{Now: clock.Now})}
}

// subscribed returns a desk at which ada's subscription to a plan has just begun.
func subscribed(t *testing.T, plan string) *desk {
	t.Helper()
	d := newDesk(t)
	d.pay(invoiceOf(t, plan, d.clock.Now()))
	return d
}

// invoiceOf is the invoice of a cycle of a subscription that began on 31 January.
func invoiceOf(t *testing.T, plan string, start time.Time) invoice {
	t.Helper()
	return invoice{
		account: account, subscription: subscription,
		plan: planOf(t, plan), since: utc("2025-01-31 10:00:00"), start: start,
	}
}

func planOf(t *testing.T, id string) pricing.Plan {
	t.Helper()
	plan, err := catalog.Plan(id)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func packOf(t *testing.T, id string) pricing.Pack {
	t.Helper()
	pack, err := catalog.Pack(id)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

func (d *desk) pay(i invoice) credits.Receipt {
	d.t.Helper()
	receipt, err := i.paid(d.t.Context(), d.ledger)
	if err != nil {
		d.t.Fatalf("paid(%v) = %v, want a receipt", i.start, err)
	}
	return receipt
}

func (d *desk) buy(id, pack string) credits.Receipt {
	d.t.Helper()
	sold := order{id: id, account: account, subscription: subscription, pack: packOf(d.t, pack)}
	receipt, err := sold.paid(d.t.Context(), d.ledger)
	if err != nil {
		d.t.Fatalf("paid(%s) = %v, want a receipt", id, err)
	}
	return receipt
}

func (d *desk) quote(feature, quantity, audio string) pricing.Quote {
	d.t.Helper()
	quote, err := catalog.Quote(d.clock.Now(), useOf(feature, quantity, audio))
	if err != nil {
		d.t.Fatalf("Quote(%s, %s) = %v, want a quote", feature, quantity, err)
	}
	return quote
}

func (d *desk) spend(quote pricing.Quote, id string) credits.Receipt {
	d.t.Helper()
	receipt, err := d.ledger.Spend(d.t.Context(), quote.Spend(id, account))
	if err != nil {
		d.t.Fatalf("Spend(%s) = %v, want a receipt", id, err)
	}
	return receipt
}

func (d *desk) balance() credits.Balance {
	d.t.Helper()
	balance, err := d.ledger.Balance(d.t.Context(), account)
	if err != nil {
		d.t.Fatalf("Balance() = %v, want a balance", err)
	}
	return balance
}

// has checks what can be spent now, and that a look at the account agrees with
// its ledger.
func (d *desk) has(want int64) {
	d.t.Helper()
	if got := d.balance().Available; got != credits.Of(want) {
		d.t.Errorf("Balance() at %v = %v, want %d", d.clock.Now(), got, want)
	}
	var sum credits.Amount
	for _, e := range history(d.t, d.ledger) {
		sum = plus(d.t, sum, e.Amount)
	}
	if posted := d.balance().Posted; posted != sum {
		d.t.Errorf("Posted at %v = %v, want the sum of the history, %v", d.clock.Now(), posted, sum)
	}
}

func TestASubscriptionGivesItsCreditsEveryCycle(t *testing.T) {
	for _, test := range plans {
		t.Run(test.sentence, func(t *testing.T) {
			d := subscribed(t, test.id)
			d.has(test.credits)
			d.clock.now = test.nextCycle.Add(-time.Hour)
			d.pay(invoiceOf(t, test.id, test.nextCycle))
			d.has(test.credits) // the next cycle's are not there before it begins
			d.clock.now = test.nextCycle
			d.has(2 * test.credits)
			for _, lot := range d.balance().Lots {
				if !lot.NonRefundable {
					t.Errorf("lot %s has NonRefundable = false, want true", lot.ID)
				}
			}
		})
	}
}

func TestR17_CyclesCountFromTheFirstPurchase(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	for i, start := range []time.Time{utc("2025-02-28 10:00:00"), utc("2025-03-31 10:00:00"), utc("2025-04-30 10:00:00")} {
		d.clock.now = start.Add(-time.Minute)
		if got := d.balance().Terms[0].Until; !got.Equal(start) {
			t.Errorf("the end of cycle %d = %v, want %v", i, got, start)
		}
		d.pay(invoiceOf(t, "lite-monthly", start))
	}
}

func TestR15_CreditsEndWithTheSubscriptionAndGoOnIfItIsRenewedBefore(t *testing.T) {
	end := utc("2025-02-28 10:00:00")
	tests := []struct {
		rule  string
		late  time.Duration
		want  int64 // once the second cycle has begun
		ended int
	}{
		{"renewed a week before, all go on", -7 * 24 * time.Hour, 350 + 125 + 350, 0},
		{"renewed a second before, all go on", -time.Second, 350 + 125 + 350, 0},
		{"renewed a microsecond before, all go on", -time.Microsecond, 350 + 125 + 350, 0},
		{"renewed at the end, bought ones too are gone", 0, 350, 2},
		{"renewed a microsecond after, bought ones too are gone", time.Microsecond, 350, 2},
		{"renewed a second after, bought ones too are gone", time.Second, 350, 2},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			d := subscribed(t, "professional-monthly")
			d.buy("order-1", "125")
			d.clock.now = end.Add(test.late)
			d.pay(invoiceOf(t, "professional-monthly", end))
			d.clock.now = end.Add(time.Minute)
			d.has(test.want)
			if got := ended(d); got != test.ended {
				t.Errorf("%d lots ended, want %d", got, test.ended)
			}
			for _, lot := range d.balance().Lots {
				if want := utc("2025-03-31 10:00:00"); !lot.End.Equal(want) {
					t.Errorf("lot %s ends %v, want %v", lot.ID, lot.End, want)
				}
			}
		})
	}
}

func ended(d *desk) int {
	d.t.Helper()
	n := 0
	for _, e := range history(d.t, d.ledger) {
		if e.Kind == credits.KindEnd {
			n++
		}
	}
	return n
}

func TestR14_CreditsAreSpendableUpToTheEndAndNotAtIt(t *testing.T) {
	end := utc("2025-02-28 10:00:00")
	tests := []struct {
		rule string
		at   time.Time
		want int64
	}{
		{"a microsecond before the end", end.Add(-time.Microsecond), 150 + 300},
		{"at the end", end, 0},
		{"a microsecond after the end", end.Add(time.Microsecond), 0},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			d := subscribed(t, "lite-monthly")
			d.buy("order-1", "300")
			quote := d.quote("text-to-image", "", "")
			d.clock.now = test.at
			d.has(test.want)
			_, err := d.ledger.Spend(t.Context(), quote.Spend("job-1", account))
			if refused := errors.Is(err, credits.ErrInsufficient); refused != (test.want == 0) || err != nil && !refused {
				t.Errorf("Spend(job-1) at %v = %v, want it refused: %v", test.at, err, test.want == 0)
			}
		})
	}
}

func TestASubscriptionThatIsEndedEarlyTakesItsCreditsAlong(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	d.buy("order-1", "125")
	d.clock.set("2025-02-10 12:00:00")
	stop := credits.Renew{ID: "cancellation-1", Account: account, Term: subscription, End: true}
	if _, err := d.ledger.Renew(t.Context(), stop); err != nil {
		t.Fatalf("Renew(%+v) = %v, want a receipt", stop, err)
	}
	d.has(0)
	if got, want := ended(d), 2; got != want {
		t.Errorf("%d lots ended, want %d", got, want)
	}
}

func TestPacksCanBeUsedAtOnce(t *testing.T) {
	for _, pack := range catalog.Packs() {
		d := subscribed(t, "lite-monthly")
		d.spend(d.quote("ai-avatar", "450 s", ""), "job-1")
		d.has(0)
		receipt := d.buy("order-1", pack.ID)
		if !receipt.Lots[0].Start.Equal(d.clock.Now()) || receipt.Lots[0].Paid != pack.Price.Paid() || !receipt.Lots[0].NonRefundable {
			t.Errorf("paid(pack %s) = %+v, want a non-refundable lot from %v on for %v", pack.ID, receipt.Lots[0], d.clock.Now(), pack.Price)
		}
		d.spend(d.quote("text-to-image", "", ""), "job-2")
		if want := plus(t, pack.Credits, credits.Of(-2)); d.balance().Available != want {
			t.Errorf("Balance() after pack %s = %v, want %v", pack.ID, d.balance().Available, want)
		}
	}
}

func TestThePlansCreditsAreSpentBeforeBoughtOnes(t *testing.T) {
	d := subscribed(t, "lite-monthly")
	d.buy("order-1", "125")
	got := d.spend(d.quote("ai-avatar", "8 minutes", ""), "job-1").Postings
	want := []credits.Posting{
		{Lot: "plan:lite-monthly:sub-7:20250131T100000Z", Available: credits.Of(-150)},
		{Lot: "pack:125:order-1", Available: credits.Of(-10)},
	}
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("Spend(160).Postings (-want +got):\n%s", diff)
	}
}

func TestR19_APaymentThatIsReportedOftenCountsOnce(t *testing.T) {
	d := newDesk(t)
	first := invoiceOf(t, "lite-monthly", d.clock.Now())
	pack := order{id: "order-1", account: account, subscription: subscription, pack: packOf(t, "125")}
	d.pay(first)
	const deliveries = 20
	var wait sync.WaitGroup
	errs := make([]error, 2*deliveries)
	replayed := make([]bool, 2*deliveries)
	for i := range deliveries {
		wait.Go(func() {
			r, err := first.paid(t.Context(), d.ledger)
			errs[2*i], replayed[2*i] = err, r.Replayed
		})
		wait.Go(func() {
			r, err := pack.paid(t.Context(), d.ledger)
			errs[2*i+1], replayed[2*i+1] = err, r.Replayed
		})
	}
	wait.Wait()
	fresh := 0
	for i, err := range errs {
		if err != nil {
			t.Errorf("paid(), delivery %d = %v, want a receipt", i, err)
		}
		if !replayed[i] {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d deliveries took effect, want 1: the pack's first", fresh)
	}
	d.has(150 + 125)
	if got, want := len(history(t, d.ledger)), 3; got != want {
		t.Errorf("History() has %d entries, want %d", got, want)
	}
}

func TestADeliveryThatBrokeOffHalfwayIsCompletedByTheNext(t *testing.T) {
	d := newDesk(t)
	first := invoiceOf(t, "lite-monthly", d.clock.Now())
	cycle, err := first.plan.CycleAt(subscription, first.since, first.start)
	if err != nil {
		t.Fatalf("CycleAt(%v) = %v, want a cycle", first.start, err)
	}
	half, err := first.plan.Renew(account, cycle, first.since)
	if err != nil {
		t.Fatalf("Renew(%+v) = %v, want a command", cycle, err)
	}
	if _, err := d.ledger.Renew(t.Context(), half); err != nil {
		t.Fatalf("Renew(%+v) = %v, want a receipt", half, err)
	}
	if d.pay(first).Replayed {
		t.Error("paid().Replayed = true, want false: the credits were still to come")
	}
	if got, want := len(history(t, d.ledger)), 2; got != want {
		t.Errorf("History() has %d entries, want %d: one renewal, one grant", got, want)
	}
	d.has(150)
	d.clock.now = d.clock.now.Add(time.Hour)
	if !d.pay(first).Replayed {
		t.Error("paid().Replayed = false, want true")
	}
	d.has(150)
}
