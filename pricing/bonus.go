package pricing

import (
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// Bonus is credits that are given away for something. It is plain data, a copy of
// what the catalog has. Credits that come every day or month by themselves are not
// a bonus but a [Plan] with a cycle and without a price.
type Bonus struct {
	ID         string         `json:"-"` // its key in the catalog
	Name       string         `json:"name,omitempty"`
	Note       string         `json:"note,omitempty"` // for people
	Credits    credits.Amount `json:"credits"`        // more than zero
	Once       Once           `json:"once"`           // how often an account can have it
	Conditions                // when the credits end, and what they pay for
}

// Claim is one occasion on which a bonus is earned.
type Claim struct {
	// Key names the occasion of a bonus that is given once per key: the
	// submission, the friend who was invited. Others must have none.
	Key string

	// At is when it was earned. It decides the day or month of a bonus that is
	// given once in one, and is required there; others ignore it.
	At time.Time

	// Term is as in [Purchase].
	Term string
}

// Grant returns the grant of a bonus that was earned. Its credits count from when
// they are granted, so that a second claim on the same occasion is the same
// command, and replays the first. Its ID is "bonus:ID" once per account,
// "bonus:ID:2024-05-20" once per day, "bonus:ID:2024-05" once per month, and
// "bonus:ID:Key" once per key, where the parts have ":" and "%" escaped. A claim
// that lacks something, or makes too long an ID, gives a [*GrantError].
func (b Bonus) Grant(account string, claim Claim) (credits.Grant, error) {
	item := "bonus " + quote(b.ID)
	occasion, err := b.Once.occasion(item, claim)
	if err != nil {
		return credits.Grant{}, err
	}
	id, err := grantID(item, append([]string{SourceBonus, b.ID}, occasion...)...)
	if err != nil {
		return credits.Grant{}, err
	}
	g, err := b.grant(item, b.Credits, claim.Term)
	if err != nil {
		return credits.Grant{}, err
	}
	g.ID, g.Account, g.Source = id, account, SourceBonus
	return g, nil
}

func (b Bonus) clone() Bonus {
	b.Features = slices.Clone(b.Features)
	return b
}

func (b Bonus) validate(path string, features map[string]bool) error {
	if err := validateLabel(path, b.ID, b.Name, b.Note); err != nil {
		return err
	}
	if err := validateCredits(path+".credits", b.Credits); err != nil {
		return err
	}
	if b.Once.IsZero() {
		return &RuleError{Path: path + ".once", Reason: "is missing"}
	}
	return b.Conditions.validate(path, features, false)
}
