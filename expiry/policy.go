package expiry

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policy says when credits end. The zero Policy is none: it has the empty text
// and gives no window. A Policy never changes and is safe for simultaneous use.
// Compare with [Policy.Equal].
//
// The constructors take anything; what they were given is checked by
// [Policy.Validate], which also [Policy.Window] and [Policy.MarshalText] do.
type Policy struct {
	_    [0]func() // == would compare addresses
	rule *rule     // nil: none
}

// The bounds of a [Policy] and its text.
const (
	MaxText  = 1000 // bytes of a text
	MaxDepth = 8    // policies within policies, the outermost counted
)

// rule is what a Policy is made of. It never changes once sealed.
type rule struct {
	kind   kind
	span   Span           // lasting
	moment moment         // until, purchasedBefore
	loc    *time.Location // endOfDay, endOfMonth
	parts  []Policy       // earliest, latest: two or more; purchasedBefore: then, otherwise

	text  string // canonical
	flaw  string // what makes it invalid; empty: nothing
	depth int    // 1 without parts
}

type kind uint8

const (
	permanent kind = iota + 1
	lasting
	until
	endOfDay
	endOfMonth
	endOfPeriod
	whileSubscribed
	earliest
	latest
	purchasedBefore
)

// Permanent is "permanent": credits never end.
func Permanent() Policy { return seal(rule{kind: permanent}) }

// Hours is "n hours" after the start. Valid n are 1 to [MaxCount], here and
// below.
func Hours(n int) Policy { return lastingFor(newSpan(n, hours)) }

// Days is "n days": the same time of day n days after the start. Without a
// location a day has 24 hours.
func Days(n int) Policy { return lastingFor(newSpan(n, days)) }

// Weeks is "n weeks", of seven days.
func Weeks(n int) Policy { return lastingFor(newSpan(n, weeks)) }

// Months is "n months": the same day of the month and time of day n months after
// the start, or the last day of a month that is too short.
func Months(n int) Policy { return lastingFor(newSpan(n, months)) }

// Years is "n years": as 12 times n months, so that 29 February is followed by
// 28 February.
func Years(n int) Policy { return lastingFor(newSpan(n, years)) }

// Until is "until 2026-12-31T12:00:00Z": credits end at t, cut to microseconds.
// For a day to be included to its end, read a date: MustParse("until 2026-12-31").
func Until(t time.Time) Policy { return seal(rule{kind: until, moment: instant(t)}) }

// EndOfDay is "end of day": the first instant after the start that belongs to a
// later day.
func EndOfDay() Policy { return seal(rule{kind: endOfDay, loc: time.UTC}) }

// EndOfMonth is "end of month": the first instant after the start that belongs
// to a later month.
func EndOfMonth() Policy { return seal(rule{kind: endOfMonth, loc: time.UTC}) }

// EndOfPeriod is "end of period": [Issuance.PeriodEnd].
func EndOfPeriod() Policy { return seal(rule{kind: endOfPeriod}) }

// WhileSubscribed is "while subscribed": [Issuance.Until], the end of the term as
// it now is. A renewal carries the credits on.
func WhileSubscribed() Policy { return seal(rule{kind: whileSubscribed}) }

// Earliest is "earliest(a, b)": the first of the ends that the policies give.
// Every one of them must give one.
func Earliest(a, b Policy, more ...Policy) Policy {
	return seal(rule{kind: earliest, parts: append([]Policy{a, b}, more...)})
}

// Latest is "latest(a, b)": the last of the ends that the policies give; never is
// the last of all. Every one of them must give one.
func Latest(a, b Policy, more ...Policy) Policy {
	return seal(rule{kind: latest, parts: append([]Policy{a, b}, more...)})
}

// PurchasedBefore is "purchased before 2024-05-20T00:00:00Z: then, else
// otherwise": then for a term whose first purchase, [Issuance.Since], was before
// t, otherwise for any later one. Without a term the start of the credits decides
// in place of the first purchase. As the first purchase never moves, renewals
// keep their rule.
//
// The text "purchased before 2024-05-20: ..." has a date, and means the first
// instant of that day in its location.
func PurchasedBefore(t time.Time, then, otherwise Policy) Policy {
	return seal(rule{kind: purchasedBefore, moment: instant(t), parts: []Policy{then, otherwise}})
}

func lastingFor(s Span) Policy { return seal(rule{kind: lasting, span: s}) }

// In returns p with every day, week, month, year and date in it read by the
// clocks of loc, in place of any location it had; nil is UTC. Loc must be one of
// the IANA database, such as [time.LoadLocation] returns for "Europe/Berlin", else
// the policy is invalid: [time.FixedZone], and [time.Local] unless the environment
// names its zone, have no name that means the same everywhere. Hours, instants,
// periods and terms are the same everywhere.
func (p Policy) In(loc *time.Location) Policy {
	if p.flaw() != "" {
		return p
	}
	r := *p.rule
	r.span = r.span.In(loc)
	r.moment = r.moment.in(loc)
	if r.loc != nil {
		r.loc = canonical(loc)
	}
	r.parts = make([]Policy, len(p.rule.parts))
	for i, part := range p.rule.parts {
		r.parts[i] = part.In(loc)
	}
	return seal(r)
}

