package expiry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/expiry"
)

func TestPolicyValidate(t *testing.T) {
	deep := expiry.Days(1)
	for range expiry.MaxDepth {
		deep = expiry.Earliest(expiry.Days(1), deep)
	}
	long := expiry.Latest(expiry.Days(1), expiry.Days(2), make([]expiry.Policy, 0, 200)...)
	for range 6 {
		long = expiry.Latest(long, long, long)
	}
	now := at(t, "2026-01-01")
	tests := []struct {
		name   string
		policy expiry.Policy
		reason string // empty: valid
	}{
		{"a policy", expiry.Days(30), ""},
		{"no policy", expiry.Policy{}, "there is no policy"},
		{"zero days", expiry.Days(0), "the count must be from 1 to 1000000"},
		{"negative months", expiry.Months(-1), "the count must be from 1 to 1000000"},
		{"too many years", expiry.Years(expiry.MaxCount + 1), "the count must be from 1 to 1000000"},
		{"the most hours", expiry.Hours(expiry.MaxCount), ""},
		{"a missing instant", expiry.Until(time.Time{}), "years 1 to 9999"},
		{"an instant before the years", expiry.Until(now.AddDate(-3000, 0, 0)), "years 1 to 9999"},
		{"an instant after the years", expiry.PurchasedBefore(now.AddDate(8000, 0, 0), expiry.Days(1), expiry.Days(1)), "years 1 to 9999"},
		{"the location of this machine", expiry.EndOfDay().In(time.FixedZone("Local", 3600)), "another one on every machine"},
		{"a location with an offset and no name", expiry.Days(1).In(time.FixedZone("", 3600)), "no name"},
		{"a location with an unknown name", expiry.EndOfMonth().In(time.FixedZone("nowhere", 0)), "not in the time zone database"},
		{"a location with a name that it does not deserve", expiry.Days(1).In(time.FixedZone("CET", 3600)), "does not have the clocks"},
		{"a date in no location", expiry.MustParse("until 2026-12-31").In(time.FixedZone("x y", 0)), "not a name of the IANA database"},
		{"the last date in a location where it ends in time", expiry.MustParse("until 9999-12-31 in Asia/Tokyo"), ""},
		{"which it does not elsewhere", expiry.MustParse("until 9999-12-31 in Asia/Tokyo").In(time.UTC), "years 1 to 9999"},
		{"hours in no location", expiry.Hours(1).In(time.FixedZone("Local", 3600)), ""},
		{"a part that is no policy", expiry.Earliest(expiry.Days(1), expiry.Policy{}), "there is no policy"},
		{"a part that is invalid", expiry.Latest(expiry.Days(1), expiry.Days(2), expiry.Days(0)), "the count must be"},
		{"a branch that is invalid", expiry.PurchasedBefore(now, expiry.Days(1), expiry.Days(0)), "the count must be"},
		{"what was invalid before In", expiry.Days(0).In(time.UTC), "the count must be"},
		{"nested too deeply", deep, "nested deeper than 8"},
		{"too long", long, "more than 1000 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Validate()
			if test.reason == "" {
				if err != nil {
					t.Errorf("Validate(%v) = %v, want nil", test.policy, err)
				}
				return
			}
			invalid := new(expiry.InvalidError)
			if !errors.Is(err, expiry.ErrInvalid) || !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, test.reason) {
				t.Errorf("Validate(%v) = %v, want %s", test.policy, err, test.reason)
			}
			if _, err := test.policy.Window(expiry.Issuance{At: now}); !errors.Is(err, expiry.ErrInvalid) {
				t.Errorf("Window(%v) = %v, want ErrInvalid", test.policy, err)
			}
			if text, err := test.policy.MarshalText(); err == nil && !test.policy.IsZero() {
				t.Errorf("MarshalText(%v) = %q, want an error", test.policy, text)
			}
		})
	}
}

