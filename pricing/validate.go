package pricing

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/scriphq/scrip/credits"
)

// The bounds of a card. They are far above any price list that people read, and
// keep the work of a quote and the text that explains it small.
const (
	MaxFeatures = 10_000 // features of a card
	MaxPrices   = 1_000  // values of an attribute
	MaxMeters   = 16     // meters of a rule
	MaxPlus     = 16     // surcharges of a rule
	MaxTiers    = 100    // tiers of a rule
	MaxDepth    = 8      // rules within rules
	MaxName     = 64     // bytes of the name of a meter or an attribute, or of a value
	MaxNote     = 4096   // bytes of a note
)

var tooDeep = fmt.Sprintf("is nested deeper than %d rules", MaxDepth)

// Validate returns nil if r, as the rule of a feature, can price every use that
// fits it, and otherwise an error that is [ErrRule] with the path to the fault
// within r, such as prices["yes"].per.
func (r *Rule) Validate() error { return r.validate(1, "", true) }

// validate checks r and all below it. unit is what the quantity is in that a rule
// above admits; empty: none does. metered says that r may have meters.
func (r *Rule) validate(depth int, unit Unit, metered bool) error {
	if err := r.check(depth); err != nil {
		return err
	}
	if unit == "" && r.counts() {
		var err error
		if unit, err = r.unit(); err != nil {
			return err
		}
	}
	if unit != "" {
		if err := r.checkShape(unit); err != nil {
			return err
		}
	}
	if r.Meters != nil && (unit != "" || !metered) {
		return &RuleError{Path: "meters", Reason: misplacedMeters}
	}
	return r.validateParts(depth, unit, metered)
}

const misplacedMeters = "is allowed only in the rule of a feature or in its prices"

func (r *Rule) validateParts(depth int, unit Unit, metered bool) error {
	for _, value := range keys(r.Prices) {
		branch := r.Prices[value]
		if err := named(value, branch.validate(depth+1, unit, metered)); err != nil {
			return under(key("prices", value), err)
		}
	}
	for _, name := range keys(r.Meters) {
		meter := r.Meters[name]
		if err := named(name, meter.validate(depth+1, "", false)); err != nil {
			return under(key("meters", name), err)
		}
	}
	for i := range r.Plus {
		unit := unit
		if r.Meters != nil {
			unit = UnitUse
		}
		err := r.Plus[i].validate(depth+1, unit, false)
		if err == nil && r.Meters != nil {
			err = r.Plus[i].onlyFlat()
		}
		if err != nil {
			return under(fmt.Sprintf("plus[%d]", i), err)
		}
	}
	return nil
}

// named returns err, or one about the name itself.
func named(name string, err error) error {
	if reason := misname(name, MaxName); reason != "" {
		return &RuleError{Reason: "has a name that " + reason}
	}
	return err
}

func (r *Rule) onlyFlat() error {
	unit, err := r.unit()
	if err == nil && unit != UnitUse {
		err = &RuleError{Reason: "counts " + unit.plural() + ": beside meters a surcharge must be flat"}
	}
	return err
}

// misname says what is wrong with a name; empty: nothing.
func misname(name string, most int) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > most:
		return fmt.Sprintf("is longer than %d bytes", most)
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character"
	case strings.TrimSpace(name) != name:
		return "starts or ends with a space"
	}
	return ""
}

// key writes the path of a map's element.
func key(field, name string) string { return field + "[" + fmt.Sprintf("%q", name) + "]" }

// check checks what r says itself. It is part of every quote, so that a rule that
// nobody validated prices nothing wrongly.
func (r *Rule) check(depth int) error {
	if depth > MaxDepth {
		return &RuleError{Reason: tooDeep}
	}
	if depth > 1 && r.Round != (Rounding{}) {
		return &RuleError{Path: "round", Reason: "is allowed only in the rule of a feature: there is one rounding, at the end"}
	}
	if err := r.checkPrice(); err != nil {
		return err
	}
	if err := r.checkQuantities(); err != nil {
		return err
	}
	if err := r.checkFactors(); err != nil {
		return err
	}
	switch {
	case len(r.Plus) > MaxPlus:
		return &RuleError{Path: "plus", Reason: fmt.Sprintf("has %d rules, more than %d", len(r.Plus), MaxPlus)}
	case misnote(r.Note) != "":
		return &RuleError{Path: "note", Reason: misnote(r.Note)}
	case r.Least.IsGiven() && !isPrice(r.Least):
		return &RuleError{Path: "least", Reason: beyondCredits}
	}
	if reason := r.Round.fault(); reason != "" {
		return &RuleError{Path: "round", Reason: reason}
	}
	return nil
}

