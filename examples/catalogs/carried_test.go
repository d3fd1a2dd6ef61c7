package catalogs_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
)

// "unused go to a bank of at most 3 months' tokens; plan first, bank last"
func TestR40_LeonardoBanksThreeMonths(t *testing.T) {
	const since = "2026-01-31 10:00"
	d := open(t, "leonardo", since)
	d.pay("apprentice", since)
	d.spend("job-1", "500")
	d.at("2026-02-28 10:00")
	d.pay("apprentice", since)
	d.left("plan 8500", "rolled plan 8000")
	d.at("2026-03-01 10:00")
	d.buy("3500", "order-1") // never ends either, and is younger than the bank
	d.left("plan 8500", "pack 3500", "rolled plan 8000")
	d.drew(d.spend("job-2", "13000"), "plan 8500", "pack 3500", "rolled plan 1000")
	d.left("rolled plan 7000")
	tests := []struct {
		at   string
		left []string
	}{
		{"2026-03-31 10:00", []string{"plan 8500", "rolled plan 7000"}},                                                             // February's were spent
		{"2026-04-30 10:00", []string{"plan 8500", "rolled plan 7000", "rolled plan 8500"}},                                         // 15,500 in the bank
		{"2026-05-31 10:00", []string{"plan 8500", "rolled plan 7000", "rolled plan 8500", "rolled plan 8500"}},                     // 24,000
		{"2026-06-30 10:00", []string{"plan 8500", "rolled plan 7000", "rolled plan 8500", "rolled plan 8500", "rolled plan 1500"}}, // 25,500
		{"2026-07-31 10:00", []string{"plan 8500", "rolled plan 7000", "rolled plan 8500", "rolled plan 8500", "rolled plan 1500"}},
	}
	for _, test := range tests {
		d.at(test.at)
		d.pay("apprentice", since)
		d.left(test.left...)
	}
	d.ended("2026-06-30 10:00 7000", "2026-07-31 10:00 8500")
	d.drew(d.spend("job-3", "20000"), "plan 8500", "rolled plan 7000", "rolled plan 4500")
	d.has("2026-08-30 10:00", "14000")
}

// "frozen without a plan": not lost, and there again with the next plan.
func TestLeonardoFreezesTheBankWithoutAPlan(t *testing.T) {
	const since = "2026-01-31 10:00"
	d := open(t, "leonardo", since)
	d.buy("3500", "order-1")
	d.pay("apprentice", since)
	d.has("2026-02-28 10:00", "12000") // within the grace
	d.left("pack 3500", "rolled plan 8500")
	d.has("2026-03-01 10:00", "3500") // after it
	if dormant := d.balance().Dormant; dormant != credits.Of(8500) {
		t.Errorf("Dormant = %v, want 8500", dormant)
	}
	d.refused("job-1", "3501")
	d.at("2026-09-15 12:00")
	d.pay("artisan", "2026-09-15 12:00")
	d.has("2026-09-15 12:00", "37000")
	d.drew(d.spend("job-2", "36000"), "plan 25000", "pack 3500", "rolled plan 7500")
	d.has("2026-09-15 12:00", "1000")
	d.ended()
}

// "carried up to 2x the quota"
func TestR40_ElevenLabsCarriesTwiceTheQuota(t *testing.T) {
	const since = "2026-01-15 09:00"
	d := open(t, "elevenlabs", since)
	d.pay("starter", since)
	d.use("speech-1", used("speech", "10000 characters", "model=fast", "voice=own")) // 5,000
	for _, month := range []struct{ at, want string }{
		{"2026-02-15 09:00", "55000"}, // 25,000 carried
		{"2026-03-15 09:00", "85000"}, // 55,000
		{"2026-04-15 09:00", "90000"}, // 60,000, and no more
		{"2026-05-15 09:00", "90000"},
	} {
		d.at(month.at)
		d.pay("starter", since)
		d.has(month.at, month.want)
	}
	d.ended("2026-04-15 09:00 25000", "2026-05-15 09:00 30000")
	d.drew(d.spend("speech-2", "40000"), "plan 30000", "rolled plan 10000")
}

// What was paid is carried on with the credits: used or lost, it adds up.
func TestElevenLabsRevenueAddsUpOverWhatIsCarried(t *testing.T) {
	const since = "2026-01-15 09:00"
	d := open(t, "elevenlabs", since)
	for i, month := range []string{since, "2026-02-15 09:00", "2026-03-15 09:00", "2026-04-15 09:00"} {
		d.at(month)
		d.pay("starter", since)
		d.spend([]string{"a", "b", "c", "d"}[i], "7777.777777")
	}
	d.at("2026-07-01 00:00") // long after the subscription lapsed
	sums, err := d.ledger.Revenue(t.Context(), ada, instant("2026-01-01 00:00"), instant("2027-01-01 00:00"))
	usd := sums["USD"]
	if err != nil || usd.Earned+usd.Breakage != 4*5_00 || usd.Returned != 0 || usd.Earned != 4*1_29 {
		t.Errorf("Revenue() = %+v, %v, want 4 x 1.29 earned of 4 x 5.00, the rest breakage", usd, err)
	}
}

