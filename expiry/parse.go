package expiry

import (
	"fmt"
	"time"
)

// Parse reads a policy:
//
//	policy   = "permanent"
//	         | span
//	         | "until" ( date [ location ] | instant )
//	         | "end of day" [ location ] | "end of month" [ location ]
//	         | "end of period"
//	         | "while subscribed"
//	         | ( "earliest" | "latest" ) "(" policy { "," policy } ")"
//	         | "purchased before" ( date [ location ] | instant ) ":" policy ", else" policy
//	span     = count ( "hours" | ( "days" | "weeks" | "months" | "years" ) [ location ] )
//	location = "in" name
//
// A count is 1 to [MaxCount] in digits, without leading zeros; the singular is
// read as the plural. A date is 2026-12-31. An instant is RFC 3339 with at most
// six decimals, such as 2026-12-31T12:00:00Z. A name is one of the IANA database,
// such as Europe/Berlin. Earliest and latest take two policies or more. Letters
// are lower case but in names; there may be several spaces where one is, and none
// only beside punctuation.
//
// Credits valid until a date can be spent on all of that day: they end with the
// first instant of the next day in the location. Purchased before a date means
// before the first instant of that day.
//
// The empty text is the zero Policy, so that Parse(p.String()) equals p for all
// valid p and for the zero Policy. Any other text that does not follow the
// grammar, is longer than [MaxText] or nests deeper than [MaxDepth] is a
// [*ParseError].
func Parse(text string) (Policy, error) {
	if text == "" {
		return Policy{}, nil
	}
	return parseWhole(text, (*reader).policy)
}

// MustParse is [Parse] for texts known to be right, such as literals. It panics
// if there is an error.
func MustParse(text string) Policy { return must(Parse(text)) }

// ParseSpan reads a span as [Parse] does: "30 days", "1 month in Europe/Berlin".
// The empty text is the zero Span. The error is a [*ParseError].
func ParseSpan(text string) (Span, error) {
	if text == "" {
		return Span{}, nil
	}
	return parseWhole(text, (*reader).span)
}

// MustParseSpan is [ParseSpan] for texts known to be right, such as literals. It
// panics if there is an error.
func MustParseSpan(text string) Span { return must(ParseSpan(text)) }

// parseWhole reads text with read and sees that nothing is left.
func parseWhole[T interface{ flaw() string }](text string, read func(*reader) (T, error)) (T, error) {
	var none T
	if len(text) > MaxText {
		return none, &ParseError{
			Text:   text[:MaxText],
			Offset: MaxText,
			Reason: fmt.Sprintf("%d bytes, more than %d,", len(text), MaxText),
		}
	}
	r := &reader{text: text}
	value, err := read(r)
	if err == nil {
		err = r.finish()
	}
	if err != nil {
		return none, err
	}
	if flaw := value.flaw(); flaw != "" {
		// The canonical text can be longer than this one: "1 day,1 day" has no space.
		return none, r.failAt(0, "%s", flaw)
	}
	return value, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (r *reader) policy() (Policy, error) {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > MaxDepth {
		return Policy{}, r.fail("more than %d policies within policies", MaxDepth)
	}
	if r.atDigit() {
		span, err := r.span()
		return lastingFor(span), err
	}
	start := r.mark()
	switch word := r.word(); word {
	case "permanent":
		return Permanent(), nil
	case "until":
		m, err := r.moment()
		return seal(rule{kind: until, moment: m}), err
	case "end":
		return r.endOf()
	case "while":
		return WhileSubscribed(), r.expectWord("subscribed")
	case "earliest":
		return r.several(earliest)
	case "latest":
		return r.several(latest)
	case "purchased":
		return r.purchasedBefore()
	}
	return Policy{}, r.failAt(start, "expected a policy, such as 30 days or permanent,")
}

func (r *reader) endOf() (Policy, error) {
	if err := r.expectWord("of"); err != nil {
		return Policy{}, err
	}
	start := r.mark()
	switch r.word() {
	case "day":
		loc, err := r.location()
		return seal(rule{kind: endOfDay, loc: loc}), err
	case "month":
		loc, err := r.location()
		return seal(rule{kind: endOfMonth, loc: loc}), err
	case "period":
		return EndOfPeriod(), nil
	}
	return Policy{}, r.failAt(start, "expected day, month or period")
}

func (r *reader) several(k kind) (Policy, error) {
	if err := r.expect('('); err != nil {
		return Policy{}, err
	}
	first, err := r.policy()
	if err != nil {
		return Policy{}, err
	}
	if err := r.expect(','); err != nil {
		return Policy{}, err
	}
	parts := []Policy{first}
	for more := true; more; more = r.accept(',') {
		part, err := r.policy()
		if err != nil {
			return Policy{}, err
		}
		parts = append(parts, part)
	}
	return seal(rule{kind: k, parts: parts}), r.expect(')')
}

func (r *reader) purchasedBefore() (Policy, error) {
	if err := r.expectWord("before"); err != nil {
		return Policy{}, err
	}
	m, err := r.moment()
	if err != nil {
		return Policy{}, err
	}
	if err := r.expect(':'); err != nil {
		return Policy{}, err
	}
	then, err := r.policy()
	if err != nil {
		return Policy{}, err
	}
	if err := r.expect(','); err != nil {
		return Policy{}, err
	}
	if err := r.expectWord("else"); err != nil {
		return Policy{}, err
	}
	otherwise, err := r.policy()
	return seal(rule{kind: purchasedBefore, moment: m, parts: []Policy{then, otherwise}}), err
}

func (r *reader) span() (Span, error) {
	count, err := r.count()
	if err != nil {
		return Span{}, err
	}
	start := r.mark()
	word := r.word()
	for u := hours; u <= years; u++ {
		if word != unitNames[u] && word != unitNames[u]+"s" {
			continue
		}
		if u == hours {
			return newSpan(count, u), nil
		}
		loc, err := r.location()
		return Span{count: count, unit: u, loc: loc}, err
	}
	return Span{}, r.failAt(start, "expected hours, days, weeks, months or years")
}

// moment reads a date, with its location, or an instant.
func (r *reader) moment() (moment, error) {
	start := r.mark()
	m, flaw := readMoment(r.momentText())
	if flaw != "" {
		return moment{}, r.failAt(start, "%s", flaw)
	}
	if m.allDay {
		loc, err := r.location()
		if err != nil {
			return moment{}, err
		}
		m.loc = loc
	}
	if flaw := m.flaw(); flaw != "" {
		return moment{}, r.failAt(start, "%s", flaw)
	}
	return m, nil
}

func readMoment(text string) (m moment, flaw string) {
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return moment{at: date, allDay: true, loc: time.UTC}, ""
	}
	var t time.Time
	// UnmarshalText is strict about RFC 3339 where time.Parse is not.
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return moment{}, "expected a date such as 2026-12-31 or an instant such as 2026-12-31T12:00:00Z"
	}
	if !cut(t).Equal(t) {
		return moment{}, "an instant has at most six decimals"
	}
	return instant(t), ""
}

// location reads the location that may follow, UTC if none does.
func (r *reader) location() (*time.Location, error) {
	if !r.acceptWord("in") {
		return time.UTC, nil
	}
	start := r.mark()
	loc, flaw := findLocation(r.locationText())
	if flaw != "" {
		return nil, r.failAt(start, "%s", flaw)
	}
	return loc, nil
}
