package pricing_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

func TestParseQuantity(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"seconds", "90s", "1m30s"},
		{"words", "10 words", "10 words"},
		{"several terms of time", "1m30s", "1m30s"},
		{"terms of which the larger has decimals", "0.5s 1ms", "0.501s"},
		{"terms of which the smaller has fewer", "0.25s 0.5ms", "0.2505s"},
		{"a unit of every kind of letter", "3 az-AZ", "3 az-AZs"},
		{"the longest unit", "1 " + strings.Repeat("x", pricing.MaxUnit), "1 " + strings.Repeat("x", pricing.MaxUnit)},
		{"a decimal of hours", "1.5 hours", "1h30m"},
		{"terms with spaces and long names", "1 hour 30 minutes", "1h30m"},
		{"minutes and seconds", "3m20s", "3m20s"},
		{"the text of a time.Duration", (3*time.Hour + 1500*time.Microsecond).String(), "3h0.0015s"},
		{"microseconds with the micro sign", "5\u00b5s", "0.000005s"},
		{"microseconds with the Greek letter", "5\u03bcs", "0.000005s"},
		{"a nanosecond", "1ns", "0.000000001s"},
		{"nothing, said explicitly", "0s", "0s"},
		{"no words", "0 words", "0 words"},
		{"one is singular", "1 words", "1 word"},
		{"without a space", "2images", "2 images"},
		{"trailing zeros do not matter", "2.500 GB-days", "2.5 GB-days"},
		{"leading zeros do not matter", "007 tokens", "7 tokens"},
		{"an own unit in the singular", "1 GB-day", "1 GB-day"},
		{"an own unit that ends in s", "2 gas", "2 gas"},
		{"an own unit whose plural would be another's name", "0 u", "0 u"},
		{"kilobytes", "1.5 kB", "1500 bytes"},
		{"gigabytes", "2 GB", "2 GB"},
		{"binary megabytes", "1 MiB", "1 MiB"},
		{"a fraction that makes whole bytes", "0.5 KiB", "512 bytes"},
		{"the largest count", "9223372036854775807 tokens", "9223372036854775807 tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := pricing.ParseQuantity(c.text)
			if err != nil || q.String() != c.want {
				t.Fatalf("ParseQuantity(%q) = %v, %v, want %v", c.text, q, err, c.want)
			}
			if again, err := pricing.ParseQuantity(q.String()); err != nil || again != q {
				t.Errorf("ParseQuantity(%q) = %v, %v, want %v", q.String(), again, err, q)
			}
		})
	}
}

func TestParseQuantityRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "is empty"},
		{"a number without a unit", "10", "has no unit"},
		{"a unit without a number", "words", "plain decimal"},
		{"a negative number", "-5s", "plain decimal"},
		{"a sign", "+5s", "plain decimal"},
		{"not a number", "NaN s", "plain decimal"},
		{"infinity", "Inf s", "plain decimal"},
		{"an exponent", "1e3 words", "several terms"},
		{"a thousands separator", "1,000 words", "not made of letters"},
		{"a decimal comma", "1,5 hours", "not made of letters"},
		{"a point without digits", "1. hours", "plain decimal"},
		{"two points", "1.2.3 hours", "plain decimal"},
		{"a tenth decimal", "0.0000000001 hours", "more than nine decimals"},
		{"less than a nanosecond", "0.1ns", "out of range"},
		{"more than an int64", "9223372036854775808 tokens", "out of range"},
		{"more than an int64 once converted", "9223372036854775807 hours", "out of range"},
		{"a sum of terms that is too much", "2562047788015215h 99999999999999999s", "out of range"},
		{"a sum of terms with too many digits", "2562047788015h 0.000000001s", "out of range"},
		{"digits without end", strings.Repeat("9", 1000) + "s", "longer than 64"},
		{"more than 64 bits of seconds", "4611686018427387904 hours", "out of range"},
		{"a first term that is too much", "9223372036854775807h 1s", "out of range"},
		{"a second term that is too much", "1h 9223372036854775807m", "out of range"},
		{"a unit alone", "s", "plain decimal"},
		{"half a word", "0.5 words", "not a whole number of words"},
		{"half a byte", "0.5 B", "not a whole number of bytes"},
		{"several terms that are not time", "1 kB 2 B", "several terms"},
		{"mixed terms", "1m 3 words", "several terms"},
		{"terms from small to large", "30s 1m", "large to small"},
		{"a term twice", "1m 2m", "large to small"},
		{"a slip in case", "5 KB", "written unlike"},
		{"another slip in case", "5 Seconds", "written unlike"},
		{"space before", " 5s", "plain decimal"},
		{"space after", "5s ", "ends in a space"},
		{"a known unit with an s too many", "5 KiBs", "written unlike"},
		{"two spaces", "5  s", "has no unit"},
		{"a unit of other signs", "5 $", "not made of letters"},
		{"a unit with a final hyphen", "5 GB-", "not made of letters"},
		{"a unit that is too long", "5 " + strings.Repeat("x", pricing.MaxUnit+1), "longer than 32"},
		{"invalid UTF-8", "5 \xff", "not made of letters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := pricing.ParseQuantity(c.text)
			if !errors.Is(err, pricing.ErrText) || q != (pricing.Quantity{}) {
				t.Fatalf("ParseQuantity(%q) = %v, %v, want nothing, ErrText", c.text, q, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseQuantity(%q) = %q, want it to say %q", c.text, err, c.want)
			}
		})
	}
}

