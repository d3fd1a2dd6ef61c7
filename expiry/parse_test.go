package expiry_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

func TestParse(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	noon := at(t, "2026-12-31 12:00")
	a, b := expiry.Days(30), expiry.WhileSubscribed()
	tests := []struct {
		name, text string
		want       expiry.Policy
	}{
		{"the empty text is no policy", "", expiry.Policy{}},
		{"permanent", "permanent", expiry.Permanent()},
		{"hours", "12 hours", expiry.Hours(12)},
		{"days", "30 days", expiry.Days(30)},
		{"weeks", "2 weeks", expiry.Weeks(2)},
		{"months", "3 months", expiry.Months(3)},
		{"years", "5 years", expiry.Years(5)},
		{"one is singular", "1 month", expiry.Months(1)},
		{"the largest count", "1000000 hours", expiry.Hours(expiry.MaxCount)},
		{"a location", "1 month in Europe/Berlin", expiry.Months(1).In(berlin)},
		{"an instant", "until 2026-12-31T12:00:00Z", expiry.Until(noon)},
		{"an instant to the microsecond", "until 2026-12-31T12:00:00.000001Z", expiry.Until(noon.Add(time.Microsecond))},
		{"end of day", "end of day", expiry.EndOfDay()},
		{"end of day in a location", "end of day in Europe/Berlin", expiry.EndOfDay().In(berlin)},
		{"end of month", "end of month", expiry.EndOfMonth()},
		{"end of month in a location", "end of month in Europe/Berlin", expiry.EndOfMonth().In(berlin)},
		{"end of period", "end of period", expiry.EndOfPeriod()},
		{"while subscribed", "while subscribed", expiry.WhileSubscribed()},
		{"earliest", "earliest(30 days, while subscribed)", expiry.Earliest(a, b)},
		{"latest of three", "latest(30 days, while subscribed, permanent)", expiry.Latest(a, b, expiry.Permanent())},
		{"purchased before an instant", "purchased before 2026-12-31T12:00:00Z: 30 days, else while subscribed",
			expiry.PurchasedBefore(noon, a, b)},
		{"within another", "earliest(latest(30 days, while subscribed), permanent)",
			expiry.Earliest(expiry.Latest(a, b), expiry.Permanent())},
		{"a comma ends what is within another", "earliest(purchased before 2026-12-31T12:00:00Z: 30 days, else while subscribed, 30 days)",
			expiry.Earliest(expiry.PurchasedBefore(noon, a, b), a)},
		{"else belongs to the purchase before it",
			"purchased before 2026-12-31T12:00:00Z: purchased before 2026-12-31T12:00:00Z: 30 days, else while subscribed, else permanent",
			expiry.PurchasedBefore(noon, expiry.PurchasedBefore(noon, a, b), expiry.Permanent())},
		{"a location within", "earliest(1 month in Europe/Berlin, 12 hours)",
			expiry.Earliest(expiry.Months(1), expiry.Hours(12)).In(berlin)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.Parse(test.text)
			if err != nil || !got.Equal(test.want) {
				t.Errorf("Parse(%q) = %v, %v, want %v", test.text, got, err, test.want)
			}
			if got.String() != test.text {
				t.Errorf("String(%v) = %q, want %q", got, got.String(), test.text)
			}
		})
	}
}

