package pricing

import (
	"slices"
	"strconv"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/shopspring/decimal"
)

// Pack is credits for sale. It is plain data, a copy of what the catalog has.
type Pack struct {
	ID         string         `json:"-"` // its key in the catalog
	Name       string         `json:"name,omitempty"`
	Note       string         `json:"note,omitempty"` // for people
	Credits    credits.Amount `json:"credits"`        // more than zero
	Price      Money          `json:"price"`
	Auto       TopUp          `json:"auto,omitzero"` // when it is bought by itself; the zero value is never
	Conditions                // when the credits end, and what they pay for
}

// Purchase is the sale of one pack.
type Purchase struct {
	// Order names the sale in the seller's books, and is required: the order,
	// or the line of it. An order delivered twice grants once.
	Order string

	// Item tells apart several of the same pack in one Order: 0, 1, 2 and so on.
	Item int

	// Term is the buyer's subscription. It is required where the credits are
	// valid while subscribed, and of no effect where it does not change their end.
	Term string

	// At is when the credits can first be spent, and what their validity counts
	// from. The zero value is when they are granted. It is part of the grant's
	// intent: pass the order's own time or nothing, never the time of delivery.
	At time.Time
}

// Grant returns the grant of a pack that was sold, paid with its price. Its ID is
// "pack:ID:Order", and with an Item "pack:ID:Order:Item", where the parts have
// ":" and "%" escaped. A purchase that lacks something, has a negative Item, or
// makes too long an ID gives a [*GrantError].
func (p Pack) Grant(account string, sale Purchase) (credits.Grant, error) {
	item := "pack " + quote(p.ID)
	if err := need(item, "order", sale.Order); err != nil {
		return credits.Grant{}, err
	}
	if sale.Item < 0 {
		return credits.Grant{}, &GrantError{Item: item, Field: "item", Reason: "is negative"}
	}
	parts := []string{SourcePack, p.ID, sale.Order}
	if sale.Item > 0 {
		parts = append(parts, strconv.Itoa(sale.Item))
	}
	id, err := grantID(item, parts...)
	if err != nil {
		return credits.Grant{}, err
	}
	g, err := p.grant(item, p.Credits, sale.Term)
	if err != nil {
		return credits.Grant{}, err
	}
	g.ID, g.Account, g.Source, g.Start, g.Paid = id, account, SourcePack, sale.At, p.Price.Paid()
	return g, nil
}

// PricePerCredit returns the price of one credit in the major unit of the price's
// currency, to 18 decimals, of which the last is rounded half up. That is exact
// enough that no pack costs nothing; round it for display. It panics if the pack
// has no credits.
func (p Pack) PricePerCredit() decimal.Decimal {
	return p.Price.Amount().DivRound(decimal.New(p.Credits.Micros(), -credits.Decimals), 18)
}

// covers reports whether the credits may pay for a feature, as a lot would.
func (p Pack) covers(feature string) bool {
	return len(p.Features) == 0 || slices.Contains(p.Features, feature)
}

func (p Pack) clone() Pack {
	p.Features = slices.Clone(p.Features)
	return p
}

func (p Pack) validate(path string, features map[string]bool) error {
	if err := validateLabel(path, p.ID, p.Name, p.Note); err != nil {
		return err
	}
	if err := validateCredits(path+".credits", p.Credits); err != nil {
		return err
	}
	if err := p.Auto.validate(path+".auto", p.Credits); err != nil {
		return err
	}
	return p.Conditions.validate(path, features, false)
}
