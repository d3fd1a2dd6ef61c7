package pricing

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/scriphq/scrip/pricing/internal/strictjson"
)

// Load reads a catalog from JSON, as the schema that [Schema] returns describes
// it. It refuses what is not exactly that: unknown, missing, repeated, null and
// empty fields, values of another kind, numbers with an exponent or with more digits
// than the figure can have, text after the end; and what contradicts itself: two
// cards of the same version or instant, credits or prices that are not more than
// zero, features that no card prices, prices in two currencies, policies that can
// never give an end. The error is a [*CatalogError] with line, column and path, or
// the reader's own.
func Load(r io.Reader) (*Catalog, error) {
	data, err := io.ReadAll(io.LimitReader(r, strictjson.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("pricing: catalog: %w", err)
	}
	return Parse(data)
}

// Parse is [Load] for JSON in memory. It keeps no reference to data.
func Parse(data []byte) (*Catalog, error) {
	var d document
	places, err := strictjson.Decode(data, &d)
	if failure, ok := errors.AsType[*strictjson.Error](err); ok {
		failure.Reason = strings.TrimPrefix(failure.Reason, "pricing: ")
		if failure.Err != nil && strings.HasSuffix(failure.Path, ".effective") {
			failure.Reason = "is not an instant: want one such as 2024-01-01T00:00:00Z"
		}
		return nil, (*CatalogError)(failure)
	}
	d.name()
	currency, err := d.validate()
	if err != nil {
		return nil, located(err, places)
	}
	slices.SortFunc(d.Cards, func(a, b RateCard) int { return a.Effective.Compare(b.Effective) })
	return &Catalog{document: d, currency: currency}, nil
}

// MustParse is [Parse] for a catalog that is part of the program. It panics on an
// error.
func MustParse(data []byte) *Catalog {
	c, err := Parse(data)
	if err != nil {
		panic(err.Error())
	}
	return c
}

// name tells each item the ID it stands under.
func (d *document) name() {
	for id, plan := range d.Plans {
		plan.ID = id
		d.Plans[id] = plan
	}
	for id, pack := range d.Packs {
		pack.ID = id
		d.Packs[id] = pack
	}
	for id, bonus := range d.Bonuses {
		bonus.ID = id
		d.Bonuses[id] = bonus
	}
	for id, conversion := range d.Conversions {
		conversion.ID = id
		d.Conversions[id] = conversion
	}
}

// located finds the place of a fault in the document.
func located(err error, places strictjson.Index) error {
	fault, ok := errors.AsType[*RuleError](err)
	if !ok {
		fault = &RuleError{Reason: strings.TrimPrefix(err.Error(), "pricing: ")}
	}
	at := places.At(fault.Path)
	return &CatalogError{Line: at.Line, Column: at.Column, Path: fault.Path, Reason: fault.Reason, Err: err}
}
