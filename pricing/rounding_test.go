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
