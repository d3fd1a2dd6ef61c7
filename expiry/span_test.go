package expiry_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

func TestR17_OccurrencesAreComputedFromTheAnchor(t *testing.T) {
	tests := []struct {
		name, span, anchor string
		n                  int
		want               string
	}{
		{"the anchor is occurrence zero", "1 month", "2026-01-31", 0, "2026-01-31"},
		{"the 31st falls on the last day of February", "1 month", "2026-01-31", 1, "2026-02-28"},
		{"and is the 31st again in March", "1 month", "2026-01-31", 2, "2026-03-31"},
		{"and the 30th in April", "1 month", "2026-01-31", 3, "2026-04-30"},
		{"and the 29th in a leap year's February", "1 month", "2026-01-31", 25, "2028-02-29"},
		{"and the 31st a hundred years on", "1 month", "2026-01-31", 1200, "2126-01-31"},
		{"months go back across a year", "1 month", "2026-01-31", -2, "2025-11-30"},
		{"the 30th is not the last day of the month", "1 month", "2026-04-30", 1, "2026-05-30"},
		{"several months at once", "3 months", "2025-11-30", 1, "2026-02-28"},
		{"29 February becomes the 28th", "1 year", "2024-02-29", 1, "2025-02-28"},
		{"and the 29th again in the next leap year", "1 year", "2024-02-29", 4, "2028-02-29"},
		{"2100 is no leap year", "1 year", "2096-02-29", 4, "2100-02-28"},
		{"2000 was one", "100 years", "1900-02-28", 1, "2000-02-28"},
		{"30 days are not a month", "30 days", "2026-01-31", 1, "2026-03-02"},
		{"a week has seven days", "1 week", "2026-12-28", 1, "2027-01-04"},
		{"two weeks back", "2 weeks", "2026-01-14", -1, "2025-12-31"},
		{"hours", "12 hours", "2026-01-31 18:00", 1, "2026-02-01 06:00"},
		{"hours beyond the range of a time.Duration", "1000000 hours", "1000-01-01", 50, "6703-12-23 08:00"},
		{"the time of day is kept to the microsecond", "1 month", "2026-01-31T23:59:59.999999Z", 1, "2026-02-28T23:59:59.999999Z"},
		{"what is finer is cut", "1 day", "2026-01-31T23:59:59.9999999Z", 1, "2026-02-01T23:59:59.999999Z"},
		{"an anchor is cut too", "1 day", "2026-01-31T23:59:59.9999999Z", 0, "2026-01-31T23:59:59.999999Z"},
		{"the last microsecond of the years", "1 day", "9999-12-30T23:59:59.999999Z", 1, "9999-12-31T23:59:59.999999Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := expiry.MustParseSpan(test.span).Nth(at(t, test.anchor), test.n)
			if want := at(t, test.want); !got.Equal(want) || got.Location() != time.UTC {
				t.Errorf("Span(%v).Nth(%v, %d) = %v, want %v", test.span, test.anchor, test.n, got, want)
			}
		})
	}
}

