package expiry_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

// at reads an instant: 2026-01-31, 2026-01-31 15:04, or RFC 3339.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339Nano} {
		if instant, err := time.Parse(layout, text); err == nil {
			return instant.UTC()
		}
	}
	t.Fatalf("at(%q): not an instant", text)
	return time.Time{}
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("time.LoadLocation(%q) = %v, want a location: install a time zone database", name, err)
	}
	return loc
}

// zones have clocks put forward and back by an hour, half an hour and a day, at
// midnight and just after it, and none at all.
var zones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Europe/London", "Europe/Lisbon",
	"America/Sao_Paulo", "America/Havana", "America/St_Johns", "America/Asuncion",
	"Africa/Casablanca", "Africa/Cairo", "Asia/Beirut", "Asia/Tehran", "Asia/Gaza",
	"Asia/Kolkata", "Asia/Pyongyang", "Australia/Lord_Howe", "Antarctica/Troll",
	"Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Fakaofo",
	"Europe/Dublin", "America/Caracas", "Asia/Kathmandu", "Pacific/Auckland",
}

// instants are drawn in the years 1971 to 2100, often close to a change of clocks.
func instants(loc *time.Location) *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		second := rapid.Int64Range(31_536_000, 4_102_444_800).Draw(t, "second")
		instant := time.Unix(second, 0).In(loc)
		if _, change := instant.ZoneBounds(); rapid.Bool().Draw(t, "near a change") && !change.IsZero() {
			near := rapid.Int64Range(-3*86400, 3*86400).Draw(t, "seconds from it")
			instant = change.Add(time.Duration(near) * time.Second)
		}
		micros := rapid.SampledFrom([]int64{0, 0, 1, 500_000, 999_999}).Draw(t, "micros")
		return instant.Add(time.Duration(micros) * time.Microsecond).UTC()
	})
}

func mustLoad(t *rapid.T, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("time.LoadLocation(%q) = %v, want a location: install a time zone database", name, err)
	}
	return loc
}

// text writes a count and a unit in the plural.
func text(n int, unit string) string {
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return strconv.Itoa(n) + " " + unit
}

// policies are drawn valid, to a depth of at most deep.
func policies(deep int) *rapid.Generator[expiry.Policy] {
	return rapid.Custom(func(t *rapid.T) expiry.Policy {
		if deep > 1 && rapid.Bool().Draw(t, "of parts") {
			return composite(t, policies(deep-1))
		}
		return leaf(t)
	})
}

func composite(t *rapid.T, part *rapid.Generator[expiry.Policy]) expiry.Policy {
	a, b := part.Draw(t, "a"), part.Draw(t, "b")
	switch rapid.IntRange(0, 3).Draw(t, "combination") {
	case 0:
		return expiry.Earliest(a, b, rapid.SliceOfN(part, 0, 2).Draw(t, "more")...)
	case 1:
		return expiry.Latest(a, b, rapid.SliceOfN(part, 0, 2).Draw(t, "more")...)
	case 2:
		return expiry.MustParse("purchased before " + dates.Draw(t, "date") + ": " + a.String() + ", else " + b.String())
	}
	return expiry.PurchasedBefore(instants(time.UTC).Draw(t, "instant"), a, b)
}

var dates = rapid.Map(instants(time.UTC), func(t time.Time) string { return t.Format(time.DateOnly) })

func leaf(t *rapid.T) expiry.Policy {
	n := rapid.IntRange(1, 100).Draw(t, "n")
	p := rapid.SampledFrom([]expiry.Policy{
		expiry.Permanent(), expiry.Hours(n), expiry.Days(n), expiry.Weeks(n), expiry.Months(n), expiry.Years(n),
		expiry.EndOfDay(), expiry.EndOfMonth(), expiry.EndOfPeriod(), expiry.WhileSubscribed(),
		expiry.Until(instants(time.UTC).Draw(t, "instant")), expiry.MustParse("until " + dates.Draw(t, "date")),
	}).Draw(t, "leaf")
	return p.In(mustLoad(t, rapid.SampledFrom(zones).Draw(t, "zone")))
}

// issuances are drawn complete: with a term and a billing period.
var issuances = rapid.Custom(func(t *rapid.T) expiry.Issuance {
	since := instants(time.UTC).Draw(t, "since")
	second := rapid.Int64Range(0, 40_000_000)
	later := func(label string) time.Time {
		return since.Add(time.Duration(second.Draw(t, label)) * time.Second)
	}
	return expiry.Issuance{At: later("at"), Since: since, Until: later("until"), PeriodEnd: later("period end")}
})
