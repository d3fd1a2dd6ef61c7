package main

import (
	"errors"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// bought2024 is a subscription that began at launch, after 20 May 2024.
func bought2024(plan string) paid {
	began := launch.Format(time.DateTime)
	return paid{subscription{"sub-1", "ada", plan, began}, "in-1", began}
}

const days30 = 30 * 24 * time.Hour

// Every row of the table "Validity period".
func TestR15_ValidityPeriod(t *testing.T) {
	tests := []struct {
		sentence string
		event    event
		want     time.Time // zero: never
	}{
		{"100 bonus credits for logging into Filmora13 for the first time: Permanent Validity", earned{"ada", "first-login", ""}, time.Time{}},
		{"AI Credits from Filmora's Subscription Plan Purchase: Valid for 30 days from the date of issuance, monthly", bought2024("monthly"), launch.Add(days30)},
		{"AI Credits from Filmora's Subscription Plan Purchase: Valid for 30 days from the date of issuance, annual", bought2024("annual"), launch.Add(days30)},
		{"AI Credits from Filmora's Perpetual Plan Purchase: Permanent validity", bought{"ada", "order-1", "perpetual"}, time.Time{}},
		{"The redeemed AI Credits from the remaining quota of Speech-to-Text: Permanent validity", converted{"ada", "licence-1", "speech-to-text", pricing.MustParseQuantity("10m")}, time.Time{}},
		{"The redeemed AI Credits from the remaining quota of Text-to-Speech: Permanent validity", converted{"ada", "licence-1", "text-to-speech", pricing.MustParseQuantity("100 words")}, time.Time{}},
		{"AI Credits from AI Credits Pack: Permanent Validity, small", toppedUp{"ada", "order-1", "small"}, time.Time{}},
		{"AI Credits from AI Credits Pack: Permanent Validity, medium", toppedUp{"ada", "order-1", "medium"}, time.Time{}},
		{"AI Credits from AI Credits Pack: Permanent Validity, large", toppedUp{"ada", "order-1", "large"}, time.Time{}},
		{"AI Credits from interactive activities: Permanent Validity, daily login", earned{"ada", "daily-login", ""}, time.Time{}},
		{"AI Credits from interactive activities: Permanent Validity, submission", earned{"ada", "submission", "video-1"}, time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			if got := soleEnd(t, test.event); !got.Equal(test.want) {
				t.Fatalf("end after %v = %v, want %v", test.event, got, test.want)
			}
			if test.want.IsZero() {
				spendable(t, test.event, launch.AddDate(100, 0, 0), true)
				return
			}
			spendable(t, test.event, test.want.Add(-time.Microsecond), true)
			spendable(t, test.event, test.want, false)
			spendable(t, test.event, test.want.Add(time.Microsecond), false)
		})
	}
}

// soleEnd returns the end of the one lot that an event opens.
func soleEnd(t *testing.T, event event) time.Time {
	t.Helper()
	s := opened(t)
	if err := event.handle(t.Context(), s); err != nil {
		t.Fatalf("handle(%v) = %v, want no error", event, err)
	}
	lots := balance(t, s, "ada").Lots
	if len(lots) != 1 {
		t.Fatalf("lots after %v = %v, want one", event, lots)
	}
	return lots[0].End
}

// spendable checks whether all that an event brings can be spent at an instant,
// or nothing of it.
func spendable(t *testing.T, event event, at time.Time, want bool) {
	t.Helper()
	s := opened(t)
	if err := event.handle(t.Context(), s); err != nil {
		t.Fatalf("handle(%v) = %v, want no error", event, err)
	}
	granted := balance(t, s, "ada").Available
	s.now = at
	left := granted
	if !want {
		left = credits.Amount{}
	}
	if got := balance(t, s, "ada").Available; got != left {
		t.Errorf("Available at %v = %v, want %v", at, got, left)
	}
	_, err := s.ledger.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Feature: "ai-music", Amount: granted})
	if want && err != nil || !want && !errors.Is(err, credits.ErrInsufficient) {
		t.Errorf("Spend(%v) at %v = %v, want it to be paid: %v", granted, at, err, want)
	}
}

