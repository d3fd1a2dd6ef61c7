package expiry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/expiry"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "permanent", "30 days", "1 month in Europe/Berlin", "until 2026-12-31", "until 2026-12-31T12:00:00+02:00",
		"end of day", "end of month in Pacific/Apia", "end of period", "while subscribed",
		"earliest(1 year, while subscribed)", "latest(1 day,2 days , permanent)",
		"purchased before 2024-05-20: permanent, else 30 days", nested(8), nested(9), "1000001 days", "\x00", "1 day in ../x",
		"30days", "until2026-12-31", "earliest(1day,2days)", "1 dayin UTC",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := expiry.Parse(text)
		checkRead(t, text, p, err, expiry.Parse)
		if err != nil || p.IsZero() {
			return
		}
		issuance := expiry.Issuance{
			At:    time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC),
			Since: time.Date(2024, 5, 20, 0, 0, 0, 0, time.UTC),
			Until: time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC), PeriodEnd: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		}
		window, err := p.Window(issuance)
		if err != nil && !errors.Is(err, expiry.ErrWindow) {
			t.Errorf("Window(%v) = %v, want a window or ErrWindow", p, err)
		}
		if err == nil && !window.Contains(window.Start) {
			t.Errorf("Window(%v) = %v, want Start <= t < End", p, window)
		}
	})
}

func FuzzParseSpan(f *testing.F) {
	for _, seed := range []string{"", "1 month", "30 days", "12 hours", "1 week in Asia/Tokyo", "1 year in Local", "1000000 years", "0 days", "1month", " 1  month "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		span, err := expiry.ParseSpan(text)
		checkRead(t, text, span, err, expiry.ParseSpan)
		if err != nil || span.IsZero() {
			return
		}
		anchor, now := time.Date(2020, 1, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)
		n := span.Index(anchor, now)
		if span.Nth(anchor, n).After(now) {
			t.Errorf("Index(%v, %v, %v) = %d, want an occurrence not after it", span, anchor, now, n)
		}
		if next := span.Nth(anchor, n+1); !next.IsZero() && !next.After(now) {
			t.Errorf("Index(%v, %v, %v) = %d, want the last occurrence", span, anchor, now, n)
		}
	})
}

func FuzzParseRollover(f *testing.F) {
	for _, seed := range []string{
		"", "all for 1 month, once", "at most 500 for 30 days", "at most half of the grant for 1 month",
		"at most 2x the grant and at most 2.5 for earliest(1 day, permanent), 3 times", "at most 3/4 of the grant for end of period",
		"at most 5for 1 month", "all for 1 month, 3 time", "at most 50.0% of the grant for 1 month", "at most 2xthe grant for 1 day", "at most 50%of the grant for 1 day",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := expiry.ParseRollover(text)
		checkRead(t, text, r, err, expiry.ParseRollover)
		if err != nil {
			return
		}
		if carried, err := r.Carry(70, 100, 0); err != nil || carried < 0 || carried > 70 {
			t.Errorf("Carry(%v, 70, 100, 0) = %d, %v, want 0 to 70", r, carried, err)
		}
	})
}

// checkRead sees that what was read reads back, and what was not is a ParseError.
func checkRead[T interface {
	fmt.Stringer
	Equal(T) bool
}](t *testing.T, text string, value T, err error, read func(string) (T, error)) {
	t.Helper()
	if err != nil {
		if parse := new(expiry.ParseError); !errors.As(err, &parse) || parse.Offset < 0 || parse.Offset > len(parse.Text) {
			t.Errorf("Parse(%q) = %v, want a ParseError at an offset within", text, err)
		}
		return
	}
	again, err := read(value.String())
	if err != nil || !again.Equal(value) || again.String() != value.String() {
		t.Errorf("Parse(%q) = %v, %v, want %v", value, again, err, value)
	}
}