// IsZero reports whether p is no policy.
func (p Policy) IsZero() bool { return p.rule == nil }

// Equal reports whether p and q have the same text. "12 months" and "1 year" are
// not equal, though they end alike.
func (p Policy) Equal(q Policy) bool {
	if p.rule == nil || q.rule == nil {
		return p.rule == q.rule
	}
	return p.rule.text == q.rule.text && p.rule.flaw == q.rule.flaw
}

// Validate returns nil for a policy that can be used, and an [*InvalidError] for
// the zero Policy and for one made of a count that is not from 1 to [MaxCount],
// an instant outside the years 1 to 9999, a location that is not in the IANA
// database or that is called "Local", or parts that are invalid, nested deeper
// than [MaxDepth] or longer than [MaxText].
func (p Policy) Validate() error {
	if flaw := p.flaw(); flaw != "" {
		return &InvalidError{Value: fmt.Sprintf("policy %q", p), Reason: flaw}
	}
	return nil
}

func (p Policy) flaw() string {
	if p.rule == nil {
		return "there is no policy; what never ends is permanent"
	}
	return p.rule.flaw
}

// FollowsTerm reports whether the end may depend on [Issuance.Until], so that it
// must be asked for again when a term is renewed or ended.
func (p Policy) FollowsTerm() bool { return p.has(whileSubscribed) }

// AsksForTerm reports whether the end may depend on anything of a term, its
// [Issuance.Until] or its [Issuance.Since]: where it is false, what is issued with
// a term ends as without one.
func (p Policy) AsksForTerm() bool { return p.has(whileSubscribed) || p.has(purchasedBefore) }

// AsksForPeriod reports whether the end may depend on [Issuance.PeriodEnd].
func (p Policy) AsksForPeriod() bool { return p.has(endOfPeriod) }

// has reports whether p or a part of it is of kind k.
func (p Policy) has(k kind) bool {
	if p.rule == nil {
		return false
	}
	hasKind := func(part Policy) bool { return part.has(k) }
	return p.rule.kind == k || slices.ContainsFunc(p.rule.parts, hasKind)
}

// String returns the canonical text of p, which [Parse] reads back to an equal
// policy, and "" for the zero Policy. The text of an invalid policy says what it
// was made of, and need not be readable.
func (p Policy) String() string {
	if p.rule == nil {
		return ""
	}
	return p.rule.text
}

// MarshalText returns the text of [Policy.String], "" for the zero Policy, or the
// error of [Policy.Validate].
func (p Policy) MarshalText() ([]byte, error) {
	if err := p.Validate(); err != nil && !p.IsZero() {
		return nil, err
	}
	return []byte(p.String()), nil
}

// UnmarshalText sets p as [Parse] does. After an error p is as it was.
func (p *Policy) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}

// seal makes a Policy of r: it writes the text and looks for flaws once, so that
// every later use is quick.
func seal(r rule) Policy {
	r.depth = 1
	for _, part := range r.parts {
		if part.rule != nil {
			r.depth = max(r.depth, 1+part.rule.depth)
		}
	}
	r.text = r.write()
	r.flaw = r.findFlaw()
	if len(r.text) > MaxText {
		// Parts can be shared, so that the whole text may be beyond all memory.
		r.text = r.text[:MaxText] + "..."
	}
	return Policy{rule: &r}
}

func (r *rule) write() string {
	switch r.kind {
	case permanent:
		return "permanent"
	case lasting:
		return r.span.String()
	case until:
		return "until " + r.moment.String()
	case endOfDay:
		return "end of day" + inLocation(r.loc)
	case endOfMonth:
		return "end of month" + inLocation(r.loc)
	case endOfPeriod:
		return "end of period"
	case whileSubscribed:
		return "while subscribed"
	case earliest:
		return "earliest(" + join(r.parts) + ")"
	case latest:
		return "latest(" + join(r.parts) + ")"
	case purchasedBefore:
		return fmt.Sprintf("purchased before %v: %v, else %v", r.moment, r.parts[0], r.parts[1])
	}
	panic("expiry: unknown kind of policy")
}

func join(parts []Policy) string {
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.String()
	}
	return strings.Join(texts, ", ")
}

func (r *rule) findFlaw() string {
	for _, part := range r.parts {
		if flaw := part.flaw(); flaw != "" {
			return flaw
		}
	}
	switch {
	case len(r.text) > MaxText:
		return fmt.Sprintf("its text has more than %d bytes", MaxText)
	case r.depth > MaxDepth:
		return fmt.Sprintf("it is nested deeper than %d", MaxDepth)
	}
	switch r.kind {
	case lasting:
		return r.span.flaw()
	case until, purchasedBefore:
		return r.moment.flaw()
	case endOfDay, endOfMonth:
		return flawOf(r.loc)
	}
	return ""
}