// misnote says what is wrong with a note, which may have several lines; empty:
// nothing.
func misnote(text string) string {
	switch {
	case len(text) > MaxNote:
		return fmt.Sprintf("is longer than %d bytes", MaxNote)
	case !utf8.ValidString(text):
		return "is not valid UTF-8"
	case strings.ContainsRune(text, 0):
		return "has a zero byte"
	}
	return ""
}

const beyondCredits = "is beyond 10^12 credits"

func isPrice(r Ratio) bool {
	return r.Compare(Ratio{num: credits.MaxCredits, den: 1}) <= 0
}

// checkPrice checks that r has one price, and what belongs to it.
func (r *Rule) checkPrice() error {
	if kinds := r.kinds(); kinds != 1 {
		return oneKind(kinds)
	}
	switch {
	case r.By != "" || r.Prices != nil:
		return r.checkChoice()
	case r.Meters != nil:
		return r.checkMeters()
	case r.Tiers != nil:
		return r.checkTiers()
	case r.Tiering != "":
		return &RuleError{Path: "tiering", Reason: "is without tiers"}
	case !isPrice(r.Credits):
		return &RuleError{Path: "credits", Reason: beyondCredits}
	}
	return nil
}

// kinds counts the prices that r has.
func (r *Rule) kinds() (n int) {
	if r.Credits.IsGiven() {
		n++
	}
	if r.Tiers != nil {
		n++
	}
	if r.By != "" || r.Prices != nil {
		n++
	}
	if r.Meters != nil {
		n++
	}
	return n
}

func oneKind(kinds int) error {
	if kinds == 0 {
		return &RuleError{Reason: `has no price: want "credits" (0 if it is free), "tiers", "by" with "prices", or "meters"`}
	}
	return &RuleError{Reason: `has several prices: want one of "credits", "tiers", "by" with "prices", and "meters"`}
}

func (r *Rule) checkChoice() error {
	if reason := misname(r.By, MaxName); reason != "" {
		return &RuleError{Path: "by", Reason: reason}
	}
	if n := len(r.Prices); n == 0 || n > MaxPrices {
		return &RuleError{Path: "prices", Reason: fmt.Sprintf("has %d values: want 1 to %d", n, MaxPrices)}
	}
	return nil
}

func (r *Rule) checkMeters() error {
	if n := len(r.Meters); n == 0 || n > MaxMeters {
		return &RuleError{Path: "meters", Reason: fmt.Sprintf("has %d meters: want 1 to %d", n, MaxMeters)}
	}
	if r.Most.unit != "" || r.Step.unit != "" || r.Free.unit != "" {
		return &RuleError{Path: "meters", Reason: `is beside "most", "step" or "free": want those in the rule of a meter`}
	}
	return nil
}

func (r *Rule) checkFactors() error {
	for _, attribute := range keys(r.Factors) {
		path := key("factors", attribute)
		factors := r.Factors[attribute]
		if reason := misname(attribute, MaxName); reason != "" {
			return &RuleError{Path: path, Reason: reason}
		}
		if n := len(factors); n == 0 || n > MaxPrices {
			return &RuleError{Path: path, Reason: fmt.Sprintf("has %d values: want 1 to %d", n, MaxPrices)}
		}
		for _, value := range keys(factors) {
			if reason := misname(value, MaxName); reason != "" {
				return &RuleError{Path: path + fmt.Sprintf("[%q]", value), Reason: "has a name that " + reason}
			}
			if !factors[value].IsGiven() {
				return &RuleError{Path: path + fmt.Sprintf("[%q]", value), Reason: "is missing"}
			}
		}
	}
	return nil
}

