package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestR26_AUseThatDoesNotFitItsPriceIsAnErrorAndNeverFree(t *testing.T) {
	no, minute := map[string]string{"translation": "no"}, pricing.Duration(time.Minute)
	tests := []struct {
		rule string
		use  pricing.Use
		want error
	}{
		{"no feature", pricing.Use{}, pricing.ErrFeature},
		{"a misspelt feature", pricing.Use{Feature: "ai-musik"}, pricing.ErrFeature},
		{"another case", pricing.Use{Feature: "AI-Music"}, pricing.ErrFeature},
		{"a missing quantity of time", pricing.Use{Feature: "speech-to-text", Attributes: no}, pricing.ErrQuantity},
		{"a missing quantity of words", pricing.Use{Feature: "text-to-speech"}, pricing.ErrQuantity},
		{"words where time is counted", pricing.Use{Feature: "speech-to-text", Quantity: pricing.Count(10, pricing.UnitWord), Attributes: no}, pricing.ErrQuantity},
		{"time where words are counted", pricing.Use{Feature: "text-to-speech", Quantity: minute}, pricing.ErrQuantity},
		{"characters where words are counted", pricing.Use{Feature: "text-to-speech", Quantity: pricing.Count(10, pricing.UnitCharacter)}, pricing.ErrQuantity},
		{"time where uses are counted", pricing.Use{Feature: "ai-music", Quantity: minute}, pricing.ErrQuantity},
		{"a misspelt unit", pricing.Use{Feature: "text-to-speech", Quantity: pricing.Count(10, "Words")}, pricing.ErrQuantity},
		{"negative time", pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(-time.Second), Attributes: no}, pricing.ErrQuantity},
		{"negative words", pricing.Use{Feature: "text-to-speech", Quantity: pricing.Count(-1, pricing.UnitWord)}, pricing.ErrQuantity},
		{"meters where there is one quantity", pricing.Use{Feature: "text-to-speech", Meters: map[string]pricing.Quantity{"words": pricing.Count(10, pricing.UnitWord)}}, pricing.ErrQuantity},
		{"a missing attribute", pricing.Use{Feature: "speech-to-text", Quantity: minute}, pricing.ErrAttribute},
		{"an empty value", pricing.Use{Feature: "speech-to-text", Quantity: minute, Attributes: map[string]string{"translation": ""}}, pricing.ErrAttribute},
		{"an unknown value", pricing.Use{Feature: "ai-translation", Quantity: minute, Attributes: map[string]string{"translate": "voice"}}, pricing.ErrAttribute},
		{"a missing attribute of a flat price", pricing.Use{Feature: "ai-text-to-video"}, pricing.ErrAttribute},
		{"an attribute that means nothing to the price", pricing.Use{Feature: "ai-music", Attributes: map[string]string{"quality": "HD"}}, pricing.ErrAttribute},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := opened(t)
			quote, err := s.catalog.Quote(launch, test.use)
			if !errors.Is(err, test.want) || quote.Card != "" || !quote.Amount.IsZero() {
				t.Errorf("Quote(%v) = %v, %v, want %v", test.use, quote, err, test.want)
			}
			if err := (used{"ada", "job-1", test.use}).handle(t.Context(), s); !errors.Is(err, test.want) {
				t.Errorf("handle(use of %v) = %v, want %v", test.use, err, test.want)
			}
			if entries := history(t, s, "ada"); len(entries) != 0 {
				t.Errorf("History = %v, want nothing", entries)
			}
			if _, err := s.ledger.Spend(t.Context(), quote.Spend("job-1", "ada")); !errors.Is(err, credits.ErrInvalid) {
				t.Errorf("Spend of a quote that failed = %v, want %v", err, credits.ErrInvalid)
			}
		})
	}
}

func TestErrorsSayWhatWouldHaveBeenRight(t *testing.T) {
	c := opened(t).catalog
	_, err := c.Quote(launch, pricing.Use{Feature: "ai-translation", Quantity: pricing.Duration(time.Minute)})
	missing, ok := errors.AsType[*pricing.AttributeError](err)
	if !ok || missing.Attribute != "translate" || !cmp.Equal(missing.Allowed, []string{"text", "voice and text"}) {
		t.Errorf("Quote without translate = %v, want an *AttributeError that allows text, voice and text", err)
	}
	_, err = c.Quote(launch, pricing.Use{Feature: "ai-video"})
	unknown, ok := errors.AsType[*pricing.FeatureError](err)
	if !ok || unknown.Card != "filmora 13" || len(unknown.Allowed) != 8 {
		t.Errorf("Quote of ai-video = %v, want a *FeatureError that names card filmora 13 and its 8 features", err)
	}
	_, err = c.Quote(instant("2023-10-31 23:59:59.999999"), pricing.Use{Feature: "ai-music"})
	if early, ok := errors.AsType[*pricing.UnknownError](err); !ok || early.What != "rate card" {
		t.Errorf("Quote before the first card = %v, want an *UnknownError about a rate card", err)
	}
	if quote, err := c.Quote(instant("2023-11-01 00:00:00"), pricing.Use{Feature: "ai-music"}); err != nil || quote.Amount != credits.Of(30) {
		t.Errorf("Quote in the first instant of the card = %v, %v, want 30", quote.Amount, err)
	}
}

