package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// launch is an instant at which the page's prices hold.
var launch = instant("2024-06-01 10:00:00")

// opened returns a service with the program's catalog, at launch.
func opened(t *testing.T) *service {
	t.Helper()
	catalog, err := pricing.Parse(catalogJSON)
	if err != nil {
		t.Fatalf("Parse(catalog.json) = %v, want no error", err)
	}
	s := newService(catalog)
	s.now = launch
	return s
}

// balance returns what an account has at the service's instant.
func balance(t *testing.T, s *service, account string) credits.Balance {
	t.Helper()
	b, err := s.ledger.Balance(t.Context(), account)
	if err != nil {
		t.Fatalf("Balance(%q) = %v, want no error", account, err)
	}
	return b
}

func TestConsumptionRules(t *testing.T) {
	tests := []struct {
		sentence, feature, attribute, value, quantity string
		want                                          int64
	}{
		{"Speech to text: 4 credits/minute", "speech-to-text", "translation", "no", "1m", 4},
		{"Speech to text: ten minutes cost ten times as much", "speech-to-text", "translation", "no", "10m", 40},
		{"Speech to text: an hour", "speech-to-text", "translation", "no", "1h", 240},
		{"Speech to text: a second more than a minute starts another", "speech-to-text", "translation", "no", "61s", 8},
		{"Speech-to-Text, AI Translation: 5 credits/minute", "speech-to-text", "translation", "yes", "1m", 5},
		{"Speech-to-Text, AI Translation: a started minute is charged whole", "speech-to-text", "translation", "yes", "2m1s", 15},
		{"Text-to-Speech: 1 Credit/10 words", "text-to-speech", "", "", "10 words", 1},
		{"Text-to-Speech: nine words cost as much as ten", "text-to-speech", "", "", "9 words", 1},
		{"Text-to-Speech: the eleventh word starts another ten", "text-to-speech", "", "", "11 words", 2},
		{"Text-to-Speech: a thousand words", "text-to-speech", "", "", "1000 words", 100},
		{"AI Copywriting: 10 Credits/time", "ai-copywriting", "", "", "", 10},
		{"AI Image: 10 Credits/time", "ai-image", "", "", "", 10},
		{"AI Image: four times", "ai-image", "", "", "4 uses", 40},
		{"AI Music: 30 Credits/time", "ai-music", "", "", "", 30},
		{"AI Text-to-Video, AI Text Generation: 20 Credits/time", "ai-text-to-video", "generate", "text", "", 20},
		{"AI Text-to-Video: 30 Credits/time", "ai-text-to-video", "generate", "video", "", 30},
		{"AI Translation, translate voice and text: 16 credits/minute", "ai-translation", "translate", "voice and text", "1m", 16},
		{"AI Translation, voice and text: a started minute is charged whole", "ai-translation", "translate", "voice and text", "8m12s", 144},
		{"AI Translation, only translate text: 5 credits/minute", "ai-translation", "translate", "text", "1m", 5},
		{"AI Translation, only text: a started minute is charged whole", "ai-translation", "translate", "text", "1m0.001s", 10},
		{"AI Sticker: 10 Credits/time", "ai-sticker", "", "", "", 10},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			use := with(test.feature, test.attribute, test.value, test.quantity)
			if test.attribute == "" {
				use.Attributes = nil
			}
			if got := charged(t, use); got != credits.Of(test.want) {
				t.Errorf("charged(%v) = %v, want %v", use, got, test.want)
			}
		})
	}
}