func TestPolicyIn(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	tests := []struct{ name, text, want string }{
		{"days", "1 day", "1 day in Europe/Berlin"},
		{"a date", "until 2026-12-31", "until 2026-12-31 in Europe/Berlin"},
		{"an instant is the same everywhere", "until 2026-12-31T12:00:00Z", "until 2026-12-31T12:00:00Z"},
		{"hours are the same everywhere", "1 hour", "1 hour"},
		{"a term is the same everywhere", "while subscribed", "while subscribed"},
		{"a period is the same everywhere", "end of period", "end of period"},
		{"never is the same everywhere", "permanent", "permanent"},
		{"another location is replaced", "end of day in Asia/Tokyo", "end of day in Europe/Berlin"},
		{"all parts", "earliest(end of month, latest(1 week, 1 year))",
			"earliest(end of month in Europe/Berlin, latest(1 week in Europe/Berlin, 1 year in Europe/Berlin))"},
		{"the date of a purchase and both branches", "purchased before 2024-05-20: 1 day, else 1 month",
			"purchased before 2024-05-20 in Europe/Berlin: 1 day in Europe/Berlin, else 1 month in Europe/Berlin"},
		{"no policy", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := expiry.MustParse(test.text)
			if got := p.In(berlin); got.String() != test.want || !got.Equal(expiry.MustParse(test.want)) {
				t.Errorf("In(%v, Europe/Berlin) = %v, want %v", p, got, test.want)
			}
			if p.String() != test.text {
				t.Errorf("String(%v) = %q after In, want %q", p, p, test.text)
			}
		})
	}
	if got := expiry.Days(1).In(berlin).In(nil); !got.Equal(expiry.Days(1)) {
		t.Errorf("In(1 day in Europe/Berlin, nil) = %v, want 1 day", got)
	}
}

func TestFollowsTerm(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"", false},
		{"permanent", false},
		{"end of period", false},
		{"while subscribed", true},
		{"earliest(1 year, 2 years)", false},
		{"latest(1 year, earliest(1 month, while subscribed))", true},
		{"purchased before 2024-05-20: permanent, else 30 days", false},
		{"purchased before 2024-05-20: permanent, else while subscribed", true},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			if got := expiry.MustParse(test.text).FollowsTerm(); got != test.want {
				t.Errorf("FollowsTerm(%v) = %v, want %v", test.text, got, test.want)
			}
		})
	}
}

func TestPoliciesSayWhatTheyAskFor(t *testing.T) {
	for _, test := range []struct {
		text         string
		term, period bool
	}{
		{"", false, false},
		{"permanent", false, false},
		{"end of month", false, false},
		{"end of period", false, true},
		{"while subscribed", true, false},
		{"earliest(1 year, end of period)", false, true},
		{"latest(1 year, earliest(end of period, while subscribed))", true, true},
		{"purchased before 2024-05-20: permanent, else 30 days", true, false},
		{"latest(1 day, purchased before 2024-05-20: 1 day, else end of period)", true, true},
	} {
		t.Run(test.text, func(t *testing.T) {
			p := expiry.MustParse(test.text)
			if got := p.AsksForTerm(); got != test.term {
				t.Errorf("AsksForTerm(%v) = %v, want %v", p, got, test.term)
			}
			if got := p.AsksForPeriod(); got != test.period {
				t.Errorf("AsksForPeriod(%v) = %v, want %v", p, got, test.period)
			}
		})
	}
}

func TestEqual(t *testing.T) {
	tests := []struct {
		name string
		a, b expiry.Policy
		want bool
	}{
		{"two that were made alike", expiry.Days(30), expiry.Days(30), true},
		{"no policy and no policy", expiry.Policy{}, expiry.Policy{}, true},
		{"no policy and one", expiry.Policy{}, expiry.Permanent(), false},
		{"days and a month", expiry.Days(30), expiry.Months(1), false},
		{"twelve months and a year", expiry.Months(12), expiry.Years(1), false},
		{"another order", expiry.Earliest(expiry.Days(1), expiry.Days(2)), expiry.Earliest(expiry.Days(2), expiry.Days(1)), false},
		{"another location", expiry.Days(1), expiry.Days(1).In(location(t, "Asia/Tokyo")), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.a.Equal(test.b); got != test.want {
				t.Errorf("Equal(%v, %v) = %v, want %v", test.a, test.b, got, test.want)
			}
			if got := test.b.Equal(test.a); got != test.want {
				t.Errorf("Equal(%v, %v) = %v, want %v", test.b, test.a, got, test.want)
			}
		})
	}
}

func TestR46_PartsAreNotShared(t *testing.T) {
	more := []expiry.Policy{expiry.Days(3)}
	p := expiry.Earliest(expiry.Days(1), expiry.Days(2), more...)
	more[0] = expiry.Permanent()
	if want := "earliest(1 day, 2 days, 3 days)"; p.String() != want {
		t.Errorf("String(%v) = %q, want %q", p, p, want)
	}
	issuance := expiry.Issuance{At: at(t, "2026-01-01")}
	got, err := expiry.Latest(expiry.Days(1), expiry.Days(2), p).Window(issuance)
	if want := at(t, "2026-01-03"); err != nil || !got.End.Equal(want) {
		t.Errorf("Window(%v) = %v, %v, want an end at %v", issuance, got, err, want)
	}
}
