package expiry_test

import (
	"errors"
	"fmt"
	"math"
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
		"all for permanent, priority 1", "all for 1 day, 2 times, priority -1000", "all for 1 day, priority 1001", "all for 1 day, priority -0",
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

// FuzzWindow checks what a policy answers to any issuance: a window that is not
// empty and depends on no more than the policy says it asks for, or ErrWindow.
func FuzzWindow(f *testing.F) {
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"permanent", "1 month in Europe/Berlin", "until 2026-12-31 in Pacific/Apia", "end of day in America/New_York", "end of month",
		"end of period", "while subscribed", "earliest(1 year, while subscribed)", "latest(1 day, end of period)",
		"purchased before 2024-05-20: while subscribed, else 30 days", "1000000 years",
	} {
		f.Add(text, at.UnixMicro(), int64(-40*24*3600), int64(70*24*3600), int64(28*24*3600))
		f.Add(text, at.UnixMicro(), int64(0), int64(0), int64(0))
	}
	f.Fuzz(func(t *testing.T, text string, at, since, until, periodEnd int64) {
		p, err := expiry.Parse(text)
		if err != nil || p.IsZero() {
			return
		}
		i := expiry.Issuance{
			At: within(at), Since: within(at + since%lifetime*1e6), Until: within(at + until%lifetime*1e6), PeriodEnd: within(at + periodEnd%lifetime*1e6),
		}
		window, err := p.Window(i)
		if err != nil {
			if !errors.Is(err, expiry.ErrWindow) && !i.Until.Before(i.Since) {
				t.Errorf("Window(%v, %+v) = %v, want a window or ErrWindow", p, i, err)
			}
			return
		}
		if !window.Start.Equal(i.At) || !window.Contains(window.Start) || !window.End.Equal(window.End.Truncate(time.Microsecond)) {
			t.Errorf("Window(%v, %+v) = %v, want it to start at At and to hold that", p, i, window)
		}
		for _, other := range []struct {
			asked bool
			i     expiry.Issuance
		}{
			{p.FollowsTerm(), expiry.Issuance{At: i.At, Since: i.Since, Until: i.Until.Add(time.Hour), PeriodEnd: i.PeriodEnd}},
			{p.AsksForTerm(), expiry.Issuance{At: i.At, PeriodEnd: i.PeriodEnd}},
			{p.AsksForPeriod(), expiry.Issuance{At: i.At, Since: i.Since, Until: i.Until}},
		} {
			if got, err := p.Window(other.i); !other.asked && (err != nil || got != window) {
				t.Errorf("Window(%v, %+v) = %v, %v, want %v as for %+v: it does not ask", p, other.i, got, err, window, i)
			}
		}
	})
}

// lifetime is in seconds.
const lifetime = 100 * 366 * 24 * 3600

// within is an instant of the years that policies are for, well within them.
func within(micros int64) time.Time {
	const first, years = -62_000_000_000, 300_000_000_000 // 5 and 9506 years
	seconds := micros/1e6%years + first
	if seconds < first {
		seconds += years
	}
	return time.UnixMicro(seconds*1e6 + (micros%1e6+1e6)%1e6).UTC()
}

// FuzzNth checks that occurrences come one after the other, and that Index finds
// each, however far they are.
func FuzzNth(f *testing.F) {
	for _, text := range []string{"1 month", "1 day in Pacific/Apia", "36 hours", "1 year in Europe/Berlin", "2 weeks in America/New_York", "999999 hours"} {
		f.Add(text, time.Date(2024, 1, 31, 2, 30, 0, 0, time.UTC).UnixMicro(), 13)
		f.Add(text, time.Date(2011, 12, 31, 10, 0, 0, 1000, time.UTC).UnixMicro(), -1)
	}
	f.Fuzz(func(t *testing.T, text string, micros int64, n int) {
		span, err := expiry.ParseSpan(text)
		if err != nil || span.IsZero() {
			return
		}
		anchor := within(micros)
		if got := span.Nth(anchor, 0); !got.Equal(anchor) {
			t.Errorf("Nth(%v, %v, 0) = %v, want the anchor", span, anchor, got)
		}
		n %= 10_000
		at, next := span.Nth(anchor, n), span.Nth(anchor, n+1)
		if at.IsZero() || next.IsZero() {
			return
		}
		if next.Before(at) { // they coincide on a day that a place skipped
			t.Errorf("Nth(%v, %v, %d) = %v, and %d is %v, want it no sooner", span, anchor, n, at, n+1, next)
		}
		i := span.Index(anchor, at)
		if found := span.Nth(anchor, i); i < n || !found.Equal(at) {
			t.Errorf("Index(%v, %v, %v) = %d, want %d or a later one at that instant", span, anchor, at, i, n)
		}
		if next.After(at) {
			if got := span.Index(anchor, next.Add(-time.Microsecond)); got != i {
				t.Errorf("Index(%v, %v, just before %v) = %d, want %d", span, anchor, next, got, i)
			}
		}
	})
}

// FuzzCarry checks that no more goes on than there is and than the limits say, and
// never less of more.
func FuzzCarry(f *testing.F) {
	for _, text := range []string{
		"all for 1 month, once", "at most 500 for 30 days", "at most half of the grant for 1 month", "at most 1000000x the grant for 1 day",
		"at most 2x the grant and at most 2.5 for permanent, 3 times",
	} {
		f.Add(text, int64(70), int64(100), int64(5), 1)
		f.Add(text, int64(expiry.MaxMicros), int64(expiry.MaxMicros), int64(-1), 0)
	}
	f.Fuzz(func(t *testing.T, text string, available, granted, more int64, done int) {
		r, err := expiry.ParseRollover(text)
		if err != nil {
			return
		}
		carried, err := r.Carry(available, granted, done)
		if available < 0 || granted < 0 || done < 0 {
			if err == nil && !r.IsZero() {
				t.Errorf("Carry(%v, %d, %d, %d) = %d, want an error: nothing can be negative", r, available, granted, done, carried)
			}
			return
		}
		if err != nil || carried < 0 || carried > available {
			t.Errorf("Carry(%v, %d, %d, %d) = %d, %v, want 0 to %d", r, available, granted, done, carried, err, available)
		}
		if more < 0 || available > math.MaxInt64-more {
			return
		}
		if of, err := r.Carry(available+more, granted, done); err != nil || of < carried || of-carried > more {
			t.Errorf("Carry(%v, %d, %d, %d) = %d, %v, want %d to %d more than %d of %d", r, available+more, granted, done, of, err, 0, more, carried, available)
		}
		if later, err := r.Carry(available, granted, min(done, math.MaxInt-1)+1); err != nil || later > carried {
			t.Errorf("Carry(%v, %d, %d, once more) = %d, %v, want at most %d", r, available, granted, later, err, carried)
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
