package pricing

import (
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// Spend returns the command that pays for the use from account: with the feature,
// the quantity, and the price with card, version and explanation, as they were
// when q was made. id is the operation's ID, see [credits.Spend]. The command of
// the zero Quote has no ID: the ledger refuses it.
//
// Keep the quote, or the command, with the job: a retry has to send the same, and
// a quote made anew may be by a newer card, which the ledger takes for another use
// under the same ID, an error that is [credits.ErrIDReused].
func (q Quote) Spend(id, account string) credits.Spend {
	if q.isZero() {
		return credits.Spend{}
	}
	return credits.Spend{
		ID: id, Account: account,
		Feature:  q.Use.Feature,
		Amount:   q.Amount,
		Quantity: q.quantity(),
		Price:    q.price(),
	}
}

// Reserve returns the command that holds the price in account until a deadline,
// for a use that is still to happen: usually that of [RateCard.QuoteMax]. What
// [Quote.Spend] says of the ID, the zero Quote and retries holds here too.
func (q Quote) Reserve(id, account string, deadline time.Time) credits.Reserve {
	if q.isZero() {
		return credits.Reserve{}
	}
	return credits.Reserve{
		ID: id, Account: account,
		Feature:  q.Use.Feature,
		Amount:   q.Amount,
		Deadline: deadline,
		Quantity: q.quantity(),
		Price:    q.price(),
	}
}

// Capture returns the command that pays for the use from a hold, which is named
// as its [credits.Reserve] was, and closes it. q is the quote of what was used, by
// the card that the hold was quoted by: one made for the instant of the Reserve,
// and not of the capture. What [Quote.Spend] says of the ID, the zero Quote and
// retries holds here too.
func (q Quote) Capture(id, account, hold string) credits.Capture {
	if q.isZero() {
		return credits.Capture{}
	}
	return credits.Capture{
		ID: id, Account: account, Hold: hold,
		Amount:   q.Amount,
		Quantity: q.quantity(),
		Price:    q.price(),
	}
}

// Usage returns what work that ran under [credits.Ledger.Do] used, as Capture
// does. The zero Quote used nothing: return it beside an error only.
func (q Quote) Usage() credits.Usage {
	if q.isZero() {
		return credits.Usage{}
	}
	return credits.Usage{Amount: q.Amount, Quantity: q.quantity(), Price: q.price()}
}

func (q Quote) price() credits.Price {
	return credits.Price{Card: q.Card, Version: q.Version, Explanation: q.fitting()}
}

// quantity writes down how much was used: "3m20s", or "input tokens: 1000 tokens,
// output tokens: 50 tokens" of several meters.
func (q Quote) quantity() string {
	if len(q.Use.Meters) == 0 {
		if q.Use.Quantity.unit == "" { // one flat use
			return q.line.Given.String()
		}
		return q.Use.Quantity.String()
	}
	parts := make([]string, 0, len(q.Use.Meters))
	for _, name := range keys(q.Use.Meters) {
		parts = append(parts, name+": "+q.Use.Meters[name].String())
	}
	return strings.Join(parts, ", ")
}