func TestR17_LocalTimesThatDoNotExistOrExistTwice(t *testing.T) {
	tests := []struct {
		name, span, anchor string
		n                  int
		want               string
	}{
		{"a day keeps the time of day and loses an hour in spring",
			"1 day in America/New_York", "2026-03-07T12:00:00-05:00", 1, "2026-03-08T12:00:00-04:00"},
		{"a day keeps the time of day and gains an hour in autumn",
			"1 day in America/New_York", "2026-10-31T12:00:00-04:00", 1, "2026-11-01T12:00:00-05:00"},
		{"24 hours do not keep it",
			"24 hours", "2026-10-31T12:00:00-04:00", 1, "2026-11-01T11:00:00-05:00"},
		{"nor does a day in UTC",
			"1 day", "2026-10-31T12:00:00-04:00", 1, "2026-11-01T11:00:00-05:00"},
		{"a skipped time is as late as if clocks had not been put forward",
			"1 day in America/New_York", "2026-03-07T02:30:00-05:00", 1, "2026-03-08T03:30:00-04:00"},
		{"the first skipped time is the instant of the change",
			"1 day in America/New_York", "2026-03-07T02:00:00-05:00", 1, "2026-03-08T03:00:00-04:00"},
		{"the day after has the old time of day",
			"1 day in America/New_York", "2026-03-07T02:30:00-05:00", 2, "2026-03-09T02:30:00-04:00"},
		{"a skipped time is the same when coming from later",
			"1 day in America/New_York", "2026-03-09T02:30:00-04:00", -1, "2026-03-08T03:30:00-04:00"},
		{"a time that clocks show twice is the first",
			"1 day in America/New_York", "2026-10-31T01:30:00-04:00", 1, "2026-11-01T01:30:00-04:00"},
		{"also when coming from later",
			"1 day in America/New_York", "2026-11-02T01:30:00-05:00", -1, "2026-11-01T01:30:00-04:00"},
		{"an anchor in the second pass is its own occurrence zero",
			"1 day in America/New_York", "2026-11-01T01:30:00-05:00", 0, "2026-11-01T01:30:00-05:00"},
		{"a month east of Greenwich",
			"1 month in Europe/Berlin", "2026-02-28T02:30:00+01:00", 1, "2026-03-28T02:30:00+01:00"},
		{"a month that ends on a skipped time",
			"1 month in Europe/Berlin", "2026-02-28T23:30:00Z", 1, "2026-04-01T00:30:00+02:00"},
		{"the day of the month is the local one",
			"1 month in America/New_York", "2026-02-01T02:00:00Z", 1, "2026-02-28T21:00:00-05:00"},
		{"clocks put forward by half an hour",
			"1 day in Australia/Lord_Howe", "2026-10-03T02:10:00+10:30", 1, "2026-10-04T02:40:00+11:00"},
		{"the last day of a leap year that no table of changes covers, golang.org/issue/81583",
			"1 day in Europe/Warsaw", "2040-12-30T12:00:00+01:00", 1, "2040-12-31T12:00:00+01:00"},
		{"and the first of the next year",
			"1 day in Europe/Warsaw", "2040-12-31T12:00:00+01:00", 1, "2041-01-01T12:00:00+01:00"},
		{"a midnight that was skipped",
			"1 day in America/Sao_Paulo", "2018-11-03T00:00:00-03:00", 1, "2018-11-04T01:00:00-02:00"},
		{"a time on a day that was skipped is that time a day later",
			"1 day in Pacific/Apia", "2011-12-29T10:00:00-10:00", 1, "2011-12-31T10:00:00+14:00"},
		{"which coincides with the day after",
			"1 day in Pacific/Apia", "2011-12-29T10:00:00-10:00", 2, "2011-12-31T10:00:00+14:00"},
		{"and counting goes on",
			"1 day in Pacific/Apia", "2011-12-29T10:00:00-10:00", 3, "2012-01-01T10:00:00+14:00"},
		{"a month on a day that was skipped",
			"1 month in Pacific/Apia", "2011-11-30T23:59:59-10:00", 1, "2011-12-31T23:59:59+14:00"},
		{"a day that was lived twice is met the first time",
			"1 day in Pacific/Kwajalein", "1969-09-29T12:00:00+11:00", 1, "1969-09-30T12:00:00+11:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := expiry.MustParseSpan(test.span).Nth(at(t, test.anchor), test.n)
			if want := at(t, test.want); !got.Equal(want) {
				t.Errorf("Span(%v).Nth(%v, %d) = %v, want %v", test.span, test.anchor, test.n, got, want)
			}
		})
	}
}

