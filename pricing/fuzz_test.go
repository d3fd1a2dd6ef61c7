package pricing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// FuzzTexts checks all short texts of a catalog alike: what is read is written as
// text that reads as the same, also within JSON, and what is not is ErrText.
func FuzzTexts(f *testing.F) {
	for _, seed := range []string{
		"", "0", "6.3", "1/3", "0007", "2/6", "0.000000001", "9223372036854775807", "1/0", "1e3",
		"49 USD", "49.90 EUR", "1500 JPY", "0.001 KWD", "0 USD", "49  USD", "10000000000000.01 USD",
		"at most 30 within 1 month", "at most 0.000001 within 36 hours in Europe/Berlin", "at most 0 within 1 day",
		"up to 0.01", "half even to 1", "down to 1000000000000", "up to 0",
		"per account", "per day in Asia/Shanghai", "per month", "per key", "per day in Local",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reads(t, text, pricing.ParseRatio, func(a, b pricing.Ratio) bool { return a.Equal(b) })
		reads(t, text, pricing.ParseMoney, func(a, b pricing.Money) bool { return a == b })
		reads(t, text, pricing.ParseLimit, func(a, b pricing.Limit) bool { return a == b })
		reads(t, text, pricing.ParseRounding, func(a, b pricing.Rounding) bool { return a == b })
		reads(t, text, pricing.ParseOnce, pricing.Once.Equal)
		reads(t, text, pricing.ParseQuantity, func(a, b pricing.Quantity) bool { return a == b })
	})
}

// reads checks one type's text form.
func reads[T fmt.Stringer](t *testing.T, text string, parse func(string) (T, error), equal func(a, b T) bool) {
	t.Helper()
	read, err := parse(text)
	if err != nil {
		if zero := *new(T); !errors.Is(err, pricing.ErrText) || !equal(read, zero) {
			t.Errorf("Parse(%q) as %T = %v, %v, want nothing, ErrText", text, read, read, err)
		}
		return
	}
	if again, err := parse(read.String()); err != nil || !equal(again, read) || again.String() != read.String() {
		t.Errorf("Parse(%q) as %T = %v, %v, want %v, which was read from %q", read.String(), read, again, err, read, text)
	}
	data, err := json.Marshal(read)
	if err != nil {
		t.Fatalf("Marshal(%v) of %q = %v, want no error", read, text, err)
	}
	var back T
	if err := json.Unmarshal(data, &back); err != nil || !equal(back, read) {
		t.Errorf("Unmarshal(%s) as %T = %v, %v, want %v", data, read, back, err, read)
	}
}

// written is a catalog as JSON has it, made of what its methods return.
type written struct {
	Name        string                        `json:"name"`
	Note        string                        `json:"note,omitempty"`
	Cards       []pricing.RateCard            `json:"cards"`
	Plans       map[string]pricing.Plan       `json:"plans,omitempty"`
	Packs       map[string]pricing.Pack       `json:"packs,omitempty"`
	Bonuses     map[string]pricing.Bonus      `json:"bonuses,omitempty"`
	Conversions map[string]pricing.Conversion `json:"conversions,omitempty"`
}

func write(c *pricing.Catalog) written {
	return written{
		Name: c.Name(), Note: c.Note(), Cards: c.Cards(),
		Plans: byID(c.Plans(), func(p pricing.Plan) string { return p.ID }), Packs: byID(c.Packs(), func(p pricing.Pack) string { return p.ID }),
		Bonuses:     byID(c.Bonuses(), func(b pricing.Bonus) string { return b.ID }),
		Conversions: byID(c.Conversions(), func(c pricing.Conversion) string { return c.ID }),
	}
}

func byID[T any](items []T, id func(T) string) map[string]T {
	all := make(map[string]T, len(items))
	for _, item := range items {
		all[id(item)] = item
	}
	return all
}

// asWritten compares catalogs by what their texts say.
var asWritten = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b credits.Amount) bool { return a == b }), cmp.Comparer(func(a, b pricing.Money) bool { return a == b }),
	cmp.Comparer(func(a, b pricing.Quantity) bool { return a == b }), cmp.Comparer(func(a, b pricing.Ratio) bool { return a.Equal(b) }),
}

// FuzzCatalog checks that a catalog that loads can be written as JSON, and loads
// again as the same.
func FuzzCatalog(f *testing.F) {
	f.Add([]byte(catalogText))
	for _, folder := range []string{"testdata", filepath.Join("..", "examples", "catalogs"), filepath.Join("..", "examples", "gateway")} {
		names, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil || len(names) == 0 {
			f.Fatalf("Glob(%s) = %v, %v, want catalogs", folder, names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := pricing.Parse(data)
		if err != nil {
			return
		}
		first := write(c)
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("Marshal of %s = %v, want no error", data, err)
		}
		again, err := pricing.Parse(text)
		if err != nil {
			t.Fatalf("Parse(%s) = %v, want what was loaded from %s", text, err, data)
		}
		if diff := cmp.Diff(first, write(again), asWritten); diff != "" {
			t.Errorf("%s, written and loaded again (-first +again):\n%s", data, diff)
		}
		if twice, err := json.Marshal(write(again)); err != nil || !bytes.Equal(text, twice) {
			t.Errorf("Marshal again = %s, %v, want %s", twice, err, text)
		}
	})
}
