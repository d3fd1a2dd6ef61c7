package credits_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

func TestParse(t *testing.T) {
	cases := []struct {
		name, text string
		micros     int64
	}{
		{"a whole number", "16", 16_000_000},
		{"a decimal point", "2.5", 2_500_000},
		{"a negative number", "-2.5", -2_500_000},
		{"an explicit plus", "+3", 3_000_000},
		{"the smallest step", "0.000001", 1},
		{"a negative smaller than one", "-0.000001", -1},
		{"trailing zeros up to the sixth decimal", "1.500000", 1_500_000},
		{"leading zeros", "0000000000000000007", 7_000_000},
		{"zero", "0", 0},
		{"negative zero is zero", "-0", 0},
		{"the most there is", "1000000000000", credits.MaxCredits * 1_000_000},
		{"the least there is", "-1000000000000.000000", -credits.MaxCredits * 1_000_000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := credits.Parse(c.text)
			if err != nil || got.Micros() != c.micros {
				t.Errorf("Parse(%q) = %d micros, %v, want %d", c.text, got.Micros(), err, c.micros)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cases := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", credits.ErrInvalid},
		{"a sign alone", "-", credits.ErrInvalid},
		{"two signs", "--1", credits.ErrInvalid},
		{"a sign after a sign", "-+1", credits.ErrInvalid},
		{"a point alone", ".", credits.ErrInvalid},
		{"no digit before the point", ".5", credits.ErrInvalid},
		{"no digit after the point", "5.", credits.ErrInvalid},
		{"two points", "1.2.3", credits.ErrInvalid},
		{"a decimal comma", "1,5", credits.ErrInvalid},
		{"a thousands separator", "1_000", credits.ErrInvalid},
		{"an exponent", "1e3", credits.ErrInvalid},
		{"a huge exponent", "1e1000000000", credits.ErrInvalid},
		{"hexadecimal", "0x10", credits.ErrInvalid},
		{"infinity", "Inf", credits.ErrInvalid},
		{"not a number", "NaN", credits.ErrInvalid},
		{"space before", " 1", credits.ErrInvalid},
		{"space after", "1 ", credits.ErrInvalid},
		{"digits of another script", "１６", credits.ErrInvalid},
		{"a seventh decimal", "0.0000001", credits.ErrInvalid},
		{"a seventh decimal that is zero", "1.0000000", credits.ErrInvalid},
		{"invalid UTF-8", "1\xff", credits.ErrInvalid},
		{"one micro more than the most", "1000000000000.000001", credits.ErrOverflow},
		{"one micro less than the least", "-1000000000000.000001", credits.ErrOverflow},
		{"more than an int64 of micros", "9999999999999", credits.ErrOverflow},
		{"far more digits than fit", strings.Repeat("9", 100_000), credits.ErrOverflow},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := credits.Parse(c.text)
			if !errors.Is(err, c.want) || !got.IsZero() {
				t.Errorf("Parse(%.40q) = %v, %v, want %v", c.text, got, err, c.want)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("Parse(%.40q) = an error of %d bytes, want a short one", c.text, len(err.Error()))
			}
		})
	}
}

func TestParseShortensOnlyLongTextInItsError(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("x", 40):            `"` + strings.Repeat("x", 40) + `" is`,
		strings.Repeat("x", 41):            `"` + strings.Repeat("x", 40) + `..." is`,
		strings.Repeat("x", 39) + "\u00e9": `"` + strings.Repeat("x", 39) + `..." is`,
	} {
		if _, err := credits.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestMustParsePanicsOnBadText(t *testing.T) {
	wantPanic(t, "MustParse(2.5.1)", func() { credits.MustParse("2.5.1") })
	if got := credits.MustParse("2.5"); got != credits.Micros(2_500_000) {
		t.Errorf("MustParse(2.5) = %v, want 2.5", got)
	}
}

func TestOfPanicsBeyondTheMost(t *testing.T) {
	for _, n := range []int64{credits.MaxCredits + 1, -credits.MaxCredits - 1, math.MaxInt64, math.MinInt64} {
		wantPanic(t, "Of beyond 10^12", func() { credits.Of(n) })
	}
	for _, n := range []int64{credits.MaxCredits, -credits.MaxCredits} {
		if got := credits.Of(n); got.Micros() != n*1_000_000 {
			t.Errorf("Of(%d) = %v, want %d", n, got, n)
		}
	}
}

func wantPanic(t *testing.T, what string, run func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s = no panic, want a panic", what)
		}
	}()
	run()
}