func TestQuantitiesOfTheProgram(t *testing.T) {
	for _, c := range []struct {
		name string
		q    pricing.Quantity
		want string // text, or what Validate complains of
		ok   bool
	}{
		{"a duration", pricing.Duration(200 * time.Second), "3m20s", true},
		{"a duration of nothing", pricing.Duration(0), "0s", true},
		{"the longest duration", pricing.Duration(math.MaxInt64), "2562047h47m16.854775807s", true},
		{"a count", pricing.Count(25, pricing.UnitWord), "25 words", true},
		{"a plural unit is the singular one", pricing.Count(25, "words"), "25 words", true},
		{"hours", pricing.Count(2, pricing.UnitHour), "2h", true},
		{"milliseconds", pricing.Count(1500, "ms"), "1.5s", true},
		{"an own unit", pricing.Count(3, "GB-day"), "3 GB-days", true},
		{"no bytes", pricing.Count(0, pricing.UnitByte), "0 bytes", true},
		{"no quantity", pricing.Quantity{}, "is missing", false},
		{"a negative count", pricing.Count(-1, pricing.UnitToken), "is negative", false},
		{"a negative duration", pricing.Duration(-time.Second), "is negative", false},
		{"the least duration", pricing.Duration(math.MinInt64), "is negative", false},
		{"too many hours", pricing.Count(math.MaxInt64, pricing.UnitHour), "is out of range", false},
		{"no unit", pricing.Count(3, ""), "has no unit", false},
		{"a slip in the unit's case", pricing.Count(3, "Token"), "written unlike", false},
		{"nothing of a slip in the unit's case", pricing.Count(0, "Token"), "written unlike", false},
		{"a negative number of hours", pricing.Count(-1, pricing.UnitHour), "is negative", false},
		{"far too many hours", pricing.Count(1<<62, pricing.UnitHour), "is out of range", false},
		{"a unit that is no name", pricing.Count(3, "to ken"), "not made of letters", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.q.Validate()
			if (err == nil) != c.ok {
				t.Fatalf("Validate(%v) = %v, want valid: %v", c.q, err, c.ok)
			}
			if c.ok && c.q.String() != c.want {
				t.Errorf("String() = %q, want %q", c.q, c.want)
			}
			if !c.ok && (!errors.Is(err, pricing.ErrText) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Validate(%v) = %v, want ErrText saying %q", c.q, err, c.want)
			}
		})
	}
}

func TestAUnitThatEndsInAnSIsAPluralOnlyWhereItIsLong(t *testing.T) {
	for unit, want := range map[pricing.Unit]pricing.Unit{"tiles": "tile", "tile": "tile", "gas": "gas", "abs": "abs", "glass": "glass", "tabs": "tab"} {
		if got := pricing.Count(2, unit).Unit(); got != want {
			t.Errorf("Count(2, %q).Unit() = %q, want %q", unit, got, want)
		}
	}
}

func TestEqualQuantitiesAreTheSameValue(t *testing.T) {
	for _, c := range [][2]pricing.Quantity{
		{pricing.Duration(90 * time.Second), pricing.MustParseQuantity("1.5 minutes")},
		{pricing.Count(60, pricing.UnitMinute), pricing.Count(1, pricing.UnitHour)},
		{pricing.Count(1024, pricing.UnitByte), pricing.Count(1, pricing.UnitKiB)},
		{pricing.Count(1000, "ms"), pricing.Duration(time.Second)},
	} {
		if c[0] != c[1] {
			t.Errorf("%v == %v is false, want true", c[0], c[1])
		}
	}
}

func TestQuantityConverts(t *testing.T) {
	q := pricing.MustParseQuantity("3m20s")
	if q.Unit() != pricing.UnitSecond || q.Ratio().String() != "200" {
		t.Errorf("Unit(), Ratio() of 3m20s = %v, %v, want second, 200", q.Unit(), q.Ratio())
	}
	for _, q := range []pricing.Quantity{{}, pricing.Duration(-1), pricing.Count(math.MaxInt64, pricing.UnitHour)} {
		if text, err := q.MarshalText(); !errors.Is(err, pricing.ErrText) || q.Ratio().IsGiven() {
			t.Errorf("MarshalText(%v) = %s, %v, want ErrText, and no Ratio", q, text, err)
		}
	}
}

func TestQuantityTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuantity(t)
		if read, err := pricing.ParseQuantity(q.String()); err != nil || read != q {
			t.Fatalf("ParseQuantity(%q) = %v, %v, want %v", q.String(), read, err, q)
		}
	})
}

func drawQuantity(t *rapid.T) pricing.Quantity {
	if rapid.Bool().Draw(t, "time") {
		return pricing.Duration(time.Duration(rapid.Int64Min(0).Draw(t, "ns")))
	}
	unit := rapid.OneOf(
		rapid.SampledFrom([]string{"use", "word", "character", "token", "image", "byte"}),
		rapid.StringMatching(`x[a-zA-Z]{0,10}(-[a-zA-Z]{1,10})?s{0,3}`),
	).Draw(t, "unit")
	return pricing.Count(rapid.Int64Min(0).Draw(t, "n"), pricing.Unit(unit))
}

func FuzzParseQuantity(f *testing.F) {
	for _, seed := range []string{"90s", "10 words", "1m30s", "1.5 hours", "2 GB-days", "1 GiB", "0.000000001s", "1e9s", "-1s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := pricing.ParseQuantity(text)
		if err != nil {
			if !errors.Is(err, pricing.ErrText) || q != (pricing.Quantity{}) {
				t.Fatalf("ParseQuantity(%q) = %v, %v, want nothing, ErrText", text, q, err)
			}
			return
		}
		if err := q.Validate(); err != nil {
			t.Fatalf("Validate(%q) = %v, want nil", text, err)
		}
		if read, err := pricing.ParseQuantity(q.String()); err != nil || read != q {
			t.Fatalf("ParseQuantity(%q) = %v, %v, want %v", q.String(), read, err, q)
		}
	})
}
