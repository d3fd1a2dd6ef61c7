package expiry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

func TestWindow(t *testing.T) {
	start := at(t, "2026-01-31 10:00")
	issuance := expiry.Issuance{
		At:        start,
		Since:     at(t, "2024-06-15"),
		Until:     at(t, "2026-06-15"),
		PeriodEnd: at(t, "2026-02-15"),
	}
	tests := []struct{ name, policy, end string }{
		{"permanent never ends", "permanent", ""},
		{"hours", "36 hours", "2026-02-01 22:00"},
		{"30 days are not a month", "30 days", "2026-03-02 10:00"},
		{"a month ends on the last day of a short one", "1 month", "2026-02-28 10:00"},
		{"two months are computed from the start", "2 months", "2026-03-31 10:00"},
		{"a year", "1 year", "2027-01-31 10:00"},
		{"until a date includes the day", "until 2026-12-31", "2027-01-01"},
		{"in its location", "until 2026-12-31 in America/New_York", "2027-01-01 05:00"},
		{"until an instant", "until 2026-12-31T12:00:00Z", "2026-12-31 12:00"},
		{"the end of the day", "end of day", "2026-02-01"},
		{"in a location where it is another day", "end of day in Pacific/Kiritimati", "2026-02-01 10:00"},
		{"the end of the month", "end of month", "2026-02-01"},
		{"in a location where it is another month", "end of month in Pacific/Kiritimati", "2026-02-28 10:00"},
		{"the end of the billing period", "end of period", "2026-02-15"},
		{"the end of the term", "while subscribed", "2026-06-15"},
		{"the earliest of ends", "earliest(1 year, while subscribed, 200 days)", "2026-06-15"},
		{"never is not the earliest", "earliest(permanent, 1 year, permanent)", "2027-01-31 10:00"},
		{"unless all are never", "earliest(permanent, permanent)", ""},
		{"the latest of ends", "latest(1 day, while subscribed, 2 days)", "2026-06-15"},
		{"never is the latest", "latest(1 year, permanent, 2 years)", ""},
		{"a part that has ended already is not the latest", "latest(until 2020-01-01, 1 day)", "2026-02-01 10:00"},
		{"a first purchase before the date", "purchased before 2024-06-16: permanent, else 30 days", ""},
		{"a first purchase on the date is not before it", "purchased before 2024-06-15: permanent, else 30 days", "2026-03-02 10:00"},
		{"the date begins with its location", "purchased before 2024-06-15 in America/New_York: permanent, else 30 days", ""},
		{"and may have begun", "purchased before 2024-06-15 in Asia/Tokyo: permanent, else 30 days", "2026-03-02 10:00"},
		{"a first purchase at the instant is not before it", "purchased before 2024-06-15T00:00:00Z: permanent, else 30 days", "2026-03-02 10:00"},
		{"but a microsecond before it is", "purchased before 2024-06-15T00:00:00.000001Z: permanent, else 30 days", ""},
		{"the branch that does not apply may have no answer", "purchased before 2024-06-16: permanent, else until 2020-01-01", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := expiry.Window{Start: start}
			if test.end != "" {
				want.End = at(t, test.end)
			}
			got, err := expiry.MustParse(test.policy).Window(issuance)
			if err != nil {
				t.Fatalf("Window(%v) = %v, want %v", test.policy, err, want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Window(%v) (-want +got):\n%s", test.policy, diff)
			}
		})
	}
}