// checkQuantities checks the block, and that what goes with it is there.
func (r *Rule) checkQuantities() error {
	leaf := r.Credits.IsGiven() || r.Tiers != nil
	switch {
	case !leaf && r.Per.unit != "":
		return &RuleError{Path: "per", Reason: `is without a price of its own: want it beside "credits" or "tiers"`}
	case !leaf && r.Charge != "" || r.Per.unit == "" && r.Charge != "":
		return &RuleError{Path: "charge", Reason: `is without blocks: want it beside "per"`}
	case r.Charge != "" && r.Charge != StartedBlocks && r.Charge != ProRata:
		return &RuleError{Path: "charge", Reason: fmt.Sprintf("is %s: want %q or %q", quote(string(r.Charge)), StartedBlocks, ProRata)}
	case r.Beyond != "" && r.Beyond != Reject && r.Beyond != Clamp:
		return &RuleError{Path: "beyond", Reason: fmt.Sprintf("is %s: want %q or %q", quote(string(r.Beyond)), Reject, Clamp)}
	case r.Beyond != "" && r.Most.unit == "":
		return &RuleError{Path: "beyond", Reason: `is without a maximum: want it beside "most"`}
	case r.Per.unit != "" && (r.Per.num <= 0 || r.Per.den == 0):
		return notPositive("per", r.Per)
	}
	return nil
}

// checkShape checks what is done to a quantity of unit before it is priced, and
// that tiers count it: unlike a price per use, they cannot be flat beside it.
func (r *Rule) checkShape(unit Unit) error {
	if counted := r.block().unit; r.Tiers != nil && counted != unit {
		return &RuleError{Path: "tiers", Reason: fmt.Sprintf("count %s where the quantity is in %s", counted.plural(), unit.plural())}
	}
	if r.Most.unit == "" && r.Step.unit == "" && r.Free.unit == "" {
		return nil
	}
	for _, field := range []struct {
		name string
		q    Quantity
	}{{"most", r.Most}, {"step", r.Step}, {"free", r.Free}} {
		switch {
		case field.q.unit == "":
		case field.q.num <= 0 || field.q.den == 0:
			return notPositive(field.name, field.q)
		case field.q.unit != unit:
			return wrongUnit(field.name, field.q, unit)
		}
	}
	return nil
}

func notPositive(path string, q Quantity) error {
	reason := q.fault()
	if reason == "" {
		reason = "is not more than nothing"
	}
	return &RuleError{Path: path, Reason: quote(q.String()) + " " + reason}
}

func wrongUnit(path string, q Quantity, unit Unit) error {
	return &RuleError{Path: path, Reason: fmt.Sprintf("is %s where the rule counts %s", quote(q.String()), unit.plural())}
}

// checkTiers checks that the tiers follow each other and do not cut blocks.
func (r *Rule) checkTiers() error {
	switch n := len(r.Tiers); {
	case n == 0 || n > MaxTiers:
		return &RuleError{Path: "tiers", Reason: fmt.Sprintf("has %d tiers: want 1 to %d", n, MaxTiers)}
	case r.Tiering != Graduated && r.Tiering != Volume:
		return &RuleError{Path: "tiering", Reason: fmt.Sprintf("is %s: want %q or %q", quote(string(r.Tiering)), Graduated, Volume)}
	}
	start := Quantity{den: 1, unit: r.block().unit}
	for i, tier := range r.Tiers {
		if err := r.checkTier(tier, start, i == len(r.Tiers)-1); err != nil {
			return under(fmt.Sprintf("tiers[%d]", i), err)
		}
		start = tier.To
	}
	return nil
}

func (r *Rule) checkTier(tier Tier, start Quantity, last bool) error {
	switch {
	case !tier.Credits.IsGiven():
		return &RuleError{Path: "credits", Reason: "is missing: want a number, 0 if the tier is free"}
	case !isPrice(tier.Credits):
		return &RuleError{Path: "credits", Reason: beyondCredits}
	case last && tier.To.unit != "":
		return &RuleError{Path: "to", Reason: `is in the last tier, which has no end: a limit is "most"`}
	case last:
		return nil
	case tier.To.unit == "":
		return &RuleError{Path: "to", Reason: "is missing: only the last tier has no end"}
	case tier.To.num <= 0 || tier.To.den == 0:
		return notPositive("to", tier.To)
	case tier.To.unit != start.unit:
		return wrongUnit("to", tier.To, start.unit)
	case tier.To.compare(start) <= 0:
		return &RuleError{Path: "to", Reason: fmt.Sprintf("is %v, not after the end of the tier before it", tier.To)}
	case r.Tiering == Graduated && r.Charge != ProRata && tier.To.compare(tier.To.roundUp(r.block())) != 0:
		return &RuleError{Path: "to", Reason: fmt.Sprintf("is %v and cuts a block of %v", tier.To, r.block())}
	}
	return nil
}
