package pricing_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// catalogText is a small catalog, one item a line, for tests that break it.
const catalogText = `{
  "name": "studio",
  "cards": [
    {"name": "studio", "version": "1", "effective": "2025-01-01T00:00:00Z", "features": {
      "speech-to-text": {"credits": 4, "per": "1 minute"}, "ai-music": {"credits": 30}}},
    {"name": "studio", "version": "2", "effective": "2026-01-01T00:00:00Z", "features": {
      "speech-to-text": {"credits": 5, "per": "1 minute"}}}
  ],
  "plans": {
    "pro": {"credits": 350, "cycle": "1 month", "price": "20 USD", "valid": "while subscribed"}},
  "packs": {
    "small": {"credits": 125, "price": "49 USD", "valid": "permanent"},
    "large": {"credits": 300, "price": "99 USD", "valid": "permanent", "features": ["ai-music"]}},
  "bonuses": {
    "login": {"credits": 100, "once": "per account", "valid": "permanent"}},
  "conversions": {
    "words": {"credits": 1, "per": "10 words", "valid": "permanent"}}
}`

// read returns a catalog of testdata.
func read(t testing.TB, name string) *pricing.Catalog {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	c, err := pricing.Load(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("Load(%s) = %v, want no error", name, err)
	}
	return c
}

