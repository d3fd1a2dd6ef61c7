package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// stream is one answer on its way to the client.
type stream struct {
	gateway *gateway
	request request
	card    pricing.RateCard
	hold    credits.Reserve

	covered int64          // tokens of output that the hold pays for
	held    credits.Amount // what it holds
	written int64          // tokens of output that were sent
	grown   int            // how often the hold was extended
}

// run relays the answer and prices what was sent, also of one that was cut. An
// answer that failed before its first token is not charged, its prompt neither.
func (s *stream) run(ctx context.Context, send func(int64)) (credits.Usage, error) {
	failed := s.relay(ctx, send)
	if failed != nil && s.written == 0 {
		return credits.Usage{}, failed
	}
	quote, err := s.card.Quote(s.request.use(s.written))
	if err != nil {
		return credits.Usage{}, errors.Join(failed, err)
	}
	usage := quote.Usage()
	usage.Price = because(quote, usage.Price)
	return usage, failed
}

// relay sends the model's pieces on, as long as they are paid for.
func (s *stream) relay(ctx context.Context, send func(int64)) error {
	for piece, err := range s.gateway.model(ctx, s.request) {
		if err != nil {
			return err
		}
		if most := s.request.most; most > 0 {
			piece = min(piece, most-s.written)
		}
		if err := s.cover(ctx, piece); err != nil {
			return err
		}
		s.written += piece
		send(piece)
		if s.written == s.request.most {
			return nil
		}
	}
	return nil
}

// cover extends the hold where the next piece is not paid for yet, or where less
// than half of its time is left.
func (s *stream) cover(ctx context.Context, piece int64) error {
	now, covered := s.gateway.clock.now(), s.covered
	if s.written+piece > covered {
		covered = max(covered+ahead, s.written+piece)
	}
	if covered == s.covered && s.hold.Deadline.Sub(now) >= patience/2 {
		return nil
	}
	quote, err := s.card.QuoteMax(s.request.use(covered))
	if err != nil {
		return err
	}
	more, err := quote.Amount.Sub(s.held)
	if err != nil {
		return err
	}
	receipt, err := s.gateway.ledger.Extend(ctx, credits.Extend{
		ID: fmt.Sprintf("%s/more-%d", s.request.id, s.grown+1), Account: s.request.account,
		Hold: s.hold.ID, Amount: more, Deadline: now.Add(patience),
	})
	if err != nil {
		return err
	}
	s.held, s.covered, s.hold.Deadline = receipt.Hold.Reserved, covered, receipt.Hold.Deadline
	s.grown++
	return nil
}
