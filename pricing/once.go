package pricing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Once says how often an account can have a bonus. It has a text form:
//
//	per account                  once, ever
//	per day in Asia/Shanghai     once a day as that place counts days
//	per month                    once a calendar month; without a place, in UTC
//	per key                      once for each key, such as a submission's
//
// The zero value is not a rule; no bonus has it.
type Once struct {
	per  string
	zone *time.Location // of a day or month; never nil there
}

const (
	perAccount = "per account"
	perDay     = "per day"
	perMonth   = "per month"
	perKey     = "per key"
)

// ParseOnce reads the text form, to the letter. Anything else, and a place that
// is not an IANA time zone, gives a [*TextError].
func ParseOnce(text string) (Once, error) {
	per, place, placed := strings.Cut(text, " in ")
	switch {
	case (per == perAccount || per == perKey) && !placed:
		return Once{per: per}, nil
	case (per == perDay || per == perMonth) && !placed:
		return Once{per: per, zone: time.UTC}, nil
	case per == perDay || per == perMonth:
		zone, err := loadZone(place)
		if err != nil {
			return Once{}, &TextError{What: "once", Text: clip(text), Reason: err.Error()}
		}
		return Once{per: per, zone: zone}, nil
	}
	return Once{}, &TextError{What: "once", Text: clip(text), Reason: `is none of "per account", "per day", "per month", "per key", or a day or month in a time zone`}
}

// loadZone admits the places that package expiry does.
func loadZone(name string) (*time.Location, error) {
	if _, err := expiry.ParseSpan("1 day in " + name); err != nil || strings.Contains(name, " ") {
		return nil, errors.New("is not in an IANA time zone that this machine knows")
	}
	return time.LoadLocation(name)
}

// IsZero reports whether o is no rule.
func (o Once) IsZero() bool { return o.per == "" }

// Equal reports whether o and other are the same rule.
func (o Once) Equal(other Once) bool { return o.String() == other.String() }

// String returns what [ParseOnce] reads; empty text for the zero value.
func (o Once) String() string {
	if o.zone == nil || o.zone == time.UTC {
		return o.per
	}
	return o.per + " in " + o.zone.String()
}

// MarshalText returns what [Once.String] returns. The error is always nil.
func (o Once) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what [ParseOnce] reads and changes o only on success.
func (o *Once) UnmarshalText(text []byte) error {
	parsed, err := ParseOnce(string(text))
	if err != nil {
		return err
	}
	*o = parsed
	return nil
}

// occasion returns what a claim is one of: nothing for an account, the local day
// or month, or the key.
func (o Once) occasion(item string, c Claim) ([]string, error) {
	if o.per != perKey && c.Key != "" {
		return nil, &GrantError{Item: item, Field: "key", Reason: fmt.Sprintf("is %s: the bonus is given once %v", quote(c.Key), o)}
	}
	switch o.per {
	case perAccount:
		return nil, nil
	case perKey:
		return []string{c.Key}, need(item, "key", c.Key)
	case perDay, perMonth:
		return o.date(item, c.At)
	}
	return nil, &GrantError{Item: item, Field: "once", Reason: "is missing"}
}

func (o Once) date(item string, at time.Time) ([]string, error) {
	if at.IsZero() {
		return nil, &GrantError{Item: item, Field: "at", Reason: "is missing: the instant decides the day"}
	}
	local := at.In(o.zone)
	if year := local.Year(); year < 1 || year > 9999 {
		return nil, &GrantError{Item: item, Field: "at", Reason: fmt.Sprintf("is in the year %d: must be from 1 to 9999", year)}
	}
	if o.per == perDay {
		return []string{local.Format("2006-01-02")}, nil
	}
	return []string{local.Format("2006-01")}, nil
}