func TestParseSaysWhereACatalogIsWrong(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"an unknown field", `"once": "per account"`, `"once": "per account", "ones": 1`, `line 15, column 54: bonuses["login"]: unknown field "ones": want credits, features, name, nonrefundable, note, once, priority, rollover, usable, valid`},
		{"a misspelt rule", `"per": "10 words"`, `"pro": "10 words"`, `line 17, column 29: conversions["words"]: unknown field "pro"`},
		{"a missing price", `"price": "99 USD", `, ``, `line 13, column 14: packs["large"]: missing field "price"`},
		{"a missing validity", `"once": "per account", "valid": "permanent"`, `"once": "per account"`, `line 15, column 14: bonuses["login"]: missing field "valid"`},
		{"a missing name", `"name": "studio",` + "\n", ``, `line 1, column 1: missing field "name"`},
		{"a pack given twice", `"large":`, `"small":`, `line 13, column 5: packs: key "small" is given twice, first on line 12`},
		{"a second document", "\n}", "\n}\n{}", `line 19, column 1: not JSON: invalid character '{' after top-level value`},
		{"a plan that is text", `{"credits": 350, "cycle": "1 month", "price": "20 USD", "valid": "while subscribed"}`, `"pro"`, `line 10, column 12: plans["pro"]: want an object, got a string`},
		{"credits in an exponent", `"credits": 350`, `"credits": 3e2`, `line 10, column 24: plans["pro"].credits: number 3e2 has an exponent: write it out`},
		{"credits without an end", `"credits": 350`, `"credits": 1e1000000000`, `plans["pro"].credits: number 1e1000000000 has an exponent: write it out`},
		{"credits of zero", `"credits": 350`, `"credits": 0`, `line 10, column 24: plans["pro"].credits: is 0: must be more than zero`},
		{"negative credits", `"credits": 100`, `"credits": -100`, `line 15, column 26: bonuses["login"].credits: is -100: must be more than zero`},
		{"too many credits", `"credits": 100`, `"credits": 1000000000001`, `line 15, column 26: bonuses["login"].credits: credits: parse 1000000000001 is beyond the limit`},
		{"a price of zero", `"49 USD"`, `"0 USD"`, `line 12, column 40: packs["small"].price: price "0 USD" is not more than zero`},
		{"a negative price", `"49 USD"`, `"-49 USD"`, `line 12, column 40: packs["small"].price: price "-49 USD" is not an amount and a currency`},
		{"a price without a currency", `"49 USD"`, `49`, `line 12, column 40: packs["small"].price: want a string, got a number`},
		{"a currency that does not exist", `"49 USD"`, `"49 USB"`, `line 12, column 40: packs["small"].price: price "49 USB" is in "USB", which is not an ISO 4217 currency`},
		{"prices in two currencies", `"99 USD"`, `"99 EUR"`, `line 12, column 40: packs["small"].price: is in USD, and others in EUR: a catalog has one currency`},
		{"a conversion whose rule is wrong", `"per": "10 words"`, `"per": "0 words"`, `conversions["words"].per`},
		{"a conversion of an unknown feature", `"per": "10 words"`, `"per": "10 words", "features": ["nothing"]`, `conversions["words"].features[0]`},
		{"no cards", catalogText[strings.Index(catalogText, "[\n"):strings.Index(catalogText, `,`+"\n"+`  "plans"`)], `[]`, `line 3, column 12: cards: is empty: want at least one rate card`},
		{"two cards of one version", `"version": "2"`, `"version": "1"`, `line 6, column 35: cards[1].version: is "1", as in cards[0]`},
		{"two cards from one instant", `"2026-01-01T00:00:00Z"`, `"2025-01-01T01:00:00+01:00"`, `line 6, column 53: cards[1].effective: is 2025-01-01T00:00:00Z, as in cards[0]`},
		{"a card from no instant", `"2026-01-01T00:00:00Z"`, `"2026-01-01"`, `line 6, column 53: cards[1].effective: is not an instant: want one such as 2024-01-01T00:00:00Z`},
		{"a card without features", `{` + "\n" + `      "speech-to-text": {"credits": 5, "per": "1 minute"}}`, `{}`, `line 6, column 89: cards[1].features: has 0 features: want 1 to 10000`},
		{"a rule without a price", `{"credits": 30}`, `{}`, `line 5, column 72: cards[0].features["ai-music"]: has no price`},
		{"a block of nothing", `"credits": 4, "per": "1 minute"`, `"credits": 4, "per": "0 minutes"`, `line 5, column 47: cards[0].features["speech-to-text"].per: "0s" is not more than nothing`},
		{"a block in no unit", `"credits": 4, "per": "1 minute"`, `"credits": 4, "per": "60"`, `line 5, column 47: cards[0].features["speech-to-text"].per: quantity "60"`},
		{"a policy that cannot be read", `"once": "per account", "valid": "permanent"`, `"once": "per account", "valid": "for ever"`, `line 15, column 63: bonuses["login"].valid: expiry: cannot read "for ever"`},
		{"a pack to the end of a period", `"49 USD", "valid": "permanent"`, `"49 USD", "valid": "earliest(end of period, 1 year)"`, `line 12, column 59: packs["small"].valid: is "earliest(end of period, 1 year)": only a plan with a cycle has periods`},
		{"a plan bought once to the end of a period", `"cycle": "1 month", "price": "20 USD", "valid": "while subscribed"`, `"valid": "end of period"`, `line 10, column 38: plans["pro"].valid: is "end of period": only a plan with a cycle has periods`},
		{"a rollover that cannot be read", `"large": {`, `"large": {"rollover": "all", `, `line 13, column 27: packs["large"].rollover: expiry: cannot read "all"`},
		{"a rollover of a priority out of range", `"valid": "while subscribed"`, `"valid": "while subscribed", "rollover": "all for 1 month, priority 1001"`, `line 10, column 109: plans["pro"].rollover: expiry: cannot read "all for 1 month, priority 1001": 1001 is beyond 1000`},
		{"a rollover of what never ends", `"large": {`, `"large": {"rollover": "all for 1 month", `, `line 13, column 27: packs["large"].rollover: is given for credits that never end`},
		{"a rollover into a period that is over", `"valid": "while subscribed"`, `"valid": "end of period", "rollover": "all for end of period"`, `plans["pro"].rollover: is "all for end of period": the period of the credits is over then`},
		{"a trigger of zero", `"small": {`, `"small": {"auto": {"below": 0, "limit": "at most 125 within 1 month"}, `, `line 12, column 33: packs["small"].auto.below: is 0: must be more than zero`},
		{"a trigger above what the pack brings", `"small": {`, `"small": {"auto": {"below": 125.000001, "limit": "at most 125 within 1 month"}, `, `packs["small"].auto.below: is 125.000001, more than the 125 of the pack, which might not bring the balance back`},
		{"a trigger without a limit", `"small": {`, `"small": {"auto": {"below": 100}, `, `line 12, column 23: packs["small"].auto: missing field "limit"`},
		{"a limit below what the pack brings", `"small": {`, `"small": {"auto": {"below": 100, "limit": "at most 124.999999 within 1 month"}, `, `line 12, column 47: packs["small"].auto.limit: is "at most 124.999999 within 1 month", less than the 125 of the pack`},
		{"a limit of top-ups that cannot be read", `"small": {`, `"small": {"auto": {"below": 100, "limit": "2 per 1 month"}, `, `packs["small"].auto.limit: limit "2 per 1 month" is not an amount and a span`},
		{"a top-up that names another pack", `"small": {`, `"small": {"auto": {"pack": "large", "below": 100, "limit": "at most 125 within 1 month"}, `, `packs["small"].auto: unknown field "pack": want below, limit`},
		{"another word for usable", `"large": {`, `"large": {"usable": "always", `, `line 13, column 25: packs["large"].usable: is "always": want "while subscribed"`},
		{"an empty word for usable", `"large": {`, `"large": {"usable": "", `, `line 13, column 25: packs["large"].usable: is empty: leave the field out, or give it a value`},
		{"another refill", `"credits": 350`, `"refill": "replace", "credits": 350`, `line 10, column 23: plans["pro"].refill: is "replace": want "add" or "reset"`},
		{"a refill of what comes once", `"cycle": "1 month"`, `"refill": "add"`, `plans["pro"].refill: is given for a plan without a cycle`},
		{"a rollover of what is reset", `"cycle": "1 month"`, `"cycle": "1 month", "refill": "reset", "rollover": "all for 1 month"`, `plans["pro"].rollover: is given beside "refill": "reset", which lets nothing go on`},
		{"a limit of what comes once", `"cycle": "1 month"`, `"limit": "at most 400 within 1 month"`, `plans["pro"].limit: is given for a plan without a cycle`},
		{"a limit below one cycle", `"cycle": "1 month"`, `"cycle": "1 month", "limit": "at most 349.999999 within 1 year"`, `plans["pro"].limit: is "at most 349.999999 within 1 year", less than the 350 of one cycle`},
		{"a limit within less than a cycle", `"cycle": "1 month"`, `"cycle": "1 month", "limit": "at most 400 within 30 days"`, `plans["pro"].limit: is "at most 400 within 30 days", within less than one cycle of "1 month"`},
		{"a limit that cannot be read", `"cycle": "1 month"`, `"cycle": "1 month", "limit": "30 a month"`, `plans["pro"].limit: limit "30 a month" is not an amount and a span`},
		{"a cycle that cannot be read", `"1 month"`, `"monthly"`, `line 10, column 38: plans["pro"].cycle: expiry: cannot read "monthly"`},
		{"billing that cycles do not divide", `"valid": "while`, `"billed": "45 days", "valid": "while`, `plans["pro"].billed: is "45 days", which is not a whole number of cycles of "1 month"`},
		{"billing in another location", `"cycle": "1 month", "price": "20 USD", "valid": "while`, `"cycle": "1 month in Europe/Berlin", "price": "20 USD", "billed": "1 year", "valid": "while`, `plans["pro"].billed: is "1 year", which is not a whole number of cycles of "1 month in Europe/Berlin"`},
		{"days of hours where clocks change", `"cycle": "1 month", "price": "20 USD", "valid": "while`, `"cycle": "24 hours", "price": "20 USD", "billed": "1 day in Europe/Berlin", "valid": "while`, `plans["pro"].billed: is "1 day in Europe/Berlin", which is not a whole number of cycles of "24 hours"`},
		{"billing without a price", `"price": "20 USD", "valid": "while`, `"billed": "1 year", "valid": "while`, `plans["pro"].billed: is given for a plan without a price`},
		{"billing without a cycle", `"cycle": "1 month", "price": "20 USD"`, `"price": "20 USD", "billed": "1 year"`, `plans["pro"].billed: is given for a plan without a cycle`},
		{"a feature that no card prices", `["ai-music"]`, `["ai-music", "ai-mucis"]`, `line 13, column 97: packs["large"].features[1]: is "ai-mucis", which no card prices`},
		{"a feature named twice", `["ai-music"]`, `["ai-music", "ai-music"]`, `line 13, column 97: packs["large"].features[1]: names "ai-music" twice`},
		{"a priority out of range", `"features": ["ai-music"]`, `"priority": 1001`, `packs["large"].priority: is 1001, beyond 1000`},
		{"a bonus too often", `"per account"`, `"per week"`, `line 15, column 39: bonuses["login"].once: once "per week" is none of`},
		{"a bonus in no place", `"per account"`, `"per day in Atlantis"`, `line 15, column 39: bonuses["login"].once: once "per day in Atlantis" is not in an IANA time zone`},
		{"a bonus in a place after two spaces", `"per account"`, `"per day in  UTC"`, `line 15, column 39: bonuses["login"].once: once "per day in  UTC" is not in an IANA time zone`},
		{"a bonus in a place before a space", `"per account"`, `"per day in Asia/Tokyo "`, `line 15, column 39: bonuses["login"].once: once "per day in Asia/Tokyo " is not in an IANA time zone`},
		{"a bonus on this machine's day", `"per account"`, `"per day in Local"`, `line 15, column 39: bonuses["login"].once: once "per day in Local" is not in an IANA time zone`},
		{"a conversion of an attribute", `"credits": 1, "per": "10 words"`, `"credits": 1, "per": "10 words", "factors": {"voice": {"new": 2}}`, `line 17, column 14: conversions["words"]: asks for the attribute "voice"`},
		{"a conversion of several quantities", `"credits": 1, "per": "10 words"`, `"meters": {"words": {"credits": 1, "per": "10 words"}}`, `line 17, column 25: conversions["words"].meters: asks for several quantities`},
		{"an empty ID", `"small":`, `"":`, `line 12, column 9: packs[""]: has an ID that is empty`},
		{"a long ID", `"small":`, `"` + strings.Repeat("s", 49) + `":`, `has an ID that is longer than 48 bytes`},
		{"an ID that is long once escaped", `"small":`, `"` + strings.Repeat(":", 17) + `":`, `has an ID that takes 51 bytes escaped, more than 48`},
		{"an ID with a line break", `"small":`, `"sm\nall":`, `line 12, column 16: packs["sm\nall"]: has an ID that has a control character`},
		{"a long name", `"name": "studio",` + "\n", `"name": "` + strings.Repeat("n", 129) + `",` + "\n", `line 2, column 11: name: is longer than 128 bytes`},
		{"a name that is not UTF-8", `"name": "studio",` + "\n", "\"name\": \"\xff\",\n", `line 2, column 12: not UTF-8`},
		{"a note with a zero byte", `"once": "per account"`, `"note": "\u0000", "once": "per account"`, `line 15, column 39: bonuses["login"].note: has a zero byte`},
		{"a long name of a pack", `{"credits": 125,`, `{"name": "` + strings.Repeat("n", 129) + `", "credits": 125,`, `line 12, column 23: packs["small"].name: is longer than 128 bytes`},
		{"more packs than a price list has", `"small":`, manyPacks(), `packs: has 202, more than 200`},
		{"more features than a lot can name", `["ai-music"]`, `["` + strings.Repeat(`ai-music", "`, 64) + `ai-music"]`, `packs["large"].features: names 65, more than 64`},
		{"a plan in another currency", `"20 USD"`, `"20 EUR"`, `line 10, column 58: plans["pro"].price: is in EUR, and others in USD: a catalog has one currency`},
		{"a long note", `"once": "per account"`, `"note": "` + strings.Repeat("n", 4097) + `", "once": "per account"`, `bonuses["login"].note: is longer than 4096 bytes`},
	}
	if _, err := pricing.Parse([]byte(catalogText)); err != nil {
		t.Fatalf("Parse(%s) = %v, want no error", catalogText, err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(catalogText, test.old) {
				t.Fatalf("the catalog has no %s", test.old)
			}
			c, err := pricing.Parse([]byte(strings.Replace(catalogText, test.old, test.new, 1)))
			if err == nil || c != nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "pricing: catalog: line ") {
				t.Errorf("Parse = %v, %v, want ... %s", c, err, test.want)
			}
			if _, ok := errors.AsType[*pricing.CatalogError](err); !ok || !errors.Is(err, pricing.ErrCatalog) {
				t.Errorf("Parse = %T, want *CatalogError", err)
			}
		})
	}
}

