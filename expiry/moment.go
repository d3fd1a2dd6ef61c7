package expiry

import (
	"fmt"
	"time"
)

// moment is what a policy is told: an instant, or a whole day in a location.
type moment struct {
	at     time.Time // the instant, or the wall at which the day begins
	allDay bool
	loc    *time.Location // of the day; UTC for an instant
}

func instant(t time.Time) moment { return moment{at: cut(t), loc: time.UTC} }

func (m moment) in(loc *time.Location) moment {
	if m.allDay {
		m.loc = canonical(loc)
	}
	return m
}

// start is the instant, or the first of the day.
func (m moment) start() time.Time {
	if m.allDay {
		return firstAt(m.at, m.loc)
	}
	return m.at
}

// end is the instant, or the first after the day.
func (m moment) end() time.Time {
	if m.allDay {
		return firstAt(m.at.AddDate(0, 0, 1), m.loc)
	}
	return m.at
}

func (m moment) String() string {
	if m.allDay {
		return m.at.Format(time.DateOnly) + inLocation(m.loc)
	}
	return m.at.Format(time.RFC3339Nano)
}

func (m moment) flaw() string {
	if flaw := flawOf(m.loc); flaw != "" {
		return flaw
	}
	if !inYears(m.start()) || !inYears(m.end()) {
		return fmt.Sprintf("%v is not within the years 1 to 9999; what never ends is permanent", m)
	}
	return ""
}