func TestNthIsZeroOutsideTheYears(t *testing.T) {
	tests := []struct {
		name, span, anchor string
		n                  int
	}{
		{"the year after the last", "1 day", "9999-12-31", 1},
		{"the year before the first", "1 day", "0001-01-02", -2},
		{"the zero time itself", "1 day", "0001-01-02", -1},
		{"far ahead", "1000000 years", "2026-01-01", 1},
		{"where the microseconds come round in 64 bits", "1000000 hours", "2026-01-01", 5125},
		{"the largest count", "1000000 years", "2026-01-01", 1<<63 - 1},
		{"the least count", "1 hour", "2026-01-01", -1 << 63},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := expiry.MustParseSpan(test.span).Nth(at(t, test.anchor), test.n)
			if !got.IsZero() {
				t.Errorf("Span(%v).Nth(%v, %d) = %v, want the zero time", test.span, test.anchor, test.n, got)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	tests := []struct {
		name, span, anchor, at string
		want                   int
	}{
		{"at the anchor", "1 month", "2026-01-31", "2026-01-31", 0},
		{"just before the anchor", "1 month", "2026-01-31", "2026-01-30T23:59:59.999999Z", -1},
		{"just before an occurrence", "1 month", "2026-01-31", "2026-02-27T23:59:59.999999999Z", 0},
		{"at an occurrence", "1 month", "2026-01-31", "2026-02-28", 1},
		{"just after an occurrence", "1 month", "2026-01-31", "2026-02-28T00:00:00.000001Z", 1},
		{"far ahead", "1 hour", "0001-01-02", "9999-12-31", 87649368},
		{"far back", "1 hour", "9999-12-31", "0001-01-02", -87649368},
		{"of two that coincide the later", "1 day in Pacific/Apia", "2011-12-29T10:00:00-10:00", "2011-12-31T10:00:00+14:00", 2},
		{"before two that coincide", "1 day in Pacific/Apia", "2011-12-29T10:00:00-10:00", "2011-12-31T09:59:59+14:00", 0},
		{"a time shown again after its occurrence", "1 day in America/New_York", "2026-10-31T01:30:00-04:00", "2026-11-01T01:10:00-05:00", 1},
		{"the same time before its occurrence", "1 day in America/New_York", "2026-10-31T01:30:00-04:00", "2026-11-01T01:10:00-04:00", 0},
		{"a span longer than the years", "1000000 years", "2026-01-01", "9999-12-31", 0},
		{"and back", "1000000 years", "2026-01-01", "0001-01-02", -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := expiry.MustParseSpan(test.span).Index(at(t, test.anchor), at(t, test.at))
			if got != test.want {
				t.Errorf("Span(%v).Index(%v, %v) = %d, want %d", test.span, test.anchor, test.at, got, test.want)
			}
		})
	}
}

// Were any of the way walked step by step, this would take minutes.
func TestIndexTakesTheSameTimeHoweverFar(t *testing.T) {
	first, last := at(t, "0001-01-02"), at(t, "9999-12-31")
	for _, text := range []string{"1 hour", "90 hours", "1 day", "90 days", "1 week", "1 month", "90 months", "1 year"} {
		span := expiry.MustParseSpan(text)
		for range 2000 {
			for _, way := range [][2]time.Time{{first, last}, {last, first}} {
				n := span.Index(way[0], way[1])
				this, next := span.Nth(way[0], n), span.Nth(way[0], n+1)
				if this.After(way[1]) || !next.IsZero() && !next.After(way[1]) {
					t.Fatalf("Span(%v).Index(%v, %v) = %d, want the last occurrence by then", span, way[0], way[1], n)
				}
			}
		}
	}
}

var units = []string{"hours", "days", "weeks", "months", "years"}

// spans are drawn in a location.
func spans(name string) *rapid.Generator[expiry.Span] {
	return rapid.Custom(func(t *rapid.T) expiry.Span {
		n := rapid.SampledFrom([]string{"1", "2", "3", "5", "7", "12", "30", "90"}).Draw(t, "count")
		span := expiry.MustParseSpan(n + " " + rapid.SampledFrom(units).Draw(t, "unit"))
		return span.In(mustLoad(t, name))
	})
}

func TestR17_NStepsOfOneEqualOneStepOfN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		unit := rapid.SampledFrom(units).Draw(t, "unit")
		n := rapid.IntRange(1, 500).Draw(t, "n")
		anchor := instants(mustLoad(t, zone)).Draw(t, "anchor")
		one := expiry.MustParseSpan(text(1, unit)).In(mustLoad(t, zone))
		many := expiry.MustParseSpan(text(n, unit)).In(mustLoad(t, zone))
		if got, want := many.Nth(anchor, 1), one.Nth(anchor, n); !got.Equal(want) {
			t.Errorf("Span(%v).Nth(%v, 1) = %v, want %v", many, anchor, got, want)
		}
		if got, want := many.Nth(anchor, -1), one.Nth(anchor, -n); !got.Equal(want) {
			t.Errorf("Span(%v).Nth(%v, -1) = %v, want %v", many, anchor, got, want)
		}
	})
}