func TestAmountArithmeticIsChecked(t *testing.T) {
	most, least, step := credits.Of(credits.MaxCredits), credits.Of(-credits.MaxCredits), credits.Micros(1)
	beyond := credits.Micros(math.MaxInt64)
	cases := []struct {
		name string
		a, b credits.Amount
		sum  string // empty: overflow
		diff string
	}{
		{"small numbers", credits.Of(5), credits.MustParse("0.25"), "5.25", "4.75"},
		{"a sum beyond the most", most, step, "", "999999999999.999999"},
		{"a difference below the least", least, step, "-999999999999.999999", ""},
		{"the most and the least", most, least, "0", ""},
		{"an operand beyond the most", beyond, credits.Of(-1), "", ""},
		{"an operand whose sum would wrap", beyond, beyond, "", ""},
		{"the lowest int64", credits.Micros(math.MinInt64), credits.Micros(math.MinInt64), "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkArithmetic(t, "Add", c.a, c.b, c.sum, credits.Amount.Add)
			checkArithmetic(t, "Sub", c.a, c.b, c.diff, credits.Amount.Sub)
		})
	}
}

func checkArithmetic(t *testing.T, verb string, a, b credits.Amount, want string, do func(a, b credits.Amount) (credits.Amount, error)) {
	t.Helper()
	got, err := do(a, b)
	if want != "" {
		if err != nil || got.String() != want {
			t.Errorf("%v.%s(%v) = %v, %v, want %v", a, verb, b, got, err, want)
		}
		return
	}
	overflow, ok := errors.AsType[*credits.OverflowError](err)
	if !ok || !errors.Is(err, credits.ErrOverflow) || !got.IsZero() {
		t.Fatalf("%v.%s(%v) = %v, %v, want %v", a, verb, b, got, err, credits.ErrOverflow)
	}
	if overflow.A != a.String() || overflow.B != b.String() {
		t.Errorf("%v.%s(%v) = operands %s and %s, want the ones given", a, verb, b, overflow.A, overflow.B)
	}
}

func TestAmountString(t *testing.T) {
	cases := map[int64]string{
		0: "0", 1: "0.000001", -1: "-0.000001", 16_000_000: "16", 2_500_000: "2.5", -2_500_000: "-2.5",
		100: "0.0001", 1_000_001: "1.000001", 12_340_000: "12.34",
		math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808",
	}
	for micros, want := range cases {
		a := credits.Micros(micros)
		if got := a.String(); got != want {
			t.Errorf("Micros(%d).String() = %q, want %q", micros, got, want)
		}
		if got, err := a.AppendText([]byte("x")); err != nil || string(got) != "x"+want {
			t.Errorf("Micros(%d).AppendText(x) = %q, %v, want %q", micros, got, err, "x"+want)
		}
	}
}

func TestAmountComparison(t *testing.T) {
	ordered := []credits.Amount{credits.Of(-2), credits.Micros(-1), {}, credits.Micros(1), credits.Of(2)}
	for i, a := range ordered {
		if got, want := a.Sign(), max(-1, min(1, i-2)); got != want {
			t.Errorf("%v.Sign() = %d, want %d", a, got, want)
		}
		if got := a.Neg(); got != ordered[len(ordered)-1-i] {
			t.Errorf("%v.Neg() = %v, want %v", a, got, ordered[len(ordered)-1-i])
		}
		for j, b := range ordered {
			if got, want := a.Compare(b), max(-1, min(1, i-j)); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", a, b, got, want)
			}
			if got := a.Equal(b); got != (i == j) {
				t.Errorf("%v.Equal(%v) = %v, want %v", a, b, got, i == j)
			}
			if got := a.Less(b); got != (i < j) {
				t.Errorf("%v.Less(%v) = %v, want %v", a, b, got, i < j)
			}
		}
	}
}