func TestAnEventThatLacksSomethingGrantsNothing(t *testing.T) {
	tests := []struct {
		rule  string
		event event
		want  error
	}{
		{"a bonus that does not exist", earned{"ada", "second-login", ""}, pricing.ErrUnknown},
		{"a submission without its key", earned{"ada", "submission", ""}, pricing.ErrGrant},
		{"a key for what is given once per account", earned{"ada", "first-login", "again"}, pricing.ErrGrant},
		{"a key for what is given once per day", earned{"ada", "daily-login", "again"}, pricing.ErrGrant},
		{"nobody's bonus", earned{"", "first-login", ""}, credits.ErrInvalid},
		{"a plan that does not exist", paid{subscription{"sub-1", "ada", "weekly", "2024-06-01 10:00:00"}, "in-1", "2024-06-01 10:00:00"}, pricing.ErrUnknown},
		{"a period before the subscription began", paid{subscription{"sub-1", "ada", "monthly", "2024-06-01 10:00:00"}, "in-1", "2024-05-01 10:00:00"}, pricing.ErrGrant},
		{"a perpetual plan that is paid by the month", paid{subscription{"sub-1", "ada", "perpetual", "2024-06-01 10:00:00"}, "in-1", "2024-06-01 10:00:00"}, pricing.ErrGrant},
		{"a first purchase that is still to come", paid{subscription{"sub-1", "ada", "monthly", "2024-07-01 10:00:00"}, "in-1", "2024-07-01 10:00:00"}, credits.ErrInvalid},
		{"a subscription without a name", paid{subscription{"", "ada", "monthly", "2024-06-01 10:00:00"}, "in-1", "2024-06-01 10:00:00"}, credits.ErrInvalid},
		{"a perpetual plan without an order", bought{"ada", "", "perpetual"}, pricing.ErrGrant},
		{"a subscription that is bought once", bought{"ada", "order-1", "monthly"}, pricing.ErrGrant},
		{"a pack that does not exist", toppedUp{"ada", "order-1", "huge"}, pricing.ErrUnknown},
		{"a pack without an order", toppedUp{"ada", "", "small"}, pricing.ErrGrant},
		{"a conversion that does not exist", converted{"ada", "licence-1", "ai-music", pricing.Duration(time.Minute)}, pricing.ErrUnknown},
		{"a conversion without its licence", converted{"ada", "", "speech-to-text", pricing.Duration(time.Minute)}, pricing.ErrGrant},
		{"a conversion of no quantity", converted{"ada", "licence-1", "speech-to-text", pricing.Quantity{}}, pricing.ErrGrant},
		{"a conversion of nothing left", converted{"ada", "licence-1", "speech-to-text", pricing.Duration(0)}, pricing.ErrGrant},
		{"a conversion in another unit", converted{"ada", "licence-1", "speech-to-text", pricing.Count(10, pricing.UnitWord)}, pricing.ErrQuantity},
		{"a conversion of less than nothing", converted{"ada", "licence-1", "text-to-speech", pricing.Count(-10, pricing.UnitWord)}, pricing.ErrQuantity},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := opened(t)
			if err := test.event.handle(t.Context(), s); !errors.Is(err, test.want) {
				t.Errorf("handle(%v) = %v, want %v", test.event, err, test.want)
			}
			if entries := history(t, s, "ada"); len(entries) != 0 {
				t.Errorf("History = %v, want nothing", entries)
			}
		})
	}
}

// Plan credits need their subscription, because its first purchase decides when
// they end.
func TestPlanCreditsWithoutTheirSubscriptionAreRefused(t *testing.T) {
	s := opened(t)
	plan, err := s.catalog.Plan("monthly")
	if err != nil {
		t.Fatalf("Plan = %v, want no error", err)
	}
	cycle, err := plan.CycleAt("sub-1", launch, launch)
	if err != nil {
		t.Fatalf("CycleAt = %v, want no error", err)
	}
	grant, err := plan.Grant("ada", cycle)
	if err != nil {
		t.Fatalf("Grant = %v, want no error", err)
	}
	if _, err := s.ledger.Grant(t.Context(), grant); !errors.Is(err, credits.ErrNotFound) {
		t.Errorf("Grant without Renew = %v, want %v", err, credits.ErrNotFound)
	}
	cycle.End = time.Time{}
	if grant, err := plan.Grant("ada", cycle); !errors.Is(err, pricing.ErrGrant) || grant.ID != "" {
		t.Errorf("Grant without the period's end = %v, %v, want %v", grant, err, pricing.ErrGrant)
	}
}
