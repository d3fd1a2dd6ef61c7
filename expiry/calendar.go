package expiry

import "time"

// A wall is what a clock on a wall shows, kept as a time in UTC whose date and
// time of day are those shown. It is no instant until a location reads it.

const day = 24 * time.Hour

// wallAt returns what clocks in loc show at t.
func wallAt(t time.Time, loc *time.Location) time.Time {
	return t.UTC().Add(offsetAt(t, loc))
}

// offsetAt returns how far clocks in loc are ahead of UTC at t.
func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

// reach returns the first instant, from on, at which clocks in loc show wall or
// later. That is the first of two passes, and the end of a gap.
func reach(from, wall time.Time, loc *time.Location) time.Time {
	for t := from; ; {
		at := wall.Add(-offsetAt(t, loc))
		if at.Before(t) {
			return t
		}
		end := offsetEnd(t, loc)
		if end.IsZero() || at.Before(end) {
			return at
		}
		t = end
	}
}

// offsetEnd returns an instant after t to which clocks in loc surely keep their
// offset; zero if they keep it for ever.
func offsetEnd(t time.Time, loc *time.Location) time.Time {
	_, end := t.In(loc).ZoneBounds()
	if end.IsZero() || end.After(t) {
		return end.UTC()
	}
	// On the last day of a leap year the bound can be the day's beginning, where
	// the end of the year is meant: golang.org/issue/81583.
	return t.UTC().Truncate(day).Add(day)
}

// firstAt returns the first instant ever at which clocks in loc show wall or
// later. No offset from UTC is as large as a day, so a day before is early enough.
func firstAt(wall time.Time, loc *time.Location) time.Time {
	return reach(wall.Add(-day), wall, loc)
}

// instantAt returns the instant that wall means in loc, by the rule of RFC 5545,
// section 3.3.5: the first pass where clocks show it twice; where they skip it,
// the instant they would have shown it had they not been put forward.
func instantAt(wall time.Time, loc *time.Location) time.Time {
	at := firstAt(wall, loc)
	if wallAt(at, loc).Equal(wall) {
		return at
	}
	return wall.Add(-offsetAt(at.Add(-time.Second), loc))
}

// nextDay returns the first instant after t that belongs to a later day in loc.
func nextDay(t time.Time, loc *time.Location) time.Time {
	year, month, d := wallAt(t, loc).Date()
	return reach(t, midnight(year, month, d+1), loc)
}

// nextMonth returns the first instant after t that belongs to a later month in
// loc.
func nextMonth(t time.Time, loc *time.Location) time.Time {
	year, month, _ := wallAt(t, loc).Date()
	return reach(t, midnight(year, month+1, 1), loc)
}

// midnight returns the wall at which a date begins.
func midnight(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// addMonths moves wall by whole months, to the month's last day where the month
// is too short, and keeps the time of day.
func addMonths(wall time.Time, months int) time.Time {
	year, month, d := wall.Date()
	first := midnight(year, month+time.Month(months), 1)
	last := first.AddDate(0, 1, -1).Day()
	timeOfDay := wall.Sub(midnight(year, month, d))
	return first.AddDate(0, 0, min(d, last)-1).Add(timeOfDay)
}

// cut returns t in UTC without what is finer than a microsecond, going back.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// inYears reports whether t is in the years 1 to 9999 of UTC. The zero time is
// not: it stands for a missing instant.
func inYears(t time.Time) bool {
	year := t.UTC().Year()
	return !t.IsZero() && year >= 1 && year <= 9999
}
