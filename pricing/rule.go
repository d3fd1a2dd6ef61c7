package pricing

import (
	"fmt"
	"maps"
	"slices"
)

// Rule says what a use of one feature costs. It is plain data: build it in Go or
// read it from JSON, and let [RateCard.Validate] or [Rule.Validate] check it. A
// use in progress reads it; do not change it meanwhile.
//
// A rule has exactly one of four prices:
//
//   - Credits, for every block of Per (or for every use, without Per);
//   - Tiers, for every block of Per at a rate that depends on how many there are;
//   - By and Prices: another rule for each value of an attribute;
//   - Meters: a rule for each of several quantities, added up.
//
// A price of zero must be written: a rule without a price is an error, not free.
// The rest of the fields refine the price, always in this order:
//
//  1. Most refuses or cuts the quantity, Step rounds it up, Free takes its part
//     off. What is left is what the price, and every rule in Plus, counts.
//  2. The price is taken, exactly.
//  3. Factors multiply it.
//  4. Plus adds surcharges.
//  5. Least raises what is charged, if anything is charged, to a minimum.
//  6. Round rounds, once.
type Rule struct {
	// Note says why, for people: where a rule comes from, what a page left open.
	Note string `json:"note,omitempty"`

	// Credits is the price of one block, zero or more. The zero value is no
	// price; an explicit 0 is free of charge.
	Credits Ratio `json:"credits,omitzero"`

	// Per is the block, more than nothing: "1 minute", "10 words". The zero
	// value is one use: the price is flat, a use needs no quantity, and a
	// quantity can only be a number of uses.
	Per Quantity `json:"per,omitzero"`

	// Charge says what an unfinished block costs. The zero value is
	// [StartedBlocks]: all of it.
	Charge Charge `json:"charge,omitempty"`

	// Tiers replaces Credits, with Tiering to say how.
	Tiers   []Tier  `json:"tiers,omitempty"`
	Tiering Tiering `json:"tiering,omitempty"`

	// By is the attribute that chooses the rule in Prices by its value. A use
	// must have the attribute, with one of the values.
	By     string          `json:"by,omitempty"`
	Prices map[string]Rule `json:"prices,omitempty"`

	// Meters has a rule for each quantity of a use, by the quantity's name; a
	// use must give them all. Only the rule of a feature, or one in its Prices,
	// can have meters; Most, Step and Free then belong to the single meters.
	Meters map[string]Rule `json:"meters,omitempty"`

	// Most is the largest quantity, itself included. The zero value is no limit.
	// Beyond says what happens past it; the zero value is [Reject].
	Most   Quantity `json:"most,omitzero"`
	Beyond Beyond   `json:"beyond,omitempty"`

	// Step is what the quantity is rounded up to a multiple of. The zero value
	// rounds nothing.
	Step Quantity `json:"step,omitzero"`

	// Free is the part of the quantity that costs nothing, in every use anew.
	// The zero value is none.
	Free Quantity `json:"free,omitzero"`

	// Factors multiplies the price by a factor for the value of each attribute
	// named: Factors["quality"]["HD"] = 2. A use must have each attribute, with
	// one of the values. Surcharges are not multiplied.
	Factors map[string]map[string]Ratio `json:"factors,omitempty"`

	// Plus is added to the price. A flat rule in it is charged once, others
	// count the same quantity as the price does; beside Meters all must be flat.
	Plus []Rule `json:"plus,omitempty"`

	// Least is the smallest charge: what would cost less, but not nothing, costs
	// this. The zero value is no minimum.
	Least Ratio `json:"least,omitzero"`

	// Round is the one rounding, at the end. Only the rule of a feature has one.
	// The zero value is up to a millionth of a credit, the precision of an
	// amount, so that no use that costs anything is free.
	Round Rounding `json:"round,omitzero"`
}

// Charge says how the last, unfinished block of a quantity is charged.
type Charge string

const (
	// StartedBlocks charges whole blocks: at 4 per minute, 61 s cost 8. It is
	// the default.
	StartedBlocks Charge = "started blocks"
	// ProRata charges the exact fraction: at 4 per minute, 90 s cost 6.
	ProRata Charge = "pro rata"
)

