package pricing

import (
	"fmt"
	"slices"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Conditions is what plans, packs, bonuses and conversions say alike about the
// credits they give. It is plain data.
type Conditions struct {
	// Validity says when the credits end, and is required: "permanent" for
	// credits that never do.
	Validity expiry.Policy `json:"valid"`

	// Rollover says how much of them goes on when they end, and for how long. The
	// zero value is nothing.
	Rollover expiry.Rollover `json:"rollover,omitzero"`

	// Usable says when the credits can be spent. The zero value is always, until
	// they end.
	Usable Usable `json:"usable,omitempty"`

	// Features are the features that the credits pay for. Empty: all.
	Features []string `json:"features,omitempty"`

	// Priority puts the credits before others (lower) or after them (higher)
	// when both could pay, from -[credits.MaxPriority] to [credits.MaxPriority].
	Priority int `json:"priority,omitempty"`

	// NonRefundable says that no money is given back for the credits.
	NonRefundable bool `json:"nonrefundable,omitempty"`
}

// Usable says when credits can be spent that have not ended.
type Usable string

// WhileSubscribed freezes credits while the subscription is not open. They are not
// lost: a subscription of the same name thaws them, unless they have ended. Credits
// that are lost with the subscription have that as their validity instead.
const WhileSubscribed Usable = "while subscribed"

// grant returns the grant that the conditions make of an amount. term is the
// subscription that the event names; empty: none.
func (c Conditions) grant(item string, amount credits.Amount, term string) (credits.Grant, error) {
	if reason := c.needsTerm(); reason != "" && term == "" {
		return credits.Grant{}, &GrantError{Item: item, Field: "term", Reason: "is missing: the credits " + reason}
	}
	g := credits.Grant{
		Amount: amount, Validity: c.Validity, Rollover: c.Rollover,
		Features: slices.Clone(c.Features), Priority: c.Priority, NonRefundable: c.NonRefundable,
	}
	if c.asksForTerm() {
		g.Term = term
	}
	if c.Usable == WhileSubscribed {
		g.OnlyWith = term
	}
	return g, nil
}

// needsTerm says why the credits cannot be without a term; empty: they can.
func (c Conditions) needsTerm() string {
	switch {
	case c.Validity.FollowsTerm():
		return fmt.Sprintf("are valid %q", c.Validity)
	case c.Rollover.Validity().FollowsTerm():
		return fmt.Sprintf("roll over %q", c.Rollover)
	case c.Usable == WhileSubscribed:
		return fmt.Sprintf("are usable %q", string(c.Usable))
	}
	return ""
}

// asksForTerm reports whether a term changes when the credits end. Where it does
// not, a grant names none, so that services without terms need not keep any.
func (c Conditions) asksForTerm() bool {
	return c.Validity.AsksForTerm() || c.Rollover.Validity().AsksForTerm()
}

// validate checks the conditions of what stands at path. Only a plan has billing
// periods.
func (c Conditions) validate(path string, features map[string]bool, period bool) error {
	if c.Validity.IsZero() {
		return &RuleError{Path: path + ".valid", Reason: "is missing"}
	}
	if err := c.Validity.Validate(); err != nil {
		return &RuleError{Path: path + ".valid", Reason: err.Error()}
	}
	if c.Validity.AsksForPeriod() && !period {
		return &RuleError{Path: path + ".valid", Reason: fmt.Sprintf("is %q: only a plan with a cycle has periods", c.Validity)}
	}
	if err := c.validateRollover(path + ".rollover"); err != nil {
		return err
	}
	if c.Usable != "" && c.Usable != WhileSubscribed {
		return &RuleError{Path: path + ".usable", Reason: fmt.Sprintf("is %s: want %q", quote(string(c.Usable)), WhileSubscribed)}
	}
	if c.Priority > credits.MaxPriority || c.Priority < -credits.MaxPriority {
		return &RuleError{Path: path + ".priority", Reason: fmt.Sprintf("is %d, beyond %d", c.Priority, credits.MaxPriority)}
	}
	return validateFeatures(path+".features", c.Features, features)
}

// validateRollover refuses what would never let anything go on.
func (c Conditions) validateRollover(path string) error {
	if c.Rollover.IsZero() {
		return nil
	}
	if err := c.Rollover.Validate(); err != nil {
		return &RuleError{Path: path, Reason: err.Error()}
	}
	switch {
	case c.Validity.Equal(expiry.Permanent()):
		return &RuleError{Path: path, Reason: "is given for credits that never end"}
	case c.Rollover.Validity().AsksForPeriod():
		return &RuleError{Path: path, Reason: fmt.Sprintf("is %q: the period of the credits is over then: want a length, such as 1 month", c.Rollover)}
	}
	return nil
}

func validateFeatures(path string, named []string, known map[string]bool) error {
	if len(named) > credits.MaxFeatures {
		return &RuleError{Path: path, Reason: fmt.Sprintf("names %d, more than %d", len(named), credits.MaxFeatures)}
	}
	for i, feature := range named {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !known[feature]:
			return &RuleError{Path: at, Reason: fmt.Sprintf("is %s, which no card prices", quote(feature))}
		case slices.Contains(named[:i], feature):
			return &RuleError{Path: at, Reason: fmt.Sprintf("names %s twice", quote(feature))}
		}
	}
	return nil
}
