package expiry

import (
	"fmt"
	"strconv"
	"time"
)

// Span is a length of calendar time: "12 hours", "30 days", "1 week", "1 month"
// or "1 year", in a location. The zero Span is none and has the empty text. A
// Span is a plain value, safe for simultaneous use; make one with [ParseSpan] or
// [MustParseSpan].
//
// Hours are hours. Days and weeks keep the local time of day, months and years
// also the day of the month, or the last day of a month that is too short. In
// UTC, the default, a day has 24 hours; elsewhere a day on which clocks change
// has more or fewer. [Span.Nth] says what becomes of a local time that does not
// exist.
//
// "12 months" and "1 year" reach the same instants, but are different spans.
type Span struct {
	count int // 1 to MaxCount
	unit  unit
	loc   *time.Location // never nil but in the zero Span; UTC for hours
}

// MaxCount is the largest number of units in a [Span] or [Policy]: 114 years of
// hours, 2737 years of days, more than there are of the others.
const MaxCount = 1_000_000

// maxUnits is more than the hours between the years 1 and 9999.
const maxUnits = 100_000_000

type unit uint8

const (
	hours unit = iota + 1
	days
	weeks
	months
	years
)

var unitNames = [...]string{hours: "hour", days: "day", weeks: "week", months: "month", years: "year"}

func newSpan(count int, u unit) Span { return Span{count: count, unit: u, loc: time.UTC} }

// In returns s with its days, weeks, months or years counted by the clocks of
// loc; nil is UTC. Loc must be one of the IANA database, as for [Policy.In],
// else the Span is invalid. Hours and the zero Span stay as they are.
func (s Span) In(loc *time.Location) Span {
	if !s.IsZero() && s.unit != hours {
		s.loc = canonical(loc)
	}
	return s
}

// IsZero reports whether s is none.
func (s Span) IsZero() bool { return s == Span{} }

// Equal reports whether s and other have the same text.
func (s Span) Equal(other Span) bool { return s.String() == other.String() }

// Parts returns how many of part make s wherever both begin: 12 for "1 year" and
// "1 month". It is 0 if no whole number does, or not everywhere: of days and
// months, of different locations, of hours and the days of a location other than
// UTC, of part longer than s, and if either is zero or invalid. Where it is n,
// s.Nth(anchor, k) is part.Nth(anchor, k*n).
func (s Span) Parts(part Span) int {
	if s.flaw() != "" || part.flaw() != "" || s.loc.String() != part.loc.String() {
		return 0
	}
	whole, base := s.inBase()
	each, other := part.inBase()
	if base != other || whole%each != 0 {
		return 0
	}
	return int(whole / each)
}

// inBase returns s in hours or in months.
func (s Span) inBase() (int64, unit) {
	n := int64(s.count)
	switch s.unit {
	case days:
		return 24 * n, hours
	case weeks:
		return 7 * 24 * n, hours
	case years:
		return 12 * n, months
	}
	return n, s.unit
}

// Validate returns nil for a Span that has occurrences, and an [*InvalidError] for
// the zero Span and for one whose location is not in the IANA database.
func (s Span) Validate() error {
	if flaw := s.flaw(); flaw != "" {
		return &InvalidError{Value: fmt.Sprintf("span %q", s), Reason: flaw}
	}
	return nil
}

func (s Span) flaw() string {
	switch {
	case s.IsZero():
		return "there is no span"
	case s.count < 1 || s.count > MaxCount:
		return fmt.Sprintf("%d %ss: the count must be from 1 to %d", s.count, unitNames[s.unit], MaxCount)
	}
	return flawOf(s.loc)
}

// String returns the text that [ParseSpan] reads: "1 month in Europe/Berlin",
// and "" for the zero Span.
func (s Span) String() string {
	if s.IsZero() {
		return ""
	}
	return counted(s.count, unitNames[s.unit]) + inLocation(s.loc)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// MarshalText returns the text of [Span.String], "" for the zero Span, or the
// error of [Span.Validate].
func (s Span) MarshalText() ([]byte, error) {
	if err := s.Validate(); err != nil && !s.IsZero() {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText sets s as [ParseSpan] does. After an error s is as it was.
func (s *Span) UnmarshalText(text []byte) error {
	parsed, err := ParseSpan(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Nth returns the n-th occurrence, in UTC: anchor itself for 0, cut to
// microseconds, earlier instants for negative n. Each is computed from anchor and
// never from the one before, so that the 31st of January is followed by the 28th
// of February and the 31st of March.
//
// A local time that clocks show twice means the first. One that they skip means
// the instant at which they would have shown it had they not been put forward:
// 02:30 is then 03:30. These are the rules of RFC 5545. Where a location skipped
// a whole day, as Samoa did with 30 December 2011, the occurrence of that day
// coincides with that of the day after; otherwise later n are later instants.
//
// Nth returns the zero time if the occurrence lies outside the years 1 to 9999.
// It panics if s is zero or invalid, or if anchor is the zero time or outside
// those years: check both where they enter.
func (s Span) Nth(anchor time.Time, n int) time.Time {
	s.mustCount(anchor)
	if reach := maxUnits / s.count; n < -reach || n > reach {
		return time.Time{}
	}
	at := s.nth(cut(anchor), n)
	if !inYears(at) {
		return time.Time{}
	}
	return at
}

// Index returns the largest n for which Nth(anchor, n) is not after t. It is
// negative if t is before anchor, and takes the same time however far they are
// apart. It panics as [Span.Nth] does, for t as for anchor.
func (s Span) Index(anchor, t time.Time) int {
	s.mustCount(anchor, t)
	anchor = cut(anchor)
	n := int(s.unitsBetween(anchor, t) / int64(s.count))
	for s.nth(anchor, n).After(t) {
		n--
	}
	for !s.nth(anchor, n+1).After(t) {
		n++
	}
	return n
}

func (s Span) mustCount(instants ...time.Time) {
	if flaw := s.flaw(); flaw != "" {
		panic("expiry: occurrences of an invalid span: " + flaw)
	}
	for _, t := range instants {
		if !inYears(t) {
			panic(fmt.Sprintf("expiry: occurrences of %q around %v: not in the years 1 to 9999", s, t))
		}
	}
}

// nth is Nth without bounds.
func (s Span) nth(anchor time.Time, n int) time.Time {
	if n == 0 {
		// An anchor in the second of two passes is still its own occurrence.
		return anchor
	}
	n *= s.count
	wall := wallAt(anchor, s.loc)
	switch s.unit {
	case hours:
		// A time.Duration ends at 292 years.
		return time.UnixMicro(anchor.UnixMicro() + int64(n)*time.Hour.Microseconds()).UTC()
	case days:
		wall = wall.AddDate(0, 0, n)
	case weeks:
		wall = wall.AddDate(0, 0, 7*n)
	case months:
		wall = addMonths(wall, n)
	case years:
		wall = addMonths(wall, 12*n)
	}
	return instantAt(wall, s.loc)
}

// unitsBetween counts the units from anchor to t by the calendar, right to within
// two of them.
func (s Span) unitsBetween(anchor, t time.Time) int64 {
	from, to := wallAt(anchor, s.loc), wallAt(t, s.loc)
	elapsed := to.Unix() - from.Unix()
	monthsBetween := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	switch s.unit {
	case hours:
		return elapsed / 3600
	case days:
		return elapsed / (24 * 3600)
	case weeks:
		return elapsed / (7 * 24 * 3600)
	case months:
		return monthsBetween
	}
	return monthsBetween / 12
}