func TestIndexInvertsNth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		span := spans(zone).Draw(t, "span")
		anchor := instants(mustLoad(t, zone)).Draw(t, "anchor")
		when := instants(mustLoad(t, zone)).Draw(t, "t")
		n := span.Index(anchor, when)
		if got := span.Nth(anchor, n); got.After(when) {
			t.Errorf("Span(%v).Nth(%v, %d) = %v, want not after %v", span, anchor, n, got, when)
		}
		if got := span.Nth(anchor, n+1); !got.After(when) {
			t.Errorf("Span(%v).Nth(%v, %d) = %v, want after %v", span, anchor, n+1, got, when)
		}
		occurrence := span.Nth(anchor, n)
		got := span.Index(anchor, occurrence)
		if !span.Nth(anchor, got).Equal(occurrence) || got < n {
			t.Errorf("Span(%v).Index(%v, %v) = %d, want %d", span, anchor, occurrence, got, n)
		}
	})
}

func TestOccurrencesNeverGoBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		span := spans(zone).Draw(t, "span")
		anchor := instants(mustLoad(t, zone)).Draw(t, "anchor")
		n := rapid.IntRange(-40, 40).Draw(t, "n")
		this, next := span.Nth(anchor, n), span.Nth(anchor, n+1)
		if next.Before(this) {
			t.Errorf("Span(%v).Nth(%v, %d) = %v, want not before %v", span, anchor, n+1, next, this)
		}
	})
}

// TestR17_LocalTimesAgainstASearch finds the instant of a local time by looking at
// every minute of two days.
func TestR17_LocalTimesAgainstASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc := mustLoad(t, zone)
		anchor := instants(loc).Draw(t, "anchor").Truncate(time.Minute)
		wanted := clock(anchor, loc).AddDate(0, 0, 1)
		got := expiry.MustParseSpan("1 day").In(loc).Nth(anchor, 1)
		if want := search(wanted, loc); !got.Equal(want) {
			t.Errorf("Span(1 day in %s).Nth(%v, 1) = %v, want %v", zone, anchor, got, want)
		}
	})
}

// search returns the first minute at which clocks show wall, or what RFC 5545
// says if none does.
func search(wall time.Time, loc *time.Location) time.Time {
	for when := wall.Add(-26 * time.Hour); when.Before(wall.Add(26 * time.Hour)); when = when.Add(time.Minute) {
		if clock(when, loc).Equal(wall) {
			return when
		}
	}
	when := wall.Add(-26 * time.Hour)
	for clock(when.Add(time.Minute), loc).Before(wall) {
		when = when.Add(time.Minute)
	}
	return wall.Add(when.Sub(clock(when, loc)))
}

// clock returns the date and time that clocks in loc show, written in UTC.
func clock(t time.Time, loc *time.Location) time.Time {
	local := t.In(loc)
	year, month, day := local.Date()
	return time.Date(year, month, day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
}

func TestSpanPanicsWithoutOccurrences(t *testing.T) {
	now := at(t, "2026-01-01")
	month := expiry.MustParseSpan("1 month")
	tests := []struct {
		name string
		call func()
	}{
		{"the zero span has no occurrences", func() { expiry.Span{}.Nth(now, 1) }},
		{"the zero span has no index", func() { expiry.Span{}.Index(now, now) }},
		{"a span in no location of the database", func() { month.In(time.FixedZone("nowhere", 0)).Nth(now, 1) }},
		{"a missing anchor", func() { month.Nth(time.Time{}, 1) }},
		{"an anchor outside the years", func() { month.Nth(now.AddDate(9000, 0, 0), 1) }},
		{"an index outside the years", func() { month.Index(now, now.AddDate(9000, 0, 0)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic, want one", test.name)
				}
			}()
			test.call()
		})
	}
}

func TestSpanIn(t *testing.T) {
	berlin := location(t, "Europe/Berlin")
	tests := []struct {
		name string
		span expiry.Span
		want string
	}{
		{"days are counted in the location", expiry.MustParseSpan("2 days").In(berlin), "2 days in Europe/Berlin"},
		{"hours are the same everywhere", expiry.MustParseSpan("2 hours").In(berlin), "2 hours"},
		{"the last location counts", expiry.MustParseSpan("1 year in Asia/Tokyo").In(berlin), "1 year in Europe/Berlin"},
		{"UTC is not written", expiry.MustParseSpan("1 year in Asia/Tokyo").In(time.UTC), "1 year"},
		{"nil is UTC", expiry.MustParseSpan("1 year in Asia/Tokyo").In(nil), "1 year"},
		{"none stays none", expiry.Span{}.In(berlin), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.span.String(); got != test.want {
				t.Errorf("String(%s) = %q, want %q", test.name, got, test.want)
			}
			if want := expiry.MustParseSpan(test.want); !test.span.Equal(want) || test.span != want {
				t.Errorf("Equal(%v, %v) = false, want true", test.span, want)
			}
		})
	}
}

