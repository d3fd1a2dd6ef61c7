package pricing

import (
	"fmt"
	"maps"
)

// pricer takes the lines of a quote together.
type pricer struct {
	use   Use
	most  bool   // price the most that a use up to its quantity can cost
	meter string // the meter being priced; empty: the only quantity
	given Quantity
	lines []Line
}

// at is where in a rule the pricer stands.
type at struct {
	depth    int    // rules from the feature's own, which is 1
	admitted bool   // the quantity was checked to be in the one unit that counts
	label    string // of a surcharge; empty: the price itself
}

// price appends the lines of r for q.
func (p *pricer) price(r *Rule, q Quantity, here at) error {
	q, err := p.count(r, q, &here)
	if err != nil {
		return err
	}
	start := len(p.lines)
	if err := p.own(r, q, here); err != nil {
		return err
	}
	if err := p.multiply(r, start); err != nil {
		return err
	}
	if err := p.plus(r, q, here); err != nil {
		return err
	}
	p.raise(r, start)
	return nil
}

// count checks r and returns how much of q it counts.
func (p *pricer) count(r *Rule, q Quantity, here *at) (Quantity, error) {
	if err := r.check(here.depth); err != nil {
		return q, err
	}
	if !here.admitted && r.counts() {
		var err error
		if q, err = p.admit(r, q); err != nil {
			return q, err
		}
		here.admitted = true
	}
	if !here.admitted {
		return q, nil
	}
	return p.shape(r, q)
}

// own appends the price of r itself.
func (p *pricer) own(r *Rule, q Quantity, here at) error {
	switch {
	case r.By != "":
		branch, err := p.choose(r)
		if err != nil {
			return err
		}
		here.depth++
		if err := p.price(&branch, q, here); err != nil {
			return under(key("prices", p.use.Attributes[r.By]), err)
		}
		return nil
	case r.Meters != nil:
		return p.meters(r, here)
	case r.Tiering == Graduated:
		return p.graduated(r, q)
	case r.Tiering == Volume:
		p.volume(r, q, here.label)
		return nil
	}
	p.block(p.add(), r, r.Credits, p.given, q, here.label)
	return nil
}

// admit checks that a quantity is there, sound, and in the unit that r counts.
func (p *pricer) admit(r *Rule, q Quantity) (Quantity, error) {
	unit, err := r.unit()
	if err != nil {
		return q, err
	}
	if p.meter == "" && len(p.use.Meters) > 0 {
		return q, p.wrong(Quantity{}, "is given by meters: want "+want(unit, ""))
	}
	if q.unit == "" {
		q = p.implied(r, unit)
	}
	if reason := q.fault(); reason != "" {
		return q, p.wrong(q, reason+": want "+want(unit, p.meter))
	}
	if q.unit != unit {
		return q, p.wrong(q, "does not fit: want "+want(unit, p.meter))
	}
	p.given = q
	return q, nil
}

// implied returns the quantity that a use without one has, if any.
func (p *pricer) implied(r *Rule, unit Unit) Quantity {
	if p.most {
		if limiter := p.limiter(r, MaxDepth); limiter != nil {
			p.assume(limiter.Most)
			return limiter.Most
		}
	}
	if unit == UnitUse && p.meter == "" {
		return Quantity{num: 1, den: 1, unit: UnitUse}
	}
	return Quantity{}
}

// limiter returns the rule whose most bounds a use: r, or the rule that the use's
// attributes choose; nil where none has a most, or where more than the most can
// still cost more: what is free is taken off before a branch looks, and a branch
// that cuts the quantity leaves the surcharges beside it the whole.
func (p *pricer) limiter(r *Rule, depth int) *Rule {
	switch {
	case r.Most.unit != "":
		return r
	case depth == 0 || r.By == "" || r.Free.unit != "":
		return nil
	}
	branch := r.Prices[p.use.Attributes[r.By]]
	found := p.limiter(&branch, depth-1)
	if found != nil && found.Beyond == Clamp && len(r.Plus) > 0 {
		return nil
	}
	return found
}

// assume notes the quantity that is priced for want of one, without touching the
// caller's map.
func (p *pricer) assume(q Quantity) {
	if p.meter == "" {
		p.use.Quantity = q
		return
	}
	meters := map[string]Quantity{p.meter: q}
	maps.Copy(meters, p.use.Meters)
	p.use.Meters = meters
}

func want(unit Unit, meter string) string {
	if unit == UnitUse && meter == "" {
		return "none, or a number of uses: the price is flat"
	}
	return "a number of " + unit.plural()
}

func (p *pricer) wrong(q Quantity, reason string) error {
	if text := q.String(); text != "" {
		reason = quote(text) + " " + reason
	}
	return &QuantityError{Feature: p.use.Feature, Meter: p.meter, Reason: reason}
}

// shape applies Most, Step and Free to q.
func (p *pricer) shape(r *Rule, q Quantity) (Quantity, error) {
	if err := r.checkShape(q.unit); err != nil {
		return q, err
	}
	if r.Most.unit != "" && q.compare(r.Most) > 0 {
		if r.Beyond != Clamp && !p.most {
			return q, &MostError{Feature: p.use.Feature, Meter: p.meter, Quantity: q, Most: r.Most}
		}
		q = r.Most
	}
	if r.Step.unit != "" {
		if q = q.roundUp(r.Step); q.den == 0 {
			return q, p.wrong(p.given, "is out of range when rounded up to steps of "+r.Step.String())
		}
	}
	if r.Free.unit != "" {
		if q = q.minus(r.Free); q.den == 0 {
			return q, p.wrong(p.given, "is out of range less "+r.Free.String()+" free")
		}
	}
	return q, nil
}

