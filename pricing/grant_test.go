package pricing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

// instant reads an instant as RFC 3339 has it.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var compareGrants = cmp.AllowUnexported(credits.Amount{})

func TestGrantsSayAllThatTheCatalogSays(t *testing.T) {
	filmora, powtoon, studio := read(t, "filmora.json"), read(t, "powtoon.json"), must(pricing.Parse([]byte(catalogText)))
	at := instant("2025-03-31T22:30:00.123456789+02:00")
	tests := []struct {
		name  string
		grant func() (credits.Grant, error)
		want  credits.Grant
	}{
		{
			"a cycle of a plan that ends with the subscription",
			func() (credits.Grant, error) {
				return must(powtoon.Plan("lite-monthly")).Grant("ada", pricing.Cycle{Subscription: "sub-1", Start: at})
			},
			credits.Grant{
				ID: "plan:lite-monthly:sub-1:20250331T203000.123456Z", Account: "ada", Amount: credits.Of(150), Source: "plan",
				Validity: expiry.WhileSubscribed(), Start: at, Term: "sub-1", NonRefundable: true,
			},
		},
		{
			"a cycle of a plan whose validity the first purchase decides",
			func() (credits.Grant, error) {
				return must(filmora.Plan("subscription")).Grant("ada", pricing.Cycle{Subscription: "sub-1", Start: at, Number: 3})
			},
			credits.Grant{
				ID: "plan:subscription:sub-1:20250331T203000.123456Z", Account: "ada", Amount: credits.Of(1000), Source: "plan",
				Validity: expiry.MustParse("purchased before 2024-05-20: permanent, else 30 days"), Start: at, Term: "sub-1",
				Paid: credits.Money{Minor: 1999, Currency: "USD"},
			},
		},
		{
			"a plan bought once",
			func() (credits.Grant, error) {
				return must(filmora.Plan("perpetual")).Grant("ada", pricing.Cycle{Subscription: "lic-1"})
			},
			credits.Grant{
				ID: "plan:perpetual:lic-1", Account: "ada", Amount: credits.Of(1000), Source: "plan",
				Validity: expiry.Permanent(), Paid: credits.Money{Minor: 7999, Currency: "USD"},
			},
		},
		{
			"a month of a plan that is paid by the year",
			func() (credits.Grant, error) {
				cycle := pricing.Cycle{Subscription: "sub-1", Start: at, End: at.AddDate(0, 0, 30), Number: 14}
				return must(powtoon.Plan("professional-yearly")).Grant("ada", cycle)
			},
			credits.Grant{
				ID: "plan:professional-yearly:sub-1:20250331T203000.123456Z", Account: "ada", Amount: credits.Of(500), Source: "plan",
				Validity: expiry.EndOfPeriod(), Start: at, PeriodEnd: at.AddDate(0, 0, 30),
				Paid: credits.Money{Minor: 834, Currency: "USD"}, NonRefundable: true,
			},
		},
		{
			"a pack",
			func() (credits.Grant, error) {
				return must(studio.Pack("large")).Grant("ada", pricing.Purchase{Order: "ord-7", Item: 2, Term: "sub-1", At: at})
			},
			credits.Grant{
				ID: "pack:large:ord-7:2", Account: "ada", Amount: credits.Of(300), Source: "pack", Validity: expiry.Permanent(),
				Start: at, Features: []string{"ai-music"}, Paid: credits.Money{Minor: 9900, Currency: "USD"},
			},
		},
		{
			"a pack that ends with the subscription",
			func() (credits.Grant, error) {
				return must(powtoon.Pack("125")).Grant("ada", pricing.Purchase{Order: "ord:7", Term: "sub-1"})
			},
			credits.Grant{
				ID: "pack:125:ord%3A7", Account: "ada", Amount: credits.Of(125), Source: "pack", Validity: expiry.WhileSubscribed(),
				Term: "sub-1", NonRefundable: true, Paid: credits.Money{Minor: 4900, Currency: "USD"},
			},
		},
		{
			"a bonus once per account",
			func() (credits.Grant, error) {
				return must(filmora.Bonus("first-login")).Grant("ada", pricing.Claim{At: at})
			},
			credits.Grant{ID: "bonus:first-login", Account: "ada", Amount: credits.Of(100), Source: "bonus", Validity: expiry.Permanent()},
		},
		{
			"a bonus once per day, which is another day where it counts",
			func() (credits.Grant, error) {
				return must(filmora.Bonus("daily-login")).Grant("ada", pricing.Claim{At: at})
			},
			credits.Grant{
				ID: "bonus:daily-login:2025-04-01", Account: "ada", Amount: credits.Of(2), Source: "bonus",
				Validity: expiry.Permanent(), Priority: -1,
			},
		},
		{
			"a bonus once per key",
			func() (credits.Grant, error) {
				return must(filmora.Bonus("submission")).Grant("ada", pricing.Claim{Key: "50%"})
			},
			credits.Grant{
				ID: "bonus:submission:50%25", Account: "ada", Amount: credits.MustParse("12.5"), Source: "bonus",
				Validity: expiry.Permanent(), Features: []string{"ai-music"},
			},
		},
		{
			"a conversion, rounded as it says",
			func() (credits.Grant, error) {
				left := pricing.Remainder{Key: "lic-1", Quantity: pricing.MustParseQuantity("10m1s")}
				return must(filmora.Conversion("speech-to-text")).Grant("ada", left)
			},
			credits.Grant{ID: "conversion:speech-to-text:lic-1", Account: "ada", Amount: credits.Of(41), Source: "conversion", Validity: expiry.Permanent(), Meta: map[string]string{"quantity": "10m1s"}},
		},
		{
			"a conversion of started blocks",
			func() (credits.Grant, error) {
				left := pricing.Remainder{Key: "lic-1", Quantity: pricing.MustParseQuantity("101 words")}
				return must(filmora.Conversion("text-to-speech")).Grant("ada", left)
			},
			credits.Grant{ID: "conversion:text-to-speech:lic-1", Account: "ada", Amount: credits.Of(11), Source: "conversion", Validity: expiry.Permanent(), Meta: map[string]string{"quantity": "101 words"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.grant()
			if err != nil {
				t.Fatalf("Grant = %v, want no error", err)
			}
			if diff := cmp.Diff(test.want, got, compareGrants); diff != "" {
				t.Errorf("Grant (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrantsRefuseEventsThatLackSomething(t *testing.T) {
	filmora, powtoon := read(t, "filmora.json"), read(t, "powtoon.json")
	at := instant("2025-03-31T22:30:00Z")
	long := strings.Repeat("o", credits.MaxIDLen)
	plan := func(p pricing.Plan, err error) func(pricing.Cycle) (credits.Grant, error) {
		return func(c pricing.Cycle) (credits.Grant, error) { return must(p, err).Grant("ada", c) }
	}
	monthly, yearly, once := plan(powtoon.Plan("lite-monthly")), plan(powtoon.Plan("professional-yearly")), plan(filmora.Plan("perpetual"))
	pack, submission := must(powtoon.Pack("125")), must(filmora.Bonus("submission"))
	daily, first := must(filmora.Bonus("daily-login")), must(filmora.Bonus("first-login"))
	speech := must(filmora.Conversion("speech-to-text"))
	tests := []struct {
		name  string
		grant func() (credits.Grant, error)
		want  string
	}{
		{"a cycle of no subscription", func() (credits.Grant, error) { return monthly(pricing.Cycle{Start: at}) }, `pricing: plan "lite-monthly": subscription is missing`},
		{"a cycle without a start", func() (credits.Grant, error) { return monthly(pricing.Cycle{Subscription: "s"}) }, `pricing: plan "lite-monthly": start is missing`},
		{"a cycle in no year", func() (credits.Grant, error) {
			return monthly(pricing.Cycle{Subscription: "s", Start: at.AddDate(9000, 0, 0)})
		}, `pricing: plan "lite-monthly": start is in the year 11025: must be from 1 to 9999`},
		{"a cycle that ends as it starts", func() (credits.Grant, error) {
			return monthly(pricing.Cycle{Subscription: "s", Start: at, End: at})
		}, `pricing: plan "lite-monthly": end is not after the start`},
		{"a cycle before the first", func() (credits.Grant, error) {
			return monthly(pricing.Cycle{Subscription: "s", Start: at, Number: -1})
		}, `pricing: plan "lite-monthly": number is negative`},
		{"a period without an end", func() (credits.Grant, error) {
			return yearly(pricing.Cycle{Subscription: "s", Start: at})
		}, `pricing: plan "professional-yearly": end is missing: the credits are valid "end of period"`},
		{"a purchase of no name", func() (credits.Grant, error) { return once(pricing.Cycle{}) }, `pricing: plan "perpetual": subscription is missing`},
		{"a subscription with a long name", func() (credits.Grant, error) { return once(pricing.Cycle{Subscription: long}) }, `bytes, more than 128`},
		{"a pack without an order", func() (credits.Grant, error) { return pack.Grant("ada", pricing.Purchase{Term: "s"}) }, `pricing: pack "125": order is missing`},
		{"a pack of a negative item", func() (credits.Grant, error) {
			return pack.Grant("ada", pricing.Purchase{Order: "o", Term: "s", Item: -1})
		}, `pricing: pack "125": item is negative`},
		{"a pack that ends with no subscription", func() (credits.Grant, error) {
			return pack.Grant("ada", pricing.Purchase{Order: "o"})
		}, `pricing: pack "125": term is missing: the credits are valid "while subscribed"`},
		{"an order with a long name", func() (credits.Grant, error) {
			return pack.Grant("ada", pricing.Purchase{Order: long, Term: "s"})
		}, `bytes, more than 128`},
		{"a bonus without its key", func() (credits.Grant, error) { return submission.Grant("ada", pricing.Claim{At: at}) }, `pricing: bonus "submission": key is missing`},
		{"a key for a bonus without one", func() (credits.Grant, error) {
			return first.Grant("ada", pricing.Claim{Key: "again"})
		}, `pricing: bonus "first-login": key is "again": the bonus is given once per account`},
		{"a daily bonus on no day", func() (credits.Grant, error) { return daily.Grant("ada", pricing.Claim{}) }, `pricing: bonus "daily-login": at is missing`},
		{"a daily bonus in no year", func() (credits.Grant, error) {
			return daily.Grant("ada", pricing.Claim{At: at.AddDate(9000, 0, 0)})
		}, `pricing: bonus "daily-login": at is in the year 11025`},
		{"a bonus of no catalog", func() (credits.Grant, error) { return pricing.Bonus{}.Grant("ada", pricing.Claim{}) }, `pricing: bonus "": once is missing`},
		{"a conversion of no entitlement", func() (credits.Grant, error) {
			return speech.Grant("ada", pricing.Remainder{Quantity: pricing.MustParseQuantity("1 minute")})
		}, `pricing: conversion "speech-to-text": key is missing`},
		{"a conversion of no quantity", func() (credits.Grant, error) {
			return speech.Grant("ada", pricing.Remainder{Key: "k"})
		}, `pricing: conversion "speech-to-text": quantity is missing`},
		{"a conversion of nothing", func() (credits.Grant, error) {
			return speech.Grant("ada", pricing.Remainder{Key: "k", Quantity: pricing.MustParseQuantity("0s")})
		}, `pricing: conversion "speech-to-text": quantity gives no credits`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.grant()
			if !errors.Is(err, pricing.ErrGrant) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Grant = %v, want %s", err, test.want)
			}
			if diff := cmp.Diff(credits.Grant{}, got, compareGrants); diff != "" {
				t.Errorf("Grant makes something beside the error:\n%s", diff)
			}
		})
	}
	words := pricing.Remainder{Key: "k", Quantity: pricing.MustParseQuantity("10 words")}
	if _, err := speech.Grant("ada", words); !errors.Is(err, pricing.ErrQuantity) {
		t.Errorf("Grant of words as time = %v, want %v", err, pricing.ErrQuantity)
	}
}

func TestOnceCountsTheOccasionsOfAPlace(t *testing.T) {
	at := instant("2025-03-31T20:30:00Z") // in Shanghai it is 1 April
	for text, want := range map[string]string{
		"per day": "bonus:b:2025-03-31", "per day in UTC": "bonus:b:2025-03-31", "per month": "bonus:b:2025-03",
		"per day in Asia/Shanghai": "bonus:b:2025-04-01", "per month in Asia/Shanghai": "bonus:b:2025-04", "per account": "bonus:b",
	} {
		var once pricing.Once
		if err := once.UnmarshalText([]byte(text)); err != nil {
			t.Fatalf("UnmarshalText(%q) = %v, want no error", text, err)
		}
		b := pricing.Bonus{ID: "b", Credits: credits.Of(1), Once: once, Conditions: pricing.Conditions{Validity: expiry.Permanent()}}
		g, err := b.Grant("ada", pricing.Claim{At: at})
		if err != nil || g.ID != want {
			t.Errorf("Grant once %s = %q, %v, want %q", text, g.ID, err, want)
		}
		again := must(pricing.ParseOnce(once.String()))
		if printed := must(once.MarshalText()); !again.Equal(once) || string(printed) != strings.TrimSuffix(text, " in UTC") {
			t.Errorf("ParseOnce(%q) = %v, want %v", once, again, once)
		}
	}
	for _, text := range []string{"", "per", "per account in UTC", "per key in UTC", "per day in ", "per day in Local", "per day in ../x", "per day in Nowhere", " per day", "once per day", "PER DAY"} {
		if once, err := pricing.ParseOnce(text); !errors.Is(err, pricing.ErrText) || !once.IsZero() {
			t.Errorf("ParseOnce(%q) = %v, %v, want %v", text, once, err, pricing.ErrText)
		}
	}
}

// The cycles of a subscription are computed from its beginning: none drifts.
func TestR17_CyclesAreCountedFromTheBeginning(t *testing.T) {
	plan := must(read(t, "powtoon.json").Plan("lite-monthly"))
	since := instant("2025-01-31T10:00:00Z")
	for at, want := range map[string]pricing.Cycle{
		"2025-01-31T10:00:00Z":        {Subscription: "s", Start: since, End: instant("2025-02-28T10:00:00Z"), Number: 0},
		"2025-02-28T09:59:59.999999Z": {Subscription: "s", Start: since, End: instant("2025-02-28T10:00:00Z"), Number: 0},
		"2025-02-28T10:00:00Z":        {Subscription: "s", Start: instant("2025-02-28T10:00:00Z"), End: instant("2025-03-31T10:00:00Z"), Number: 1},
		"2026-02-01T00:00:00Z":        {Subscription: "s", Start: instant("2026-01-31T10:00:00Z"), End: instant("2026-02-28T10:00:00Z"), Number: 12},
	} {
		got, err := plan.CycleAt("s", since, instant(at))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("CycleAt(%s) = %v, %v (-want +got):\n%s", at, got, err, diff)
		}
	}
	once := must(read(t, "filmora.json").Plan("perpetual"))
	for name, refused := range map[string]func() (pricing.Cycle, error){
		"before it began":    func() (pricing.Cycle, error) { return plan.CycleAt("s", since, since.Add(-time.Microsecond)) },
		"at no instant":      func() (pricing.Cycle, error) { return plan.CycleAt("s", since, time.Time{}) },
		"since no instant":   func() (pricing.Cycle, error) { return plan.CycleAt("s", time.Time{}, since) },
		"after the year":     func() (pricing.Cycle, error) { return plan.CycleAt("s", since, since.AddDate(8000, 0, 0)) },
		"in the last month":  func() (pricing.Cycle, error) { return plan.CycleAt("s", since, instant("9999-12-31T23:00:00Z")) },
		"of a plan for once": func() (pricing.Cycle, error) { return once.CycleAt("s", since, since) },
	} {
		if c, err := refused(); !errors.Is(err, pricing.ErrGrant) {
			t.Errorf("CycleAt %s = %v, %v, want %v", name, c, err, pricing.ErrGrant)
		}
	}
}

// A price that is paid for several cycles is spread over them to the last cent.
func TestSharesOfAPriceSumToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SampledFrom([]struct {
			cycle, billed string
			parts         int
		}{{"1 month", "1 year", 12}, {"1 month", "3 months", 3}, {"1 day", "1 week", 7}, {"12 hours", "1000 hours", 0}, {"1 year", "1 year", 1}}).Draw(t, "spans")
		cents := rapid.Int64Range(1, 100_000_000).Draw(t, "cents")
		c, err := pricing.Parse([]byte(fmt.Sprintf(`{"name": "p", "plans": {"p": {"credits": 1, "cycle": %q, "billed": %q, "price": "%d.%02d USD", "valid": "permanent"}},
			"cards": [{"name": "p", "version": "1", "effective": "2025-01-01T00:00:00Z", "features": {"music": {"credits": 1}}}]}`,
			spans.cycle, spans.billed, cents/100, cents%100)))
		if spans.parts == 0 {
			if !errors.Is(err, pricing.ErrCatalog) {
				t.Fatalf("Parse of %v = %v, want %v", spans, err, pricing.ErrCatalog)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		plan := must(c.Plan("p"))
		first := spans.parts * rapid.IntRange(0, 5).Draw(t, "billing period")
		sum := int64(0)
		for number := first; number < first+spans.parts; number++ {
			g := must(plan.Grant("ada", pricing.Cycle{Subscription: "s", Start: instant("2025-01-01T00:00:00Z"), Number: number}))
			if exact := cents / int64(spans.parts); g.Paid.Minor < exact || g.Paid.Minor > exact+1 {
				t.Fatalf("cycle %d of %v carries %d of %d cents", number, spans, g.Paid.Minor, cents)
			}
			sum += g.Paid.Minor
		}
		if sum != cents {
			t.Fatalf("the cycles of %v carry %d cents, want %d", spans, sum, cents)
		}
	})
}

// A webhook delivered twice makes the same command, so that the ledger grants once.
func TestR19_AnEventMakesTheSameGrantEachTime(t *testing.T) {
	filmora, powtoon := read(t, "filmora.json"), read(t, "powtoon.json")
	since, morning, evening := instant("2025-01-31T10:00:00Z"), instant("2025-02-28T10:00:00Z"), instant("2025-02-28T15:59:59Z")
	plan, daily := must(powtoon.Plan("professional-yearly")), must(filmora.Bonus("daily-login"))
	first := must(plan.Grant("ada", must(plan.CycleAt("s", since, morning))))
	if diff := cmp.Diff(first, must(plan.Grant("ada", must(plan.CycleAt("s", since, evening)))), compareGrants); diff != "" {
		t.Errorf("the same cycle, later (-first +second):\n%s", diff)
	}
	one := must(daily.Grant("ada", pricing.Claim{At: morning}))
	if diff := cmp.Diff(one, must(daily.Grant("ada", pricing.Claim{At: evening})), compareGrants); diff != "" {
		t.Errorf("the same day, later (-first +second):\n%s", diff)
	}
	if next := must(daily.Grant("ada", pricing.Claim{At: evening.Add(time.Second)})); next.ID == one.ID {
		t.Errorf("the next day in Shanghai has the ID %q again", next.ID)
	}
}

// Different events never make the same ID, whatever their names have in them.
func TestR19_GrantIDsAreInjective(t *testing.T) {
	name := rapid.StringOfN(rapid.RuneFrom([]rune(":%a3A2 1é")), 1, 6, 8)
	start := rapid.SampledFrom([]time.Time{instant("2025-01-01T00:00:00Z"), instant("2025-01-01T00:00:00.000001Z"), instant("2025-01-01T00:00:00.1Z")})
	conditions := pricing.Conditions{Validity: expiry.Permanent()}
	event := func(t *rapid.T) (string, credits.Grant, error) {
		id, key, when := name.Draw(t, "id"), name.Draw(t, "key"), start.Draw(t, "start")
		switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); kind {
		case 0:
			g, err := pricing.Pack{ID: id, Conditions: conditions}.Grant("ada", pricing.Purchase{Order: key})
			return fmt.Sprintf("%d %q %q", kind, id, key), g, err
		case 1:
			item := rapid.IntRange(1, 12).Draw(t, "item")
			g, err := pricing.Pack{ID: id, Conditions: conditions}.Grant("ada", pricing.Purchase{Order: key, Item: item})
			return fmt.Sprintf("%d %q %q %d", kind, id, key, item), g, err
		case 2:
			g, err := pricing.Bonus{ID: id, Once: must(pricing.ParseOnce("per key")), Conditions: conditions}.Grant("ada", pricing.Claim{Key: key})
			return fmt.Sprintf("%d %q %q", kind, id, key), g, err
		case 3:
			g, err := pricing.Plan{ID: id, Conditions: conditions}.Grant("ada", pricing.Cycle{Subscription: key})
			return fmt.Sprintf("%d %q %q", kind, id, key), g, err
		}
		plan := pricing.Plan{ID: id, Cycle: expiry.MustParseSpan("1 day"), Conditions: conditions}
		g, err := plan.Grant("ada", pricing.Cycle{Subscription: key, Start: when})
		return fmt.Sprintf("4 %q %q %v", id, key, when), g, err
	}
	rapid.Check(t, func(t *rapid.T) {
		events := map[string]string{}
		for range 20 {
			said, g, err := event(t)
			if err != nil {
				t.Fatalf("Grant of %s = %v, want no error", said, err)
			}
			if other, taken := events[g.ID]; taken && other != said {
				t.Fatalf("%s and %s have the ID %q", said, other, g.ID)
			}
			events[g.ID] = said
		}
	})
}
