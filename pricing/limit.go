package pricing

import (
	"fmt"
	"strings"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Limit is the most credits that come within a span: of a plan, or of a [TopUp]. Its
// text is "at most 30 within 1 month". The zero value is no limit.
type Limit struct {
	Most credits.Amount // more than zero

	// Within is counted from the beginning of a plan's subscription, one span after
	// the other; and from each top-up.
	Within expiry.Span
}

// maxLimit is the longest text of a limit, in bytes.
const maxLimit = 128

// ParseLimit reads a limit: "at most 30 within 1 month". All errors are [ErrText].
func ParseLimit(text string) (Limit, error) {
	if len(text) > maxLimit {
		return Limit{}, limitError(text, fmt.Sprintf("is longer than %d bytes", maxLimit))
	}
	rest, atMost := strings.CutPrefix(text, "at most ")
	amount, within, found := strings.Cut(rest, " within ")
	if !atMost || !found || amount == "" || !isDigits(amount[:1]) {
		return Limit{}, limitError(text, `is not an amount and a span, such as "at most 30 within 1 month"`)
	}
	most, err := credits.Parse(amount)
	if err != nil {
		return Limit{}, limitError(text, "has an amount that is not credits: "+err.Error())
	}
	span, err := expiry.ParseSpan(within)
	if err != nil {
		return Limit{}, limitError(text, "has a span that is none: "+err.Error())
	}
	if most.IsZero() || span.IsZero() {
		return Limit{}, limitError(text, "allows nothing")
	}
	return Limit{Most: most, Within: span}, nil
}

func limitError(text, reason string) error {
	return &TextError{What: "limit", Text: clip(text), Reason: reason}
}

// IsZero reports whether l is no limit.
func (l Limit) IsZero() bool { return l == Limit{} }

// String returns what [ParseLimit] reads; empty text for no limit.
func (l Limit) String() string {
	if l.IsZero() {
		return ""
	}
	return fmt.Sprintf("at most %v within %v", l.Most, l.Within)
}

// MarshalText returns what [Limit.String] returns. The error is always nil.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what [ParseLimit] reads and changes l only on success.
func (l *Limit) UnmarshalText(text []byte) error {
	parsed, err := ParseLimit(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// fault says what keeps a plan of so many credits every cycle from having the
// limit; empty: nothing.
func (l Limit) fault(amount credits.Amount, cycle expiry.Span) string {
	switch {
	case cycle.IsZero():
		return "is given for a plan without a cycle"
	case l.Most.Less(amount):
		return fmt.Sprintf("is %q, less than the %v of one cycle", l, amount)
	case l.Within.IsZero():
		return "is within no span"
	}
	for _, anchor := range anchors {
		if l.Within.Nth(anchor, 1).Before(cycle.Nth(anchor, 1)) {
			return fmt.Sprintf("is %q, within less than one cycle of %q", l, cycle)
		}
	}
	return ""
}