// Beyond says what happens to a quantity above [Rule.Most].
type Beyond string

const (
	// Reject refuses the use with a [*MostError]. It is the default.
	Reject Beyond = "reject"
	// Clamp counts the maximum instead: the rest is not charged.
	Clamp Beyond = "clamp"
)

// Tier is a rate for a range of quantities.
type Tier struct {
	// To is the end of the range, itself included; the range starts where the
	// tier before it ends. The last tier has no end: To is the zero value.
	To Quantity `json:"to,omitzero"`

	// Credits is the price of one block in the range, zero or more. The zero
	// value is no price and an error; an explicit 0 is free of charge.
	Credits Ratio `json:"credits,omitzero"`
}

// Tiering says which part of a quantity a tier prices. It has no default.
type Tiering string

const (
	// Graduated prices each part of the quantity in its own tier, as income tax
	// does.
	Graduated Tiering = "graduated"
	// Volume prices the whole quantity in the tier that it reaches. It is the
	// one rule by which more can cost less: where the rates fall, the price
	// drops at the start of each tier.
	Volume Tiering = "volume"
)

// label names the tier that starts after start, for a line of a quote.
func (t Tier) label(start Quantity) string {
	if t.To.unit == "" {
		return "above " + start.String()
	}
	return "to " + t.To.String()
}

// block returns Per, or the one use that no Per stands for.
func (r *Rule) block() Quantity {
	if r.Per.unit == "" {
		return Quantity{num: 1, den: 1, unit: UnitUse}
	}
	return r.Per
}

// counts reports whether r itself has a use for one quantity, rather than
// leaving it to the rule that an attribute chooses, or to meters.
func (r *Rule) counts() bool {
	if r.Meters != nil {
		return false
	}
	return r.By == "" || len(r.Plus) > 0 || r.Most.unit != "" || r.Step.unit != "" || r.Free.unit != ""
}

// unit returns the one unit that r and all below it count, or use if all of it
// is flat, or an error that is [ErrRule] if there are several.
func (r *Rule) unit() (Unit, error) {
	if r.By == "" && len(r.Plus) == 0 {
		return r.block().unit, nil
	}
	units := make(map[Unit]bool)
	r.collect(units, MaxDepth)
	delete(units, UnitUse)
	switch found := slices.Sorted(maps.Keys(units)); len(found) {
	case 0:
		return UnitUse, nil
	case 1:
		return found[0], nil
	default:
		return "", &RuleError{Reason: fmt.Sprintf("counts one quantity both in %s and in %s", found[0].plural(), found[1].plural())}
	}
}

// collect adds the units that r and all below it count.
func (r *Rule) collect(units map[Unit]bool, depth int) {
	if depth == 0 {
		return
	}
	if r.By == "" && r.Meters == nil {
		units[r.block().unit] = true
	}
	for _, q := range []Quantity{r.Most, r.Step, r.Free} {
		if q.unit != "" {
			units[q.unit] = true
		}
	}
	for _, branch := range r.Prices {
		branch.collect(units, depth-1)
	}
	for i := range r.Plus {
		r.Plus[i].collect(units, depth-1)
	}
}

// attributes adds to known the names of the attributes that the price of a use
// with these values depends on. Of a price table only the rule that they choose
// counts; if they choose none, all.
func (r *Rule) attributes(known map[string]bool, values map[string]string, depth int) {
	if depth == 0 {
		return
	}
	for attribute := range r.Factors {
		known[attribute] = true
	}
	if r.By != "" {
		known[r.By] = true
		r.branchAttributes(known, values, depth-1)
	}
	for _, meter := range r.Meters {
		meter.attributes(known, values, depth-1)
	}
	for i := range r.Plus {
		r.Plus[i].attributes(known, values, depth-1)
	}
}

func (r *Rule) branchAttributes(known map[string]bool, values map[string]string, depth int) {
	if branch, chosen := r.Prices[values[r.By]]; chosen {
		branch.attributes(known, values, depth)
		return
	}
	for _, branch := range r.Prices {
		branch.attributes(known, values, depth)
	}
}