// manyPacks are 200 packs, and the key of one more.
func manyPacks() string {
	var packs strings.Builder
	for i := range 200 {
		fmt.Fprintf(&packs, `"p%d": {"credits": 1, "price": "1 USD", "valid": "permanent"}, `, i)
	}
	return packs.String() + `"small":`
}

func TestCatalogErrorKeepsTheCause(t *testing.T) {
	for old, want := range map[string]error{`"49 USD"`: pricing.ErrText, `"1 month"`: nil} {
		_, err := pricing.Parse([]byte(strings.Replace(catalogText, old, `"0 USD"`, 1)))
		if failure, ok := errors.AsType[*pricing.CatalogError](err); !ok || failure.Err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("Parse = %v, want a *CatalogError around %v", err, want)
		}
	}
}

// An amount that is more precise than its unit is refused where it is read, and
// never rounded.
func TestR23_OverPreciseNumbersAreRefused(t *testing.T) {
	for old, precise := range map[string]string{
		`"credits": 350`:                  `"credits": 350.0000001`,
		`"credits": 100`:                  `"credits": "100.0000000"`,
		`"49 USD"`:                        `"49.999 USD"`,
		`"99 USD"`:                        `"99.000 USD"`,
		`"20 USD"`:                        `"20.5 JPY"`,
		`"credits": 4, "per": "1 minute"`: `"credits": 4.0000000001, "per": "1 minute"`,
		`"per": "10 words"`:               `"per": "10.5 words"`,
	} {
		t.Run(precise, func(t *testing.T) {
			_, err := pricing.Parse([]byte(strings.Replace(catalogText, old, precise, 1)))
			if !errors.Is(err, pricing.ErrCatalog) {
				t.Errorf("Parse with %s = %v, want %v", precise, err, pricing.ErrCatalog)
			}
		})
	}
}

