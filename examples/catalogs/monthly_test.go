package catalogs_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
)

// Runway, HeyGen, Firefly, VisionStory and Visla: what is left of a month is lost
// on the billing day.
func TestAMonthsCreditsEndWithTheBillingPeriod(t *testing.T) {
	tests := []struct{ product, plan, credits, most string }{
		{"runway", "standard", "625", "624"},
		{"runway", "pro", "2250", "2249"},
		{"heygen", "creator", "600", "599"},
		{"heygen", "enterprise", "100000", "99999"},
		{"firefly", "standard", "2000", "1999"},
		{"visionstory", "pro", "120", "119"},
		{"visla", "pro", "4000", "3999"},
	}
	for _, test := range tests {
		t.Run(test.product+" "+test.plan, func(t *testing.T) {
			const since = "2026-01-31 10:00"
			d := open(t, test.product, since)
			d.pay(test.plan, since)
			d.has(since, test.credits)
			d.spend("job-1", "1")
			d.has("2026-02-28 09:59:59.999999", test.most)
			d.has("2026-02-28 10:00", "0")
			d.refused("job-2", "1")
			d.pay(test.plan, since)
			d.has("2026-02-28 10:00", test.credits)
			d.has("2026-03-31 09:59:59.999999", test.credits)
			d.has("2026-03-31 10:00", "0")
			d.pay(test.plan, since)
			d.has("2026-04-30 09:59:59.999999", test.credits)
			d.has("2026-04-30 10:00", "0")
			d.ended("2026-02-28 10:00 "+test.most, "2026-03-31 10:00 "+test.credits, "2026-04-30 10:00 "+test.credits)
		})
	}
}

// "resets on the 1st, 00:00 UTC", whenever the plan was bought.
func TestCopilotResetsOnTheFirst(t *testing.T) {
	const firstOfMonth = "2025-06-01 00:00"
	d := open(t, "copilot", "2025-06-17 15:30")
	d.pay("pro", firstOfMonth)
	d.use("prompt-1", used("prompt", "model=frontier"))
	d.use("prompt-2", used("prompt", "model=light"))
	d.use("prompt-3", used("prompt", "model=included"))
	d.has("2025-06-30 23:59:59.999999", "249.75")
	d.has("2025-07-01 00:00", "0")
	d.use("prompt-4", used("prompt", "model=included")) // which is free
	d.pay("pro", firstOfMonth)
	d.has("2025-07-31 23:59:59.999999", "300")
	d.has("2025-08-01 00:00", "0")
	d.ended("2025-07-01 00:00 249.75", "2025-08-01 00:00 300")
}

// "each grant two months": two of them overlap, and the older is drawn first.
func TestCreatifyGrantsLastTwoMonths(t *testing.T) {
	const since = "2025-12-31 08:00"
	d := open(t, "creatify", since)
	d.pay("starter", since)
	d.at("2026-01-31 08:00")
	d.pay("starter", since)
	d.has("2026-01-31 08:00", "200")
	d.use("ad-1", used("video", "61s"))              // 15
	video := d.use("ad-2", used("video", "8m29.5s")) // 85
	d.drew(video, "plan 85")
	d.has("2026-02-28 07:59:59.999999", "100")
	d.pay("starter", since) // the month from 31 January on: a second payment changes nothing
	d.has("2026-02-28 08:00", "100")
	d.pay("starter", since)
	d.left("plan 100", "plan 100")
	d.has("2026-03-31 07:59:59.999999", "200")
	d.has("2026-03-31 08:00", "100") // the second grant's two months
	d.has("2026-04-28 07:59:59.999999", "100")
	d.has("2026-04-28 08:00", "0") // two months from 28 February
	d.ended("2026-03-31 08:00 100", "2026-04-28 08:00 100")
}

func TestCreatifyDrawsTheOlderGrantFirst(t *testing.T) {
	const since = "2026-01-10 08:00"
	d := open(t, "creatify", since)
	first := d.pay("starter", since)
	d.at("2026-02-10 08:00")
	second := d.pay("starter", since)
	ad := d.use("ad-1", used("video", "10m10s")) // 21 started half minutes
	if len(ad.Postings) != 2 || ad.Postings[0].Lot != first.ID || ad.Postings[1].Lot != second.ID {
		t.Errorf("Spend(%s) drew %v, want %s before %s", ad.ID, ad.Postings, first.ID, second.ID)
	}
	d.drew(ad, "plan 100", "plan 5")
	d.left("plan 95")
}