func TestAmountJSON(t *testing.T) {
	type document struct {
		Cost credits.Amount `json:"cost"`
	}
	text, err := json.Marshal(document{Cost: credits.MustParse("2.5")})
	if want := `{"cost":"2.5"}`; err != nil || string(text) != want {
		t.Errorf("Marshal(2.5) = %s, %v, want %s", text, err, want)
	}
	for text, want := range map[string]string{
		`{"cost":"2.5"}`: "2.5", `{"cost":2.5}`: "2.5", `{"cost":16}`: "16", `{"cost":-0.000001}`: "-0.000001", `{}`: "7",
	} {
		got := document{Cost: credits.Of(7)}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Cost.String() != want {
			t.Errorf("Unmarshal(%s) = %v, %v, want %v", text, got.Cost, err, want)
		}
	}
	for _, text := range []string{`null`, `true`, `{}`, `[]`, `""`, `"x"`, `25e-1`, `1e3`, `0.0000001`, `"0.1234567"`, `1000000000001`} {
		got := credits.Of(7)
		if err := json.Unmarshal([]byte(text), &got); err == nil || got != credits.Of(7) {
			t.Errorf("Unmarshal(%s) = %v, %v, want an error and the value as it was", text, got, err)
		}
	}
}

func TestAmountJSONWithoutAnEndIsRefused(t *testing.T) {
	for _, text := range []string{`"`, `"5`, `5"`} {
		got := credits.Of(7)
		if err := got.UnmarshalJSON([]byte(text)); !errors.Is(err, credits.ErrInvalid) || got != credits.Of(7) {
			t.Errorf("UnmarshalJSON(%s) = %v, %v, want %v and the value as it was", text, got, err, credits.ErrInvalid)
		}
	}
}

func TestAmountColumn(t *testing.T) {
	if value, err := credits.MustParse("-0.5").Value(); err != nil || value != "-0.5" {
		t.Errorf("Value() = %v, %v, want -0.5", value, err)
	}
	for _, c := range []struct {
		source any
		want   string
	}{{"2.500000", "2.5"}, {[]byte("16"), "16"}, {int64(16), "16"}, {int64(credits.MaxCredits), "1000000000000"}, {int64(-credits.MaxCredits), "-1000000000000"}} {
		var got credits.Amount
		if err := got.Scan(c.source); err != nil || got.String() != c.want {
			t.Errorf("Scan(%v) = %v, %v, want %v", c.source, got, err, c.want)
		}
	}
	for _, c := range []struct {
		source any
		want   error
	}{
		{nil, credits.ErrInvalid}, {2.5, credits.ErrInvalid}, {true, credits.ErrInvalid}, {"", credits.ErrInvalid},
		{[]byte("1e3"), credits.ErrInvalid}, {[]byte(nil), credits.ErrInvalid},
		{int64(credits.MaxCredits + 1), credits.ErrOverflow}, {int64(math.MinInt64), credits.ErrOverflow},
	} {
		got := credits.Of(7)
		if err := got.Scan(c.source); !errors.Is(err, c.want) || got != credits.Of(7) {
			t.Errorf("Scan(%v) = %v, %v, want %v and the value as it was", c.source, got, err, c.want)
		}
	}
}

func TestAmountAgreesWithExactArithmetic(t *testing.T) {
	const most = credits.MaxCredits * 1_000_000
	near := rapid.OneOf(rapid.Int64Range(-most, most), rapid.Int64Range(most-3, most+3), rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		a, b := credits.Micros(near.Draw(t, "a")), credits.Micros(near.Draw(t, "b"))
		exact := new(big.Int).Add(big.NewInt(a.Micros()), big.NewInt(b.Micros()))
		fits := exact.IsInt64() && abs(exact.Int64()) <= most && abs(a.Micros()) <= most && abs(b.Micros()) <= most
		sum, err := a.Add(b)
		if (err == nil) != fits || fits && sum.Micros() != exact.Int64() {
			t.Fatalf("%v.Add(%v) = %v, %v, want %v, fits %v", a, b, sum, err, exact, fits)
		}
		back, err := credits.Parse(a.String())
		if inRange := abs(a.Micros()) <= most; (err == nil) != inRange || inRange && back != a {
			t.Fatalf("Parse(%v) = %v, %v, want the same amount", a, back, err)
		}
	})
}

// abs is |n|, and the greatest int64 for the least.
func abs(n int64) int64 {
	if n == math.MinInt64 {
		return math.MaxInt64
	}
	return max(n, -n)
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"16", "-2.5", "+0.000001", "1e3", "", ".", "1000000000000.000001"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := credits.Parse(text)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok || exact.Cmp(big.NewRat(a.Micros(), 1_000_000)) != 0 {
			t.Errorf("Parse(%q) = %v, want exactly %v", text, a, exact)
		}
		if again, err := credits.Parse(a.String()); err != nil || again != a {
			t.Errorf("Parse(%q) = %v, %v, want %v", a.String(), again, err, a)
		}
	})
}