// The smallest use of every rule that counts something costs a whole block.
func TestR24_TheSmallestUseIsNeverFree(t *testing.T) {
	tests := []struct {
		rule string
		use  pricing.Use
		want int64
	}{
		{"a nanosecond of speech to text", pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(1), Attributes: map[string]string{"translation": "no"}}, 4},
		{"a nanosecond of speech to text with translation", pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(1), Attributes: map[string]string{"translation": "yes"}}, 5},
		{"one word read aloud", pricing.Use{Feature: "text-to-speech", Quantity: pricing.Count(1, pricing.UnitWord)}, 1},
		{"a nanosecond of translated voice", pricing.Use{Feature: "ai-translation", Quantity: pricing.Duration(1), Attributes: map[string]string{"translate": "voice and text"}}, 16},
		{"a nanosecond of translated text", pricing.Use{Feature: "ai-translation", Quantity: pricing.Duration(1), Attributes: map[string]string{"translate": "text"}}, 5},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if got := charged(t, test.use); got != credits.Of(test.want) {
				t.Errorf("charged(%v) = %v, want %v", test.use, got, test.want)
			}
		})
	}
}

// charged returns what a use takes from a ledger with 1,500 credits, and checks
// that its entry says why.
func charged(t *testing.T, use pricing.Use) credits.Amount {
	t.Helper()
	s := opened(t)
	for _, event := range []event{toppedUp{"ada", "order-1", "large"}, used{"ada", "job-1", use}} {
		if err := event.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", event, err)
		}
	}
	for entry, err := range s.ledger.History(t.Context(), credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindSpend}}) {
		if err != nil {
			t.Fatalf("History = %v, want no error", err)
		}
		amount := entry.Amount.Neg()
		if entry.Price.Card != "filmora" || entry.Price.Version != "13" || !strings.Contains(entry.Price.Explanation, "= "+amount.String()) {
			t.Errorf("Price = %+v, want card filmora, version 13 and an explanation that comes to %v", entry.Price, amount)
		}
		if left, err := credits.Of(1500).Sub(amount); err != nil || entry.Balance != left {
			t.Errorf("Balance = %v, want %v", entry.Balance, left)
		}
		return amount
	}
	t.Fatalf("History has no spend of %v", use)
	return credits.Amount{}
}

func TestConvertingRules(t *testing.T) {
	tests := []struct {
		sentence, feature, left string
		want                    int64
	}{
		{"Speech-to-Text: 1 minute=4 Credits", "speech-to-text", "1m", 4},
		{"Speech-to-Text: an hour", "speech-to-text", "1h", 240},
		{"Speech-to-Text: a started minute counts as a whole one", "speech-to-text", "12m30s", 52},
		{"Speech-to-Text: one second", "speech-to-text", "1s", 4},
		{"Text-to-Speech: 10 words=1 Credit", "text-to-speech", "10 words", 1},
		{"Text-to-Speech: ten started words count as ten", "text-to-speech", "1234 words", 124},
		{"Text-to-Speech: one word", "text-to-speech", "1 word", 1},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			s := opened(t)
			event := converted{"ada", "licence-1", test.feature, pricing.MustParseQuantity(test.left)}
			if err := event.handle(t.Context(), s); err != nil {
				t.Fatalf("handle(%v) = %v, want no error", event, err)
			}
			if got := balance(t, s, "ada").Available; got != credits.Of(test.want) {
				t.Errorf("Available after %v = %v, want %v", event, got, test.want)
			}
		})
	}
}

func TestAConversionCountsOncePerLicence(t *testing.T) {
	s := opened(t)
	first := converted{"ada", "licence-1", "speech-to-text", pricing.MustParseQuantity("10m")}
	for range 2 {
		if err := first.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", first, err)
		}
	}
	other := converted{"ada", "licence-1", "speech-to-text", pricing.MustParseQuantity("20m")}
	if err := other.handle(t.Context(), s); !errors.Is(err, credits.ErrIDReused) {
		t.Errorf("handle(%v) = %v, want %v", other, err, credits.ErrIDReused)
	}
	if got := balance(t, s, "ada").Available; got != credits.Of(40) {
		t.Errorf("Available = %v, want 40", got)
	}
}

