package pricing

import (
	"maps"
	"slices"
)

// cloneCard returns a copy that shares no memory that can be written to.
func cloneCard(c RateCard) RateCard {
	c.Features = cloneRules(c.Features)
	return c
}

func cloneRules(rules map[string]Rule) map[string]Rule {
	rules = maps.Clone(rules)
	for key, rule := range rules {
		rules[key] = cloneRule(rule)
	}
	return rules
}

func cloneRule(r Rule) Rule {
	r.Tiers = slices.Clone(r.Tiers)
	r.Prices = cloneRules(r.Prices)
	r.Meters = cloneRules(r.Meters)
	r.Factors = maps.Clone(r.Factors)
	for attribute, factors := range r.Factors {
		r.Factors[attribute] = maps.Clone(factors)
	}
	r.Plus = slices.Clone(r.Plus)
	for i, rule := range r.Plus {
		r.Plus[i] = cloneRule(rule)
	}
	return r
}
