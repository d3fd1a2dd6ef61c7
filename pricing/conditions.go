package pricing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Conditions is what plans, packs, bonuses and conversions say alike about the
// credits they give. It is plain data.
type Conditions struct {
	// Validity says when the credits end, and is required: "permanent" for
	// credits that never do.
	Validity expiry.Policy `json:"valid"`

	// Features are the features that the credits pay for. Empty: all.
	Features []string `json:"features,omitempty"`

	// Priority puts the credits before others (lower) or after them (higher)
	// when both could pay, from -[credits.MaxPriority] to [credits.MaxPriority].
	Priority int `json:"priority,omitempty"`

	// NonRefundable says that no money is given back for the credits.
	NonRefundable bool `json:"nonrefundable,omitempty"`
}

// grant returns the grant that the conditions make of an amount. term is the
// subscription that the event names; empty: none.
func (c Conditions) grant(item string, amount credits.Amount, term string) (credits.Grant, error) {
	if c.Validity.FollowsTerm() && term == "" {
		return credits.Grant{}, &GrantError{Item: item, Field: "term", Reason: fmt.Sprintf("is missing: the credits are valid %q", c.Validity)}
	}
	if !c.asksForTerm() {
		term = ""
	}
	return credits.Grant{
		Amount: amount, Validity: c.Validity, Term: term,
		Features: slices.Clone(c.Features), Priority: c.Priority, NonRefundable: c.NonRefundable,
	}, nil
}

// asksForTerm reports whether a term changes when the credits end. Where it does
// not, a grant names none, so that services without terms need not keep any.
func (c Conditions) asksForTerm() bool {
	return c.Validity.FollowsTerm() || strings.Contains(c.Validity.String(), "purchased before")
}

// asksForPeriod reports whether the credits end with a billing period.
func (c Conditions) asksForPeriod() bool {
	return strings.Contains(c.Validity.String(), "end of period")
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
	if c.asksForPeriod() && !period {
		return &RuleError{Path: path + ".valid", Reason: fmt.Sprintf("is %q: only a plan with a cycle has periods", c.Validity)}
	}
	if c.Priority > credits.MaxPriority || c.Priority < -credits.MaxPriority {
		return &RuleError{Path: path + ".priority", Reason: fmt.Sprintf("is %d, beyond %d", c.Priority, credits.MaxPriority)}
	}
	return validateFeatures(path+".features", c.Features, features)
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