// A plan that is paid by the year has its credits by the month, without a payment
// for each, as long as the subscription goes on.
func TestR17_FireflyPaidByTheYearResetsByTheMonth(t *testing.T) {
	const since = "2025-08-31 10:00"
	d := open(t, "firefly", since)
	d.subscribe("standard-annual", since)
	d.has(since, "2000")
	d.use("video-1", used("video", "5s", "resolution=1080p"))
	d.has("2025-09-30 09:59:59.999999", "1500")
	d.has("2025-09-30 10:00", "2000")
	d.use("image-1", used("image"))
	d.has("2025-10-31 10:00", "2000")
	d.has("2026-02-28 09:59:59.999999", "2000")
	d.has("2026-02-28 10:00", "2000")
	d.has("2026-08-31 09:59:59.999999", "2000")
	d.ended(
		"2025-09-30 10:00 1500", "2025-10-31 10:00 1999", "2025-11-30 10:00 2000", "2025-12-31 10:00 2000",
		"2026-01-31 10:00 2000", "2026-02-28 10:00 2000", "2026-03-31 10:00 2000", "2026-04-30 10:00 2000",
		"2026-05-31 10:00 2000", "2026-06-30 10:00 2000", "2026-07-31 10:00 2000",
	)
	d.has("2026-08-31 10:00", "0") // the year is over, and with it the allowance
	d.has("2027-08-31 10:00", "0")
}

// The payment may be reported after the month has begun: its credits come when it
// is, once, and end with the month as if they had come on time.
func TestFireflyPaidByTheYearAndReportedLate(t *testing.T) {
	const since = "2025-08-31 10:00"
	d := open(t, "firefly", "2025-08-31 10:02")
	d.subscribe("standard-annual", since)
	d.has("2025-08-31 10:02", "2000")
	lots := d.balance().Lots
	if len(lots) != 1 {
		t.Fatalf("lots = %v, want that of the month", lots)
	}
	lot := lots[0]
	if lot.Paid != (credits.Money{Minor: 833, Currency: "USD"}) || !lot.Start.Equal(instant(since)) || !lot.End.Equal(instant("2025-09-30 10:00")) {
		t.Errorf("lot = %v from %v to %v, want 8.33 USD, a twelfth, of the month from %s", lot.Paid, lot.Start, lot.End, since)
	}
	d.at("2025-08-31 10:05")
	d.subscribe("standard-annual", since) // reported again
	d.has("2025-09-30 09:59:59.999999", "2000")
	d.has("2025-09-30 10:00", "2000")
	d.ended("2025-09-30 10:00 2000")
}

// The months of a year that is paid at once earn what was paid, and no cent more.
func TestFireflyPaidByTheYearEarnsTheYearsPrice(t *testing.T) {
	const since = "2025-08-31 10:00"
	d := open(t, "firefly", "2025-08-31 10:02")
	d.subscribe("standard-annual", since)
	d.spend("job-1", "500")
	d.at("2026-01-15 12:00")
	d.spend("job-2", "2000")
	d.at("2026-09-01 00:00")
	sums, err := d.ledger.Revenue(t.Context(), ada, instant("2025-08-01 00:00"), instant("2026-09-02 00:00"))
	usd := sums["USD"]
	if err != nil || usd.Earned != 2_08+8_33 || usd.Earned+usd.Breakage != 99_99 || usd.Returned != 0 {
		t.Errorf("Revenue() = %+v, %v, want 2.08 and 8.33 earned of 99.99, the rest breakage", usd, err)
	}
}

// Renewed within its grace, the year's allowance goes on; nothing is set anew.
func TestFireflyPaidByTheYearIsRenewed(t *testing.T) {
	const since = "2025-08-31 10:00"
	d := open(t, "firefly", since)
	p := d.plan("standard-annual")
	d.subscribe("standard-annual", since)
	d.has("2026-08-31 09:00", "2000")
	next := d.cycle("standard-annual", since)
	next.Start, next.End, next.Number = next.End, p.Cycle.Nth(instant(since), 13), 12
	d.renew(p.Renew(ada, next, instant(since)))
	d.has("2026-08-31 10:00", "2000")
	d.has("2027-07-31 10:00", "2000")
	d.has("2027-08-31 09:59:59.999999", "2000")
	d.has("2027-08-31 10:00", "0")
}