func TestParseWritesOneText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"one of many", "1 months", "1 month"},
		{"many of one", "30 day", "30 days"},
		{"spaces around", "  30   days ", "30 days"},
		{"no spaces where none are needed", "earliest(1 day,permanent)", "earliest(1 day, permanent)"},
		{"spaces where none are", "latest ( 1 day , permanent )", "latest(1 day, permanent)"},
		{"a space before the colon", "purchased before 2024-05-20 : 1 day,else permanent", "purchased before 2024-05-20: 1 day, else permanent"},
		{"a date stays a date", "until 2026-12-31", "until 2026-12-31"},
		{"UTC is not written", "until 2026-12-31 in UTC", "until 2026-12-31"},
		{"a location with the last capital", "1 day in Zulu", "1 day in Zulu"},
		{"a location with a nine and a plus", "1 day in Etc/GMT+9", "1 day in Etc/GMT+9"},
		{"a location with a nought and a minus", "1 day in Etc/GMT-0", "1 day in Etc/GMT-0"},
		{"a date in a location", "purchased before 2024-05-20 in Asia/Tokyo: 1 day, else permanent",
			"purchased before 2024-05-20 in Asia/Tokyo: 1 day, else permanent"},
		{"an instant is written in UTC", "until 2026-12-31T12:00:00+02:00", "until 2026-12-31T10:00:00Z"},
		{"decimals that say nothing", "until 2026-12-31T12:00:00.500000Z", "until 2026-12-31T12:00:00.5Z"},
		{"the second day of the years", "until 0001-01-02", "until 0001-01-02"},
		{"the last day whose end is within the years", "until 9999-12-30", "until 9999-12-30"},
		{"the deepest nesting", nested(expiry.MaxDepth), nested(expiry.MaxDepth)},
		{"the longest text", strings.Repeat(" ", expiry.MaxText-len("permanent")) + "permanent", "permanent"},
		{"the longest text that is written", sized(expiry.MaxText), sized(expiry.MaxText)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.Parse(test.text)
			if err != nil || got.String() != test.want {
				t.Errorf("Parse(%q) = %v, %v, want %v", test.text, got, err, test.want)
			}
		})
	}
}

// sized is a policy whose text has so many bytes: parts of seven bytes, and a count
// of days with two digits or more for the rest.
func sized(bytes int) string {
	const first, part, last = "latest(1 day, ", "1 day, ", " days)"
	rest := bytes - len(first) - len(last)
	parts := (rest - 2) / len(part)
	digits := rest - parts*len(part)
	return first + strings.Repeat(part, parts) + "1" + strings.Repeat("0", digits-1) + last
}