func TestLoadPassesOnTheReadersError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := pricing.Load(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("Load = %v, want %v", err, broken)
	}
	if _, err := pricing.Load(strings.NewReader(catalogText + strings.Repeat(" ", 1<<20))); !errors.Is(err, pricing.ErrCatalog) {
		t.Errorf("Load of a large catalog = %v, want %v", err, pricing.ErrCatalog)
	}
}

func TestMustParsePanicsOnAnError(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustParse(nil) does not panic")
		}
	}()
	pricing.MustParse(nil)
}

// FuzzParse checks that no text hangs or breaks the parser, and that a catalog
// that loads does what a catalog promises.
func FuzzParse(f *testing.F) {
	f.Add([]byte(catalogText))
	for _, name := range []string{"filmora.json", "powtoon.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := pricing.Parse(data)
		if err != nil {
			if failure, ok := errors.AsType[*pricing.CatalogError](err); !ok || failure.Line < 1 || failure.Column < 1 || failure.Reason == "" {
				t.Errorf("Parse(%q) = %#v, want a *CatalogError with a place and a reason", data, err)
			}
			return
		}
		for _, p := range c.Packs() {
			if !p.PricePerCredit().IsPositive() {
				t.Errorf("pack %q costs %v a credit, want more than zero", p.ID, p.PricePerCredit())
			}
			if basket, err := c.CheapestPacks(credits.Micros(1), ""); err == nil && basket.Credits.Sign() <= 0 {
				t.Errorf("CheapestPacks = %v, want credits", basket)
			}
		}
		again, err := pricing.Parse(data)
		if err != nil {
			t.Fatalf("Parse(%q) again = %v, want no error", data, err)
		}
		if diff := cmp.Diff(c.Plans(), again.Plans(), cmp.AllowUnexported(pricing.Money{}, credits.Amount{})); diff != "" {
			t.Errorf("Parse(%q) twice (-first +second):\n%s", data, diff)
		}
	})
}
