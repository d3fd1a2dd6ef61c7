package pricing

// Use is what a feature was, or is to be, used for: what [RateCard.Quote] prices.
// The rule of the feature decides what must be given; too much is an error as
// well as too little.
type Use struct {
	Feature string // as the card calls it

	// Quantity is how much was used. Only a flat price does without one: it is
	// then one use.
	Quantity Quantity

	// Meters has the quantities of a rule with meters, each by the meter's name,
	// instead of Quantity. A meter that counted nothing is given as zero.
	Meters map[string]Quantity

	// Attributes has the value of every attribute that the price depends on:
	// {"audio": "yes", "quality": "HD"}.
	Attributes map[string]string
}