// Amounts that the page names, and those that are ours.
func TestHowToGetCredits(t *testing.T) {
	tests := []struct {
		sentence string
		event    event
		want     int64
	}{
		{"The first time you log in to Filmora13, you will get 100 bonus credits", earned{"ada", "first-login", ""}, 100},
		{"Different plans: monthly, ours", paid{subscription{"sub-1", "ada", "monthly", "2024-06-01 10:00:00"}, "in-1", "2024-06-01 10:00:00"}, 300},
		{"Different plans: annual, ours", paid{subscription{"sub-1", "ada", "annual", "2024-06-01 10:00:00"}, "in-1", "2024-06-01 10:00:00"}, 1000},
		{"Different plans: perpetual, ours", bought{"ada", "order-1", "perpetual"}, 1000},
		{"Activities: daily login, ours", earned{"ada", "daily-login", ""}, 2},
		{"Activities: submission, ours", earned{"ada", "submission", "video-1"}, 50},
		{"AI Credits Pack: small, ours", toppedUp{"ada", "order-1", "small"}, 100},
		{"AI Credits Pack: medium, ours", toppedUp{"ada", "order-1", "medium"}, 500},
		{"AI Credits Pack: large, ours", toppedUp{"ada", "order-1", "large"}, 1500},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			s := opened(t)
			for range 3 { // webhooks come more than once
				if err := test.event.handle(t.Context(), s); err != nil {
					t.Fatalf("handle(%v) = %v, want no error", test.event, err)
				}
			}
			if got := balance(t, s, "ada").Available; got != credits.Of(test.want) {
				t.Errorf("Available after %v = %v, want %v", test.event, got, test.want)
			}
		})
	}
}

func TestABonusCountsAsOftenAsTheCatalogSays(t *testing.T) {
	tests := []struct {
		rule   string
		scenes []scene
		want   int64
	}{
		{"the first login counts once, whenever it is reported", []scene{
			{"2024-06-01 10:00:00", earned{"ada", "first-login", ""}},
			{"2024-06-02 10:00:00", earned{"ada", "first-login", ""}},
			{"2031-01-01 00:00:00", earned{"ada", "first-login", ""}},
		}, 100},
		{"a daily login counts once a day, to its last microsecond", []scene{
			{"2024-06-01 00:00:00", earned{"ada", "daily-login", ""}},
			{"2024-06-01 12:00:00", earned{"ada", "daily-login", ""}},
			{"2024-06-01 23:59:59.999999", earned{"ada", "daily-login", ""}},
		}, 2},
		{"the next day begins at midnight UTC", []scene{
			{"2024-06-01 23:59:59.999999", earned{"ada", "daily-login", ""}},
			{"2024-06-02 00:00:00", earned{"ada", "daily-login", ""}},
		}, 4},
		{"each submission counts once", []scene{
			{"2024-06-01 10:00:00", earned{"ada", "submission", "video-1"}},
			{"2024-06-01 10:00:00", earned{"ada", "submission", "video-2"}},
			{"2024-06-09 10:00:00", earned{"ada", "submission", "video-1"}},
		}, 100},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := opened(t)
			for _, scene := range test.scenes {
				if err := s.hear(t.Context(), scene); err != nil {
					t.Fatalf("hear(%v) = %v, want no error", scene, err)
				}
			}
			if got := balance(t, s, "ada").Available; got != credits.Of(test.want) {
				t.Errorf("Available = %v, want %v", got, test.want)
			}
		})
	}
}

func TestEveryAccountHasItsOwnFirstLogin(t *testing.T) {
	s := opened(t)
	for _, account := range []string{"ada", "grace"} {
		if err := (earned{account, "first-login", ""}).handle(t.Context(), s); err != nil {
			t.Fatalf("handle(first login of %s) = %v, want no error", account, err)
		}
		if got := balance(t, s, account).Available; got != credits.Of(100) {
			t.Errorf("Available of %s = %v, want 100", account, got)
		}
	}
}

