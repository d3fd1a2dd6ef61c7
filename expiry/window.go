package expiry

import (
	"fmt"
	"time"
)

// Issuance is what a [Policy] may ask about credits. Instants are read in UTC and
// cut to microseconds.
type Issuance struct {
	// At is when the credits start. Required.
	At time.Time

	// Since and Until are the term of the subscription that the credits belong
	// to: its first purchase, which renewals do not move, and its end as it now
	// is. Both or none; zero: no term.
	Since, Until time.Time

	// PeriodEnd is the end of the billing period. Zero: there is none.
	PeriodEnd time.Time
}

// Window is when credits can be spent: at t while Start <= t < End. A zero End
// means never ending.
type Window struct{ Start, End time.Time }

// Contains reports whether Start <= t < End.
func (w Window) Contains(t time.Time) bool {
	return !t.Before(w.Start) && (w.End.IsZero() || t.Before(w.End))
}

// Window returns when credits issued by i can be spent. Start is i.At; End is
// after it, or zero for never. Both are in UTC, cut to microseconds. The result
// depends on p and i alone, and an i with a later Until never gives an earlier
// End.
//
// The error is an [*InvalidError] if p is not valid, or if i lacks At, has half a
// term, a term that ends before its first purchase, or an instant outside the
// years 1 to 9999. It is a [*WindowError], with [ErrNoTerm], [ErrNoPeriod],
// [ErrEmpty] or [ErrRange], if p has no answer to i.
func (p Policy) Window(i Issuance) (Window, error) {
	if err := p.Validate(); err != nil {
		return Window{}, err
	}
	i = i.cut()
	if flaw := i.flaw(); flaw != "" {
		return Window{}, &InvalidError{Value: "the issuance", Reason: flaw}
	}
	end, err := p.rule.end(i)
	if err != nil {
		err.Policy = p
		err.Window.Start = i.At
		return Window{}, err
	}
	if !end.IsZero() && !end.After(i.At) {
		return Window{}, &WindowError{
			Policy: p, Window: Window{i.At, end}, Err: ErrEmpty,
			Reason: fmt.Sprintf("it ends at %s, which is not after its start, %s", written(end), written(i.At)),
		}
	}
	return Window{Start: i.At, End: end}, nil
}

func (i Issuance) cut() Issuance {
	return Issuance{At: cut(i.At), Since: cut(i.Since), Until: cut(i.Until), PeriodEnd: cut(i.PeriodEnd)}
}

func (i Issuance) flaw() string {
	if i.At.IsZero() {
		return "At is missing"
	}
	for _, t := range []time.Time{i.At, i.Since, i.Until, i.PeriodEnd} {
		if !t.IsZero() && !inYears(t) {
			return fmt.Sprintf("%s is not in the years 1 to 9999", written(t))
		}
	}
	switch {
	case i.Since.IsZero() && !i.Until.IsZero():
		return "its term has an end, but Since is missing"
	case i.Until.IsZero() && !i.Since.IsZero():
		return "its term has a first purchase, but Until is missing"
	case i.Until.Before(i.Since):
		return fmt.Sprintf("its term ends at %s, before its first purchase at %s", written(i.Until), written(i.Since))
	}
	return ""
}

// end returns when credits end, zero for never. It may be before i.At: a part of
// latest may have ended already.
func (r *rule) end(i Issuance) (time.Time, *WindowError) {
	switch r.kind {
	case permanent:
		return time.Time{}, nil
	case lasting:
		return inRange(r.span.nth(i.At, 1))
	case until:
		return r.moment.end(), nil
	case endOfDay:
		return inRange(nextDay(i.At, r.loc))
	case endOfMonth:
		return inRange(nextMonth(i.At, r.loc))
	case endOfPeriod:
		if i.PeriodEnd.IsZero() {
			return time.Time{}, &WindowError{Reason: "the credits have no billing period", Err: ErrNoPeriod}
		}
		return i.PeriodEnd, nil
	case whileSubscribed:
		if i.Until.IsZero() {
			return time.Time{}, &WindowError{Reason: "the credits belong to no term", Err: ErrNoTerm}
		}
		return i.Until, nil
	case earliest:
		return r.pick(i, sooner)
	case latest:
		return r.pick(i, later)
	case purchasedBefore:
		return r.branch(i).rule.end(i)
	}
	panic("expiry: unknown kind of policy")
}

func inRange(end time.Time) (time.Time, *WindowError) {
	if !inYears(end) {
		return time.Time{}, &WindowError{
			Window: Window{End: end}, Err: ErrRange,
			Reason: fmt.Sprintf("it ends at %s, which is not in the years 1 to 9999", written(end)),
		}
	}
	return end, nil
}

// pick returns the end that better prefers among those of all parts.
func (r *rule) pick(i Issuance, better func(a, b time.Time) bool) (time.Time, *WindowError) {
	best, err := r.parts[0].rule.end(i)
	if err != nil {
		return time.Time{}, err
	}
	for _, part := range r.parts[1:] {
		end, err := part.rule.end(i)
		if err != nil {
			return time.Time{}, err
		}
		if better(end, best) {
			best = end
		}
	}
	return best, nil
}

// sooner reports whether a is before b, where zero is never.
func sooner(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}

func later(a, b time.Time) bool { return sooner(b, a) }

// branch chooses the part of purchasedBefore that applies.
func (r *rule) branch(i Issuance) Policy {
	purchased := i.Since
	if purchased.IsZero() {
		purchased = i.At
	}
	if purchased.Before(r.moment.start()) {
		return r.parts[0]
	}
	return r.parts[1]
}

func written(t time.Time) string { return t.Format(time.RFC3339Nano) }