func TestR17_EndsOfDaysAndMonthsWhereClocksChange(t *testing.T) {
	tests := []struct{ name, policy, start, end string }{
		{"a day of 23 hours", "end of day in America/New_York", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"},
		{"a day of 25 hours", "end of day in America/New_York", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"},
		{"a day that begins at one o'clock", "end of day in America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"and ends as others do", "end of day in America/Sao_Paulo", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		{"a last hour that comes twice, in the first pass", "end of day in America/Sao_Paulo", "2018-02-17T23:30:00-02:00", "2018-02-18T00:00:00-03:00"},
		{"and in the second", "end of day in America/Sao_Paulo", "2018-02-17T23:30:00-03:00", "2018-02-18T00:00:00-03:00"},
		{"a midnight that comes twice, from before", "end of day in America/St_Johns", "2010-11-06T23:30:00-02:30", "2010-11-07T00:00:00-02:30"},
		{"a minute of tomorrow before today is repeated", "end of day in America/St_Johns", "2010-11-07T00:00:30-02:30", "2010-11-08T00:00:00-03:30"},
		{"the repeated hour of today", "end of day in America/St_Johns", "2010-11-06T23:30:00-03:30", "2010-11-07T00:00:00-03:30"},
		{"a day before one that was skipped", "end of day in Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"a date before one that was skipped", "until 2011-12-29 in Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-31T00:00:00+14:00"},
		{"a date that was skipped", "until 2011-12-30 in Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-31T00:00:00+14:00"},
		{"the last hour of a month", "end of month in Pacific/Apia", "2011-12-31T23:00:00+14:00", "2012-01-01T00:00:00+14:00"},
		{"a month with a change of clocks", "end of month in Europe/Berlin", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"},
		{"the last day of a leap year, golang.org/issue/81583", "end of day in Europe/Warsaw", "2040-12-31T12:00:00+01:00", "2041-01-01T00:00:00+01:00"},
		{"one day is kept whole by a skipped day", "1 day in Pacific/Apia", "2011-12-29T23:59:59-10:00", "2011-12-31T23:59:59+14:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			issuance := expiry.Issuance{At: at(t, test.start)}
			got, err := expiry.MustParse(test.policy).Window(issuance)
			if want := at(t, test.end); err != nil || !got.End.Equal(want) {
				t.Errorf("Window(%v from %v) = %v, %v, want %v", test.policy, test.start, got.End, err, want)
			}
		})
	}
}

// TestR17_EndsAgainstASearch finds the end of the day by looking at every minute.
func TestR17_EndsAgainstASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc := mustLoad(t, zone)
		start := instants(loc).Draw(t, "start").Truncate(time.Minute)
		got, err := expiry.EndOfDay().In(loc).Window(expiry.Issuance{At: start})
		today := start.In(loc).Format(time.DateOnly)
		want := start
		for want.In(loc).Format(time.DateOnly) <= today {
			want = want.Add(time.Minute)
		}
		if err != nil || !got.End.Equal(want) {
			t.Errorf("Window(end of day in %s from %v) = %v, %v, want %v", zone, start, got.End, err, want)
		}
	})
}

func TestR15_WindowsAreHalfOpen(t *testing.T) {
	start := at(t, "2026-01-31 10:00")
	window, err := expiry.Days(30).Window(expiry.Issuance{At: start})
	if err != nil {
		t.Fatalf("Window(30 days) = %v, want nil", err)
	}
	permanent := expiry.Window{Start: start}
	tests := []struct {
		name   string
		window expiry.Window
		at     time.Time
		want   bool
	}{
		{"a microsecond before the start is outside", window, window.Start.Add(-time.Microsecond), false},
		{"the start is inside", window, window.Start, true},
		{"a microsecond before the end is inside", window, window.End.Add(-time.Microsecond), true},
		{"the end is outside", window, window.End, false},
		{"a microsecond after the end is outside", window, window.End.Add(time.Microsecond), false},
		{"what never ends has a start", permanent, start.Add(-time.Microsecond), false},
		{"and contains the last instant", permanent, at(t, "9999-12-31"), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.window.Contains(test.at); got != test.want {
				t.Errorf("Contains(%v, %v) = %v, want %v", test.window, test.at, got, test.want)
			}
		})
	}
}

func TestR16_InstantsAreCutToMicroseconds(t *testing.T) {
	tokyo := location(t, "Asia/Tokyo")
	fine := at(t, "2026-01-31T10:00:00.123456789Z").In(tokyo)
	end := at(t, "2026-02-28T10:00:00.123456789Z").In(tokyo)
	issuance := expiry.Issuance{At: fine, Since: fine, Until: end, PeriodEnd: end}
	want := expiry.Window{Start: at(t, "2026-01-31T10:00:00.123456Z"), End: at(t, "2026-02-28T10:00:00.123456Z")}
	for _, p := range []expiry.Policy{
		expiry.WhileSubscribed(), expiry.EndOfPeriod(), expiry.Months(1), expiry.Days(28), expiry.Hours(672), expiry.Until(end),
	} {
		t.Run(p.String(), func(t *testing.T) {
			if got, err := p.Window(issuance); err != nil || got != want {
				t.Errorf("Window(%v) = %v, %v, want %v", p, got, err, want)
			}
		})
	}
	if got, want := expiry.Until(fine).String(), "until 2026-01-31T10:00:00.123456Z"; got != want {
		t.Errorf("Until(%v) = %v, want %v", fine, got, want)
	}
}

