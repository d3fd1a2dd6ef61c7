package pricing_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

func TestParseRatio(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a whole number", "4", "4"},
		{"zero", "0", "0"},
		{"zero with decimals", "0.000", "0"},
		{"a decimal", "6.30", "6.3"},
		{"nine decimals", "0.000000001", "0.000000001"},
		{"a fraction", "1/3", "1/3"},
		{"a fraction in lowest terms", "2/6", "1/3"},
		{"a fraction that is a decimal", "1/4", "0.25"},
		{"a fraction of zero", "0/7", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r, err := pricing.ParseRatio(c.text); err != nil || r.String() != c.want {
				t.Errorf("ParseRatio(%q) = %v, %v, want %v", c.text, r, err, c.want)
			}
		})
	}
}

func TestR23_ParseRatioRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "plain decimal"},
		{"a negative number", "-1", "plain decimal"},
		{"an exponent", "1e9", "plain decimal"},
		{"a huge exponent, at once", "1e1000000000", "plain decimal"},
		{"not a number", "NaN", "plain decimal"},
		{"a tenth decimal", "0.0000000001", "nine decimals"},
		{"a tenth decimal that is zero", "0.1000000000", "nine decimals"},
		{"more than an int64", "9223372036854775808", "out of range"},
		{"division by zero", "1/0", "divides by zero"},
		{"a fraction of decimals", "1.5/2", "not whole"},
		{"a fraction by decimals", "1/2.5", "not whole"},
		{"a fraction of fractions", "1/2/3", "plain decimal"},
		{"spaces", " 1", "plain decimal"},
		{"digits without end", strings.Repeat("1", 1000), "longer than 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := pricing.ParseRatio(c.text)
			if !errors.Is(err, pricing.ErrText) || r.IsGiven() {
				t.Fatalf("ParseRatio(%q) = %v, %v, want nothing, ErrText", c.text, r, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseRatio(%q) = %q, want it to say %q", c.text, err, c.want)
			}
		})
	}
}

func TestRatioJSON(t *testing.T) {
	for _, text := range []string{`6.3`, `"6.3"`} {
		var r pricing.Ratio
		if err := json.Unmarshal([]byte(text), &r); err != nil || !r.Equal(pricing.MustParseRatio("6.3")) {
			t.Errorf("Unmarshal(%s) = %v, %v, want 6.3", text, r, err)
		}
	}
	for _, text := range []string{`63e-1`, `null`, `true`, `""`, `-1`} {
		r := pricing.MustParseRatio("7")
		if err := json.Unmarshal([]byte(text), &r); err == nil || r.String() != "7" {
			t.Errorf("Unmarshal(%s) = %v, %v, want an error and 7 left alone", text, r, err)
		}
	}
	for _, text := range []string{`"`, `"5`, `5"`, `""`} {
		if err := new(pricing.Ratio).UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("UnmarshalJSON(%s) = nil, want an error", text)
		}
	}
	if text, err := json.Marshal(pricing.Ratio{}); err == nil {
		t.Errorf("Marshal(no number) = %s, want an error", text)
	}
}

func TestRatioTextIsADecimalWhereItCanBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"922337203685477.5807": "922337203685477.5807", "9223372036854775807": "9223372036854775807",
		"9.223372036": "9.223372036", "9223372036854775807/2": "9223372036854775807/2", "1/8": "0.125", "1/1024": "1/1024", "2/6": "1/3",
	} {
		if r, err := pricing.ParseRatio(text); err != nil || r.String() != want {
			t.Errorf("ParseRatio(%s) = %v, %v, want %s", text, r, err, want)
		}
	}
}

func TestRatioCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, x := drawRatio(t, "r")
		s, y := drawRatio(t, "s")
		if got := r.Compare(s); got != x.Cmp(y) {
			t.Fatalf("Compare(%v, %v) = %d, want %d", r, s, got, x.Cmp(y))
		}
		if read, err := pricing.ParseRatio(r.String()); err != nil || !read.Equal(r) {
			t.Fatalf("ParseRatio(%q) = %v, %v, want %v", r.String(), read, err, r)
		}
	})
	missing, zero := pricing.Ratio{}, pricing.MustParseRatio("0")
	if missing.Compare(zero) != -1 || zero.Compare(missing) != 1 || missing.Compare(missing) != 0 || missing.Rat() != nil {
		t.Errorf("Compare(missing, zero) = %d, want no number below every number", missing.Compare(zero))
	}
}

func drawRatio(t *rapid.T, label string) (pricing.Ratio, *big.Rat) {
	exact := big.NewRat(rapid.Int64Min(0).Draw(t, label+" above"), rapid.Int64Min(1).Draw(t, label+" below"))
	r, err := pricing.ParseRatio(exact.Num().String() + "/" + exact.Denom().String())
	if err != nil {
		t.Fatalf("ParseRatio(%v) = %v, want nil", exact, err)
	}
	return r, exact
}
