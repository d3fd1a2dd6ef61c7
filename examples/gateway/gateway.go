package main

import (
	"context"
	"iter"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

const (
	// patience is how long a hold lasts without a piece of its answer. What a dead
	// process held is free again after it, and an answer that pauses for longer is
	// given up and not charged: whoever reads and writes pieces has shorter
	// timeouts.
	patience = 5 * time.Minute

	// ahead is how many tokens are paid for in advance where a client names no
	// maximum: the hold grows by so many whenever they are used up.
	ahead = 8_000
)

// gateway stands between clients and language models. It keeps nothing: who has
// what is in the ledger, so that any number of gateways can share one.
type gateway struct {
	catalog *pricing.Catalog
	ledger  *credits.Ledger
	clock   *clock
	model   provider
}

// provider is who runs the models. It yields an answer in pieces, as the number of
// tokens in each, and ends with an error where the answer is not whole: ctx's, if
// that is done.
type provider func(ctx context.Context, r request) iter.Seq2[int64, error]

// request is what a client sends. A retry is the same request: it has the same ID
// and the same instant, which the front door keeps with it.
type request struct {
	id      string
	account string
	made    time.Time // decides the price and the deadline
	model   string
	input   int64 // tokens of the prompt: they are known beforehand
	most    int64 // tokens of the answer, at most; zero: as many as the credits pay for
}

// answer has a model answer a request, and charges what came of it. send gets
// every piece. However often and from however many gateways a request is sent, its
// model runs once at most, and it is charged once at most.
func (g *gateway) answer(ctx context.Context, r request, send func(tokens int64)) (credits.Receipt, error) {
	s, err := g.open(r)
	if err != nil {
		return credits.Receipt{}, err
	}
	return g.ledger.Do(ctx, s.hold, func(ctx context.Context) (credits.Usage, error) {
		return s.run(ctx, send)
	})
}

// open prices a request, by the card in force when it was made: the most that it
// can cost, or, where it names no maximum, its first stretch.
func (g *gateway) open(r request) (*stream, error) {
	card, err := g.catalog.Card(r.made)
	if err != nil {
		return nil, err
	}
	s := &stream{gateway: g, request: r, card: card, covered: r.most}
	if r.most == 0 {
		s.covered = ahead
	}
	quote, err := card.QuoteMax(r.use(s.covered))
	if err != nil {
		return nil, err
	}
	s.held = quote.Amount
	s.hold = quote.Reserve(r.id, r.account, r.made.Add(patience))
	s.hold.Price = because(quote, s.hold.Price)
	return s, nil
}

// use is what the request comes to with so many tokens of output.
func (r request) use(output int64) pricing.Use {
	return pricing.Use{
		Feature:    "chat",
		Attributes: map[string]string{"model": r.model},
		Meters: map[string]pricing.Quantity{
			"input tokens":  pricing.Count(r.input, pricing.UnitToken),
			"output tokens": pricing.Count(output, pricing.UnitToken),
		},
	}
}