// nested is a policy with so many policies within policies.
func nested(depth int) string {
	return strings.Repeat("earliest(1 day, ", depth-1) + "1 day" + strings.Repeat(")", depth-1)
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		offset     int
		reason     string
	}{
		{"only spaces", "  ", 2, "expected a policy"},
		{"an unknown word", "forever", 0, "expected a policy"},
		{"upper case", "Permanent", 0, "expected a policy"},
		{"a word with a letter too many", "permanentz", 0, "expected a policy"},
		{"something after the end", "permanent credits", 10, "unexpected text"},
		{"a tab", "30\tdays", 2, "expected hours, days, weeks, months or years"},
		{"a missing unit", "30", 2, "expected hours, days, weeks, months or years"},
		{"an unknown unit", "30 minutes", 3, "expected hours, days, weeks, months or years"},
		{"zero", "0 days", 0, "a number starts with 1 to 9"},
		{"a leading zero", "030 days", 0, "a number starts with 1 to 9"},
		{"a sign", "-1 days", 0, "expected a policy"},
		{"a fraction", "1.5 days", 1, "expected hours"},
		{"more than the largest count", "1000001 days", 0, "more than 1000000"},
		{"more digits than an integer has", strings.Repeat("9", 900) + " days", 0, "more than 1000000"},
		{"hours in a location", "1 hour in Europe/Berlin", 7, "unexpected text"},
		{"a location that is not there", "1 day in Europe/Atlantis", 9, "not in the time zone database"},
		{"no location", "1 day in", 8, "no name"},
		{"the location of this machine", "1 day in Local", 9, "another one on every machine"},
		{"and by its other name", "1 day in localtime", 9, "another one on every machine"},
		{"a path", "1 day in ../../etc/passwd", 9, "no name"},
		{"an absolute path", "1 day in /etc/localtime", 9, "not in the time zone database"},
		{"the longest location", "1 day in " + strings.Repeat("A", 64), 9, "not in the time zone database"},
		{"a location without end", "1 day in " + strings.Repeat("A", 65), 9, "at most 64 bytes"},
		{"no date", "until", 5, "expected a date"},
		{"a day that is not in the calendar", "until 2026-02-29", 6, "expected a date"},
		{"a short date", "until 2026-2-9", 6, "expected a date"},
		{"an instant without a zone", "until 2026-12-31T12:00:00", 6, "expected a date"},
		{"an instant finer than a microsecond", "until 2026-12-31T12:00:00.1234567Z", 6, "at most six decimals"},
		{"an instant in a location", "until 2026-12-31T12:00:00Z in Europe/Berlin", 27, "unexpected text"},
		{"year zero", "until 0000-12-30", 6, "years 1 to 9999"},
		{"a date that begins with the zero time", "until 0001-01-01", 6, "years 1 to 9999"},
		{"the last day, whose end is beyond the years", "until 9999-12-31", 6, "years 1 to 9999"},
		{"the zero time", "until 0001-01-01T00:00:00Z", 6, "years 1 to 9999"},
		{"the end of something else", "end of year", 7, "expected day, month or period"},
		{"the end of nothing", "end", 3, `expected "of"`},
		{"while something else", "while paying", 6, `expected "subscribed"`},
		{"earliest of nothing", "earliest()", 9, "expected a policy"},
		{"earliest of one", "earliest(1 day)", 14, `expected ','`},
		{"earliest without an end", "earliest(1 day, 2 days", 22, `expected ')'`},
		{"a comma too many", "latest(1 day, 2 days,)", 21, "expected a policy"},
		{"earliest without parentheses", "earliest 1 day, 2 days", 9, `expected '('`},
		{"a purchase after", "purchased after 2024-05-20: 1 day, else 2 days", 10, `expected "before"`},
		{"a purchase before nothing", "purchased before: 1 day, else 2 days", 16, "expected a date"},
		{"a purchase without a policy", "purchased before 2024-05-20:", 28, "expected a policy"},
		{"a purchase without another policy", "purchased before 2024-05-20: 1 day, else", 40, "expected a policy"},
		{"a date in a location that is not there", "until 2026-12-31 in Atlantis", 20, "not in the time zone database"},
		{"a purchase without a colon", "purchased before 2024-05-20 1 day, else 2 days", 28, `expected ':'`},
		{"a purchase without else", "purchased before 2024-05-20: 1 day", 34, `expected ','`},
		{"a purchase with another word for else", "purchased before 2024-05-20: 1 day, or 2 days", 36, `expected "else"`},
		{"a number joined to its unit", "30days", 2, "expected hours"},
		{"a unit joined to its location", "1 dayin Asia/Tokyo", 2, "expected hours"},
		{"a word joined to its date", "until2026-12-31", 5, "expected a date"},
		{"parts joined within", "earliest(1day,2days)", 10, "expected hours"},
		{"a date joined to its location", "until 2026-12-31in Asia/Tokyo", 16, "unexpected text"},
		{"nested too deeply", nested(expiry.MaxDepth + 1), 121, "more than 8 policies within policies"},
		{"a long text", strings.Repeat("earliest(", 2000), expiry.MaxText, "18000 bytes, more than 1000"},
		{"a text that is too long when written out", "latest(" + strings.Repeat("1 day,", 160) + "1 day)", 0, "more than 1000 bytes"},
		{"no UTF-8", "\xff", 0, "expected a policy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.Parse(test.text)
			parse := new(expiry.ParseError)
			if !errors.Is(err, expiry.ErrParse) || !errors.As(err, &parse) || !got.IsZero() {
				t.Fatalf("Parse(%q) = %v, %v, want a ParseError", test.text, got, err)
			}
			if parse.Offset != test.offset || !strings.Contains(parse.Reason, test.reason) {
				t.Errorf("Parse(%q) = %d: %s, want %d: %s", test.text, parse.Offset, parse.Reason, test.offset, test.reason)
			}
			if !strings.HasPrefix(test.text, parse.Text) || parse.Offset > len(parse.Text) {
				t.Errorf("Parse(%q) = error about %q at %d, want a place in the text", test.text, parse.Text, parse.Offset)
			}
		})
	}
}

func TestParseReadsBackWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies(3).Draw(t, "policy")
		if err := p.Validate(); err != nil && len(p.String()) > expiry.MaxText {
			return // four times four parts can be too long
		}
		got, err := expiry.Parse(p.String())
		if err != nil || !got.Equal(p) || got.String() != p.String() {
			t.Errorf("Parse(%q) = %v, %v, want %v", p, got, err, p)
		}
	})
}

func TestParseSpanReadsBackWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := spans(rapid.SampledFrom(zones).Draw(t, "zone")).Draw(t, "span")
		got, err := expiry.ParseSpan(span.String())
		if err != nil || !got.Equal(span) || got != span {
			t.Errorf("ParseSpan(%q) = %v, %v, want %v", span, got, err, span)
		}
	})
}

func TestParseSpanRefuses(t *testing.T) {
	for _, text := range []string{" ", "month", "permanent", "1 month, 1 day", "0 days", "1 day in Local", strings.Repeat("1", 2000)} {
		t.Run(text[:min(len(text), 20)], func(t *testing.T) {
			if got, err := expiry.ParseSpan(text); !errors.Is(err, expiry.ErrParse) || !got.IsZero() {
				t.Errorf("ParseSpan(%q) = %v, %v, want ErrParse", text, got, err)
			}
		})
	}
}

func TestMustParsePanicsOnWhatCannotBeRead(t *testing.T) {
	for name, call := range map[string]func(){
		"MustParse":         func() { expiry.MustParse("forever") },
		"MustParseSpan":     func() { expiry.MustParseSpan("forever") },
		"MustParseRollover": func() { expiry.MustParseRollover("forever") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, expiry.ErrParse) {
					t.Errorf("%s(forever) panics with %v, want ErrParse", name, err)
				}
			}()
			call()
		})
	}
}

func TestJSON(t *testing.T) {
	type terms struct {
		Validity expiry.Policy   `json:"validity"`
		Every    expiry.Span     `json:"every"`
		Rollover expiry.Rollover `json:"rollover"`
	}
	tests := []struct {
		name  string
		value terms
		text  string
	}{
		{"what is not there is the empty text", terms{}, `{"validity":"","every":"","rollover":""}`},
		{"what is there is its text",
			terms{expiry.Days(30), expiry.MustParseSpan("1 month"), expiry.Roll(expiry.Months(1)).Times(1)},
			`{"validity":"30 days","every":"1 month","rollover":"all for 1 month, once"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			written, err := json.Marshal(test.value)
			if err != nil || string(written) != test.text {
				t.Errorf("Marshal(%v) = %s, %v, want %s", test.value, written, err, test.text)
			}
			var read terms
			if err := json.Unmarshal([]byte(test.text), &read); err != nil {
				t.Fatalf("Unmarshal(%s) = %v, want nil", test.text, err)
			}
			if diff := cmp.Diff(test.value, read); diff != "" {
				t.Errorf("Unmarshal(%s) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

func TestUnmarshalTextLeavesWhatItCannotReplace(t *testing.T) {
	policy, span, rollover := expiry.Days(1), expiry.MustParseSpan("1 day"), expiry.Roll(expiry.Days(1))
	for _, target := range []interface{ UnmarshalText([]byte) error }{&policy, &span, &rollover} {
		if err := target.UnmarshalText([]byte("forever")); !errors.Is(err, expiry.ErrParse) {
			t.Errorf("UnmarshalText(forever) = %v, want ErrParse", err)
		}
	}
	got := []string{policy.String(), span.String(), rollover.String()}
	if diff := cmp.Diff([]string{"1 day", "1 day", "all for 1 day"}, got); diff != "" {
		t.Errorf("after UnmarshalText (-want +got):\n%s", diff)
	}
}