func TestWindowRefuses(t *testing.T) {
	now := at(t, "2026-01-31 10:00")
	bare := expiry.Issuance{At: now}
	late := expiry.Issuance{At: at(t, "9999-12-15")}
	tests := []struct {
		name, policy string
		issuance     expiry.Issuance
		want         error
		end          string // what the error tells; empty: nothing
	}{
		{"a term that is not there", "while subscribed", bare, expiry.ErrNoTerm, ""},
		{"though another part has an end", "earliest(1 day, while subscribed)", bare, expiry.ErrNoTerm, ""},
		{"or the other never ends", "latest(while subscribed, permanent)", bare, expiry.ErrNoTerm, ""},
		{"a period that is not there", "end of period", bare, expiry.ErrNoPeriod, ""},
		{"in the branch that applies", "purchased before 2027-01-01: end of period, else 1 day", bare, expiry.ErrNoPeriod, ""},
		{"an end before the start", "until 2026-01-30", bare, expiry.ErrEmpty, "2026-01-31"},
		{"an end at the start", "until 2026-01-31T10:00:00Z", bare, expiry.ErrEmpty, "2026-01-31 10:00"},
		{"an end that is a nanosecond after the start", "end of period",
			expiry.Issuance{At: now, PeriodEnd: now.Add(time.Nanosecond)}, expiry.ErrEmpty, "2026-01-31 10:00"},
		{"a term that ended before the start", "while subscribed",
			expiry.Issuance{At: now, Since: now.AddDate(-1, 0, 0), Until: now}, expiry.ErrEmpty, "2026-01-31 10:00"},
		{"the earliest before the start", "earliest(permanent, until 2020-01-01)", bare, expiry.ErrEmpty, "2020-01-02"},
		{"an end after the years", "17 days", late, expiry.ErrRange, ""},
		{"in a part that does not matter", "earliest(1 day, 1 month)", late, expiry.ErrRange, ""},
		{"a month that ends after the years", "end of month", late, expiry.ErrRange, ""},
		{"a count beyond the years", "1000000 years", bare, expiry.ErrRange, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := expiry.MustParse(test.policy)
			got, err := p.Window(test.issuance)
			window := new(expiry.WindowError)
			if !errors.Is(err, test.want) || !errors.Is(err, expiry.ErrWindow) || !errors.As(err, &window) {
				t.Fatalf("Window(%v) = %v, %v, want %v", p, got, err, test.want)
			}
			if got != (expiry.Window{}) || !window.Policy.Equal(p) || !window.Window.Start.Equal(test.issuance.At) {
				t.Errorf("Window(%v) = %v, error about %v from %v, want one about the whole policy",
					p, got, window.Policy, window.Window.Start)
			}
			if test.end != "" && !window.Window.End.Equal(at(t, test.end)) {
				t.Errorf("Window(%v) = error with end %v, want %v", p, window.Window.End, test.end)
			}
		})
	}
}

func TestWindowRefusesIssuances(t *testing.T) {
	now := at(t, "2026-01-31 10:00")
	tests := []struct {
		name     string
		issuance expiry.Issuance
		reason   string
	}{
		{"no start", expiry.Issuance{}, "At is missing"},
		{"a start after the years", expiry.Issuance{At: now.AddDate(8000, 0, 0)}, "years 1 to 9999"},
		{"a start before the years", expiry.Issuance{At: now.AddDate(-3000, 0, 0)}, "years 1 to 9999"},
		{"a period that ends after the years", expiry.Issuance{At: now, PeriodEnd: now.AddDate(8000, 0, 0)}, "years 1 to 9999"},
		{"a term without an end", expiry.Issuance{At: now, Since: now}, "Until is missing"},
		{"a term without a first purchase", expiry.Issuance{At: now, Until: now}, "Since is missing"},
		{"a term that ends before it begins", expiry.Issuance{At: now, Since: now, Until: now.AddDate(0, 0, -1)}, "before its first purchase"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.Permanent().Window(test.issuance)
			invalid := new(expiry.InvalidError)
			if !errors.Is(err, expiry.ErrInvalid) || !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, test.reason) {
				t.Errorf("Window(%v) = %v, %v, want %s", test.issuance, got, err, test.reason)
			}
		})
	}
}

func TestWindowIsNeverEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, issuance := policies(2).Draw(t, "policy"), issuances.Draw(t, "issuance")
		got, err := p.Window(issuance)
		if err != nil {
			if !errors.Is(err, expiry.ErrEmpty) {
				t.Errorf("Window(%v, %v) = %v, want a window or ErrEmpty", p, issuance, err)
			}
			return
		}
		if !got.Start.Equal(issuance.At) || !got.Contains(got.Start) || !got.End.IsZero() && got.Contains(got.End) {
			t.Errorf("Window(%v, %v) = %v, want Start <= t < End", p, issuance, got)
		}
		if again, err := expiry.MustParse(p.String()).Window(issuance); err != nil || again != got {
			t.Errorf("Window(%v, %v) = %v, %v when asked again, want %v", p, issuance, again, err, got)
		}
	})
}