// choose returns the rule for the use's value of r.By.
func (p *pricer) choose(r *Rule) (Rule, error) {
	value, given := p.use.Attributes[r.By]
	branch, known := r.Prices[value]
	if !given || !known {
		return Rule{}, p.noValue(r.By, value, given, keys(r.Prices))
	}
	return branch, nil
}

func (p *pricer) noValue(attribute, value string, given bool, allowed []string) error {
	reason := "is missing"
	if given {
		reason = "has value " + quote(value)
	}
	return &AttributeError{Feature: p.use.Feature, Attribute: attribute, Value: value, Reason: reason, Allowed: allowed}
}

// meters appends the price of every meter, in the order of their names.
func (p *pricer) meters(r *Rule, here at) error {
	if here.admitted || p.meter != "" {
		return &RuleError{Reason: "has meters where a single quantity is counted"}
	}
	names := keys(r.Meters)
	if p.use.Quantity.unit != "" {
		return p.wrong(p.use.Quantity, "does not fit: want one each in meters "+list(names))
	}
	for name := range p.use.Meters {
		if _, known := r.Meters[name]; !known {
			return &QuantityError{Feature: p.use.Feature, Meter: name, Reason: "is not counted: want " + list(names)}
		}
	}
	for _, name := range names {
		rule := r.Meters[name]
		p.meter = name
		if err := p.price(&rule, p.use.Meters[name], at{depth: here.depth + 1}); err != nil {
			return under(key("meters", name), err)
		}
	}
	p.meter, p.given = "", Quantity{}
	return nil
}

// add appends a line to be filled.
func (p *pricer) add() *Line {
	p.lines = append(p.lines, Line{})
	return &p.lines[len(p.lines)-1]
}

// block fills line with the price of q at rate for each of r's blocks.
func (p *pricer) block(line *Line, r *Rule, rate Ratio, given, q Quantity, label string) {
	per, blocks := r.block(), q.Ratio()
	switch {
	case q.unit != per.unit: // a flat surcharge on a measured price
		given, q, blocks = per, per, one
	case r.Per.unit != "":
		if blocks = blocks.per(per.Ratio()); r.Charge != ProRata {
			blocks = blocks.ceiling()
		}
	}
	line.Meter, line.Of = p.meter, label
	line.Given, line.Counted, line.Per = given, q, per
	line.Blocks, line.Rate, line.Factor = blocks, rate, one
	line.Amount = blocks.times(rate)
}

// graduated appends a line for each tier that q reaches into.
func (p *pricer) graduated(r *Rule, q Quantity) error {
	start := Quantity{den: 1, unit: q.unit}
	for _, tier := range r.Tiers {
		last := tier.To.unit == "" || q.compare(tier.To) <= 0
		end := tier.To
		if last {
			end = q
		}
		part := end.minus(start)
		if part.den == 0 {
			return p.wrong(p.given, "is out of range in tiers")
		}
		p.block(p.add(), r, tier.Credits, part, part, tier.label(start))
		if last {
			return nil
		}
		start = end
	}
	return nil
}

// volume appends the whole of q at the rate of the tier that it reaches, or the
// dearest that it passes on the way.
func (p *pricer) volume(r *Rule, q Quantity, label string) {
	var dearest Line
	for _, tier := range r.Tiers {
		last := tier.To.unit == "" || q.compare(tier.To) <= 0
		if !last && !p.most {
			continue
		}
		counted := q
		if !last {
			counted = tier.To
		}
		var line Line
		p.block(&line, r, tier.Credits, p.given, counted, label)
		if dearest.Amount.Compare(line.Amount) < 0 {
			dearest = line
		}
		if last {
			break
		}
	}
	p.lines = append(p.lines, dearest)
}

// multiply applies the factors of r to the lines from start.
func (p *pricer) multiply(r *Rule, start int) error {
	for _, attribute := range keys(r.Factors) {
		factors := r.Factors[attribute]
		value, given := p.use.Attributes[attribute]
		factor := factors[value]
		if !given || !factor.IsGiven() {
			return p.noValue(attribute, value, given, keys(factors))
		}
		for i := range p.lines[start:] {
			line := &p.lines[start+i]
			line.Factor = line.Factor.times(factor)
			line.Amount = line.Amount.times(factor)
		}
	}
	return nil
}

// plus appends the surcharges of r.
func (p *pricer) plus(r *Rule, q Quantity, here at) error {
	for i := range r.Plus {
		if r.Meters != nil {
			q = Quantity{num: 1, den: 1, unit: UnitUse}
			p.given = q
		}
		label := "surcharge"
		if r.Plus[i].By != "" {
			label = r.Plus[i].By
		}
		if err := p.price(&r.Plus[i], q, at{depth: here.depth + 1, admitted: true, label: label}); err != nil {
			return under(fmt.Sprintf("plus[%d]", i), err)
		}
	}
	return nil
}

// raise appends what the lines from start lack to the minimum.
func (p *pricer) raise(r *Rule, start int) {
	if !r.Least.IsGiven() {
		return
	}
	sum := total(p.lines[start:])
	if !sum.isZero() && sum.Compare(r.Least) < 0 {
		p.lines = append(p.lines, Line{
			Meter: p.meter, Of: "minimum",
			Rate: r.Least, Factor: one, Amount: r.Least.minus(sum),
		})
	}
}

func total(lines []Line) Ratio {
	sum := Ratio{den: 1}
	for i := range lines {
		sum = sum.plus(lines[i].Amount)
	}
	return sum
}
