package pricing

import (
	"slices"

	"github.com/scriphq/scrip/credits"
)

// Conversion turns what is left of an older kind of entitlement into credits: a
// minute of speech-to-text into 4, ten words of text-to-speech into 1. It is plain
// data, a copy of what the catalog has.
//
// Its rule reads as a price does, and gives as many credits as the use of the
// quantity would cost. It counts one quantity and has no attributes. Mind that
// started blocks are rounded up, here in the customer's favour: "charge": "pro
// rata" and "round" say otherwise.
type Conversion struct {
	ID         string `json:"-"` // its key in the catalog
	Name       string `json:"name,omitempty"`
	Rule              // how many credits a quantity gives
	Conditions        // when the credits end, and what they pay for
}

// Remainder is what an account has left of an entitlement.
type Remainder struct {
	// Key names the old entitlement, such as a licence, and is required: each is
	// converted once.
	Key string

	// Quantity is how much is left, more than nothing.
	Quantity Quantity

	// Term is as in [Purchase].
	Term string
}

// Grant returns the grant of the credits that a remainder is worth. Its ID is
// "conversion:ID:Key", where the parts have ":" and "%" escaped. The quantity is in
// its Meta, as "quantity", so that the ledger says what the amount is for, and
// refuses with [credits.ErrIDReused] to convert the same entitlement again with
// another quantity. The sentence is that of [Rule.Quote]. A remainder that lacks
// its key or quantity, gives no credits, or makes too long an ID gives a [*GrantError]; a
// quantity that the rule cannot count gives the errors of a quote.
func (c Conversion) Grant(account string, left Remainder) (credits.Grant, error) {
	item := "conversion " + quote(c.ID)
	if err := need(item, "key", left.Key); err != nil {
		return credits.Grant{}, err
	}
	if left.Quantity == (Quantity{}) {
		return credits.Grant{}, &GrantError{Item: item, Field: "quantity", Reason: "is missing"}
	}
	worth, err := c.Quote(Use{Feature: c.ID, Quantity: left.Quantity})
	if err != nil {
		return credits.Grant{}, err
	}
	if worth.Amount.IsZero() {
		return credits.Grant{}, &GrantError{Item: item, Field: "quantity", Reason: "gives no credits"}
	}
	id, err := grantID(item, SourceConversion, c.ID, left.Key)
	if err != nil {
		return credits.Grant{}, err
	}
	g, err := c.grant(item, worth.Amount, left.Term)
	if err != nil {
		return credits.Grant{}, err
	}
	g.ID, g.Account, g.Source = id, account, SourceConversion
	g.Meta = map[string]string{"quantity": left.Quantity.String()}
	return g, nil
}

func (c Conversion) clone() Conversion {
	c.Rule = cloneRule(c.Rule)
	c.Features = slices.Clone(c.Features)
	return c
}

func (c Conversion) validate(path string, features map[string]bool) error {
	if err := validateLabel(path, c.ID, c.Name, c.Note); err != nil {
		return err
	}
	if c.Meters != nil {
		return &RuleError{Path: path + ".meters", Reason: "asks for several quantities: a conversion has one"}
	}
	known := make(map[string]bool)
	c.attributes(known, nil, MaxDepth)
	if names := keys(known); len(names) > 0 {
		return &RuleError{Path: path, Reason: "asks for the attribute " + quote(names[0]) + ": a conversion has none"}
	}
	if err := c.Rule.Validate(); err != nil {
		return under(path, err)
	}
	return c.Conditions.validate(path, features, false)
}