// A promise that the catalog changes later is not given again.
func TestAChangedBonusIsNotGivenASecondTime(t *testing.T) {
	s := opened(t)
	first := earned{"ada", "first-login", ""}
	if err := first.handle(t.Context(), s); err != nil {
		t.Fatalf("handle(%v) = %v, want no error", first, err)
	}
	s.catalog = pricing.MustParse([]byte(strings.Replace(string(catalogJSON),
		`"credits": 100, "once": "per account"`, `"credits": 120, "once": "per account"`, 1)))
	if err := first.handle(t.Context(), s); !errors.Is(err, credits.ErrIDReused) {
		t.Errorf("handle(%v) with 120 credits = %v, want %v", first, err, credits.ErrIDReused)
	}
	if got := balance(t, s, "ada").Available; got != credits.Of(100) {
		t.Errorf("Available = %v, want 100", got)
	}
}

func TestR19_AFirstLoginReportedByTwentyDevicesCountsOnce(t *testing.T) {
	s := opened(t)
	bonus, err := s.catalog.Bonus("first-login")
	if err != nil {
		t.Fatalf("Bonus = %v, want no error", err)
	}
	grant, err := bonus.Grant("ada", pricing.Claim{})
	if err != nil {
		t.Fatalf("Grant = %v, want no error", err)
	}
	fresh, devices := make(chan bool, 20), sync.WaitGroup{}
	for range cap(fresh) {
		devices.Go(func() {
			receipt, err := s.ledger.Grant(t.Context(), grant)
			if err != nil {
				t.Errorf("Grant = %v, want no error", err)
			}
			fresh <- !receipt.Replayed
		})
	}
	devices.Wait()
	close(fresh)
	first := 0
	for isFirst := range fresh {
		if isFirst {
			first++
		}
	}
	if b := balance(t, s, "ada"); first != 1 || b.Available != credits.Of(100) || len(b.Lots) != 1 {
		t.Errorf("first receipts, available, lots = %d, %v, %d, want 1, 100, 1", first, b.Available, len(b.Lots))
	}
}

// The catalog has what the page has, and says where it has more.
func TestTheCatalogIsThePage(t *testing.T) {
	c := opened(t).catalog
	want := []string{"ai-copywriting", "ai-image", "ai-music", "ai-sticker", "ai-text-to-video", "ai-translation", "speech-to-text", "text-to-speech"}
	for _, card := range c.Cards() {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(card.Features))); diff != "" {
			t.Errorf("features of card %s (-want +got):\n%s", card.Version, diff)
		}
	}
	notes := make(map[string]string)
	for _, plan := range c.Plans() {
		notes["plan "+plan.ID] = plan.Note
	}
	for _, pack := range c.Packs() {
		notes["pack "+pack.ID] = pack.Note
	}
	for _, bonus := range c.Bonuses() {
		notes["bonus "+bonus.ID] = bonus.Note
	}
	for _, conversion := range c.Conversions() {
		notes["conversion "+conversion.ID] = conversion.Note
	}
	for item, note := range notes {
		if isOurs := strings.HasPrefix(note, "Ours: "); isOurs == (item == "bonus first-login") {
			t.Errorf("note of %s = %q: want %q where the page is silent, and only there", item, note, "Ours: ")
		}
	}
	if len(notes) != 11 {
		t.Errorf("the catalog has %d items, want 3 plans, 3 packs, 3 bonuses and 2 conversions", len(notes))
	}
}

func TestPricesOfPlansAndPacks(t *testing.T) {
	c := opened(t).catalog
	got := make(map[string]string)
	for _, plan := range c.Plans() {
		got["plan "+plan.ID] = plan.Price.String()
	}
	for _, pack := range c.Packs() {
		got["pack "+pack.ID] = pack.Price.String()
	}
	want := map[string]string{
		"plan monthly": "19.99 USD", "plan annual": "49.99 USD", "plan perpetual": "79.99 USD",
		"pack small": "5.99 USD", "pack medium": "19.99 USD", "pack large": "49.99 USD",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
}
