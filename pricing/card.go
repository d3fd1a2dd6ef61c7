package pricing

import (
	"cmp"
	"fmt"
	"time"
)

// RateCard is what the features of a service cost from an instant on. It is
// plain data: build it in Go or read it from JSON, and check it once with
// [RateCard.Validate]. Quoting reads it, from any number of goroutines; do not
// change it meanwhile. To change a price, make a new card with a new Version.
type RateCard struct {
	Name      string          `json:"name"`           // what the card is called: "filmora"
	Version   string          `json:"version"`        // which edition of it: "2024-05"; unique per name
	Effective time.Time       `json:"effective"`      // in force from this instant on, itself included
	Note      string          `json:"note,omitempty"` // for people
	Features  map[string]Rule `json:"features"`       // the price of each feature
}

// Quote prices a use with the rule of its feature. The quote carries the card's
// name and version.
//
// The errors are [ErrFeature] for a feature that c does not price, those of
// [Rule.Quote] otherwise.
func (c *RateCard) Quote(use Use) (q Quote, err error) {
	err = c.quote(&q, use, false)
	return q, err
}

// QuoteMax prices the most that a use can cost whose quantity is not known yet,
// as [Rule.QuoteMax] does. Its errors are those of [RateCard.Quote], except that
// nothing is [ErrMost].
func (c *RateCard) QuoteMax(use Use) (q Quote, err error) {
	err = c.quote(&q, use, true)
	return q, err
}

func (c *RateCard) quote(q *Quote, use Use, most bool) error {
	rule, ok := c.Features[use.Feature]
	if !ok {
		return &FeatureError{
			Card: c.Name + " " + c.Version, Feature: use.Feature,
			Allowed: keys(c.Features),
		}
	}
	if err := rule.quote(q, use, most); err != nil {
		return under(key("features", use.Feature), err)
	}
	q.Card, q.Version = c.Name, c.Version
	return nil
}

// Validate returns nil if c can price every use that fits its rules, and
// otherwise an error that is [ErrRule] with the path to the first fault.
func (c *RateCard) Validate() error {
	if err := cmp.Or(validateName("name", c.Name), validateName("version", c.Version), validateNote("note", c.Note)); err != nil {
		return err
	}
	if c.Effective.IsZero() {
		return &RuleError{Path: "effective", Reason: "is missing: want the instant from which the card is in force"}
	}
	if n := len(c.Features); n == 0 || n > MaxFeatures {
		return &RuleError{Path: "features", Reason: fmt.Sprintf("has %d features: want 1 to %d", n, MaxFeatures)}
	}
	for _, name := range keys(c.Features) {
		path := key("features", name)
		if err := validateName(path, name); err != nil {
			return err
		}
		rule := c.Features[name]
		if err := rule.Validate(); err != nil {
			return under(path, err)
		}
	}
	return nil
}

// InForce returns the card in force at an instant: the one with the latest
// Effective that is not after at. Of several with the same, it is the last in
// cards. ok is false if none is in force yet. The card is an element of cards.
func InForce(cards []RateCard, at time.Time) (card *RateCard, ok bool) {
	for i := range cards {
		c := &cards[i]
		if !c.Effective.After(at) && (card == nil || !c.Effective.Before(card.Effective)) {
			card = c
		}
	}
	return card, card != nil
}