// "For subscribers who purchased plan before May 20, 2024, the validity period of
// AI credits upon renewal will remain the same as the initial purchase."
func TestRenewalsKeepTheValidityOfTheFirstPurchase(t *testing.T) {
	tests := []struct {
		rule, plan, since string
		starts, ends      []string
	}{
		{
			rule: "annual, bought in November 2023", plan: "annual", since: "2023-11-20 09:30:00",
			starts: []string{"2023-11-20 09:30:00", "2024-11-20 09:30:00", "2025-11-20 09:30:00"},
			ends:   []string{"2024-11-20 09:30:00", "2025-11-20 09:30:00", "2026-11-20 09:30:00"},
		},
		{
			rule: "annual, bought in the last microsecond before 20 May 2024", plan: "annual", since: "2024-05-19 23:59:59.999999",
			starts: []string{"2024-05-19 23:59:59.999999", "2025-05-19 23:59:59.999999"},
			ends:   []string{"2025-05-19 23:59:59.999999", "2026-05-19 23:59:59.999999"},
		},
		{
			rule: "annual, bought in the first instant of 20 May 2024", plan: "annual", since: "2024-05-20 00:00:00",
			starts: []string{"2024-05-20 00:00:00", "2025-05-20 00:00:00"},
			ends:   []string{"2024-06-19 00:00:00", "2025-06-19 00:00:00"},
		},
		{
			rule: "monthly, bought in the last microsecond before 20 May 2024", plan: "monthly", since: "2024-05-19 23:59:59.999999",
			starts: []string{"2024-05-19 23:59:59.999999", "2024-06-19 23:59:59.999999", "2024-07-19 23:59:59.999999"},
			ends:   []string{"2024-06-19 23:59:59.999999", "2024-07-19 23:59:59.999999", "2024-08-19 23:59:59.999999"},
		},
		{
			rule: "monthly, bought in the first instant of 20 May 2024", plan: "monthly", since: "2024-05-20 00:00:00",
			starts: []string{"2024-05-20 00:00:00", "2024-06-20 00:00:00", "2024-07-20 00:00:00"},
			ends:   []string{"2024-06-19 00:00:00", "2024-07-20 00:00:00", "2024-08-19 00:00:00"},
		},
		{
			rule: "monthly, bought on 31 January 2024, which is no day of other months", plan: "monthly", since: "2024-01-31 08:00:00",
			starts: []string{"2024-01-31 08:00:00", "2024-02-29 08:00:00", "2024-03-31 08:00:00", "2024-04-30 08:00:00", "2024-05-31 08:00:00"},
			ends:   []string{"2024-02-29 08:00:00", "2024-03-31 08:00:00", "2024-04-30 08:00:00", "2024-05-31 08:00:00", "2024-06-30 08:00:00"},
		},
		{
			rule: "monthly, bought in July 2024: 30 days end a day before the month", plan: "monthly", since: "2024-07-12 08:00:00",
			starts: []string{"2024-07-12 08:00:00", "2024-08-12 08:00:00", "2024-09-12 08:00:00"},
			ends:   []string{"2024-08-11 08:00:00", "2024-09-11 08:00:00", "2024-10-12 08:00:00"},
		},
	}
	for _, test := range tests {
		for name, late := range map[string]time.Duration{"reported at once": 0, "reported an hour late": time.Hour} {
			t.Run(test.rule+", "+name, func(t *testing.T) {
				s := opened(t)
				for i, start := range test.starts {
					s.now = instant(start).Add(late)
					event := paid{subscription{"sub-1", "ada", test.plan, test.since}, "in-" + start, start}
					if err := event.handle(t.Context(), s); err != nil {
						t.Fatalf("handle(%v) = %v, want no error", event, err)
					}
					lots := balance(t, s, "ada").Lots
					if len(lots) != 1 || !lots[0].End.Equal(instant(test.ends[i])) {
						t.Errorf("lots after payment %d = %v, want one that ends at %v", i+1, lots, test.ends[i])
					}
				}
			})
		}
	}
}

// Two subscriptions of one account each go by their own first purchase.
func TestASecondSubscriptionHasAFirstPurchaseOfItsOwn(t *testing.T) {
	s := opened(t)
	old := subscription{"sub-1", "ada", "annual", "2024-03-01 10:00:00"}
	young := subscription{"sub-2", "ada", "annual", "2024-06-01 10:00:00"}
	for _, scene := range []scene{
		{"2024-03-01 10:00:00", paid{old, "in-1", old.since}},
		{"2024-06-01 10:00:00", paid{young, "in-2", young.since}},
	} {
		if err := s.hear(t.Context(), scene); err != nil {
			t.Fatalf("hear(%v) = %v, want no error", scene, err)
		}
	}
	b := balance(t, s, "ada")
	var got []time.Time
	for _, end := range b.Ends() {
		got = append(got, end.At)
	}
	if len(got) != 2 || !got[0].Equal(instant("2024-07-01 10:00:00")) || !got[1].Equal(instant("2025-03-01 10:00:00")) {
		t.Errorf("Ends = %v, want 2024-07-01 10:00 and 2025-03-01 10:00", got)
	}
}

// What ends is spent before what does not.
func TestPlanCreditsAreSpentFirst(t *testing.T) {
	s := opened(t)
	for _, event := range []event{
		earned{"ada", "first-login", ""}, toppedUp{"ada", "order-1", "small"}, bought2024("monthly"),
		used{"ada", "job-1", with("ai-translation", "translate", "voice and text", "20m")}, // 320
	} {
		if err := event.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", event, err)
		}
	}
	b := balance(t, s, "ada")
	left := make(map[string]credits.Amount)
	for _, lot := range b.Lots {
		left[nameOf(&lot)] = lot.Available
	}
	if len(left) != 2 || left["bonus first-login"] != credits.Of(80) || left["pack small"] != credits.Of(100) {
		t.Errorf("left = %v, want 80 of the bonus, which was free, and all 100 of the pack", left)
	}
}
