package pricing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

func TestR21_RoundingModes(t *testing.T) {
	for _, c := range []struct{ exact, to, up, down, halfUp, halfEven string }{
		{"2", "1", "2", "2", "2", "2"},
		{"2.1", "1", "3", "2", "2", "2"},
		{"2.5", "1", "3", "2", "3", "2"},
		{"3.5", "1", "4", "3", "4", "4"},
		{"2.9", "1", "3", "2", "3", "3"},
		{"0.5", "1", "1", "0", "1", "0"},
		{"1/3", "0.01", "0.34", "0.33", "0.33", "0.33"},
		{"2/3", "0.000001", "0.666667", "0.666666", "0.666667", "0.666667"},
		{"0.125", "0.25", "0.25", "0", "0.25", "0"},
		{"0.375", "0.25", "0.5", "0.25", "0.5", "0.5"},
		{"7", "5", "10", "5", "5", "5"},
	} {
		for mode, want := range map[pricing.Mode]string{
			pricing.Up: c.up, pricing.Down: c.down, pricing.HalfUp: c.halfUp, pricing.HalfEven: c.halfEven,
		} {
			r := pricing.Rule{
				Credits: pricing.MustParseRatio(c.exact),
				Round:   pricing.Rounding{Mode: mode, To: credits.MustParse(c.to)},
			}
			if q, err := r.Quote(pricing.Use{}); err != nil || q.Amount != credits.MustParse(want) {
				t.Errorf("Quote(%s rounded %v) = %v, %v, want %v", c.exact, r.Round, q.Amount, err, want)
			}
		}
	}
}

func TestR21_TheSumIsRoundedNotItsParts(t *testing.T) {
	r := readRule(t, `{"round": "up to 1", "meters": {
		"a": {"credits": "1/3", "per": "1 token"}, "b": {"credits": "1/3", "per": "1 token"}, "c": {"credits": "1/3", "per": "1 token"}}}`)
	token := pricing.Count(1, pricing.UnitToken)
	q, err := r.Quote(pricing.Use{Meters: map[string]pricing.Quantity{"a": token, "b": token, "c": token}})
	if err != nil || q.Amount != credits.Of(1) {
		t.Errorf("Quote(three thirds) = %v, %v, want 1", q.Amount, err)
	}
}

// A step of a million credits and a rate of a billionth take more than 64 bits.
func TestR21_RoundingModesBeyond64Bits(t *testing.T) {
	for _, c := range []struct{ tokens, up, down, halfUp, halfEven int64 }{
		{499_999_999_999_999, 1, 0, 0, 0},
		{500_000_000_000_000, 1, 0, 1, 0},
		{500_000_000_000_001, 1, 0, 1, 1},
		{1_000_000_000_000_000, 1, 1, 1, 1},
		{1_000_000_000_000_001, 2, 1, 1, 1},
		{1_500_000_000_000_000, 2, 1, 2, 2},
		{2_500_000_000_000_000, 3, 2, 3, 2},
	} {
		for mode, want := range map[pricing.Mode]int64{
			pricing.Up: c.up, pricing.Down: c.down, pricing.HalfUp: c.halfUp, pricing.HalfEven: c.halfEven,
		} {
			r := pricing.Rule{
				Credits: pricing.MustParseRatio("0.000000001"), Per: pricing.Count(1, pricing.UnitToken),
				Round: pricing.Rounding{Mode: mode, To: credits.Of(1_000_000)},
			}
			q, err := r.Quote(pricing.Use{Quantity: pricing.Count(c.tokens, pricing.UnitToken)})
			if err != nil || q.Amount != credits.Of(want*1_000_000) {
				t.Errorf("Quote(%d tokens rounded %v) = %v, %v, want %d000000", c.tokens, r.Round, q.Amount, err, want)
			}
		}
	}
}

// Sums and comparisons that pass 64 bits are exact all the same.
func TestR28_LinesAddUpBeyond64Bits(t *testing.T) {
	const most = 9223372036854775807
	for _, c := range []struct {
		name, a, b       string
		aTokens, bTokens int64
		want             string // the exact sum, too much for an amount
	}{
		{"of one denominator", "1", "1", most, most, "18446744073709551614"},
		{"a left side that is too large", "1/3", "1/2", most, 1, "18446744073709551617/6"},
		{"a right side that is too large", "1/3", "1/2", 1, most, "27670116110564327423/6"},
		{"two sides of which the sum is too large", "1", "1/2", 2_500_000_000_000_000_000, 5_000_000_000_000_000_001, "10000000000000000001/2"},
		{"a denominator that is too large", "1/4000000007", "1/4000000009", 1_000_000_000_000_000_000, 1_000_000_000_000_000_000, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, `{"meters": {"a": {"credits": "`+c.a+`", "per": "1 token"}, "b": {"credits": "`+c.b+`", "per": "1 token"}}}`)
			q, err := r.Quote(pricing.Use{Meters: map[string]pricing.Quantity{
				"a": pricing.Count(c.aTokens, pricing.UnitToken), "b": pricing.Count(c.bTokens, pricing.UnitToken),
			}})
			if c.want == "" {
				if want := credits.MustParse("499999999.000001"); err != nil || q.Amount != want {
					t.Errorf("Quote() = %v, %v, want %v", q.Amount, err, want)
				}
				return
			}
			if !errors.Is(err, credits.ErrOverflow) || !strings.Contains(err.Error(), " "+c.want+" ") {
				t.Errorf("Quote() = %v, %v, want ErrOverflow naming %s", q.Amount, err, c.want)
			}
		})
	}
	r := readRule(t, `{"credits": "1/999999999989", "factors": {"a": {"x": "1/999999999961"}}, "least": 1}`)
	if q, err := r.Quote(given("", "a", "x")); err != nil || q.Amount != credits.Of(1) {
		t.Errorf("Quote(next to nothing, at least 1) = %v, %v, want 1", q.Amount, err)
	}
}

func TestParseRounding(t *testing.T) {
	for _, text := range []string{"up to 0.01", "down to 1", "half up to 0.000001", "half even to 1000000000000"} {
		if r, err := pricing.ParseRounding(text); err != nil || r.String() != text {
			t.Errorf("ParseRounding(%q) = %v, %v, want it back", text, r, err)
		}
	}
	if got := (pricing.Rounding{}).String(); got != "up to 0.000001" {
		t.Errorf("String() of the zero Rounding = %q, want the default", got)
	}
	for _, c := range []struct{ text, want string }{
		{"", "not a mode and a step"},
		{"up", "not a mode and a step"},
		{"upwards to 1", "not up, down"},
		{"up to 0", "not between"},
		{"half even to " + strings.Repeat("0", 51) + "1", "longer than 64 bytes"},
		{"up to -1", "not a mode and a step"},
		{"up to +0.01", "not a mode and a step"},
		{"up to ", "not a mode and a step"},
		{"up to 0.0000001", "six decimals"},
		{"up to 1000000000001", "limit"},
		{"up to 1e3", "not a decimal"},
		{"up to " + strings.Repeat("9", 1000), "longer than 64 bytes"},
		{"up to " + strings.Repeat("9", 50), "not credits"},
	} {
		r, err := pricing.ParseRounding(c.text)
		if !errors.Is(err, pricing.ErrText) || !strings.Contains(err.Error(), c.want) || r != (pricing.Rounding{}) {
			t.Errorf("ParseRounding(%q) = %v, %v, want ErrText saying %q", c.text, r, err, c.want)
		}
	}
}
