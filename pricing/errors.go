package pricing

import (
	"errors"
	"fmt"
	"strings"
)

// The errors that callers branch on, with [errors.Is]. A price that leaves the
// range of an amount is [github.com/scriphq/scrip/credits.ErrOverflow]. Whatever
// the error, nothing was priced: no error comes with an amount.
var (
	// ErrFeature: the card has no price for the feature; the error is a
	// [*FeatureError] that lists those it has.
	ErrFeature = errors.New("pricing: unknown feature")

	// ErrAttribute: an attribute the price depends on is missing, has a value
	// the price does not know, or means nothing to the price; the error is an
	// [*AttributeError] that lists what is allowed.
	ErrAttribute = errors.New("pricing: wrong attribute")

	// ErrQuantity: the quantity is missing, negative, out of range, in the wrong
	// unit, or given where none is counted; the error is a [*QuantityError], or
	// a [*MostError] if it is more than the rule admits.
	ErrQuantity = errors.New("pricing: wrong quantity")

	// ErrMost: the quantity is more than the rule admits; the error is a
	// [*MostError], which is [ErrQuantity] too.
	ErrMost = errors.New("pricing: quantity above the maximum")

	// ErrText: text, or the figure that it would be, is not a quantity, a price, a
	// ratio, a rounding, a limit or an occasion, or text to be counted is not valid
	// UTF-8; the error is a [*TextError].
	ErrText = errors.New("pricing: unreadable text")

	// ErrRule: a rule or a rate card contradicts itself or lacks something; the
	// error is a [*RuleError] with the path to the fault.
	ErrRule = errors.New("pricing: invalid rule")
)

// FeatureError names a feature that a card does not price.
type FeatureError struct {
	Card    string   // the card's name and version
	Feature string   // as asked for
	Allowed []string // the features the card prices, sorted
}

func (e *FeatureError) Error() string {
	return fmt.Sprintf("pricing: card %s has no price for feature %s: want %s", e.Card, quote(e.Feature), list(e.Allowed))
}

// Is reports whether target is [ErrFeature].
func (e *FeatureError) Is(target error) bool { return target == ErrFeature }

// AttributeError names an attribute that does not fit a feature's price.
type AttributeError struct {
	Feature   string // empty: a [Rule] was priced on its own
	Attribute string
	Value     string   // as given; empty where Reason is not about the value
	Reason    string   // reads on after the attribute: "is missing"
	Allowed   []string // the values, or for an unknown attribute the attributes, that the price knows, sorted
}

func (e *AttributeError) Error() string {
	return fmt.Sprintf("pricing: %sattribute %s %s: want %s", ofFeature(e.Feature), quote(e.Attribute), e.Reason, list(e.Allowed))
}

// Is reports whether target is [ErrAttribute].
func (e *AttributeError) Is(target error) bool { return target == ErrAttribute }

// QuantityError names a quantity that cannot be priced, and what could be.
type QuantityError struct {
	Feature string // empty: a [Rule] was priced on its own
	Meter   string // which of several quantities; empty: the only one
	Reason  string // reads on after the quantity: "is missing: want one in seconds"
}

func (e *QuantityError) Error() string {
	return fmt.Sprintf("pricing: %squantity%s %s", ofFeature(e.Feature), ofMeter(e.Meter), e.Reason)
}

// Is reports whether target is [ErrQuantity].
func (e *QuantityError) Is(target error) bool { return target == ErrQuantity }

// MostError says by how much a quantity is above the maximum.
type MostError struct {
	Feature  string // empty: a [Rule] was priced on its own
	Meter    string // which of several quantities; empty: the only one
	Quantity Quantity
	Most     Quantity
}

func (e *MostError) Error() string {
	return fmt.Sprintf("pricing: %squantity%s is %v: at most %v are allowed", ofFeature(e.Feature), ofMeter(e.Meter), e.Quantity, e.Most)
}

// Is reports whether target is [ErrMost] or [ErrQuantity].
func (e *MostError) Is(target error) bool { return target == ErrMost || target == ErrQuantity }

// TextError shows text that could not be read.
type TextError struct {
	What   string // what was expected: "quantity", "price"
	Text   string // what came, shortened
	Reason string // reads on after the text: "has no unit"
}

func (e *TextError) Error() string {
	return fmt.Sprintf("pricing: %s %s %s", e.What, quote(e.Text), e.Reason)
}

// Is reports whether target is [ErrText].
func (e *TextError) Is(target error) bool { return target == ErrText }

// RuleError points to the fault in a rule or a rate card.
type RuleError struct {
	Path   string // from what was validated: features["speech-to-text"].per; empty: all of it
	Reason string // reads on after the path: "is missing"
}

func (e *RuleError) Error() string {
	if e.Path == "" {
		return "pricing: rule " + e.Reason
	}
	return "pricing: " + e.Path + " " + e.Reason
}

// Is reports whether target is [ErrRule].
func (e *RuleError) Is(target error) bool { return target == ErrRule }

// under returns err with its path prefixed, for an error inside a part of a rule.
func under(prefix string, err error) error {
	var fault *RuleError
	if !errors.As(err, &fault) {
		return err
	}
	switch {
	case fault.Path == "":
		return &RuleError{Path: prefix, Reason: fault.Reason}
	case strings.HasPrefix(fault.Path, "["):
		return &RuleError{Path: prefix + fault.Path, Reason: fault.Reason}
	}
	return &RuleError{Path: prefix + "." + fault.Path, Reason: fault.Reason}
}

// ofFeature begins a message about a use; a rule on its own has no feature.
func ofFeature(feature string) string {
	if feature == "" {
		return ""
	}
	return quote(feature) + ": "
}

func ofMeter(meter string) string {
	if meter == "" {
		return ""
	}
	return " of " + quote(meter)
}

// quote shows text from outside in a message, shortened.
func quote(text string) string { return fmt.Sprintf("%q", clip(text)) }

func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// list shows what is allowed in a message, shortened.
func list(allowed []string) string {
	const most = 12
	if len(allowed) == 0 {
		return "none"
	}
	quoted := make([]string, 0, most)
	for _, name := range allowed[:min(len(allowed), most)] {
		quoted = append(quoted, quote(name))
	}
	if rest := len(allowed) - most; rest > 0 {
		return fmt.Sprintf("%s or one of %d more", strings.Join(quoted, ", "), rest)
	}
	return strings.Join(quoted, ", ")
}
