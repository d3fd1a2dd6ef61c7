package pricing

import (
	"cmp"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing/internal/strictjson"
)

// Bounds of a catalog.
const (
	// MaxItems bounds the cards, plans, packs, bonuses and conversions of a
	// catalog, each: a price list that people can still read.
	MaxItems = 200

	// MaxItemID bounds the ID of a plan, pack, bonus or conversion in bytes, with
	// ":" and "%" counted three times, as grants' IDs escape them. It leaves more
	// than half of a grant's ID to what was bought.
	MaxItemID = 48
)

// document is a catalog as JSON has it. Once loaded, its cards are sorted by the
// instant they begin at, and its items know their IDs.
type document struct {
	Schema      string                `json:"$schema,omitempty"` // for editors
	Name        string                `json:"name"`
	Note        string                `json:"note,omitempty"` // for people
	Cards       []RateCard            `json:"cards"`
	Plans       map[string]Plan       `json:"plans,omitempty"`
	Packs       map[string]Pack       `json:"packs,omitempty"`
	Bonuses     map[string]Bonus      `json:"bonuses,omitempty"`
	Conversions map[string]Conversion `json:"conversions,omitempty"`
}

// validate checks a document as a whole, item by item in a fixed order, and
// returns the currency of its prices. Its errors are [*RuleError].
func (d *document) validate() (currency string, err error) {
	if err := validateName("name", d.Name); err != nil {
		return "", err
	}
	if err := validateNote("note", d.Note); err != nil {
		return "", err
	}
	if err := d.validateCards(); err != nil {
		return "", err
	}
	if err := d.validateItems(d.features()); err != nil {
		return "", err
	}
	return d.validateCurrency()
}

// validateCards checks each card, and that no two of them claim the same version
// or instant.
func (d *document) validateCards() error {
	if len(d.Cards) == 0 {
		return &RuleError{Path: "cards", Reason: "is empty: want at least one rate card"}
	}
	if err := validateCount("cards", len(d.Cards)); err != nil {
		return err
	}
	versions, instants := map[string]int{}, map[time.Time]int{}
	for i := range d.Cards {
		card, path := &d.Cards[i], strictjson.Item("cards", i)
		if err := card.Validate(); err != nil {
			return under(path, err)
		}
		if first, taken := versions[card.Version]; taken {
			return &RuleError{Path: path + ".version", Reason: fmt.Sprintf("is %s, as in cards[%d]", quote(card.Version), first)}
		}
		at := card.Effective.UTC()
		if first, taken := instants[at]; taken {
			return &RuleError{Path: path + ".effective", Reason: fmt.Sprintf("is %s, as in cards[%d]", at.Format(time.RFC3339Nano), first)}
		}
		versions[card.Version], instants[at] = i, i
	}
	return nil
}

// features returns what any card prices.
func (d *document) features() map[string]bool {
	priced := map[string]bool{}
	for _, card := range d.Cards {
		for feature := range card.Features {
			priced[feature] = true
		}
	}
	return priced
}

func (d *document) validateItems(features map[string]bool) error {
	return cmp.Or(
		validateAll("plans", d.Plans, features, Plan.validate),
		validateAll("packs", d.Packs, features, Pack.validate),
		validateAll("bonuses", d.Bonuses, features, Bonus.validate),
		validateAll("conversions", d.Conversions, features, Conversion.validate),
	)
}

func validateAll[T any](path string, items map[string]T, features map[string]bool, validate func(T, string, map[string]bool) error) error {
	if err := validateCount(path, len(items)); err != nil {
		return err
	}
	for _, id := range keys(items) {
		if err := validate(items[id], key(path, id), features); err != nil {
			return err
		}
	}
	return nil
}

func validateCount(path string, n int) error {
	if n > MaxItems {
		return &RuleError{Path: path, Reason: fmt.Sprintf("has %d, more than %d", n, MaxItems)}
	}
	return nil
}

// validateCurrency refuses prices in two currencies, which cannot be compared.
func (d *document) validateCurrency() (currency string, err error) {
	prices := map[string]Money{}
	for id, pack := range d.Packs {
		prices[key("packs", id)] = pack.Price
	}
	for id, plan := range d.Plans {
		prices[key("plans", id)] = plan.Price
	}
	for _, path := range keys(prices) {
		price := prices[path]
		if currency != "" && !price.IsZero() && price.currency != currency {
			return "", &RuleError{Path: path + ".price", Reason: fmt.Sprintf(
				"is in %s, and others in %s: a catalog has one currency", price.currency, currency)}
		}
		currency = cmp.Or(currency, price.currency)
	}
	return currency, nil
}

// validateLabel checks what an item is called.
func validateLabel(path, id, name, note string) error {
	if reason := misname(id, MaxItemID); reason != "" {
		return &RuleError{Path: path, Reason: "has an ID that " + reason}
	}
	if n := len(escape.Replace(id)); n > MaxItemID {
		return &RuleError{Path: path, Reason: fmt.Sprintf("has an ID that takes %d bytes escaped, more than %d", n, MaxItemID)}
	}
	if name == "" {
		return validateNote(path+".note", note)
	}
	return cmp.Or(validateName(path+".name", name), validateNote(path+".note", note))
}

func validateName(path, name string) error {
	if reason := misname(name, credits.MaxNameLen); reason != "" {
		return &RuleError{Path: path, Reason: reason}
	}
	return nil
}

func validateNote(path, note string) error {
	if reason := misnote(note); reason != "" {
		return &RuleError{Path: path, Reason: reason}
	}
	return nil
}

// validateCredits refuses what no grant can bring.
func validateCredits(path string, amount credits.Amount) error {
	if amount.Sign() <= 0 {
		return &RuleError{Path: path, Reason: fmt.Sprintf("is %v: must be more than zero", amount)}
	}
	return nil
}