func TestSpanValidate(t *testing.T) {
	day := expiry.MustParseSpan("1 day")
	for _, span := range []expiry.Span{
		{}, day.In(time.FixedZone("Local", 3600)), day.In(time.FixedZone("nowhere", 3600)), day.In(time.FixedZone("", 3600)),
		day.In(time.FixedZone("CET", 3600)), day.In(time.FixedZone("UTC", 3600)),
	} {
		err := span.Validate()
		if invalid := new(expiry.InvalidError); !errors.Is(err, expiry.ErrInvalid) || !errors.As(err, &invalid) {
			t.Errorf("Validate(%v) = %v, want an InvalidError", span, err)
		}
	}
	if err := day.Validate(); err != nil {
		t.Errorf("Validate(%v) = %v, want nil", day, err)
	}
	if got, err := day.In(time.FixedZone("Local", 3600)).MarshalText(); err == nil {
		t.Errorf("MarshalText(%v) = %q, want an error", day.In(time.FixedZone("Local", 3600)), got)
	}
}

func BenchmarkSpanIndex(b *testing.B) {
	anchor, now := at(b, "2000-01-31"), at(b, "2026-06-30 12:00")
	for _, text := range []string{"1 month", "1 day", "1 month in Europe/Berlin"} {
		b.Run(text, func(b *testing.B) {
			span := expiry.MustParseSpan(text)
			for b.Loop() {
				span.Index(anchor, now)
			}
		})
	}
}

func TestPartsAreCountedWhereverTheyBegin(t *testing.T) {
	for _, test := range []struct {
		whole, part string
		want        int
	}{
		{"1 year", "1 month", 12},
		{"2 years", "1 month", 24},
		{"12 months", "1 year", 1},
		{"18 months", "1 year", 0},
		{"2 weeks", "1 day", 14},
		{"1 day", "1 hour", 24},
		{"10 days", "1 hour", 240},
		{"1 week", "5 hours", 0},
		{"36 hours", "1 day", 0},
		{"1 month", "1 year", 0},
		{"30 days", "1 month", 0},
		{"12 months", "30 days", 0},
		{"1 year in Europe/Berlin", "1 month in Europe/Berlin", 12},
		{"1 year in Europe/Berlin", "1 month", 0},
		{"1 year", "1 month in Europe/Berlin", 0},
		{"1 week in Europe/Berlin", "1 day in Europe/Berlin", 7},
		{"1 day in Europe/Berlin", "24 hours", 0},
		{"24 hours", "1 day in Europe/Berlin", 0},
		{"1 month", "", 0},
		{"", "1 month", 0},
	} {
		t.Run(test.whole+" of "+test.part, func(t *testing.T) {
			if got := expiry.MustParseSpan(test.whole).Parts(expiry.MustParseSpan(test.part)); got != test.want {
				t.Errorf("Parts(%q, %q) = %d, want %d", test.whole, test.part, got, test.want)
			}
		})
	}
	fixed := expiry.MustParseSpan("1 week").In(time.FixedZone("Europe/Berlin", 3600))
	day := expiry.MustParseSpan("1 day in Europe/Berlin")
	if week, part := fixed.Parts(day), day.Parts(fixed); week != 0 || part != 0 {
		t.Errorf("Parts of clocks that are not Berlin's = %d, %d, want 0, 0", week, part)
	}
	month, year := expiry.MustParseSpan("1 month").In(time.FixedZone("Local", 3600)), expiry.MustParseSpan("1 year")
	if got := year.In(time.FixedZone("Local", 3600)).Parts(month); got != 0 {
		t.Errorf("Parts of this machine's clocks = %d, want 0", got)
	}
}

// What Parts says holds at every anchor: the occurrences of the whole are among
// those of the part, that many apart.
func TestPartsHoldAtEveryAnchor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		whole, part := spans(zone).Draw(t, "whole"), spans(zone).Draw(t, "part")
		n := whole.Parts(part)
		if n == 0 {
			return
		}
		anchor := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "anchor"), 0)
		for k := range 4 {
			if got, want := part.Nth(anchor, k*n), whole.Nth(anchor, k); !got.Equal(want) {
				t.Errorf("Nth(%v, %v, %d) = %v, want %v as Nth(%v, %d)", part, anchor, k*n, got, want, whole, k)
			}
		}
	})
}