// "lost on downgrade": what was carried ends with the old subscription.
func TestElevenLabsLosesWhatWasCarriedOnADowngrade(t *testing.T) {
	const since = "2026-01-15 09:00"
	d := open(t, "elevenlabs", since)
	d.pay("creator", since)
	d.at("2026-02-15 09:00")
	d.pay("creator", since)
	d.has("2026-03-15 08:59:59.999999", "200000")
	d.at("2026-03-15 09:00")
	d.cancel("downgrade-1")
	d.has("2026-03-15 09:00", "0")
	d.pay("starter", "2026-03-15 09:00")
	d.left("plan 30000")
	d.has("2026-04-15 09:00", "30000") // carried in the new subscription
	d.has("2026-04-16 08:59:59.999999", "30000")
	d.has("2026-04-16 09:00", "0") // which lapsed, after its grace
}

// "carried while the balance stays within 2x monthly; the excess is forfeited at
// renewal"
func TestR40_ClayStaysWithinTwiceTheMonthlyCredits(t *testing.T) {
	const since = "2026-01-31 10:00"
	d := open(t, "clay", since)
	d.pay("starter-monthly", since)
	d.use("table-1", used("enrichment", "20 uses", "provider=mobile phone")) // 500
	for _, month := range []struct{ at, want string }{
		{"2026-02-28 10:00", "3500"},
		{"2026-03-31 10:00", "4000"},
		{"2026-04-30 10:00", "4000"},
	} {
		d.at(month.at)
		d.pay("starter-monthly", since)
		d.has(month.at, month.want)
	}
	d.ended("2026-03-31 10:00 1500", "2026-04-30 10:00 2000")
	d.spend("table-2", "3900")
	d.at("2026-05-31 10:00")
	d.pay("starter-monthly", since)
	d.has("2026-05-31 10:00", "2100")
}

// "yearly upfront"
func TestClayGivesAYearUpfront(t *testing.T) {
	const since = "2024-02-29 10:00"
	d := open(t, "clay", since)
	d.pay("starter-yearly", since)
	d.has("2025-02-28 09:59:59.999999", "24000")
	d.at("2025-02-28 10:00")
	d.pay("starter-yearly", since)
	d.left("plan 24000", "rolled plan 4000")
	d.ended("2025-02-28 10:00 20000")
	d.has("2026-02-28 10:00", "4000")
}

// "monthly carried": here for one month more.
func TestR40_LovableCarriesTheMonthOnce(t *testing.T) {
	const since = "2026-01-31 10:00"
	d := open(t, "lovable", since)
	d.pay("pro", since)
	d.use("message-1", used("message", "complexity=page")) // 1.7
	d.at("2026-02-28 10:00")
	d.pay("pro", since)
	d.has("2026-03-28 09:59:59.999999", "198.3")
	d.left("rolled plan 98.3", "plan 100")
	d.has("2026-03-28 10:00", "100") // a month after 28 February
	d.has("2026-04-29 10:00", "100") // the second month's, carried
	d.ended("2026-03-28 10:00 98.3")
	d.has("2026-04-30 10:00", "0")
}

// What work in the making holds of the bank is still in it: the cap counts it.
func TestR40_LeonardosBankCountsWhatIsHeld(t *testing.T) {
	const since = "2026-01-15 10:00"
	d := open(t, "leonardo", since)
	d.pay("apprentice", since)
	for _, at := range []string{"2026-02-15 10:00", "2026-03-15 10:00", "2026-04-15 10:00"} {
		d.at(at)
		d.pay("apprentice", since)
	}
	d.has("2026-05-10 10:00", "34000") // 25,500 of them in the bank
	hold := credits.Reserve{ID: "job-1", Account: ada, Amount: credits.Of(34000), Deadline: instant("2026-06-10 10:00")}
	if _, err := d.ledger.Reserve(t.Context(), hold); err != nil {
		t.Fatalf("Reserve(%v) = %v, want a receipt", hold.Amount, err)
	}
	part := credits.Capture{ID: "part-1", Account: ada, Hold: "job-1", Amount: credits.Of(8500), More: true}
	if _, err := d.ledger.Capture(t.Context(), part); err != nil {
		t.Fatalf("Capture(%v) = %v, want a receipt", part.Amount, err)
	}
	d.at("2026-05-15 10:00")
	d.pay("apprentice", since)
	d.has("2026-05-20 10:00", "8500")
	longer := credits.Extend{ID: "longer-1", Account: ada, Hold: "job-1", Deadline: instant("2026-06-16 10:00")}
	if _, err := d.ledger.Extend(t.Context(), longer); err != nil {
		t.Fatalf("Extend(%v) = %v, want a receipt", longer.Deadline, err)
	}
	d.at("2026-06-15 10:00") // the bank is held whole when the month ends
	d.pay("apprentice", since)
	d.has("2026-06-16 10:00", "34000") // 8,500 of the month, and 25,500 in the bank
	d.ended("2026-06-15 10:00 8500")
}