func TestWindowIsMonotoneInUntil(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, issuance := policies(2).Draw(t, "policy"), issuances.Draw(t, "issuance")
		renewed := issuance
		renewed.Until = issuance.Until.Add(time.Duration(rapid.Int64Range(1, 100_000_000).Draw(t, "seconds")) * time.Second)
		before, err := p.Window(issuance)
		if err != nil {
			return
		}
		after, err := p.Window(renewed)
		if err != nil {
			t.Fatalf("Window(%v, %v) = %v, want no error as before the renewal", p, renewed, err)
		}
		if !after.End.IsZero() && (before.End.IsZero() || after.End.Before(before.End)) {
			t.Errorf("Window(%v, %v) = %v, want an end not before %v", p, renewed, after, before.End)
		}
		if !p.FollowsTerm() && after != before {
			t.Errorf("Window(%v, %v) = %v, want %v as it does not follow the term", p, renewed, after, before)
		}
	})
}

// TestProductRules has the rules that products publish about the ends of their
// credits.
func TestProductRules(t *testing.T) {
	const filmora = "purchased before 2024-05-20: permanent, else 30 days"
	old := expiry.Issuance{At: at(t, "2025-03-01"), Since: at(t, "2024-05-19 23:59"), Until: at(t, "2026-03-01")}
	recent := expiry.Issuance{At: at(t, "2025-03-01"), Since: at(t, "2024-05-20"), Until: at(t, "2026-03-01")}
	tests := []struct {
		name, policy string
		issuance     expiry.Issuance
		end          string // empty: never
	}{
		{"Filmora: a plan's credits are valid for 30 days from issuance", "30 days", recent, "2025-03-31"},
		{"Filmora: a pack's credits are permanent", "permanent", recent, ""},
		{"Filmora: who purchased before May 20, 2024 keeps the first validity upon renewal", filmora, old, ""},
		{"Filmora: who purchased on that day has the new one", filmora, recent, "2025-03-31"},
		{"Powtoon: credits expire when the subscription ends", "while subscribed", recent, "2026-03-01"},
		{"HeyGen: packs last 12 months", "12 months", recent, "2026-03-01"},
		{"OpenAI: one year from purchase", "1 year", recent, "2026-03-01"},
		{"Suno: a daily lot ends at 00:00 UTC", "end of day", recent, "2025-03-02"},
		{"Creatify: each grant lasts two months", "2 months", recent, "2025-05-01"},
		{"GitHub Copilot: resets on the 1st, 00:00 UTC", "end of month", recent, "2025-04-01"},
		{"Suno: top-ups end with the subscription at the latest", "earliest(permanent, while subscribed)", recent, "2026-03-01"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want time.Time
			if test.end != "" {
				want = at(t, test.end)
			}
			got, err := expiry.MustParse(test.policy).Window(test.issuance)
			if err != nil || !got.End.Equal(want) {
				t.Errorf("Window(%v) = %v, %v, want %v", test.policy, got.End, err, want)
			}
		})
	}
}

func TestRenewalCarriesCreditsOn(t *testing.T) {
	p := expiry.WhileSubscribed()
	issuance := expiry.Issuance{At: at(t, "2026-01-01"), Since: at(t, "2026-01-01"), Until: at(t, "2026-02-01")}
	for _, until := range []string{"2026-02-01", "2026-03-01", "2027-01-01"} {
		issuance.Until = at(t, until)
		got, err := p.Window(issuance)
		if want := (expiry.Window{Start: issuance.At, End: issuance.Until}); err != nil || got != want {
			t.Errorf("Window(%v, %v) = %v, %v, want %v", p, issuance, got, err, want)
		}
	}
}

func BenchmarkWindow(b *testing.B) {
	issuance := expiry.Issuance{At: at(b, "2026-01-31"), Since: at(b, "2024-01-31"), Until: at(b, "2026-02-28")}
	for _, text := range []string{"permanent", "30 days", "1 month", "while subscribed", "end of day in Europe/Berlin"} {
		b.Run(text, func(b *testing.B) {
			p := expiry.MustParse(text)
			b.ReportAllocs()
			for b.Loop() {
				p.Window(issuance)
			}
		})
	}
}
