package pricing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/scriphq/scrip/credits"
)

// Basket is packs that are bought together.
type Basket struct {
	Lines   []BasketLine   // by pack ID, each pack once
	Credits credits.Amount // of all packs
	Price   Money          // of all packs
}

// BasketLine is how many of one pack a basket has.
type BasketLine struct {
	Pack  Pack
	Count int // at least 1
}

// Grants returns the grants of all packs, each as [Pack.Grant] makes it, with the
// Items of a line counted from the sale's. The error is the first pack's that has
// one; then there are no grants.
func (b Basket) Grants(account string, sale Purchase) ([]credits.Grant, error) {
	var grants []credits.Grant
	for _, line := range b.Lines {
		for i := range line.Count {
			each := sale
			each.Item += i
			g, err := line.Pack.Grant(account, each)
			if err != nil {
				return nil, err
			}
			grants = append(grants, g)
		}
	}
	return grants, nil
}

// NoPackError says what no pack covers.
type NoPackError struct {
	Need    credits.Amount
	Feature string // what the credits are needed for; empty: no feature
	Reason  string // reads on: "the largest has 450"
}

func (e *NoPackError) Error() string {
	purpose := ""
	if e.Feature != "" {
		purpose = " for " + quote(e.Feature)
	}
	return fmt.Sprintf("pricing: no pack gives %v credits%s: %s", e.Need, purpose, e.Reason)
}

// Is reports whether target is [ErrNoPack].
func (e *NoPackError) Is(target error) bool { return target == ErrNoPack }

// CheapestPack returns the one pack that gives at least need credits for a feature
// (as [credits.InsufficientError] names them; an empty feature asks for credits
// that pay for all) at the lowest price; at the same price the one with more
// credits, then with the lesser ID. If no single pack does, or need is not more
// than zero, the error is a [*NoPackError], and [Catalog.CheapestPacks] may help.
func (c *Catalog) CheapestPack(need credits.Amount, feature string) (Pack, error) {
	if need.Sign() <= 0 {
		return Pack{}, &NoPackError{Need: need, Feature: feature, Reason: "nothing is needed"}
	}
	packs := c.packsFor(feature)
	if len(packs) == 0 {
		return Pack{}, noPacks(need, feature)
	}
	largest := credits.Amount{}
	for _, p := range packs {
		if largest.Less(p.Credits) {
			largest = p.Credits
		}
	}
	packs = slices.DeleteFunc(packs, func(p Pack) bool { return p.Credits.Less(need) })
	if len(packs) == 0 {
		return Pack{}, &NoPackError{Need: need, Feature: feature, Reason: fmt.Sprintf("the largest has %v", largest)}
	}
	return slices.MinFunc(packs, func(p, q Pack) int {
		return cmp.Or(cmp.Compare(p.Price.minor, q.Price.minor), q.Credits.Compare(p.Credits), cmp.Compare(p.ID, q.ID))
	}), nil
}

// CheapestPacks returns the packs, one or several, each any number of times, that
// together give at least need credits for a feature at the lowest price; it may
// well be less than that of [Catalog.CheapestPack]. The result is exact. At the
// same price it has more credits, then fewer packs, then more of the pack with the
// lesser ID. The error is a [*NoPackError] if there are no packs for the feature,
// need is not more than zero, the packs would be more than an account can hold, or
// more than a few hundred thousand combinations would have to be compared, which
// takes a fifth of a second: the cheapest then has thousands of packs, or the packs
// are many and of odd sizes.
func (c *Catalog) CheapestPacks(need credits.Amount, feature string) (Basket, error) {
	packs := c.packsFor(feature)
	switch {
	case need.Sign() <= 0:
		return Basket{}, &NoPackError{Need: need, Feature: feature, Reason: "nothing is needed"}
	case len(packs) == 0:
		return Basket{}, noPacks(need, feature)
	}
	best := newSearch(packs, need.Micros()).run()
	if best == nil {
		return Basket{}, &NoPackError{Need: need, Feature: feature, Reason: "no combination does, or too many would have to be compared"}
	}
	return best.basket(packs), nil
}

func noPacks(need credits.Amount, feature string) error {
	return &NoPackError{Need: need, Feature: feature, Reason: "there are none"}
}

// packsFor returns copies of the packs whose credits may pay for a feature, by ID.
func (c *Catalog) packsFor(feature string) []Pack {
	return slices.DeleteFunc(c.Packs(), func(p Pack) bool { return !p.covers(feature) })
}

// basket counts the packs of a draft.
func (d *draft) basket(packs []Pack) Basket {
	b := Basket{Credits: credits.Micros(d.micros), Price: Money{minor: d.minor, currency: packs[0].Price.currency}}
	for ; d.count > 0; d = d.from {
		if last := len(b.Lines) - 1; last >= 0 && b.Lines[last].Pack.ID == packs[d.pack].ID {
			b.Lines[last].Count++
			continue
		}
		b.Lines = append(b.Lines, BasketLine{Pack: packs[d.pack], Count: 1})
	}
	slices.Reverse(b.Lines)
	return b
}
