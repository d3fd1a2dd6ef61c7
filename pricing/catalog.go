package pricing

import (
	"maps"
	"slices"
	"time"
)

// Catalog is all that a service sells and gives away in credits: what uses cost,
// in rate cards that follow each other in time; the plans, packs and bonuses that
// bring credits; and what older entitlements convert to. It is one price list: all
// its prices are in one currency.
//
// A Catalog comes from [Load], [Parse] or [MustParse] and never changes. It is
// safe for simultaneous use. What its methods return is the caller's own.
type Catalog struct {
	document document
	currency string // of all prices; empty: there are none
}

// Name returns the catalog's name.
func (c *Catalog) Name() string { return c.document.Name }

// Note returns what the catalog says to people; empty: nothing.
func (c *Catalog) Note() string { return c.document.Note }

// Currency returns the ISO 4217 code of all prices; empty where there are none.
func (c *Catalog) Currency() string { return c.currency }

// Cards returns the rate cards, by the instant they begin at.
func (c *Catalog) Cards() []RateCard {
	cards := slices.Clone(c.document.Cards)
	for i, card := range cards {
		cards[i] = cloneCard(card)
	}
	return cards
}

// Card returns the rate card in force at an instant: the last that is effective at
// or before it. Before the first, the error is an [*UnknownError].
func (c *Catalog) Card(at time.Time) (RateCard, error) {
	card, err := c.inForce(at)
	if err != nil {
		return RateCard{}, err
	}
	return cloneCard(*card), nil
}

// Quote prices a use by the card in force at an instant. The error is the one of
// [Catalog.Card] or of [RateCard.Quote].
func (c *Catalog) Quote(at time.Time, use Use) (Quote, error) {
	card, err := c.inForce(at)
	if err != nil {
		return Quote{}, err
	}
	return card.Quote(use)
}

// QuoteMax prices the most that a use can cost by the card in force at an instant,
// as [Rule.QuoteMax] does. The error is the one of [Catalog.Card] or of
// [RateCard.QuoteMax].
func (c *Catalog) QuoteMax(at time.Time, use Use) (Quote, error) {
	card, err := c.inForce(at)
	if err != nil {
		return Quote{}, err
	}
	return card.QuoteMax(use)
}

// inForce is Card without a copy.
func (c *Catalog) inForce(at time.Time) (*RateCard, error) {
	if card, ok := InForce(c.document.Cards, at); ok {
		return card, nil
	}
	var begins []string
	for _, card := range c.document.Cards {
		begins = append(begins, card.Effective.UTC().Format(time.RFC3339Nano))
	}
	return nil, c.unknown("rate card", at.UTC().Format(time.RFC3339Nano), begins)
}

// Plans returns the plans, by ID.
func (c *Catalog) Plans() []Plan { return sorted(c.document.Plans, Plan.clone) }

// Packs returns the packs, by ID.
func (c *Catalog) Packs() []Pack { return sorted(c.document.Packs, Pack.clone) }

// Bonuses returns the bonuses, by ID.
func (c *Catalog) Bonuses() []Bonus { return sorted(c.document.Bonuses, Bonus.clone) }

// Conversions returns the conversions, by ID.
func (c *Catalog) Conversions() []Conversion {
	return sorted(c.document.Conversions, Conversion.clone)
}

// Plan returns a plan by its ID, or an [*UnknownError].
func (c *Catalog) Plan(id string) (Plan, error) {
	if p, ok := c.document.Plans[id]; ok {
		return p.clone(), nil
	}
	return Plan{}, c.unknown("plan", id, keys(c.document.Plans))
}

// Pack returns a pack by its ID, or an [*UnknownError].
func (c *Catalog) Pack(id string) (Pack, error) {
	if p, ok := c.document.Packs[id]; ok {
		return p.clone(), nil
	}
	return Pack{}, c.unknown("pack", id, keys(c.document.Packs))
}

// Bonus returns a bonus by its ID, or an [*UnknownError].
func (c *Catalog) Bonus(id string) (Bonus, error) {
	if b, ok := c.document.Bonuses[id]; ok {
		return b.clone(), nil
	}
	return Bonus{}, c.unknown("bonus", id, keys(c.document.Bonuses))
}

// Conversion returns a conversion by its ID, or an [*UnknownError].
func (c *Catalog) Conversion(id string) (Conversion, error) {
	if v, ok := c.document.Conversions[id]; ok {
		return v.clone(), nil
	}
	return Conversion{}, c.unknown("conversion", id, keys(c.document.Conversions))
}

func (c *Catalog) unknown(what, id string, allowed []string) error {
	return &UnknownError{Catalog: c.document.Name, What: what, ID: clip(id), Allowed: allowed}
}

// keys returns the keys of a map in order. Most rules have no maps, and of none it
// takes no memory.
func keys[T any](items map[string]T) []string {
	if len(items) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(items))
}

// sorted returns copies of the items, by key.
func sorted[T any](items map[string]T, clone func(T) T) []T {
	copies := make([]T, 0, len(items))
	for _, key := range keys(items) {
		copies = append(copies, clone(items[key]))
	}
	return copies
}
